/*
 * go test -bench, as text: "pkg: path", then a line per run, "BenchmarkX-8
 * 1000  12.3 ns/op  5 B/op", and PASS.  Other lines are what the benchmarks
 * printed.  Speeds (MB/s) and a benchmark's own units are left out: nobody
 * says which way they get worse.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct gobench {
	struct reading reading;
	char *package;
	bool open;	/* benchmarks ran since the last PASS */
	bool any;
};

static bool
is_gobench(struct str head)
{
	return str_starts(head, "goos: ") || str_starts(head, "pkg: ") || str_find(head, STR("\ngoos: ")) >= 0 ||
	    str_starts(head, "Benchmark");
}

/* The next field between blanks. */
static bool
field(struct str *rest, struct str *out)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	*out = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return n > 0;
}

static bool
real(struct str s, double *out)
{
	AUTO(mem_free_p) char *copy = str_dup(s);
	char *end;

	*out = strtod(copy, &end);
	return end != copy && *end == '\0' && s.p[0] >= '0' && s.p[0] <= '9';
}

static struct err *
take_run(struct gobench *g, struct str line)
{
	struct str name, value, unit;
	AUTO(mem_free_p) char *full = NULL;
	int64_t runs;
	double v;

	if (!field(&line, &name) || !field(&line, &value) || !str_int(value, 1, INT64_MAX, &runs))
		return NULL;
	full = mem_printf("%s%s%.*s", g->package == NULL ? "" : g->package, g->package == NULL ? "" : ".", STR_ARG(name));
	while (field(&line, &value)) {
		if (!real(value, &v) || !field(&line, &unit))
			return err_new(ERR_SYNTAX, "'%s' has a value without a number or a unit", full);
		if (str_is(unit, "ns/op"))
			TRY(facts_sample(g->reading.facts, full, "s", v * 1e-9));
		else if (str_is(unit, "B/op"))
			TRY(facts_sample(g->reading.facts, full, "bytes", v));
		else if (str_is(unit, "allocs/op"))
			TRY(facts_sample(g->reading.facts, full, "allocations", v));
	}
	g->any = g->open = true;
	return NULL;
}

static struct err *
on_line(void *state, struct str line)
{
	struct gobench *g = state;

	if (g->reading.torn)
		return err_new(ERR_SYNTAX, "the last line is cut short");
	if (str_starts(line, "Benchmark"))
		return take_run(g, line);
	if (str_starts(line, "FAIL") || str_starts(line, "--- FAIL"))
		return err_new(ERR_SYNTAX, "a test or benchmark failed");
	if (str_is(line, "PASS")) {
		g->open = false;
	} else if (str_starts(line, "pkg: ")) {
		if (g->open)
			return err_new(ERR_SYNTAX, "the package before did not end with PASS");
		g->open = true;
		free(g->package);
		g->package = str_dup(str_skip(line, strlen("pkg: ")));
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct gobench *g = state;

	if (g->open)
		return err_new(ERR_SYNTAX, "the last package does not end with PASS");
	return g->any ? NULL : err_new(ERR_SYNTAX, "the report has no measurement");
}

static void
gobench_free(void *state)
{
	struct gobench *g = state;

	free(g->package);
}

const struct format format_gobench = {
	.name = "gobench",
	.tools = "go test -bench",
	.kinds = FACTS_TIMINGS,
	.syntax = SYNTAX_LINES,
	.is = is_gobench,
	.size = sizeof(struct gobench),
	.line = on_line,
	.end = end,
	.free = gobench_free,
};

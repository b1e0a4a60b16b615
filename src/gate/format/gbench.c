/*
 * Google Benchmark's JSON (--benchmark_format=json).  A row of type
 * "iteration" is one run: its real time is a sample.  Rows of type
 * "aggregate" (mean, median, BigO) are made from those.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_CONTEXT, AT_LIST, AT_ROW, AT_NAME, AT_TYPE, AT_AGGREGATE, AT_INDEX, AT_TIME, AT_UNIT, AT_BYTES,
	AT_FAILED, AT_SKIPPED
};

static const struct pick places[] = {
	{"context", AT_CONTEXT},
	{"benchmarks", AT_LIST},
	{"benchmarks[]", AT_ROW},
	{"benchmarks[].name", AT_NAME},
	{"benchmarks[].run_type", AT_TYPE},
	{"benchmarks[].aggregate_name", AT_AGGREGATE},
	{"benchmarks[].repetition_index", AT_INDEX},
	{"benchmarks[].real_time", AT_TIME},
	{"benchmarks[].time_unit", AT_UNIT},
	{"benchmarks[].max_bytes_used", AT_BYTES},
	{"benchmarks[].error_occurred", AT_FAILED},
	{"benchmarks[].skipped", AT_SKIPPED},
};

static const struct {
	const char *word;
	double seconds;
} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};

struct gbench {
	struct reading reading;
	bool context, listed, any;
	struct map seen;	/* "name\nindex" of runs */
	/* Of the open row: */
	char *name;
	bool aggregate, failed, skipped, timed;
	int64_t index;		/* -1: none */
	double time, unit, bytes;	/* unit 0 and bytes below 0: not there */
};

static bool
is_gbench(struct str head)
{
	return format_key(head, "context") && (format_key(head, "library_build_type") ||
	    format_key(head, "num_cpus"));
}

static struct err *
seen_twice(struct gbench *g)
{
	AUTO(mem_free_p) char *key = mem_printf("%s\n%lld", g->name, (long long)g->index);

	if (g->index < 0 || map_set(&g->seen, key, g) == NULL)
		return NULL;
	return err_new(ERR_SYNTAX, "run %lld of '%s' stands twice", (long long)g->index, g->name);
}

static struct err *
row_over(struct gbench *g)
{
	if (g->name == NULL)
		return err_new(ERR_SYNTAX, "a benchmark without 'name'");
	if (g->failed)
		return err_new(ERR_SYNTAX, "the benchmark '%s' failed", g->name);
	if (g->aggregate || g->skipped)
		return NULL;
	if (!g->timed || g->unit == 0)
		return err_new(ERR_SYNTAX, "'%s' has no '%s'", g->name, g->timed ? "time_unit" : "real_time");
	TRY(seen_twice(g));
	g->any = true;
	if (g->bytes >= 0)
		TRY(facts_sample(g->reading.facts, g->name, "bytes", g->bytes));
	return facts_sample(g->reading.facts, g->name, "s", g->time * g->unit);
}

static struct err *
on_row(struct gbench *g, const struct pick_value *v)
{
	if (v->kind == PICK_CLOSE)
		return row_over(g);
	if (v->kind != PICK_OBJECT)
		return err_new(ERR_SYNTAX, "a benchmark that is no object");
	free(STEAL(g->name));
	g->aggregate = g->failed = g->skipped = g->timed = false;
	g->index = -1;
	g->unit = 0;
	g->bytes = -1;
	return NULL;
}

static void
on_unit(struct gbench *g, struct str word)
{
	size_t i;

	for (i = 0; i < NITEMS(units); i++)
		if (str_is(word, units[i].word))
			g->unit = units[i].seconds;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct gbench *g = state;
	bool number = v->kind == PICK_INT || v->kind == PICK_REAL;

	switch ((enum place)v->id) {
	case AT_CONTEXT:
		g->context |= v->kind == PICK_OBJECT;
		break;
	case AT_LIST:
		g->listed |= v->kind == PICK_LIST;
		break;
	case AT_ROW:
		return on_row(g, v);
	case AT_NAME:
		if (v->kind == PICK_TEXT && v->text.n > 0)
			g->name = str_dup(v->text);
		break;
	case AT_TYPE:
		g->aggregate |= str_is(v->text, "aggregate");
		break;
	case AT_AGGREGATE:
		g->aggregate = true;
		break;
	case AT_INDEX:
		g->index = v->kind == PICK_INT ? v->i : -1;
		break;
	case AT_TIME:
		g->timed = number;
		g->time = v->real;
		break;
	case AT_UNIT:
		on_unit(g, v->text);
		break;
	case AT_BYTES:
		g->bytes = number ? v->real : -1;
		break;
	case AT_FAILED:
		g->failed |= v->kind != PICK_BOOL || v->i != 0;
		break;
	case AT_SKIPPED:
		g->skipped |= v->kind == PICK_BOOL && v->i != 0;
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct gbench *g = state;

	if (!g->context || !g->listed)
		return err_new(ERR_SYNTAX, "the report has no '%s'", g->context ? "benchmarks" : "context");
	return g->any ? NULL : err_hint(err_new(ERR_SYNTAX, "the report has no single run"),
	    "leave out --benchmark_report_aggregates_only");
}

static void
gbench_free(void *state)
{
	struct gbench *g = state;

	map_free(&g->seen, NULL);
	free(g->name);
}

const struct format format_gbench = {
	.name = "gbench",
	.tools = "Google Benchmark",
	.kinds = FACTS_TIMINGS,
	.syntax = SYNTAX_JSON,
	.is = is_gbench,
	.size = sizeof(struct gbench),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = gbench_free,
};

/*
 * Go's cover profile (go test -coverprofile): "mode: set", then one block of
 * statements a line, "pkg/file.go:3.22,4.11 2 1": from line and column to line
 * and column, statements, count.  All lines of a block ran or did not; a block
 * that several test programs saw stands once for each.  Names begin with the
 * module's path, which gives way to its folder where that is known.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

#define BLOCK_LINES_MAX 100000000	/* of all blocks of a report */

struct gocover {
	struct reading reading;
	bool moded, any;
	int64_t lines;
};

static bool
is_gocover(struct str head)
{
	return str_starts(head, "mode: ");
}

/* "3.22" */
static bool
position(struct str s, int64_t *line, int64_t *column)
{
	struct str number;

	return str_next(&s, '.', &number) && str_int(number, 1, FACTS_LINE_MAX, line) &&
	    str_int(s, 1, INT32_MAX, column);
}

/* "3.22,4.11 2 1" */
static bool
block(struct str s, int64_t *from, int64_t *to, int64_t *statements, int64_t *count)
{
	struct str range, start, number;
	int64_t column, last;

	if (!str_next(&s, ' ', &range) || !str_next(&range, ',', &start) || !position(start, from, &column) ||
	    !position(range, to, &last) || *to < *from)
		return false;
	/* Up to the beginning of a line is not in it. */
	if (last == 1 && *to > *from)
		(*to)--;
	return str_next(&s, ' ', &number) && str_int(number, 0, INT32_MAX, statements) &&
	    str_int(s, 0, INT64_MAX, count);
}

/* "sub/x.go" of "example.org/m/sub/x.go" */
static struct err *
file_of(const struct gocover *g, struct str name, struct cover **out)
{
	struct facts *f = g->reading.facts;
	const struct go_module *of = NULL;
	AUTO(mem_free_p) char *path = NULL;
	size_t i, n, longest = 0;

	for (i = 0; i < f->nmodules; i++) {
		n = strlen(f->modules[i].path);
		if (n > longest && name.n > n && name.p[n] == '/' && str_starts(name, f->modules[i].path)) {
			of = &f->modules[i];
			longest = n;
		}
	}
	if (of == NULL)
		return facts_cover(f, name, out);
	name = str_skip(name, longest + 1);
	path = mem_printf("./%s/%.*s", of->folder, STR_ARG(name));
	return facts_cover(f, str_of(path), out);
}

static struct err *
take_block(struct gocover *g, struct str line)
{
	int64_t from, to, statements, count;
	struct cover *c;
	size_t n = line.n;

	while (n > 0 && line.p[n - 1] != ':')
		n--;
	if (n < 2 || !block(str_skip(line, n), &from, &to, &statements, &count))
		return err_new(ERR_SYNTAX, "not a block 'file:line.column,line.column statements count'");
	TRY(file_of(g, str_take(line, n - 1), &c));
	g->any = true;
	g->lines += to - from + 1;
	if (g->lines > BLOCK_LINES_MAX)
		return err_new(ERR_LIMIT, "the blocks have more than %d lines", BLOCK_LINES_MAX);
	for (; statements > 0 && from <= to; from++)
		TRY(facts_line(g->reading.facts, c, from, count > 0));
	return NULL;
}

static struct err *
on_line(void *state, struct str line)
{
	struct gocover *g = state;

	if (g->reading.torn)
		return err_new(ERR_SYNTAX, "the last line is cut short");
	if (g->reading.line > 1)
		return take_block(g, line);
	g->moded = str_is(line, "mode: set") || str_is(line, "mode: count") || str_is(line, "mode: atomic");
	return g->moded ? NULL : err_new(ERR_SYNTAX, "a cover profile begins with 'mode: set', 'count' or 'atomic'");
}

static struct err *
end(void *state)
{
	const struct gocover *g = state;

	return g->any ? NULL : err_new(ERR_SYNTAX, "the report names no file");
}

const struct format format_gocover = {
	.name = "gocover",
	.tools = "go test -coverprofile",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_LINES,
	.is = is_gocover,
	.size = sizeof(struct gocover),
	.line = on_line,
	.end = end,
};

/*
 * coverage.py's own JSON ("coverage json"): per file the lines that ran and
 * those that did not.  A file is known by both lists and its summary, the
 * report by its 'totals', which stand last.
 */
#include "base/err.h"
#include "base/map.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place { AT_META, AT_FILES, AT_FILE, AT_HITS, AT_HIT, AT_MISSES, AT_MISS, AT_MISSING, AT_TOTALS };

static const struct pick places[] = {
	{"meta.version", AT_META},
	{"files", AT_FILES},
	{"files.*", AT_FILE},
	{"files.*.executed_lines", AT_HITS},
	{"files.*.executed_lines[]", AT_HIT},
	{"files.*.missing_lines", AT_MISSES},
	{"files.*.missing_lines[]", AT_MISS},
	{"files.*.summary.missing_lines", AT_MISSING},
	{"totals", AT_TOTALS},
};

struct coveragepy {
	struct reading reading;
	bool versioned, files, totals;
	struct map seen;	/* names of files */
	struct cover *file;
	bool hits, misses;	/* the lists were there */
	int64_t missed, missing;	/* counted, and what the summary says (-1: nothing) */
};

static bool
is_coveragepy(struct str head)
{
	return format_key(head, "meta") && format_key(head, "branch_coverage");
}

static struct err *
file_opens(struct coveragepy *c, const struct pick_value *v)
{
	if (v->kind != PICK_OBJECT)
		return err_new(ERR_SYNTAX, "a file that is no object");
	if (map_set_str(&c->seen, v->key, c) != NULL)
		return err_new(ERR_SYNTAX, "the file '%.*s' stands twice", STR_ARG(v->key));
	c->hits = c->misses = false;
	c->missed = 0;
	c->missing = -1;
	return facts_cover(c->reading.facts, v->key, &c->file);
}

static struct err *
file_over(const struct coveragepy *c)
{
	if (!c->hits || !c->misses || c->missing < 0)
		return err_new(ERR_SYNTAX, "a file without '%s'",
		    !c->hits ? "executed_lines" : !c->misses ? "missing_lines" : "summary");
	if (c->missed != c->missing)
		return err_new(ERR_SYNTAX, "the summary counts %lld missing lines, and %lld are named",
		    (long long)c->missing, (long long)c->missed);
	return NULL;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct coveragepy *c = state;

	switch ((enum place)v->id) {
	case AT_META:
		c->versioned = v->kind == PICK_TEXT;
		return NULL;
	case AT_FILES:
		c->files |= v->kind == PICK_OBJECT;
		return NULL;
	case AT_FILE:
		return v->kind == PICK_CLOSE ? file_over(c) : file_opens(c, v);
	case AT_HITS:
		c->hits |= v->kind == PICK_LIST;
		return NULL;
	case AT_MISSES:
		c->misses |= v->kind == PICK_LIST;
		return NULL;
	case AT_HIT:
	case AT_MISS:
		if (v->kind != PICK_INT)
			return err_new(ERR_SYNTAX, "a line that is no number");
		c->missed += v->id == AT_MISS;
		return facts_line(c->reading.facts, c->file, v->i, v->id == AT_HIT);
	case AT_MISSING:
		c->missing = v->kind == PICK_INT ? v->i : -1;
		return NULL;
	case AT_TOTALS:
		c->totals |= v->kind == PICK_OBJECT;
		return NULL;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct coveragepy *c = state;

	if (!c->versioned || !c->files || !c->totals)
		return err_new(ERR_SYNTAX, "the report has no '%s'",
		    !c->versioned ? "meta.version" : !c->files ? "files" : "totals");
	return c->seen.n > 0 ? NULL : err_new(ERR_SYNTAX, "the report names no file");
}

static void
coveragepy_free(void *state)
{
	struct coveragepy *c = state;

	map_free(&c->seen, NULL);
}

const struct format format_coveragepy = {
	.name = "coveragepy",
	.tools = "coverage.py's JSON",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_JSON,
	.is = is_coveragepy,
	.size = sizeof(struct coveragepy),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = coveragepy_free,
};

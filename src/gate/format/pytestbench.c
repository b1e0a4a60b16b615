/*
 * pytest-benchmark --benchmark-json: one row per benchmark with the seconds
 * of every round in stats.data.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place { AT_VERSION, AT_LIST, AT_ROW, AT_NAME, AT_ROUNDS, AT_DATA, AT_SECONDS };

static const struct pick places[] = {
	{"version", AT_VERSION},
	{"benchmarks", AT_LIST},
	{"benchmarks[]", AT_ROW},
	{"benchmarks[].fullname", AT_NAME},
	{"benchmarks[].stats.rounds", AT_ROUNDS},
	{"benchmarks[].stats.data", AT_DATA},
	{"benchmarks[].stats.data[]", AT_SECONDS},
};

struct pytestbench {
	struct reading reading;
	bool versioned, listed;
	struct map seen;	/* full names */
	/* Of the open row: */
	char *name;
	int64_t rounds;
	bool listed_data;
	VEC(double) data;
};

static bool
is_pytestbench(struct str head)
{
	return format_key(head, "machine_info") || (format_key(head, "benchmarks") && format_key(head, "fullname"));
}

static struct err *
row_over(struct pytestbench *p)
{
	size_t i;

	if (p->name == NULL)
		return err_new(ERR_SYNTAX, "a benchmark without 'fullname'");
	if (!p->listed_data || p->data.n == 0)
		return err_hint(err_new(ERR_SYNTAX, "'%s' has no rounds in 'stats.data'", p->name),
		    "write the report with --benchmark-json");
	if (p->rounds != (int64_t)p->data.n)
		return err_new(ERR_SYNTAX, "'%s' counts %lld rounds, and has %zu", p->name,
		    (long long)p->rounds, p->data.n);
	if (map_set(&p->seen, p->name, p) != NULL)
		return err_new(ERR_SYNTAX, "the benchmark '%s' stands twice", p->name);
	for (i = 0; i < p->data.n; i++)
		TRY(facts_sample(p->reading.facts, p->name, "s", p->data.v[i]));
	return NULL;
}

static struct err *
on_row(struct pytestbench *p, const struct pick_value *v)
{
	if (v->kind == PICK_CLOSE)
		return row_over(p);
	if (v->kind != PICK_OBJECT)
		return err_new(ERR_SYNTAX, "a benchmark that is no object");
	free(STEAL(p->name));
	vec_clear(&p->data);
	p->rounds = 0;
	p->listed_data = false;
	return NULL;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct pytestbench *p = state;

	switch ((enum place)v->id) {
	case AT_VERSION:
		p->versioned = v->kind == PICK_TEXT;
		return NULL;
	case AT_LIST:
		p->listed |= v->kind == PICK_LIST;
		return NULL;
	case AT_ROW:
		return on_row(p, v);
	case AT_NAME:
		if (v->kind == PICK_TEXT && v->text.n > 0)
			p->name = str_dup(v->text);
		return NULL;
	case AT_ROUNDS:
		p->rounds = v->kind == PICK_INT ? v->i : 0;
		return NULL;
	case AT_DATA:
		p->listed_data |= v->kind == PICK_LIST;
		return NULL;
	case AT_SECONDS:
		if (v->kind != PICK_INT && v->kind != PICK_REAL)
			return err_new(ERR_SYNTAX, "a round that is no number");
		if (p->data.n >= FACTS_SAMPLES_MAX)
			return err_new(ERR_LIMIT, "more than %d measurements", FACTS_SAMPLES_MAX);
		vec_push(&p->data, v->real);
		return NULL;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct pytestbench *p = state;

	if (!p->versioned || !p->listed)
		return err_new(ERR_SYNTAX, "the report has no '%s'", p->listed ? "version" : "benchmarks");
	return p->seen.n > 0 ? NULL : err_new(ERR_SYNTAX, "the report has no measurement");
}

static void
pytestbench_free(void *state)
{
	struct pytestbench *p = state;

	map_free(&p->seen, NULL);
	free(p->name);
	vec_free(&p->data);
}

const struct format format_pytestbench = {
	.name = "pytestbench",
	.tools = "pytest-benchmark --benchmark-json",
	.kinds = FACTS_TIMINGS,
	.syntax = SYNTAX_JSON,
	.is = is_pytestbench,
	.size = sizeof(struct pytestbench),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = pytestbench_free,
};

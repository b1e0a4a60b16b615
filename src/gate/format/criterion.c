/*
 * Criterion.rs: target/criterion/<benchmark>/new/sample.json, how many
 * iterations each sample had and how many nanoseconds it took.  The file does
 * not say what it measured: its path does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place { AT_MODE, AT_ITERS, AT_ITER, AT_TIMES, AT_TIME, AT_MEAN };

static const struct pick places[] = {
	{"sampling_mode", AT_MODE},
	{"iters", AT_ITERS},
	{"iters[]", AT_ITER},
	{"times", AT_TIMES},
	{"times[]", AT_TIME},
	{"mean", AT_MEAN},
};

struct doubles {
	VEC_FIELDS(double);
};

struct criterion {
	struct reading reading;
	bool listed_iters, listed_times;
	struct doubles iters, times;
};

static bool
is_criterion(struct str head)
{
	return format_key(head, "sampling_mode") || (format_key(head, "iters") && str_find(head, STR("\"iters\":[")) >= 0) ||
	    (format_key(head, "confidence_interval") && format_key(head, "point_estimate"));
}

static struct err *
on_number(struct doubles *to, const struct pick_value *v)
{
	if (v->kind != PICK_INT && v->kind != PICK_REAL)
		return err_new(ERR_SYNTAX, "a measurement that is no number");
	if (to->n >= FACTS_SAMPLES_MAX)
		return err_new(ERR_LIMIT, "more than %d measurements", FACTS_SAMPLES_MAX);
	vec_push(to, v->real);
	return NULL;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct criterion *c = state;

	switch ((enum place)v->id) {
	case AT_MODE:
		return NULL;
	case AT_ITERS:
		c->listed_iters |= v->kind == PICK_LIST;
		return NULL;
	case AT_TIMES:
		c->listed_times |= v->kind == PICK_LIST;
		return NULL;
	case AT_ITER:
		return on_number(&c->iters, v);
	case AT_TIME:
		return on_number(&c->times, v);
	case AT_MEAN:
		return err_hint(err_new(ERR_SYNTAX, "Criterion's estimates are no measurements"),
		    "name new/sample.json in 'report'");
	}
	return NULL;
}

/* "sum/512" of "target/criterion/sum/512/new/sample.json"; else the file's own path. */
static struct str
name_of(const char *file)
{
	struct str name = str_of(file);
	ptrdiff_t at = str_find(name, STR("criterion/"));

	if (at >= 0)
		name = str_skip(name, (size_t)at + strlen("criterion/"));
	if (str_ends(name, "/sample.json"))
		name.n -= strlen("/sample.json");
	if (str_ends(name, "/new"))
		name.n -= strlen("/new");
	return name;
}

static struct err *
end(void *state)
{
	struct criterion *c = state;
	AUTO(mem_free_p) char *name = str_dup(name_of(c->reading.file));
	size_t i;

	if (!c->listed_iters || !c->listed_times)
		return err_new(ERR_SYNTAX, "the report has no '%s'", c->listed_iters ? "times" : "iters");
	if (c->iters.n != c->times.n || c->times.n == 0)
		return err_new(ERR_SYNTAX, "%zu samples have %zu times", c->iters.n, c->times.n);
	for (i = 0; i < c->times.n; i++) {
		if (c->iters.v[i] < 1)
			return err_new(ERR_SYNTAX, "a sample without an iteration");
		TRY(facts_sample(c->reading.facts, name, "s", c->times.v[i] / c->iters.v[i] * 1e-9));
	}
	return NULL;
}

static void
criterion_free(void *state)
{
	struct criterion *c = state;

	vec_free(&c->iters);
	vec_free(&c->times);
}

const struct format format_criterion = {
	.name = "criterion",
	.tools = "Criterion.rs (new/sample.json)",
	.kinds = FACTS_TIMINGS,
	.syntax = SYNTAX_JSON,
	.is = is_criterion,
	.size = sizeof(struct criterion),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = criterion_free,
};

/*
 * hyperfine --export-json: one result per command, with the time of each run
 * and, of newer versions, the memory.  A run that ended with another status
 * than 0 has measured nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place { AT_RESULTS, AT_RESULT, AT_COMMAND, AT_TIMES, AT_TIME, AT_STATUS, AT_BYTES };

static const struct pick places[] = {
	{"results", AT_RESULTS},
	{"results[]", AT_RESULT},
	{"results[].command", AT_COMMAND},
	{"results[].times", AT_TIMES},
	{"results[].times[]", AT_TIME},
	{"results[].exit_codes[]", AT_STATUS},
	{"results[].memory_usage_byte[]", AT_BYTES},
};

struct doubles {
	VEC_FIELDS(double);
};

struct hyperfine {
	struct reading reading;
	bool listed;
	struct map seen;	/* commands */
	/* Of the open result: */
	char *command;
	struct doubles times, bytes;
	bool timed;
};

static bool
is_hyperfine(struct str head)
{
	return format_key(head, "results") && format_key(head, "command") &&
	    (format_key(head, "times") || format_key(head, "stddev"));
}

static struct err *
result_over(struct hyperfine *h)
{
	struct facts *f = h->reading.facts;
	size_t i;

	if (h->command == NULL || !h->timed || h->times.n == 0)
		return err_new(ERR_SYNTAX, "a result without '%s'", h->command == NULL ? "command" : "times");
	if (map_set(&h->seen, h->command, h) != NULL)
		return err_new(ERR_SYNTAX, "the command '%s' stands twice", h->command);
	for (i = 0; i < h->times.n; i++)
		TRY(facts_sample(f, h->command, "s", h->times.v[i]));
	for (i = 0; i < h->bytes.n; i++)
		TRY(facts_sample(f, h->command, "bytes", h->bytes.v[i]));
	return NULL;
}

static struct err *
on_result(struct hyperfine *h, const struct pick_value *v)
{
	if (v->kind == PICK_CLOSE)
		return result_over(h);
	if (v->kind != PICK_OBJECT)
		return err_new(ERR_SYNTAX, "a result that is no object");
	free(STEAL(h->command));
	vec_clear(&h->times);
	vec_clear(&h->bytes);
	h->timed = false;
	return NULL;
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
	struct hyperfine *h = state;

	switch ((enum place)v->id) {
	case AT_RESULTS:
		h->listed |= v->kind == PICK_LIST;
		return NULL;
	case AT_RESULT:
		return on_result(h, v);
	case AT_COMMAND:
		if (v->kind == PICK_TEXT && v->text.n > 0)
			h->command = str_dup(v->text);
		return NULL;
	case AT_TIMES:
		h->timed |= v->kind == PICK_LIST;
		return NULL;
	case AT_TIME:
		return on_number(&h->times, v);
	case AT_BYTES:
		return on_number(&h->bytes, v);
	case AT_STATUS:
		return v->kind == PICK_INT && v->i == 0 ? NULL :
		    err_hint(err_new(ERR_SYNTAX, "a run of the command failed"),
			"let the command end with 0, without --ignore-failure");
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct hyperfine *h = state;

	if (!h->listed)
		return err_new(ERR_SYNTAX, "the report has no 'results'");
	return h->seen.n > 0 ? NULL : err_new(ERR_SYNTAX, "the report has no measurement");
}

static void
hyperfine_free(void *state)
{
	struct hyperfine *h = state;

	map_free(&h->seen, NULL);
	free(h->command);
	vec_free(&h->times);
	vec_free(&h->bytes);
}

const struct format format_hyperfine = {
	.name = "hyperfine",
	.tools = "hyperfine --export-json",
	.kinds = FACTS_TIMINGS,
	.syntax = SYNTAX_JSON,
	.is = is_hyperfine,
	.size = sizeof(struct hyperfine),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = hyperfine_free,
};

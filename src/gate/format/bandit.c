/*
 * bandit -f json: 'results', the files that it could not read in 'errors',
 * and per file in 'metrics' how many findings a '# nosec' silenced.  Neither
 * of the latter two says that there is nothing: each counts as a finding.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_ERRORS, AT_ERROR, AT_FILE, AT_SILENCED, AT_RESULTS, AT_RESULT,
	AT_ID, AT_PATH, AT_TEXT, AT_LINE, AT_SEVERITY
};

static const struct pick places[] = {
	{"errors", AT_ERRORS},
	{"errors[]", AT_ERROR},
	{"errors[].filename", AT_PATH},
	{"errors[].reason", AT_TEXT},
	{"metrics.*", AT_FILE},
	{"metrics.*.nosec", AT_SILENCED},
	{"metrics.*.skipped_tests", AT_SILENCED},
	{"results", AT_RESULTS},
	{"results[]", AT_RESULT},
	{"results[].test_id", AT_ID},
	{"results[].filename", AT_PATH},
	{"results[].issue_text", AT_TEXT},
	{"results[].line_number", AT_LINE},
	{"results[].issue_severity", AT_SEVERITY},
};

struct bandit {
	struct reading reading;
	bool errors, results;	/* were they there? */
	char *file;		/* of the metrics in hand; NULL in the totals */
	struct hand hand;
};

static bool
is_bandit(struct str head)
{
	return format_key(head, "errors") && format_key(head, "generated_at") &&
	    (format_key(head, "metrics") || format_key(head, "results"));
}

static struct err *
silenced(struct bandit *b, const struct pick_value *v)
{
	int64_t i;

	for (i = 0; b->file != NULL && v->kind == PICK_INT && i < v->i; i++) {
		hand_copy(&b->hand.id, "nosec");
		hand_copy(&b->hand.text, "a finding is silenced by '# nosec'");
		hand_copy(&b->hand.path, b->file);
		b->hand.severity = SEVERITY_WARNING;
		b->hand.suppressed = true;
		TRY(hand_complain(&b->hand, b->reading.facts, "bandit"));
	}
	return NULL;
}

static void
on_file(struct bandit *b, const struct pick_value *v)
{
	free(STEAL(b->file));
	if (v->kind == PICK_OBJECT && !str_is(v->key, "_totals"))
		b->file = str_dup(v->key);
}

static struct err *
entry_over(struct bandit *b, bool error)
{
	struct hand *h = &b->hand;

	if (h->path == NULL || (!error && (h->id == NULL || h->text == NULL)))
		return err_new(ERR_SYNTAX, "%s without %s", error ? "an error" : "a result",
		    error ? "'filename'" : "'filename', 'test_id' and 'issue_text'");
	if (error) {
		hand_copy(&h->id, "unread");
		h->severity = SEVERITY_ERROR;
	}
	return hand_complain(h, b->reading.facts, "bandit");
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct bandit *b = state;

	switch ((enum place)v->id) {
	case AT_ERRORS:
		b->errors |= v->kind == PICK_LIST;
		break;
	case AT_RESULTS:
		b->results |= v->kind == PICK_LIST;
		break;
	case AT_FILE:
		on_file(b, v);
		break;
	case AT_SILENCED:
		return silenced(b, v);
	case AT_ERROR:
	case AT_RESULT:
		if (v->kind != PICK_OBJECT)
			return entry_over(b, v->id == AT_ERROR);
		b->hand.severity = SEVERITY_WARNING;
		break;
	case AT_ID:
		hand_set(&b->hand.id, v);
		break;
	case AT_PATH:
		hand_set(&b->hand.path, v);
		break;
	case AT_TEXT:
		hand_set(&b->hand.text, v);
		break;
	case AT_LINE:
		b->hand.line = v->i;
		break;
	case AT_SEVERITY:
		b->hand.severity = severity_of(v->text, SEVERITY_WARNING);
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct bandit *b = state;

	if (!b->errors || !b->results)
		return err_new(ERR_SYNTAX, "the report has no list '%s'", b->results ? "errors" : "results");
	return NULL;
}

static void
bandit_free(void *state)
{
	struct bandit *b = state;

	free(b->file);
	hand_clear(&b->hand);
}

const struct format format_bandit = {
	.name = "bandit",
	.tools = "bandit",
	.kinds = FACTS_FINDINGS,
	.syntax = SYNTAX_JSON,
	.is = is_bandit,
	.size = sizeof(struct bandit),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = bandit_free,
};

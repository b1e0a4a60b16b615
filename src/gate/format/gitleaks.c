/*
 * gitleaks -f json: a list of findings, [] for none.  Its fingerprint holds
 * the line number, so it is of no use here; the secret itself is left out.
 */
#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place { AT_ROOT, AT_FINDING, AT_ID, AT_TEXT, AT_PATH, AT_LINE };

static const struct pick places[] = {
	{"", AT_ROOT},
	{"[]", AT_FINDING},
	{"[].RuleID", AT_ID},
	{"[].Description", AT_TEXT},
	{"[].File", AT_PATH},
	{"[].StartLine", AT_LINE},
};

struct gitleaks {
	struct reading reading;
	bool list;
	struct hand hand;
};

static bool
is_gitleaks(struct str head)
{
	return str_starts(str_trim(head), "[") && format_key(head, "RuleID") && format_key(head, "Secret");
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct gitleaks *g = state;
	struct hand *h = &g->hand;

	switch ((enum place)v->id) {
	case AT_ROOT:
		g->list |= v->kind == PICK_LIST;
		break;
	case AT_FINDING:
		if (v->kind == PICK_OBJECT)
			break;
		if (h->id == NULL || h->path == NULL)
			return err_new(ERR_SYNTAX, "a finding without 'RuleID' and 'File'");
		h->severity = SEVERITY_ERROR;
		return hand_complain(h, g->reading.facts, "gitleaks");
	case AT_ID:
		hand_set(&h->id, v);
		break;
	case AT_TEXT:
		hand_set(&h->text, v);
		break;
	case AT_PATH:
		hand_set(&h->path, v);
		break;
	case AT_LINE:
		h->line = v->i;
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct gitleaks *g = state;

	return g->list ? NULL : err_new(ERR_SYNTAX, "the report is no list of findings");
}

static void
gitleaks_free(void *state)
{
	struct gitleaks *g = state;

	hand_clear(&g->hand);
}

const struct format format_gitleaks = {
	.name = "gitleaks",
	.tools = "gitleaks 8",
	.kinds = FACTS_FINDINGS,
	.syntax = SYNTAX_JSON,
	.is = is_gitleaks,
	.size = sizeof(struct gitleaks),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = gitleaks_free,
};

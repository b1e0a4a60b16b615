/*
 * pip-audit -f json: every dependency that was looked at, with what is known
 * of it; before version 2.1 a bare list of them.  It rates nothing, so all
 * count as errors.
 */
#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_LIST, AT_DEPENDENCY, AT_NAME, AT_VERSION, AT_SKIPPED, AT_FLAWS, AT_FLAW,
	AT_ID, AT_FIXED, AT_ALIAS, AT_TEXT
};

static const struct pick places[] = {
	{"[]", AT_DEPENDENCY},
	{"[].name", AT_NAME},
	{"[].version", AT_VERSION},
	{"[].skip_reason", AT_SKIPPED},
	{"[].vulns", AT_FLAWS},
	{"[].vulns[]", AT_FLAW},
	{"[].vulns[].id", AT_ID},
	{"[].vulns[].fix_versions[]", AT_FIXED},
	{"[].vulns[].aliases[]", AT_ALIAS},
	{"[].vulns[].description", AT_TEXT},
	{"dependencies", AT_LIST},
	{"dependencies[]", AT_DEPENDENCY},
	{"dependencies[].name", AT_NAME},
	{"dependencies[].version", AT_VERSION},
	{"dependencies[].skip_reason", AT_SKIPPED},
	{"dependencies[].vulns", AT_FLAWS},
	{"dependencies[].vulns[]", AT_FLAW},
	{"dependencies[].vulns[].id", AT_ID},
	{"dependencies[].vulns[].fix_versions[]", AT_FIXED},
	{"dependencies[].vulns[].aliases[]", AT_ALIAS},
	{"dependencies[].vulns[].description", AT_TEXT},
};

struct pipaudit {
	struct reading reading;
	bool list, any;
	/* Of the dependency in hand: */
	bool looked_at;		/* or skipped with a reason */
	struct hand whole;	/* its name and version */
	struct hands pending;
	struct hand hand;
};

static bool
is_pipaudit(struct str head)
{
	return (format_key(head, "dependencies") && format_key(head, "fixes")) ||
	    ((format_key(head, "vulns") || format_key(head, "skip_reason")) && format_key(head, "name"));
}

static struct err *
on_dependency(struct pipaudit *a, const struct pick_value *v)
{
	size_t i;

	if (v->kind == PICK_OBJECT) {
		a->looked_at = false;
		a->any = true;
		return NULL;
	}
	if (a->whole.package == NULL || !a->looked_at)
		return err_new(ERR_SYNTAX, "a dependency without 'name' and 'vulns'");
	for (i = 0; i < a->pending.n; i++) {
		struct hand *h = &a->pending.v[i];

		hand_copy(&h->package, a->whole.package);
		hand_copy(&h->version, a->whole.version);
		TRY(hand_flaw(h, a->reading.facts));
	}
	vec_clear(&a->pending);
	hand_clear(&a->whole);
	return NULL;
}

static struct err *
on_flaw(struct pipaudit *a, const struct pick_value *v)
{
	if (v->kind == PICK_OBJECT) {
		a->hand.severity = SEVERITY_ERROR;
		return NULL;
	}
	return a->hand.id != NULL ? hands_take(&a->pending, &a->hand) :
	    err_new(ERR_SYNTAX, "a vulnerability without an id");
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct pipaudit *a = state;

	switch ((enum place)v->id) {
	case AT_LIST:
		a->list |= v->kind == PICK_LIST;
		break;
	case AT_DEPENDENCY:
		return on_dependency(a, v);
	case AT_NAME:
		hand_set(&a->whole.package, v);
		break;
	case AT_VERSION:
		hand_set(&a->whole.version, v);
		break;
	case AT_SKIPPED:
		a->looked_at |= v->kind == PICK_TEXT;
		break;
	case AT_FLAWS:
		a->looked_at |= v->kind == PICK_LIST;
		break;
	case AT_FLAW:
		return on_flaw(a, v);
	case AT_ID:
		hand_set(&a->hand.id, v);
		break;
	case AT_FIXED:
		if (a->hand.fixed == NULL)
			hand_set(&a->hand.fixed, v);
		break;
	case AT_ALIAS:
		hand_alias(&a->hand, v);
		break;
	case AT_TEXT:
		hand_set(&a->hand.text, v);
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct pipaudit *a = state;

	return a->list || a->any ? NULL : err_new(ERR_SYNTAX, "the report has no list 'dependencies'");
}

static void
pipaudit_free(void *state)
{
	struct pipaudit *a = state;

	hand_clear(&a->whole);
	hand_clear(&a->hand);
	hands_free(&a->pending);
}

const struct format format_pipaudit = {
	.name = "pipaudit",
	.tools = "pip-audit -f json",
	.kinds = FACTS_FLAWS,
	.syntax = SYNTAX_JSON,
	.is = is_pipaudit,
	.size = sizeof(struct pipaudit),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = pipaudit_free,
};

/*
 * cargo audit --json: 'vulnerabilities', and in 'warnings' what is unsound,
 * unmaintained or yanked.  Of what its settings ignore only the ids are
 * told, not whether they would apply: each counts, as suppressed.
 */
#include <string.h>

#include "base/err.h"
#include "gate/format/cvss.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_LIST, AT_COUNT, AT_FLAW, AT_WARNING, AT_KIND, AT_IGNORED, AT_ID, AT_ALIAS, AT_TEXT, AT_VECTOR, AT_NAME,
	AT_VERSION, AT_FIXED
};

static const struct pick places[] = {
	{"settings.ignore[]", AT_IGNORED},
	{"vulnerabilities.count", AT_COUNT},
	{"vulnerabilities.list", AT_LIST},
	{"vulnerabilities.list[]", AT_FLAW},
	{"vulnerabilities.list[].advisory.id", AT_ID},
	{"vulnerabilities.list[].advisory.aliases[]", AT_ALIAS},
	{"vulnerabilities.list[].advisory.title", AT_TEXT},
	{"vulnerabilities.list[].advisory.cvss", AT_VECTOR},
	{"vulnerabilities.list[].package.name", AT_NAME},
	{"vulnerabilities.list[].package.version", AT_VERSION},
	{"vulnerabilities.list[].versions.patched[]", AT_FIXED},
	{"warnings.*[]", AT_WARNING},
	{"warnings.*[].kind", AT_KIND},
	{"warnings.*[].advisory.id", AT_ID},
	{"warnings.*[].advisory.aliases[]", AT_ALIAS},
	{"warnings.*[].advisory.title", AT_TEXT},
	{"warnings.*[].package.name", AT_NAME},
	{"warnings.*[].package.version", AT_VERSION},
	{"warnings.*[].versions.patched[]", AT_FIXED},
};

struct cargoaudit {
	struct reading reading;
	bool list;
	int64_t count;		/* as told, + 1 */
	int64_t seen;
	struct hand hand;
};

static bool
is_cargoaudit(struct str head)
{
	return format_key(head, "vulnerabilities") && format_key(head, "lockfile") && format_key(head, "database");
}

static struct err *
flaw_over(struct cargoaudit *c, bool warning)
{
	struct hand *h = &c->hand;

	if (h->package == NULL || (!warning && h->id == NULL))
		return err_new(ERR_SYNTAX, "a vulnerability without 'advisory.id' and 'package.name'");
	/* A yanked version has no advisory. */
	if (h->id == NULL)
		hand_copy(&h->id, "yanked");
	return hand_flaw(h, c->reading.facts);
}

static struct err *
on_entry(struct cargoaudit *c, const struct pick_value *v)
{
	bool warning = v->id == AT_WARNING;

	if (v->kind != PICK_OBJECT)
		return flaw_over(c, warning);
	/* What is not rated, or by CVSS 4, counts as high. */
	c->hand.severity = warning ? SEVERITY_NOTE : SEVERITY_ERROR;
	c->seen += !warning;
	return NULL;
}

static struct err *
on_ignored(struct cargoaudit *c, const struct pick_value *v)
{
	struct hand one = {.severity = SEVERITY_WARNING, .suppressed = true};

	hand_set(&one.id, v);
	hand_copy(&one.text, "cargo audit is told to ignore it");
	return hand_flaw(&one, c->reading.facts);
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct cargoaudit *c = state;

	switch ((enum place)v->id) {
	case AT_LIST:
		c->list |= v->kind == PICK_LIST;
		break;
	case AT_COUNT:
		c->count = v->i + 1;
		break;
	case AT_FLAW:
	case AT_WARNING:
		return on_entry(c, v);
	case AT_KIND:
		if (str_is(v->text, "unsound"))
			c->hand.severity = SEVERITY_WARNING;
		break;
	case AT_IGNORED:
		return on_ignored(c, v);
	case AT_ID:
		hand_set(&c->hand.id, v);
		break;
	case AT_ALIAS:
		hand_alias(&c->hand, v);
		break;
	case AT_TEXT:
		hand_set(&c->hand.text, v);
		break;
	case AT_VECTOR:
		if (cvss_score(v->text) >= 0)
			c->hand.severity = cvss_severity(cvss_score(v->text));
		break;
	case AT_NAME:
		hand_set(&c->hand.package, v);
		break;
	case AT_VERSION:
		hand_set(&c->hand.version, v);
		break;
	case AT_FIXED:
		if (c->hand.fixed == NULL)
			hand_set(&c->hand.fixed, v);
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct cargoaudit *c = state;

	if (!c->list)
		return err_new(ERR_SYNTAX, "the report has no list 'vulnerabilities.list'");
	if (c->count != c->seen + 1)
		return err_new(ERR_SYNTAX, "'vulnerabilities.count' is not the list's length");
	return NULL;
}

static void
cargoaudit_free(void *state)
{
	struct cargoaudit *c = state;

	hand_clear(&c->hand);
}

const struct format format_cargoaudit = {
	.name = "cargoaudit",
	.tools = "cargo audit --json",
	.kinds = FACTS_FLAWS,
	.syntax = SYNTAX_JSON,
	.is = is_cargoaudit,
	.size = sizeof(struct cargoaudit),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = cargoaudit_free,
};

/*
 * grype -o json: 'matches', and those that a rule of its configuration took
 * out in 'ignoredMatches', which count as well.
 */
#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_LIST, AT_TOOL, AT_MATCH, AT_IGNORED, AT_ID, AT_SEVERITY, AT_TEXT, AT_FIXED, AT_RELATED,
	AT_NAME, AT_VERSION
};

static const struct pick places[] = {
	{"descriptor.name", AT_TOOL},
	{"matches", AT_LIST},
	{"matches[]", AT_MATCH},
	{"matches[].vulnerability.id", AT_ID},
	{"matches[].vulnerability.severity", AT_SEVERITY},
	{"matches[].vulnerability.description", AT_TEXT},
	{"matches[].vulnerability.fix.versions[]", AT_FIXED},
	{"matches[].relatedVulnerabilities[].id", AT_RELATED},
	{"matches[].artifact.name", AT_NAME},
	{"matches[].artifact.version", AT_VERSION},
	{"ignoredMatches[]", AT_IGNORED},
	{"ignoredMatches[].vulnerability.id", AT_ID},
	{"ignoredMatches[].vulnerability.severity", AT_SEVERITY},
	{"ignoredMatches[].vulnerability.description", AT_TEXT},
	{"ignoredMatches[].vulnerability.fix.versions[]", AT_FIXED},
	{"ignoredMatches[].relatedVulnerabilities[].id", AT_RELATED},
	{"ignoredMatches[].artifact.name", AT_NAME},
	{"ignoredMatches[].artifact.version", AT_VERSION},
};

struct grype {
	struct reading reading;
	bool list, tool;
	struct hand hand;
};

static bool
is_grype(struct str head)
{
	return format_key(head, "matches") && (format_key(head, "vulnerability") || format_key(head, "descriptor"));
}

static struct err *
on_match(struct grype *g, const struct pick_value *v)
{
	struct hand *h = &g->hand;

	if (v->kind == PICK_OBJECT) {
		h->severity = SEVERITY_ERROR;
		h->suppressed = v->id == AT_IGNORED;
		return NULL;
	}
	if (h->package == NULL)
		return err_new(ERR_SYNTAX, "a match without 'artifact.name'");
	/* What a distribution's advisory relates to are several, which are not the same. */
	if (h->aliases.n > 1)
		strs_free(&h->aliases);
	return hand_flaw(h, g->reading.facts);
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct grype *g = state;
	struct hand *h = &g->hand;

	switch ((enum place)v->id) {
	case AT_LIST:
		g->list |= v->kind == PICK_LIST;
		break;
	case AT_TOOL:
		g->tool = str_is(v->text, "grype");
		break;
	case AT_MATCH:
	case AT_IGNORED:
		return on_match(g, v);
	case AT_ID:
		hand_set(&h->id, v);
		break;
	case AT_SEVERITY:
		h->severity = severity_of(v->text, SEVERITY_ERROR);
		break;
	case AT_TEXT:
		hand_set(&h->text, v);
		break;
	case AT_FIXED:
		if (h->fixed == NULL)
			hand_set(&h->fixed, v);
		break;
	case AT_RELATED:
		hand_alias(h, v);
		break;
	case AT_NAME:
		hand_set(&h->package, v);
		break;
	case AT_VERSION:
		hand_set(&h->version, v);
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct grype *g = state;

	if (!g->list || !g->tool)
		return err_new(ERR_SYNTAX, g->list ? "'descriptor.name' is not 'grype'" : "the report has no list 'matches'");
	return NULL;
}

static void
grype_free(void *state)
{
	struct grype *g = state;

	hand_clear(&g->hand);
}

const struct format format_grype = {
	.name = "grype",
	.tools = "grype -o json",
	.kinds = FACTS_FLAWS,
	.syntax = SYNTAX_JSON,
	.is = is_grype,
	.size = sizeof(struct grype),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = grype_free,
};

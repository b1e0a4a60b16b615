/*
 * npm audit --json.  Report version 2 (npm 7 and later): packages with what
 * they are vulnerable 'via', an advisory or another package; an advisory
 * stands at the package that it is about.  The form before (npm 6):
 * advisories with the versions they were found in.  Both end in 'metadata';
 * an error of the registry has none.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_VERSION, AT_LIST, AT_COUNTS, AT_ERROR, AT_PACKAGE, AT_VIA, AT_FIX_NAME, AT_FIX_VERSION,
	AT_ADVISORY, AT_FOUND, AT_NUMBER, AT_NAME, AT_TITLE, AT_URL, AT_SEVERITY, AT_ALIAS, AT_FIXED
};

static const struct pick places[] = {
	{"error", AT_ERROR},
	{"auditReportVersion", AT_VERSION},
	{"metadata.vulnerabilities", AT_COUNTS},
	{"vulnerabilities", AT_LIST},
	{"vulnerabilities.*", AT_PACKAGE},
	{"vulnerabilities.*.fixAvailable.name", AT_FIX_NAME},
	{"vulnerabilities.*.fixAvailable.version", AT_FIX_VERSION},
	{"vulnerabilities.*.via[]", AT_VIA},
	{"vulnerabilities.*.via[].source", AT_NUMBER},
	{"vulnerabilities.*.via[].name", AT_NAME},
	{"vulnerabilities.*.via[].title", AT_TITLE},
	{"vulnerabilities.*.via[].url", AT_URL},
	{"vulnerabilities.*.via[].severity", AT_SEVERITY},
	{"advisories", AT_LIST},
	{"advisories.*", AT_ADVISORY},
	{"advisories.*.id", AT_NUMBER},
	{"advisories.*.module_name", AT_NAME},
	{"advisories.*.title", AT_TITLE},
	{"advisories.*.url", AT_URL},
	{"advisories.*.severity", AT_SEVERITY},
	{"advisories.*.patched_versions", AT_FIXED},
	{"advisories.*.cves[]", AT_ALIAS},
	{"advisories.*.github_advisory_id", AT_ALIAS},
	{"advisories.*.findings[].version", AT_FOUND},
};

struct npmaudit {
	struct reading reading;
	bool versioned, list, counts;
	struct hand hand;
	int64_t number;		/* of the advisory in hand */
	/* Of the package in hand: */
	struct hands pending;
	char *fix_name, *fix_version;
	/* Of npm 6's advisory in hand: */
	struct strs found;
};

static bool
is_npmaudit(struct str head)
{
	return format_key(head, "auditReportVersion") || format_key(head, "advisories") ||
	    (format_key(head, "actions") && format_key(head, "resolves"));
}

/* The id in the advisory's address, else the registry's number. */
static void
name_it(struct npmaudit *n)
{
	static const char at[] = "https://github.com/advisories/";
	struct hand *h = &n->hand;
	char *url = STEAL(h->id);

	if (n->number > 0)
		h->id = mem_printf("npm-%lld", (long long)n->number);
	if (url != NULL && str_starts(str_of(url), at) && url[strlen(at)] != '\0') {
		if (h->id != NULL)
			strs_add(&h->aliases, h->id);
		free(h->id);
		h->id = mem_strdup(url + strlen(at));
	}
	free(url);
	n->number = 0;
}

static struct err *
via_over(struct npmaudit *n)
{
	name_it(n);
	if (n->hand.id == NULL || n->hand.package == NULL)
		return err_new(ERR_SYNTAX, "an advisory without %s", n->hand.id == NULL ? "'source'" : "'name'");
	return hands_take(&n->pending, &n->hand);
}

static struct err *
package_over(struct npmaudit *n)
{
	size_t i;

	for (i = 0; i < n->pending.n; i++) {
		struct hand *h = &n->pending.v[i];

		/* What mends it may be another package that is asked for directly. */
		if (n->fix_name != NULL && strcmp(n->fix_name, h->package) == 0)
			hand_copy(&h->fixed, n->fix_version);
		TRY(hand_flaw(h, n->reading.facts));
	}
	vec_clear(&n->pending);
	free(STEAL(n->fix_name));
	free(STEAL(n->fix_version));
	return NULL;
}

/* Once for each version that is there. */
static struct err *
advisory_over(struct npmaudit *n)
{
	struct hand *h = &n->hand;
	size_t i, k;

	name_it(n);
	if (h->id == NULL || h->package == NULL)
		return err_new(ERR_SYNTAX, "an advisory without %s", h->id == NULL ? "'id'" : "'module_name'");
	for (i = 0; i < n->found.n; i++) {
		struct hand one = {.id = mem_strdup(h->id), .package = mem_strdup(h->package),
		    .version = mem_strdup(n->found.v[i]), .fixed = mem_strdup(h->fixed),
		    .text = mem_strdup(h->text), .severity = h->severity};

		for (k = 0; k < h->aliases.n; k++)
			strs_add(&one.aliases, h->aliases.v[k]);
		TRY(hand_flaw(&one, n->reading.facts));
	}
	if (n->found.n == 0)
		TRY(hand_flaw(h, n->reading.facts));
	hand_clear(h);
	strs_free(&n->found);
	return NULL;
}

static struct err *
take_found(struct npmaudit *n, const struct pick_value *v)
{
	if (n->found.n >= FACTS_FLAWS_MAX)
		return err_new(ERR_LIMIT, "more than %d versions of one package", FACTS_FLAWS_MAX);
	if (v->kind == PICK_TEXT)
		strs_addn(&n->found, v->text.p, str_take(v->text, FACTS_TEXT_MAX).n);
	return NULL;
}

static struct err *
on_member(struct npmaudit *n, const struct pick_value *v)
{
	struct hand *h = &n->hand;

	switch ((enum place)v->id) {
	case AT_FIX_NAME:
		hand_set(&n->fix_name, v);
		break;
	case AT_FIX_VERSION:
		hand_set(&n->fix_version, v);
		break;
	case AT_NUMBER:
		n->number = v->kind == PICK_INT ? v->i : 0;
		break;
	case AT_NAME:
		hand_set(&h->package, v);
		break;
	case AT_TITLE:
		hand_set(&h->text, v);
		break;
	case AT_URL:
		hand_set(&h->id, v);
		break;
	case AT_SEVERITY:
		h->severity = severity_of(v->text, SEVERITY_ERROR);
		break;
	case AT_ALIAS:
		hand_alias(h, v);
		break;
	case AT_FIXED:
		hand_set(&h->fixed, v);
		break;
	default:
		break;
	}
	return NULL;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct npmaudit *n = state;

	switch ((enum place)v->id) {
	case AT_ERROR:
		return err_new(ERR_SYNTAX, "npm could not audit ('error')");
	case AT_VERSION:
		n->versioned = true;
		return v->kind == PICK_INT && v->i == 2 ? NULL : err_new(ERR_SYNTAX, "'auditReportVersion' is not 2");
	case AT_LIST:
		n->list |= v->kind == PICK_OBJECT;
		return NULL;
	case AT_COUNTS:
		n->counts |= v->kind == PICK_OBJECT;
		return NULL;
	case AT_PACKAGE:
		return v->kind == PICK_CLOSE ? package_over(n) : NULL;
	case AT_VIA:
		if (v->kind == PICK_CLOSE)
			return via_over(n);
		n->hand.severity = SEVERITY_ERROR;
		return NULL;
	case AT_ADVISORY:
		if (v->kind == PICK_CLOSE)
			return advisory_over(n);
		n->hand.severity = SEVERITY_ERROR;
		return NULL;
	case AT_FOUND:
		return take_found(n, v);
	default:
		return on_member(n, v);
	}
}

static struct err *
end(void *state)
{
	const struct npmaudit *n = state;

	if (!n->list || !n->counts)
		return err_new(ERR_SYNTAX, "the report has no '%s'", n->list ? "metadata.vulnerabilities" :
		    n->versioned ? "vulnerabilities" : "auditReportVersion");
	return NULL;
}

static void
npmaudit_free(void *state)
{
	struct npmaudit *n = state;

	hand_clear(&n->hand);
	hands_free(&n->pending);
	strs_free(&n->found);
	free(n->fix_name);
	free(n->fix_version);
}

const struct format format_npmaudit = {
	.name = "npmaudit",
	.tools = "npm audit --json, of npm 6 and of 7 and later",
	.kinds = FACTS_FLAWS,
	.syntax = SYNTAX_JSON,
	.is = is_npmaudit,
	.size = sizeof(struct npmaudit),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = npmaudit_free,
};

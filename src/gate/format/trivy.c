/*
 * trivy -f json, schema 2: per target its vulnerabilities, and as findings
 * its misconfigurations and secrets.  What .trivyignore or a VEX document took
 * out stands in ExperimentalModifiedFindings (--show-suppressed), and counts.
 * A report without 'Results' looked at nothing.
 */
#include <stdlib.h>

#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_SCHEMA, AT_RESULTS, AT_RESULT, AT_TARGET, AT_FLAW, AT_FINDING, AT_MODIFIED,
	AT_ID, AT_VENDOR_ID, AT_NAME, AT_VERSION, AT_FIXED, AT_SEVERITY, AT_TEXT, AT_LINE, AT_STATUS
};

#define FLAW_OF(at)                                   \
	{at ".VulnerabilityID", AT_ID},               \
	{at ".VendorIDs[]", AT_VENDOR_ID},            \
	{at ".PkgName", AT_NAME},                     \
	{at ".InstalledVersion", AT_VERSION},         \
	{at ".FixedVersion", AT_FIXED},               \
	{at ".Severity", AT_SEVERITY},                \
	{at ".Title", AT_TEXT}

static const struct pick places[] = {
	{"SchemaVersion", AT_SCHEMA},
	{"Results", AT_RESULTS},
	{"Results[]", AT_RESULT},
	{"Results[].Target", AT_TARGET},
	{"Results[].Vulnerabilities[]", AT_FLAW},
	FLAW_OF("Results[].Vulnerabilities[]"),
	{"Results[].ExperimentalModifiedFindings[]", AT_MODIFIED},
	FLAW_OF("Results[].ExperimentalModifiedFindings[].Finding"),
	{"Results[].Misconfigurations[]", AT_FINDING},
	{"Results[].Misconfigurations[].ID", AT_ID},
	{"Results[].Misconfigurations[].Message", AT_TEXT},
	{"Results[].Misconfigurations[].Severity", AT_SEVERITY},
	{"Results[].Misconfigurations[].Status", AT_STATUS},
	{"Results[].Misconfigurations[].CauseMetadata.StartLine", AT_LINE},
	{"Results[].Secrets[]", AT_FINDING},
	{"Results[].Secrets[].RuleID", AT_ID},
	{"Results[].Secrets[].Title", AT_TEXT},
	{"Results[].Secrets[].Severity", AT_SEVERITY},
	{"Results[].Secrets[].StartLine", AT_LINE},
};

struct trivy {
	struct reading reading;
	bool schema, results;
	/* Of the target in hand, whose name may come behind: */
	char *target;
	size_t first;		/* of its complaints */
	struct hand hand;
	bool passed;		/* the check in hand found nothing */
};

static bool
is_trivy(struct str head)
{
	return format_key(head, "SchemaVersion") && (format_key(head, "ArtifactName") || format_key(head, "Results"));
}

static struct err *
on_result(struct trivy *t, const struct pick_value *v)
{
	struct facts *f = t->reading.facts;
	const char *path;

	if (v->kind == PICK_OBJECT) {
		t->first = f->complaints.n;
		return NULL;
	}
	if (v->kind != PICK_CLOSE || t->target == NULL)
		return err_new(ERR_SYNTAX, "a result without 'Target'");
	path = facts_path(f, str_of(t->target));
	for (; t->first < f->complaints.n; t->first++)
		f->complaints.v[t->first].path = path;
	free(STEAL(t->target));
	return NULL;
}

static struct err *
entry_over(struct trivy *t, enum place at)
{
	struct hand *h = &t->hand;

	if (at != AT_FINDING) {
		h->suppressed = at == AT_MODIFIED;
		/* Modified findings may be of any sort. */
		if (h->suppressed && h->id == NULL) {
			hand_clear(h);
			return NULL;
		}
		return h->package != NULL ? hand_flaw(h, t->reading.facts) :
		    err_new(ERR_SYNTAX, "a vulnerability without 'PkgName'");
	}
	if (t->passed) {
		hand_clear(h);
		return NULL;
	}
	return h->id != NULL ? hand_complain(h, t->reading.facts, "trivy") :
	    err_new(ERR_SYNTAX, "a finding without an id");
}

static void
on_member(struct trivy *t, const struct pick_value *v)
{
	struct hand *h = &t->hand;

	switch ((enum place)v->id) {
	case AT_ID:
		hand_set(&h->id, v);
		break;
	case AT_VENDOR_ID:
		/* A distribution's advisory is of several; GitHub's is of one. */
		if (str_starts(v->text, "GHSA-"))
			hand_alias(h, v);
		break;
	case AT_NAME:
		hand_set(&h->package, v);
		break;
	case AT_VERSION:
		hand_set(&h->version, v);
		break;
	case AT_FIXED:
		hand_set(&h->fixed, v);
		break;
	case AT_SEVERITY:
		h->severity = severity_of(v->text, SEVERITY_ERROR);
		break;
	case AT_TEXT:
		hand_set(&h->text, v);
		break;
	case AT_LINE:
		h->line = v->i;
		break;
	case AT_STATUS:
		t->passed = str_is(v->text, "PASS");
		h->suppressed = str_is(v->text, "EXCEPTION");
		break;
	default:
		break;
	}
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct trivy *t = state;

	switch ((enum place)v->id) {
	case AT_SCHEMA:
		t->schema = true;
		return v->kind == PICK_INT && v->i == 2 ? NULL : err_new(ERR_SYNTAX, "'SchemaVersion' is not 2");
	case AT_RESULTS:
		t->results |= v->kind == PICK_LIST;
		return NULL;
	case AT_RESULT:
		return on_result(t, v);
	case AT_TARGET:
		hand_set(&t->target, v);
		return NULL;
	case AT_FLAW:
	case AT_FINDING:
	case AT_MODIFIED:
		if (v->kind != PICK_OBJECT)
			return entry_over(t, (enum place)v->id);
		t->hand.severity = SEVERITY_ERROR;
		t->passed = false;
		return NULL;
	default:
		on_member(t, v);
		return NULL;
	}
}

static struct err *
end(void *state)
{
	const struct trivy *t = state;

	if (!t->schema || !t->results)
		return err_new(ERR_SYNTAX, "the report has no '%s'", t->schema ? "Results" : "SchemaVersion");
	return NULL;
}

static void
trivy_free(void *state)
{
	struct trivy *t = state;

	free(t->target);
	hand_clear(&t->hand);
}

const struct format format_trivy = {
	.name = "trivy",
	.tools = "trivy -f json",
	.kinds = FACTS_FLAWS | FACTS_FINDINGS,
	.syntax = SYNTAX_JSON,
	.is = is_trivy,
	.size = sizeof(struct trivy),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = trivy_free,
};

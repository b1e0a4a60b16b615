/*
 * SARIF 2.1.0 (OASIS): runs, each of one tool, with results.
 *
 * A result's level is its own, else its rule's default, else "warning"; rules
 * and what URIs count from may stand behind the results, so these are settled
 * when the run closes.  'results: []' is clean; a run without results was not
 * analysed.  What the tool says of its own memory (baselineState) and of
 * suppressions is not believed: the finding counts, and a suppressed one says
 * so.  A notification of level "error" is a finding too: there was something
 * that the tool could not read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

#define RULES_MAX 20000
#define ARTIFACTS_MAX 10000	/* that are looked up by index */
#define BASES_MAX 100
#define BASE_DEPTH 8		/* of bases below bases */

enum place {
	AT_VERSION, AT_RUNS, AT_RUN, AT_TOOL, AT_SUCCESS, AT_RULE, AT_MORE_RULE, AT_RULE_ID, AT_RULE_LEVEL, AT_RULE_SCORE,
	AT_BASE, AT_BASE_URI, AT_BASE_PARENT, AT_ARTIFACT, AT_ARTIFACT_URI, AT_RESULTS, AT_RESULT, AT_NOTICE,
	AT_ID, AT_INDEX, AT_ELSEWHERE, AT_LEVEL, AT_KIND, AT_TEXT, AT_TEXT_ID, AT_LOCATION,
	AT_URI, AT_URI_BASE, AT_URI_INDEX, AT_LINE, AT_PRINT, AT_SUPPRESSED
};

#define RULE_OF(at)                                                              \
	{at ".id", AT_RULE_ID},                                                  \
	{at ".defaultConfiguration.level", AT_RULE_LEVEL},                       \
	{at ".properties.security-severity", AT_RULE_SCORE}

#define RESULT_OF(at)                                                            \
	{at ".level", AT_LEVEL},                                                 \
	{at ".message.text", AT_TEXT},                                           \
	{at ".message.id", AT_TEXT_ID},                                          \
	{at ".locations[]", AT_LOCATION},                                        \
	{at ".locations[].physicalLocation.artifactLocation.uri", AT_URI},       \
	{at ".locations[].physicalLocation.artifactLocation.uriBaseId", AT_URI_BASE}, \
	{at ".locations[].physicalLocation.artifactLocation.index", AT_URI_INDEX}, \
	{at ".locations[].physicalLocation.region.startLine", AT_LINE}

static const struct pick places[] = {
	{"version", AT_VERSION},
	{"runs", AT_RUNS},
	{"runs[]", AT_RUN},
	{"runs[].tool.driver.name", AT_TOOL},
	{"runs[].tool.driver.rules[]", AT_RULE},
	RULE_OF("runs[].tool.driver.rules[]"),
	{"runs[].tool.extensions[].rules[]", AT_MORE_RULE},
	RULE_OF("runs[].tool.extensions[].rules[]"),
	{"runs[].originalUriBaseIds.*", AT_BASE},
	{"runs[].originalUriBaseIds.*.uri", AT_BASE_URI},
	{"runs[].originalUriBaseIds.*.uriBaseId", AT_BASE_PARENT},
	{"runs[].artifacts[]", AT_ARTIFACT},
	{"runs[].artifacts[].location.uri", AT_ARTIFACT_URI},
	{"runs[].invocations[].executionSuccessful", AT_SUCCESS},
	{"runs[].invocations[].toolExecutionNotifications[]", AT_NOTICE},
	{"runs[].invocations[].toolExecutionNotifications[].descriptor.id", AT_ID},
	RESULT_OF("runs[].invocations[].toolExecutionNotifications[]"),
	{"runs[].invocations[].toolConfigurationNotifications[]", AT_NOTICE},
	{"runs[].invocations[].toolConfigurationNotifications[].descriptor.id", AT_ID},
	RESULT_OF("runs[].invocations[].toolConfigurationNotifications[]"),
	{"runs[].results", AT_RESULTS},
	{"runs[].results[]", AT_RESULT},
	{"runs[].results[].ruleId", AT_ID},
	{"runs[].results[].rule.id", AT_ID},
	{"runs[].results[].ruleIndex", AT_INDEX},
	{"runs[].results[].rule.index", AT_INDEX},
	{"runs[].results[].rule.toolComponent", AT_ELSEWHERE},
	{"runs[].results[].kind", AT_KIND},
	{"runs[].results[].partialFingerprints.*", AT_PRINT},
	{"runs[].results[].suppressions[]", AT_SUPPRESSED},
	RESULT_OF("runs[].results[]"),
};

/* A rule's level as a number for a map: severity + 1, or 0 for none; and whether it is critical. */
#define LEVEL 7
#define CRITICAL 8

struct rule {
	const char *id;
	uintptr_t level;
};

struct base {
	char *id, *uri, *parent;
};

/* A result as it is read. */
struct result {
	char *rule, *text, *uri, *base, *print;
	int64_t index, artifact, line;	/* indices: -1 for none */
	unsigned locations;
	bool leveled, elsewhere, suppressed, counts;
	enum severity severity;
};

/* What of it waits for the end of its run. */
struct unsettled {
	int64_t index, artifact;
	size_t base;		/* of base_names + 1, or 0 */
	bool leveled;
};

struct sarif {
	struct reading reading;
	bool versioned, listed;	/* 'version' and 'runs' were there */
	size_t runs;
	/* Of the open run: */
	char *tool;
	bool analysed;
	VEC(struct rule) rules;		/* the driver's, by index */
	struct map levels;		/* id -> level of any rule */
	char *rule;			/* id of the rule in hand */
	uintptr_t level;
	VEC(struct base) bases;
	VEC(const char *) artifacts;	/* paths */
	struct strs base_names;		/* that results use */
	size_t first;			/* of the run's complaints */
	VEC(struct unsettled) unsettled;	/* one each */
	struct result now;
};

static bool
is_sarif(struct str head)
{
	return format_key(head, "runs") || str_find(head, STR("sarif-schema-2")) >= 0 ||
	    str_find(head, STR("sarif-2.1")) >= 0;
}

static void
result_clear(struct result *r)
{
	free(r->rule);
	free(r->text);
	free(r->uri);
	free(r->base);
	free(r->print);
	*r = (struct result){.index = -1, .artifact = -1, .counts = true, .severity = SEVERITY_WARNING};
}

static void
run_clear(struct sarif *s)
{
	size_t i;

	free(STEAL(s->tool));
	free(STEAL(s->rule));
	map_free(&s->levels, NULL);
	s->levels = (struct map){0};
	for (i = 0; i < s->bases.n; i++) {
		free(s->bases.v[i].id);
		free(s->bases.v[i].uri);
		free(s->bases.v[i].parent);
	}
	vec_clear(&s->rules);
	vec_clear(&s->bases);
	vec_clear(&s->artifacts);
	vec_clear(&s->unsettled);
	strs_free(&s->base_names);
	result_clear(&s->now);
}

static void
set(char **to, const struct pick_value *v)
{
	if (v->kind != PICK_TEXT)
		return;
	free(*to);
	*to = str_dup(v->text);
}

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

/* ---- results ---- */

/* 0 when it counts from nowhere. */
static size_t
base_of(struct sarif *s, const struct result *r)
{
	size_t i;

	if (r->base == NULL || r->uri == NULL || r->uri[0] == '/' || strchr(r->uri, ':') != NULL)
		return 0;
	for (i = 0; i < s->base_names.n; i++)
		if (strcmp(s->base_names.v[i], r->base) == 0)
			return i + 1;
	if (i < BASES_MAX)
		strs_add(&s->base_names, r->base);
	return i < BASES_MAX ? i + 1 : 0;
}

/* Tool and path are put in later: no copies are made of what 100,000 results share. */
static struct err *
result_over(struct sarif *s)
{
	struct facts *f = s->reading.facts;
	struct result *r = &s->now;
	struct complaint c = {.tool = "", .rule = or_empty(r->rule), .severity = r->severity, .path = "",
	    .line = r->line, .text = or_empty(r->text), .print = or_empty(r->print), .suppressed = r->suppressed};

	if (r->counts) {
		TRY(facts_complain(f, &c));
		f->complaints.v[f->complaints.n - 1].path = facts_uri(f, str_of(r->uri));
		vec_push(&s->unsettled, (struct unsettled){.index = r->elsewhere ? -1 : r->index,
		    .artifact = r->uri == NULL ? r->artifact : -1, .base = base_of(s, r), .leveled = r->leveled});
	}
	result_clear(r);
	return NULL;
}

static struct err *
notice_over(struct sarif *s)
{
	struct result *r = &s->now;

	r->counts = r->severity >= SEVERITY_ERROR;
	r->leveled = true;
	if (r->rule == NULL)
		r->rule = mem_strdup("notification");
	return result_over(s);
}

/* ---- the end of a run ---- */

static uintptr_t
level_of(const struct sarif *s, const char *id)
{
	uintptr_t level = (uintptr_t)map_get(&s->levels, id);
	const char *slash = strrchr(id, '/');

	/* "CA1000/1" is of the rule "CA1000". */
	return level != 0 || slash == NULL ? level : (uintptr_t)map_get_str(&s->levels, str_mk(id, (size_t)(slash - id)));
}

static void
settle_rule(struct sarif *s, struct complaint *c, const struct unsettled *u)
{
	const struct rule *rule = u->index >= 0 && (size_t)u->index < s->rules.n ? &s->rules.v[u->index] : NULL;
	uintptr_t level;

	if (c->rule[0] == '\0' && rule != NULL)
		c->rule = rule->id;
	level = rule != NULL ? rule->level : level_of(s, c->rule);
	if (!u->leveled)
		c->severity = (level & LEVEL) == 0 ? SEVERITY_WARNING : (enum severity)((level & LEVEL) - 1);
	if (c->severity == SEVERITY_ERROR && (level & CRITICAL) != 0)
		c->severity = SEVERITY_CRITICAL;
}

static const struct base *
base_named(const struct sarif *s, const char *id)
{
	size_t i;

	for (i = 0; id != NULL && i < s->bases.n; i++)
		if (strcmp(s->bases.v[i].id, id) == 0)
			return &s->bases.v[i];
	return NULL;
}

/* The folder that a base stands for, "sub/"; "" for the root, or one that is not below it. */
static char *
base_folder(struct sarif *s, const char *name)
{
	AUTO(mem_free_p) char *uri = mem_strdup("x");
	const struct base *b = base_named(s, name);
	const char *path;
	unsigned depth;

	for (depth = 0; b != NULL && depth < BASE_DEPTH; depth++) {
		const char *slash = b->uri == NULL || str_ends(str_of(b->uri), "/") ? "" : "/";
		char *longer = mem_printf("%s%s%s", or_empty(b->uri), slash, uri);

		free(uri);
		uri = longer;
		b = base_named(s, b->parent);
	}
	path = facts_uri(s->reading.facts, str_of(uri));
	return path[0] == '\0' ? mem_strdup("") : mem_strndup(path, strlen(path) - 1);
}

static void
settle(struct sarif *s)
{
	struct facts *f = s->reading.facts;
	const char *tool = facts_text(f, str_of(s->tool));
	AUTO(strs_free) struct strs folders = {0};
	size_t i;

	for (i = 0; i < s->base_names.n; i++) {
		AUTO(mem_free_p) char *folder = base_folder(s, s->base_names.v[i]);

		strs_add(&folders, folder);
	}
	for (i = 0; i < s->unsettled.n; i++) {
		struct complaint *c = &f->complaints.v[s->first + i];
		const struct unsettled *u = &s->unsettled.v[i];

		c->tool = tool;
		settle_rule(s, c, u);
		if (u->artifact >= 0 && (size_t)u->artifact < s->artifacts.n)
			c->path = s->artifacts.v[u->artifact];
		if (u->base > 0 && folders.v[u->base - 1][0] != '\0' && c->path[0] != '\0') {
			AUTO(mem_free_p) char *path = mem_printf("%s%s", folders.v[u->base - 1], c->path);

			c->path = facts_path(f, str_of(path));
		}
	}
}

static struct err *
on_run(struct sarif *s, const struct pick_value *v)
{
	if (v->kind == PICK_CLOSE) {
		if (!s->analysed)
			return err_new(ERR_SYNTAX, "a run without 'results' was not analysed");
		settle(s);
		run_clear(s);
		return NULL;
	}
	if (v->kind != PICK_OBJECT)
		return err_new(ERR_SYNTAX, "a run that is no object");
	s->runs++;
	s->analysed = false;
	s->first = s->reading.facts->complaints.n;
	result_clear(&s->now);
	return NULL;
}

/* ---- rules, bases, artifacts ---- */

static struct err *
rule_over(struct sarif *s, bool driver)
{
	struct rule rule = {facts_text(s->reading.facts, str_of(s->rule)), s->level};

	if (s->rules.n >= RULES_MAX || s->levels.n >= RULES_MAX)
		return err_new(ERR_LIMIT, "more than %d rules", RULES_MAX);
	if (driver)
		vec_push(&s->rules, rule);
	if (rule.level != 0)
		map_set(&s->levels, rule.id, (void *)rule.level);
	free(STEAL(s->rule));
	return NULL;
}

static struct err *
on_rule(struct sarif *s, const struct pick_value *v)
{
	AUTO(mem_free_p) char *score = NULL;

	switch ((enum place)v->id) {
	case AT_RULE_ID:
		set(&s->rule, v);
		return NULL;
	case AT_RULE_LEVEL:
		if (v->kind == PICK_TEXT)
			s->level = (s->level & CRITICAL) | (uintptr_t)(severity_of(v->text, SEVERITY_WARNING) + 1);
		return NULL;
	case AT_RULE_SCORE:
		/* A CVSS score, as a text. */
		score = str_dup(v->text);
		if (strtod(score, NULL) >= 9 || v->real >= 9)
			s->level |= CRITICAL;
		return NULL;
	default:
		if (v->kind == PICK_CLOSE)
			return rule_over(s, v->id == AT_RULE);
		s->level = 0;
		return NULL;
	}
}

static struct err *
on_base(struct sarif *s, const struct pick_value *v)
{
	if (v->id == AT_BASE_URI && s->bases.n > 0)
		set(&s->bases.v[s->bases.n - 1].uri, v);
	else if (v->id == AT_BASE_PARENT && s->bases.n > 0)
		set(&s->bases.v[s->bases.n - 1].parent, v);
	if (v->id != AT_BASE || v->kind != PICK_OBJECT)
		return NULL;
	if (s->bases.n >= BASES_MAX)
		return err_new(ERR_LIMIT, "more than %d 'originalUriBaseIds'", BASES_MAX);
	vec_push(&s->bases, (struct base){.id = str_dup(v->key)});
	return NULL;
}

static void
on_artifact(struct sarif *s, const struct pick_value *v)
{
	if (s->artifacts.n > ARTIFACTS_MAX)
		return;
	if (v->id == AT_ARTIFACT && v->kind == PICK_OBJECT)
		vec_push(&s->artifacts, "");
	else if (v->id == AT_ARTIFACT_URI && s->artifacts.n > 0)
		s->artifacts.v[s->artifacts.n - 1] = facts_uri(s->reading.facts, v->text);
}

/* ---- parts of a result ---- */

/* All of them together are what the tool knows it by. */
static void
add_print(struct result *r, const struct pick_value *v)
{
	char *longer;

	if (v->kind != PICK_TEXT || v->text.n == 0 || (r->print != NULL && strlen(r->print) > FACTS_TEXT_MAX))
		return;
	longer = mem_printf("%s%s%.*s=%.*s", or_empty(r->print), r->print == NULL ? "" : " ", STR_ARG(v->key),
	    STR_ARG(v->text));
	free(r->print);
	r->print = longer;
}

/* Of several locations, all of which want a change, the first is told. */
static void
on_location(struct result *r, const struct pick_value *v)
{
	if (v->id == AT_LOCATION && v->kind == PICK_OBJECT)
		r->locations++;
	if (r->locations > 1)
		return;
	if (v->id == AT_URI)
		set(&r->uri, v);
	else if (v->id == AT_URI_BASE)
		set(&r->base, v);
	else if (v->id == AT_URI_INDEX && v->kind == PICK_INT)
		r->artifact = v->i;
	else if (v->id == AT_LINE)
		r->line = v->i;
}

static void
on_part(struct result *r, const struct pick_value *v)
{
	switch ((enum place)v->id) {
	case AT_ID:
		set(&r->rule, v);
		break;
	case AT_INDEX:
		r->index = v->kind == PICK_INT ? v->i : -1;
		break;
	case AT_ELSEWHERE:
		r->elsewhere = true;
		break;
	case AT_LEVEL:
		r->leveled = v->kind == PICK_TEXT;
		r->severity = severity_of(v->text, SEVERITY_WARNING);
		break;
	case AT_KIND:
		/* "pass", "notApplicable": the rule was looked at, and it is fine. */
		r->counts = !str_is(v->text, "pass") && !str_is(v->text, "notApplicable") &&
		    !str_is(v->text, "informational");
		break;
	case AT_TEXT:
		set(&r->text, v);
		break;
	case AT_TEXT_ID:
		if (r->text == NULL)
			set(&r->text, v);
		break;
	case AT_PRINT:
		add_print(r, v);
		break;
	case AT_SUPPRESSED:
		r->suppressed = true;
		break;
	default:
		on_location(r, v);
		break;
	}
}

static struct err *
on_result(struct sarif *s, const struct pick_value *v)
{
	if (v->kind == PICK_OBJECT)
		return NULL;
	if (v->kind != PICK_CLOSE)
		return err_new(ERR_SYNTAX, "a result that is no object");
	return v->id == AT_RESULT ? result_over(s) : notice_over(s);
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct sarif *s = state;

	switch ((enum place)v->id) {
	case AT_VERSION:
		s->versioned = str_is(v->text, "2.1.0");
		return s->versioned ? NULL : err_new(ERR_SYNTAX, "not SARIF 2.1.0");
	case AT_RUNS:
		s->listed = true;
		return v->kind == PICK_LIST || v->kind == PICK_CLOSE ? NULL : err_new(ERR_SYNTAX, "'runs' is no list");
	case AT_RUN:
		return on_run(s, v);
	case AT_TOOL:
		set(&s->tool, v);
		return NULL;
	case AT_SUCCESS:
		return v->kind == PICK_BOOL && v->i == 1 ? NULL :
		    err_new(ERR_SYNTAX, "the tool says that it did not succeed (executionSuccessful)");
	case AT_RESULTS:
		s->analysed |= v->kind == PICK_LIST;
		return NULL;
	case AT_RULE:
	case AT_MORE_RULE:
	case AT_RULE_ID:
	case AT_RULE_LEVEL:
	case AT_RULE_SCORE:
		return on_rule(s, v);
	case AT_BASE:
	case AT_BASE_URI:
	case AT_BASE_PARENT:
		return on_base(s, v);
	case AT_ARTIFACT:
	case AT_ARTIFACT_URI:
		on_artifact(s, v);
		return NULL;
	case AT_RESULT:
	case AT_NOTICE:
		return on_result(s, v);
	default:
		on_part(&s->now, v);
		return NULL;
	}
}

static struct err *
end(void *state)
{
	const struct sarif *s = state;

	if (!s->versioned || !s->listed || s->runs == 0)
		return err_new(ERR_SYNTAX, "the report has no %s", !s->versioned ? "'version'" : "run");
	return NULL;
}

static void
sarif_free(void *state)
{
	struct sarif *s = state;

	run_clear(s);
	vec_free(&s->rules);
	vec_free(&s->bases);
	vec_free(&s->artifacts);
	vec_free(&s->unsettled);
}

const struct format format_sarif = {
	.name = "sarif",
	.tools = "ESLint, semgrep, flawfinder, CodeQL, Trivy and whatever writes SARIF 2.1.0",
	.kinds = FACTS_FINDINGS,
	.syntax = SYNTAX_JSON,
	.is = is_sarif,
	.size = sizeof(struct sarif),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = sarif_free,
};

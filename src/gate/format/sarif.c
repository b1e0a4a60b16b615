/*
 * SARIF 2.1.0 (OASIS): runs, each of one tool, with results.
 *
 * A result's level is its own, else its rule's default, else "warning"; rules
 * may stand behind the results, so levels are settled when the run closes.
 * 'results: []' is clean; a run without results was not analysed.  What the
 * tool says of its own memory (baselineState) and of suppressions is not
 * believed: the finding counts, and a suppressed one says so.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "gate/facts.h"
#include "gate/format.h"

enum place {
	AT_VERSION, AT_RUNS, AT_RUN, AT_TOOL, AT_SUCCESS, AT_RULE, AT_MORE_RULE, AT_RULE_ID, AT_RULE_LEVEL,
	AT_RESULTS, AT_RESULT, AT_ID, AT_REF_ID, AT_INDEX, AT_REF_INDEX, AT_LEVEL, AT_KIND,
	AT_TEXT, AT_URI, AT_LINE, AT_PRINT, AT_SUPPRESSED
};

static const struct pick places[] = {
	{"version", AT_VERSION},
	{"runs", AT_RUNS},
	{"runs[]", AT_RUN},
	{"runs[].tool.driver.name", AT_TOOL},
	{"runs[].invocations[].executionSuccessful", AT_SUCCESS},
	{"runs[].tool.driver.rules[]", AT_RULE},
	{"runs[].tool.driver.rules[].id", AT_RULE_ID},
	{"runs[].tool.driver.rules[].defaultConfiguration.level", AT_RULE_LEVEL},
	{"runs[].tool.extensions[].rules[]", AT_MORE_RULE},
	{"runs[].tool.extensions[].rules[].id", AT_RULE_ID},
	{"runs[].tool.extensions[].rules[].defaultConfiguration.level", AT_RULE_LEVEL},
	{"runs[].results", AT_RESULTS},
	{"runs[].results[]", AT_RESULT},
	{"runs[].results[].ruleId", AT_ID},
	{"runs[].results[].rule.id", AT_REF_ID},
	{"runs[].results[].ruleIndex", AT_INDEX},
	{"runs[].results[].rule.index", AT_REF_INDEX},
	{"runs[].results[].level", AT_LEVEL},
	{"runs[].results[].kind", AT_KIND},
	{"runs[].results[].message.text", AT_TEXT},
	{"runs[].results[].locations[].physicalLocation.artifactLocation.uri", AT_URI},
	{"runs[].results[].locations[].physicalLocation.region.startLine", AT_LINE},
	{"runs[].results[].partialFingerprints.*", AT_PRINT},
	{"runs[].results[].suppressions[].kind", AT_SUPPRESSED},
};

/* A result as it is read, and one that waits for its run's rules. */
struct result {
	char *rule, *text, *path, *print;
	int64_t index, line;	/* index -1: none */
	bool leveled, suppressed, counts;
	enum severity severity;
};

struct unsettled {
	int64_t index;
	bool leveled;
};

struct sarif {
	struct reading reading;
	bool versioned, listed;	/* 'version' and 'runs' were there */
	size_t runs;
	/* Of the open run: */
	char *tool;
	bool analysed;
	struct strs rules;		/* ids of the driver's rules by index */
	struct map levels;		/* id -> severity + 1 */
	char *rule, *level;		/* of the rule in hand */
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
	free(r->path);
	free(r->print);
	*r = (struct result){.index = -1, .counts = true};
}

static void
set(char **to, struct str s)
{
	free(*to);
	*to = str_dup(s);
}

/* ---- results ---- */

static struct err *
result_over(struct sarif *s)
{
	struct result *r = &s->now;
	struct complaint c = {.tool = s->tool == NULL ? "" : s->tool, .rule = r->rule == NULL ? "" : r->rule,
	    .severity = r->severity, .path = r->path == NULL ? "" : r->path, .line = r->line,
	    .text = r->text == NULL ? "" : r->text, .print = r->print == NULL ? "" : r->print,
	    .suppressed = r->suppressed};

	if (r->counts) {
		TRY(facts_complain(s->reading.facts, &c));
		vec_push(&s->unsettled, (struct unsettled){r->index, r->leveled});
	}
	result_clear(r);
	return NULL;
}

/* The tool's name, the rule's and its level may all have come behind the results. */
static void
settle(struct sarif *s)
{
	struct facts *f = s->reading.facts;
	const char *tool = facts_text(f, str_of(s->tool == NULL ? "" : s->tool));
	size_t i;

	for (i = 0; i < s->unsettled.n; i++) {
		struct complaint *c = &f->complaints.v[s->first + i];
		const struct unsettled *u = &s->unsettled.v[i];
		uintptr_t level;

		c->tool = tool;
		if (c->rule[0] == '\0' && u->index >= 0 && (size_t)u->index < s->rules.n)
			c->rule = facts_text(f, str_of(s->rules.v[u->index]));
		level = (uintptr_t)map_get(&s->levels, c->rule);
		if (!u->leveled)
			c->severity = level == 0 ? SEVERITY_WARNING : (enum severity)(level - 1);
	}
}

static struct err *
run_over(struct sarif *s)
{
	if (!s->analysed)
		return err_new(ERR_SYNTAX, "a run without 'results' was not analysed");
	settle(s);
	free(STEAL(s->tool));
	strs_free(&s->rules);
	map_free(&s->levels, NULL);
	s->levels = (struct map){0};
	vec_clear(&s->unsettled);
	return NULL;
}

static struct err *
on_run(struct sarif *s, const struct pick_value *v)
{
	if (v->kind == PICK_CLOSE)
		return run_over(s);
	if (v->kind != PICK_OBJECT)
		return err_new(ERR_SYNTAX, "a run that is no object");
	s->runs++;
	s->analysed = false;
	s->first = s->reading.facts->complaints.n;
	result_clear(&s->now);
	return NULL;
}

static void
on_rule(struct sarif *s, const struct pick_value *v)
{
	const char *id = s->rule == NULL ? "" : s->rule;

	if (v->id == AT_RULE_ID || v->id == AT_RULE_LEVEL) {
		set(v->id == AT_RULE_ID ? &s->rule : &s->level, v->text);
		return;
	}
	if (v->kind == PICK_CLOSE) {
		if (v->id == AT_RULE)
			strs_add(&s->rules, id);
		if (s->level != NULL)
			map_set(&s->levels, id, (void *)(uintptr_t)(severity_of(str_of(s->level), SEVERITY_WARNING) + 1));
	}
	free(STEAL(s->rule));
	free(STEAL(s->level));
}

static struct err *
on_result(struct sarif *s, const struct pick_value *v)
{
	struct result *r = &s->now;

	switch ((enum place)v->id) {
	case AT_RESULT:
		return v->kind == PICK_CLOSE ? result_over(s) :
		    v->kind == PICK_OBJECT ? NULL : err_new(ERR_SYNTAX, "a result that is no object");
	case AT_ID:
	case AT_REF_ID:
		set(&r->rule, v->text);
		break;
	case AT_INDEX:
	case AT_REF_INDEX:
		r->index = v->kind == PICK_INT && v->i >= 0 ? v->i : -1;
		break;
	case AT_LEVEL:
		r->leveled = true;
		r->severity = severity_of(v->text, SEVERITY_WARNING);
		break;
	case AT_KIND:
		/* "pass", "notApplicable": the rule was looked at, and it is fine. */
		r->counts = !str_is(v->text, "pass") && !str_is(v->text, "notApplicable") &&
		    !str_is(v->text, "informational");
		break;
	case AT_TEXT:
		set(&r->text, v->text);
		break;
	case AT_URI:
		if (r->path == NULL)
			set(&r->path, v->text);
		break;
	case AT_LINE:
		if (r->line == 0 && v->kind == PICK_INT)
			r->line = v->i;
		break;
	case AT_PRINT:
		if (r->print == NULL && v->kind == PICK_TEXT)
			set(&r->print, v->text);
		break;
	case AT_SUPPRESSED:
		r->suppressed = true;
		break;
	default:
		break;
	}
	return NULL;
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
		set(&s->tool, v->text);
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
		on_rule(s, v);
		return NULL;
	default:
		return on_result(s, v);
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

	result_clear(&s->now);
	free(s->tool);
	free(s->rule);
	free(s->level);
	strs_free(&s->rules);
	map_free(&s->levels, NULL);
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

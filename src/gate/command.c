#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/ahead.h"
#include "gate/command.h"
#include "gate/evidence.h"
#include "gate/exec.h"
#include "gate/glob.h"
#include "gate/memory.h"
#include "gate/perf.h"
#include "gate/rerun.h"
#include "gate/room.h"
#include "gate/seen.h"

#define SHOWN_MAX 4	/* failing tests with their text; the rest by name */
#define NAMED_MAX 20

const char *
command_of(const struct conf_gate *gate, bool fast)
{
	return fast && gate->fast[0] != '\0' ? gate->fast : gate->run;
}

struct exec_spec
command_spec(const struct subject *s, const struct conf_gate *gate, const char *command)
{
	return (struct exec_spec){.gate = gate, .command = command,
	    .report = exec_report_of(gate, command), .tree = &s->tree, .setup = s->setup};
}

bool
command_concerned(const struct subject *s, const struct conf_gate *gate)
{
	size_t i;

	if (gate->paths.n == 0)
		return true;
	for (i = 0; i < s->diff.n; i++)
		if (glob_paths(&gate->paths, s->diff.v[i].path, 0))
			return true;
	return false;
}

static bool
failed_on(const struct outcome *base, const char *id)
{
	const struct junit_case *c = base->reported ? junit_get(&base->facts.tests, id) : NULL;

	return c != NULL && c->status == JUNIT_FAILED;
}

/* ---- failing tests ---- */

struct tally {
	size_t blocking, known, tolerated, flaky;
};

static struct err *
kind_of(const struct subject *s, const struct conf_gate *gate, const struct outcome *base,
    const struct junit_case *c, bool may_rerun, enum finding_kind *kind)
{
	bool passed = false;

	*kind = FINDING_TOLERATED;
	if (glob_names(&gate->tolerate, c->id) || glob_names(&gate->tolerate, c->name))
		return NULL;
	*kind = FINDING_FLAKY;
	if (may_rerun)
		TRY(rerun_test(s, gate, c, &passed));
	if (passed)
		return NULL;
	*kind = failed_on(base, c->id) ? FINDING_KNOWN : FINDING_BLOCKS;
	return NULL;
}

static void
tally_add(struct tally *t, enum finding_kind kind)
{
	if (kind == FINDING_TOLERATED)
		t->tolerated++;
	else if (kind == FINDING_FLAKY)
		t->flaky++;
	else if (kind == FINDING_KNOWN)
		t->known++;
	else
		t->blocking++;
}

/* A file name as the repository would have it, or "". */
static const char *
file_of(const struct junit_case *c)
{
	return c->file[0] == '/' || strstr(c->file, "..") != NULL ? "" : c->file;
}

/* New failures come first, each with its text; names alone when there are many. */
static void
tests_evidence(const struct outcome *o, const enum finding_kind *kinds, struct buf *out)
{
	static const struct {
		enum finding_kind kind;
		const char *remark;
	} order[] = {{FINDING_BLOCKS, ""}, {FINDING_KNOWN, "fails on the base too"}};
	size_t i, k, shown = 0, n;

	for (k = 0; k < NITEMS(order); k++) {
		for (i = 0, n = 0; i < o->facts.tests.n; i++) {
			const struct junit_case *c = o->facts.tests.v[i];

			if (c->status != JUNIT_FAILED || kinds[n++] != order[k].kind)
				continue;
			if (shown < SHOWN_MAX)
				evidence_test(out, c, order[k].remark);
			else if (shown < NAMED_MAX)
				buf_addf(out, "--- %s%s%s\n", c->id,
				    order[k].remark[0] == '\0' ? "" : " ", order[k].remark);
			shown++;
		}
	}
	if (shown > NAMED_MAX)
		buf_addf(out, "--- and %zu more\n", shown - NAMED_MAX);
}

static void
tests_summary(struct verdict *v, const struct outcome *o, const struct tally *t)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	buf_addf(&b, "%zu of %zu tests failed", o->facts.tests.failed, o->facts.tests.n);
	if (t->known != 0)
		buf_addf(&b, ", %zu on the base too", t->known);
	if (t->flaky != 0)
		buf_addf(&b, ", %zu flaky", t->flaky);
	if (t->tolerated != 0)
		buf_addf(&b, ", %zu tolerated", t->tolerated);
	verdict_set(v, t->blocking + t->known == 0 ? VERDICT_PASS : VERDICT_FAIL, "%s",
	    buf_cstr(&b));
}

static struct err *
judge_tests(struct subject *s, const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *o, struct verdict *v)
{
	bool rerun = gate->one[0] != '\0' && o->facts.tests.failed <= GATE_RERUN_MAX;
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	VEC(enum finding_kind) kinds = {0};
	enum finding_kind kind;
	struct tally t = {0};
	struct err *e = NULL;
	size_t i;

	for (i = 0; i < o->facts.tests.n && e == NULL; i++) {
		const struct junit_case *c = o->facts.tests.v[i];

		if (c->status != JUNIT_FAILED)
			continue;
		e = kind_of(s, gate, base, c, rerun, &kind);
		if (e != NULL)
			break;
		vec_push(&kinds, kind);
		tally_add(&t, kind);
		verdict_find(v, kind, c->id, file_of(c), c->line, c->message);
	}
	if (e == NULL) {
		tests_summary(v, o, &t);
		tests_evidence(o, kinds.v, &evidence);
		if (v->kind != VERDICT_PASS)
			verdict_evidence(v, str_take(buf_str(&evidence), GATE_EVIDENCE_MAX));
	}
	vec_free(&kinds);
	return e;
}

/* ---- the whole ---- */

static void
judge_passed(const struct outcome *o, struct verdict *v)
{
	size_t i;

	for (i = 0; i < o->facts.tests.n; i++)
		if (o->facts.tests.v[i]->status == JUNIT_FLAKY)
			verdict_find(v, FINDING_FLAKY, o->facts.tests.v[i]->id, file_of(o->facts.tests.v[i]),
			    o->facts.tests.v[i]->line, o->facts.tests.v[i]->message);
	if ((o->facts.kinds & FACTS_TESTS) == 0)
		verdict_set(v, VERDICT_PASS, "status 0");
	else if (o->facts.tests.skipped != 0)
		verdict_set(v, VERDICT_PASS, "%zu tests, %zu skipped", o->facts.tests.n,
		    o->facts.tests.skipped);
	else
		verdict_set(v, VERDICT_PASS, o->facts.tests.n == 1 ? "%zu test" : "%zu tests",
		    o->facts.tests.n);
}

/* What scanners found, whoever brought it. */
static bool
judge_found(const struct outcome *o, struct verdict *v)
{
	size_t i;

	for (i = 0; i < o->facts.complaints.n; i++) {
		const struct complaint *c = &o->facts.complaints.v[i];

		verdict_find(v, FINDING_BLOCKS, c->rule, c->path, c->line, c->text);
	}
	for (i = 0; i < o->facts.flaws.n; i++)
		verdict_find(v, FINDING_BLOCKS, o->facts.flaws.v[i].id, "", 0, o->facts.flaws.v[i].text);
	if (o->facts.complaints.n + o->facts.flaws.n == 0)
		return false;
	verdict_set(v, VERDICT_FAIL, "%zu findings", o->facts.complaints.n + o->facts.flaws.n);
	return true;
}

static void
judge_output(const struct outcome *base, const struct outcome *o, struct verdict *v)
{
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	bool known = base->kind != OUTCOME_PASSED;

	if (o->kind == OUTCOME_BROKEN) {
		verdict_set(v, VERDICT_ERROR, "%s", o->why);
		verdict_find(v, known ? FINDING_KNOWN : FINDING_BLOCKS, v->gate, "", 0, o->why);
	} else {
		verdict_set(v, VERDICT_FAIL, "status %d%s", o->status,
		    known ? ", and it fails on the base too" : "");
		verdict_find(v, known ? FINDING_KNOWN : FINDING_BLOCKS, v->gate, "", 0,
		    "the command failed");
	}
	if (known)
		buf_adds(&evidence, "The command does not pass on the base either.\n");
	evidence_output(&evidence, o->output, GATE_EVIDENCE_MAX - 256);
	verdict_evidence(v, buf_str(&evidence));
}

static void
measure(const struct outcome *o, struct verdict *v)
{
	v->ms = o->ms;
	verdict_measure(v, "ms", o->ms, "ms");
	if ((o->facts.kinds & FACTS_TESTS) == 0)
		return;
	verdict_measure(v, "tests", (int64_t)o->facts.tests.n, "count");
	verdict_measure(v, "failed", (int64_t)o->facts.tests.failed, "count");
	verdict_measure(v, "skipped", (int64_t)o->facts.tests.skipped, "count");
}

static struct err *
judge_outcome(struct subject *s, const struct conf_gate *gate, const char *command,
    const struct outcome *o, struct verdict *v)
{
	const struct outcome *base = NULL;
	const struct base_run *run;

	measure(o, v);
	if (oid_eq(&s->tree, &s->gates->base_tree)) {
		base = o;
	} else if (o->kind != OUTCOME_PASSED) {
		TRY(base_outcome(s->gates, gate, command, &run));
		base = &run->outcome;
	}
	if (o->kind != OUTCOME_BROKEN && judge_found(o, v))
		return NULL;
	if (o->kind == OUTCOME_PASSED)
		judge_passed(o, v);
	else if (o->kind == OUTCOME_FAILED && o->facts.tests.failed != 0)
		TRY(judge_tests(s, gate, base, o, v));
	else
		judge_output(base, o, v);
	return NULL;
}

struct err *
command_recall(const struct subject *s, const struct exec_spec *spec, struct outcome *out, bool *found)
{
	struct gates *g = s->gates;
	AUTO(outcome_free) struct outcome o = {0};
	struct oid seen, definition;

	*found = false;
	if (g->o.memory != GATE_MEMORY_USE)
		return NULL;
	TRY(gate_definition(g, spec->gate, spec->gate->name, spec->command, s->setup, &definition));
	TRY(seen_id(g->o.repo, spec->gate, &s->tree, &seen));
	TRY(memory_recall(g, &seen, &definition, &o, found));
	*found = *found && o.kind == OUTCOME_PASSED;
	if (*found) {
		*out = o;
		o = (struct outcome){0};
	}
	return NULL;
}

struct err *
command_remember(const struct subject *s, const struct conf_gate *gate, const struct outcome *o, bool steady)
{
	struct gates *g = s->gates;
	struct oid seen, definition;

	TRY(gate_definition(g, gate, gate->name, command_of(gate, s->depth == GATE_FAST), s->setup, &definition));
	TRY(seen_id(g->o.repo, gate, &s->tree, &seen));
	if (!steady)
		return memory_forget(g, &seen, &definition);
	return o->kind == OUTCOME_PASSED && o->known == 0 ? memory_keep(g, &seen, &definition, o) : NULL;
}

struct err *
command_judge(struct subject *s, const struct conf_gate *gate, struct verdict *v,
    struct outcome *out)
{
	const char *command = command_of(gate, s->depth == GATE_FAST);
	AUTO(outcome_free) struct outcome o = {0};
	struct exec_spec spec = command_spec(s, gate, command);
	bool found;

	if (!command_concerned(s, gate)) {
		v->idle = true;
		verdict_set(v, VERDICT_PASS, "not run: no file that it is for was changed");
		return NULL;
	}
	if (gate->timed)
		return perf_judge(s, gate, command, v);
	if (!ahead_take(s, gate, &o)) {
		TRY(command_recall(s, &spec, &o, &found));
		if (!found)
			TRY(exec_run(s->gates, &spec, &o));
	}
	TRY(judge_outcome(s, gate, command, &o, v));
	if (s->depth == GATE_FULL && v->kind == VERDICT_PASS && (o.facts.kinds & FACTS_TIMINGS) != 0)
		TRY(perf_judge(s, gate, command, v));
	if (out != NULL) {
		*out = o;
		o = (struct outcome){0};
	}
	return NULL;
}

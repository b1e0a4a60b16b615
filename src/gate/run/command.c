#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "gate/evidence.h"
#include "gate/glob.h"
#include "gate/judge/flake.h"
#include "gate/judge/judge.h"
#include "gate/memory/flakes.h"
#include "gate/memory/memory.h"
#include "gate/memory/seen.h"
#include "gate/room.h"
#include "gate/run/ahead.h"
#include "gate/run/command.h"
#include "gate/run/exec.h"
#include "gate/run/perf.h"
#include "gate/run/rerun.h"

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

/* ---- trying a failing test again ---- */

struct retry {
	const struct subject *s;
	const struct conf_gate *gate;
};

static struct err *
retry_try(void *arg, const struct junit_case *c, bool on_base, bool *ran, bool *passed)
{
	const struct retry *r = arg;

	return rerun_test(r->s, r->gate, c, on_base, ran, passed);
}

static struct err *
retry_known(void *arg, const struct junit_case *c, bool *known)
{
	const struct retry *r = arg;

	return flakes_known(r->s->gates, r->gate->name, c->id, known);
}

/* Not to know it costs the next run some tries, no more. */
static struct err *
retry_keep(void *arg, const struct junit_case *c, bool on_base, size_t runs, size_t failed)
{
	const struct retry *r = arg;

	err_ignore(flakes_keep(r->s->gates, r->gate->name, c->id, on_base, runs, failed));
	return NULL;
}

/* ---- what the reports say ---- */

/* Is there anything that the base might have, too? */
static bool
compares(const struct conf_gate *gate, const struct outcome *o)
{
	size_t i;

	if (gate->against == AGAINST_NONE)
		return false;
	for (i = 0; i < o->facts.tests.n; i++)
		if (o->facts.tests.v[i]->status == JUNIT_FLAKY)
			return true;
	return o->kind != OUTCOME_PASSED || (o->facts.kinds & FACTS_COVERAGE) != 0 ||
	    o->facts.complaints.n + o->facts.flaws.n != 0;
}

static struct err *
judging_begin(struct subject *s, const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *o, struct verdict *v, struct judging *j)
{
	j->gate = gate;
	j->now = &o->facts;
	j->verdict = v;
	j->now_s = clock_wall(s->gates->o.clock);
	if (base == NULL || gate->against == AGAINST_NONE)
		return NULL;
	TRY(subject_change(s, &j->change));
	if (base->kind != OUTCOME_BROKEN && base->reported)
		j->base = &base->facts;
	return NULL;
}

/* What they say beside tests, borrowed. */
static struct facts
beside_tests(const struct facts *f)
{
	struct facts rest = *f;

	rest.tests = (struct junit){0};
	rest.kinds &= ~(unsigned)FACTS_TESTS;
	return rest;
}

/*
 * Would something block because the base, by memory alone, has it not?  Tests
 * are asked about where they are compared.
 */
static struct err *
blocks_by_memory(struct subject *s, const struct conf_gate *gate, const struct base_run *run,
    const struct outcome *o, bool *blocks)
{
	AUTO(verdict_free) struct verdict v;
	AUTO(judging_free) struct judging j;
	struct facts now, base;

	judging_init(&j);
	verdict_init(&v, gate->name);
	*blocks = false;
	TRY(judging_begin(s, gate, &run->outcome, o, &v, &j));
	if (j.base == NULL)
		return NULL;
	now = beside_tests(j.now);
	base = beside_tests(j.base);
	j.now = &now;
	j.base = &base;
	TRY(judge_facts(&j));
	*blocks = j.tally.blocking != 0;
	return NULL;
}

static struct err *
judge_reports(struct subject *s, const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *o, struct verdict *v)
{
	struct retry r = {s, gate};
	struct flake flake = {retry_try, retry_known, retry_keep, &r};
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	AUTO(judging_free) struct judging j;

	judging_init(&j);
	TRY(judging_begin(s, gate, base, o, v, &j));
	if (gate->one[0] != '\0' && j.base != NULL && base != o)
		j.flake = &flake;
	TRY(judge_facts(&j));
	if (j.summary.n == 0)	/* times alone */
		judge_say(&j, "status 0");
	verdict_set(v, j.tally.blocking == 0 ? VERDICT_PASS : VERDICT_FAIL, "%s", buf_cstr(&j.summary));
	if (j.tally.blocking != 0) {
		text_visible(&evidence, buf_str(&j.evidence), false);
		verdict_evidence(v, str_take(buf_str(&evidence), GATE_EVIDENCE_MAX));
	}
	return NULL;
}

/* ---- the whole ---- */

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

/* Reports that say why the command failed, or that it passed. */
static bool
explained(const struct outcome *o)
{
	if (o->kind == OUTCOME_BROKEN || !o->reported)
		return false;
	return o->kind == OUTCOME_PASSED ||
	    o->facts.tests.failed + o->facts.complaints.n + o->facts.flaws.n != 0;
}

/* As shells tell of a signal: the machine may have sent it, for want of memory, and not the code. */
static bool
killed(const struct outcome *o)
{
	return o->kind == OUTCOME_FAILED && o->status > SIGNALLED;
}

static struct err *
judge_outcome(struct subject *s, const struct conf_gate *gate, const char *command,
    const struct outcome *o, struct verdict *v)
{
	const struct outcome *base = NULL;
	const struct base_run *run;
	bool again;

	v->ms = o->ms;
	verdict_measure(v, "ms", o->ms, "ms");
	v->fleeting = killed(o);
	if (oid_eq(&s->tree, &s->gates->base_tree)) {
		base = o;
	} else if (o->kind != OUTCOME_PASSED || compares(gate, o)) {
		TRY(base_outcome(s->gates, gate, command, &run));
		if (run->remembered && explained(o)) {
			TRY(blocks_by_memory(s, gate, run, o, &again));
			if (again)
				TRY(base_refresh(s->gates, run));
		}
		base = &run->outcome;
	}
	if (explained(o))
		return judge_reports(s, gate, base, o, v);
	if (o->kind == OUTCOME_PASSED)
		verdict_set(v, VERDICT_PASS, "status 0");
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
	TRY(seen_id(g, spec->gate, &s->tree, &seen));
	TRY(memory_recall(g, &seen, &definition, &o, found));
	*found = *found && o.kind == OUTCOME_PASSED;
	if (*found) {
		o.facts.folder = spec->gate->dir;
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
	TRY(seen_id(g, gate, &s->tree, &seen));
	if (!steady)
		return memory_forget(g, &seen, &definition);
	return o->kind == OUTCOME_PASSED && o->known == 0 ? memory_keep(g, &seen, &definition, o) : NULL;
}

/* What else the reports are about has passed, and is said first. */
static struct err *
judge_times(struct subject *s, const struct conf_gate *gate, const char *command,
    const struct outcome *o, struct verdict *v)
{
	const char *before = o->facts.kinds == FACTS_TIMINGS ? NULL : v->summary;

	TRY(perf_judge(s, gate, command, v));
	if (before != NULL && before != v->summary)
		verdict_set(v, v->kind, "%s; %s", before, v->summary);
	return NULL;
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
	if (s->depth == GATE_FULL && v->kind == VERDICT_PASS && (o.facts.kinds & FACTS_TIMINGS) != 0 &&
	    gate->against != AGAINST_NONE)
		TRY(judge_times(s, gate, command, &o, v));
	if (out != NULL) {
		*out = o;
		o = (struct outcome){0};
	}
	return NULL;
}

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/vouch.h"
#include "line/approve.h"
#include "line/judge.h"
#include "line/policy.h"
#include "line/setup.h"

void
line_tell(const struct line_opts *o, enum line_event event, const char *fmt, ...)
{
	AUTO(mem_free_p) char *text = NULL;
	va_list ap;

	if (o->on_event == NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text != NULL)
		o->on_event(o->arg, event, text);
}

static void
gate_event(void *arg, const struct gate_event *e)
{
	const struct judge *j = arg;

	if (e->kind == GATE_ENDS && e->verdict != NULL)
		line_tell(j->o, LINE_GATE, "%s: %s, %s", e->gate, verdict_word(e->verdict->kind),
		    e->verdict->summary);
	if (e->kind == GATE_GOES_ON)
		line_tell(j->o, LINE_STEP, "%s: %.*s", e->gate, STR_ARG(e->output));
}

static struct err *
approved(void *arg, const struct conf_gate *gate, struct strs *by)
{
	const struct judge *j = arg;

	return j->approving == NULL ? NULL : approvals_of(j->approving, gate, by);
}

/* What the other slots need is left to them. */
static size_t
at_once(const struct config *c)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->limits.gates > 0)
		return (size_t)c->limits.gates;
	return cpus > c->node.slots && c->node.slots > 0 ? (size_t)(cpus / c->node.slots) : 1;
}

/* Built-in gates read trees: nothing has to be set up for them. */
static bool
runs_commands(const struct judge *j, const struct config *c)
{
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];

		if (gate->builtin[0] == '\0' && gate->approve.n == 0 && (!j->quick || gate->fast[0] != '\0') &&
		    (j->only == NULL || strs_has(j->only, gate->name)))
			return true;
	}
	return false;
}

struct err *
judge_tree(const struct judge *j, const struct policy *now, const struct oid *tree, enum gate_depth depth,
    struct verdicts *out)
{
	AUTO(gates_close_p) struct gates *g = NULL;
	AUTO(mem_free_p) char *base_setup = NULL;
	AUTO(mem_free_p) char *setup = NULL;
	struct judge self = *j;
	struct gates_opts o = {.repo = j->repo, .config = &now->cfg, .policy = j->jail, .clock = j->clock,
	    .base = now->commit, .workspace = policy_workspace(now), .cancel_fd = j->o->cancel_fd, .on_event = gate_event, .approvals = approved, .arg = &self,
	    .redact = j->redact, .person = j->person, .until_ms = j->until_ms,
	    .memory = j->memory, .only = j->only, .quick = j->quick,
	    .parallel = at_once(&now->cfg), .fail_fast = now->cfg.limits.fail_fast};

	TRY(policy_trusted(now));
	if (runs_commands(j, &now->cfg)) {
		TRY(setup_prepare(j, now, &now->tree, true, &base_setup));
		TRY(setup_prepare(j, now, tree, false, &setup));
	}
	o.base_setup = base_setup;
	TRY(gates_open(&o, &g));
	return gates_run(g, tree, setup, depth, out);
}

struct err *
judge_lines(struct repo *r, const struct line_opts *o, const struct policy *now, const struct verdicts *vs,
    const struct oid *commit, const struct oid *patch, struct strs *out)
{
	AUTO(strs_free) struct strs lines = {0};
	struct err *e = vouch_lines(r, vs, commit, patch, now->cfg.evidence.key, &lines);

	if (err_is(e, ERR_COMMAND) || err_is(e, ERR_TIMEOUT)) {
		line_tell(o, LINE_NOTE, "the evidence is not signed: %s", err_msg(e));
		err_ignore(e);
		return vouch_lines(r, vs, commit, patch, "", out);
	}
	TRY(e);
	*out = lines;
	lines = (struct strs){0};
	return NULL;
}

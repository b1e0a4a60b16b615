#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "gate/memory/memory.h"
#include "gate/memory/vouch.h"
#include "line/approve.h"
#include "line/judge.h"
#include "line/policy.h"
#include "line/setup.h"
#include "store/state.h"

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

/* The layers of the base and of the tree. */
struct layers {
	char *base, *tree;
};

static void
layers_free(struct layers *l)
{
	free(l->base);
	free(l->tree);
}

static struct err *
run_gates(struct judge *j, const struct policy *now, const struct layers *l, const struct oid *tree,
    enum gate_depth depth, struct verdicts *out)
{
	AUTO(gates_close_p) struct gates *g = NULL;
	struct gates_opts o = {.repo = j->repo, .config = &now->cfg, .policy = j->jail, .clock = j->clock,
	    .base = now->commit, .head = j->head, .scope = j->scope, .base_setup = l->base, .workspace = policy_workspace(now),
	    .cancel_fd = j->o->cancel_fd, .on_event = gate_event, .approvals = approved, .arg = j,
	    .redact = j->redact, .person = j->person, .until_ms = j->until_ms,
	    .memory = j->memory, .word = j->word, .evidence = j->evidence, .only = j->only, .quick = j->quick,
	    .parallel = at_once(&now->cfg), .fail_fast = now->cfg.limits.fail_fast};

	TRY(gates_open(&o, &g));
	return gates_run(g, tree, l->tree, depth, out);
}

/* Nothing is set up for gates whose verdicts are known. */
static struct err *
all_known(const struct judge *j, const struct policy *now, const struct layers *l, const struct oid *tree,
    enum gate_depth depth, struct verdicts *out, bool *known)
{
	static const struct line_opts quiet = {0};
	int64_t since = clock_wall(j->clock) - MEMORY_DAYS * (int64_t)86400;
	AUTO(verdicts_free) struct verdicts vs = {0};
	struct judge look = *j;
	size_t i;

	look.memory = GATE_MEMORY_ONLY;
	look.o = &quiet;
	TRY(run_gates(&look, now, l, tree, depth, &vs));
	*known = true;
	for (i = 0; i < vs.n; i++)
		*known &= (vs.v[i].kind != VERDICT_INCONCLUSIVE || vs.v[i].waits) &&
		    (vs.v[i].known.time == 0 || vs.v[i].known.time >= since);
	if (!*known)
		return NULL;
	for (i = 0; i < vs.n; i++)
		vec_push(out, vs.v[i]);
	vs.n = 0;
	return NULL;
}

struct err *
judge_tree(const struct judge *j, const struct policy *now, const struct oid *tree, enum gate_depth depth,
    struct verdicts *out)
{
	AUTO(layers_free) struct layers l = {0};
	bool base_there = true, there = true, known = false;
	struct judge self = *j;

	TRY(policy_trusted(now));
	if (runs_commands(j, &now->cfg)) {
		TRY(setup_find(j, now, &now->tree, true, &l.base, &base_there));
		TRY(setup_find(j, now, tree, false, &l.tree, &there));
	}
	if (j->memory == GATE_MEMORY_USE && (!base_there || !there))
		TRY(all_known(j, now, &l, tree, depth, out, &known));
	if (known)
		return NULL;
	if (j->memory != GATE_MEMORY_ONLY && (!base_there || !there)) {
		layers_free(&l);
		l = (struct layers){0};
		TRY(setup_prepare(j, now, &now->tree, true, &l.base));
		TRY(setup_prepare(j, now, tree, false, &l.tree));
	}
	return run_gates(&self, now, &l, tree, depth, out);
}

struct err *
judge_lines(struct repo *r, const struct line_opts *o, const struct policy *now, const struct verdicts *vs,
    const struct oid *commit, const struct oid *patch, struct strs *out)
{
	AUTO(strs_free) struct strs lines = {0};
	struct err *e = vouch_lines(r, vs, commit, patch, now->cfg.evidence.key, &lines);

	if (err_is(e, ERR_COMMAND) || err_is(e, ERR_TIMEOUT)) {
		line_tell(o, LINE_NOTE, "the evidence is not signed: %s%s%s", err_msg(e), err_hint_of(e) != NULL ? "; " : "",
		    err_hint_of(e) != NULL ? err_hint_of(e) : "");
		err_ignore(e);
		return vouch_lines(r, vs, commit, patch, "", out);
	}
	TRY(e);
	*out = lines;
	lines = (struct strs){0};
	return NULL;
}

struct err *
judge_apart(struct state *s, const struct line_opts *o, const struct policy *now, const struct approving *approving,
    const struct oid *tree, int64_t until_ms, struct verdicts *out)
{
	AUTO(redact_free_p) struct redactor *redact = NULL;
	AUTO(jail_policy_free) struct jail_policy jail = {0};
	AUTO(secrets_free) struct secrets secrets = {0};
	struct judge j = {.repo = state_repo(s), .clock = state_clock(s), .o = o, .jail = &jail, .evidence = true,
	    .approving = approving, .until_ms = until_ms};

	TRY(policy_trusted(now));
	TRY(policy_jail(now, NULL, &jail));
	jail.unguarded = o->unguarded;
	TRY(config_secrets(&now->cfg, &secrets));
	redact = redact_new(&secrets);
	j.redact = redact;
	return judge_tree(&j, now, tree, GATE_FULL, out);
}

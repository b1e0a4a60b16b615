#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/change.h"
#include "gate/gate.h"
#include "gate/room.h"
#include "gate/run/ahead.h"
#include "gate/run/manual.h"
#include "gate/run/turn.h"

struct err *
subject_change(struct subject *s, struct change **out)
{
	if (s->change == NULL)
		TRY(change_open(s->gates->o.repo, &s->gates->base_tree, &s->tree, &s->change));
	*out = s->change;
	return NULL;
}

/* 'set' is what policy says of it, or NULL. */
static struct err *
begin_builtin(struct subject *s, const struct builtin *b, const struct conf_gate *set,
    struct verdict *v, struct inspect *in)
{
	*in = (struct inspect){.s = s, .kind = b, .set = set, .v = v};
	TRY(gate_begin(s, set, set == NULL ? b->name : set->name, v));
	return inspect_judge(in);
}

static void
end_builtin(struct inspect *in)
{
	inspect_sum(in);
	gate_end(in->s, in->v);
}

static struct err *
run_builtin(struct subject *s, const struct builtin *b, const struct conf_gate *set, struct verdict *v)
{
	struct inspect in;

	TRY(begin_builtin(s, b, set, v, &in));
	end_builtin(&in);
	return NULL;
}

/* Does it run?  What is off does when policy or somebody names it. */
static bool
builtin_on(const struct gates *g, const struct builtin *b)
{
	bool bounded = strcmp(b->name, GATE_SCOPE) == 0 && g->o.scope != NULL && g->o.scope->n != 0;

	return gates_want(g, b->name) &&
	    (b->on || bounded || g->o.only != NULL || config_gate(g->o.config, b->name) != NULL);
}

/* Under their own names, and then those that policy has more of. */
static struct err *
run_builtins(struct subject *s, struct inspect *kept, struct verdicts *vs)
{
	const struct config *c = s->gates->o.config;
	const struct builtin *b;
	size_t i;

	for (b = builtins; b->name != NULL; b++) {
		if (!builtin_on(s->gates, b))
			continue;
		/* It ends when all reports are there. */
		if (strcmp(b->name, GATE_TESTS_KEPT) == 0)
			TRY(begin_builtin(s, b, config_gate(c, b->name), gate_next(vs), kept));
		else
			TRY(run_builtin(s, b, config_gate(c, b->name), gate_next(vs)));
	}
	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];

		if (gate->builtin[0] != '\0' && builtin_of(gate->name) == NULL && gates_want(s->gates, gate->name))
			TRY(run_builtin(s, builtin_of(gate->builtin), gate, gate_next(vs)));
	}
	return NULL;
}

/* One of them that blocks, or NULL; 'kept' has no verdict yet. */
static const char *
blocking_builtin(const struct verdicts *vs, const struct inspect *kept)
{
	size_t i;

	if (kept->blocks != 0 && !kept->v->advisory)
		return GATE_TESTS_KEPT;
	for (i = 0; i < vs->n; i++)
		if (&vs->v[i] != kept->v && verdict_blocks(&vs->v[i]))
			return vs->v[i].gate;
	return NULL;
}

static struct err *
run_manual(struct subject *s, struct verdicts *vs)
{
	const struct config *c = s->gates->o.config;
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];
		struct verdict *v;

		if (gate->approve.n == 0 || s->depth != GATE_FULL || s->gates->o.quick ||
		    !gates_want(s->gates, gate->name))
			continue;
		v = gate_next(vs);
		TRY(gate_begin(s, gate, gate->name, v));
		TRY(manual_judge(s, gate, v));
		gate_end(s, v);
	}
	return NULL;
}

static struct err *
run_all(struct subject *s, struct verdicts *vs)
{
	const struct config *c = s->gates->o.config;
	const struct builtin *b;
	struct inspect kept = {0};
	size_t n = 0;

	for (b = builtins; b->name != NULL; b++)
		n++;
	/* Room for all, so that no verdict moves while it is being filled. */
	vec_reserve(vs, c->gates.n + n);
	TRY(run_builtins(s, &kept, vs));
	TRY(turns_run(s, vs, kept.v == NULL ? NULL : &kept, blocking_builtin(vs, &kept)));
	TRY(run_manual(s, vs));
	if (kept.v != NULL)
		end_builtin(&kept);
	return NULL;
}

struct err *
gates_run(struct gates *g, const struct oid *tree, const char *setup,
    enum gate_depth depth, struct verdicts *out)
{
	struct subject s = {.gates = g, .tree = *tree, .setup = setup, .depth = depth};
	AUTO(verdicts_free) struct verdicts vs = {0};
	struct err *e;
	size_t i;

	TRY(diff_trees(g->o.repo, &g->base_tree, tree, false, &s.diff));
	e = run_all(&s, &vs);
	ahead_free(s.ahead);
	diff_free(&s.diff);
	change_close(s.change);
	TRY(e);
	for (i = 0; i < vs.n; i++)
		vec_push(out, vs.v[i]);
	vec_free(&vs);
	return NULL;
}

/* What is flagged, or what blocks. */
static struct err *
collect(struct subject *s, const struct builtin *b, bool blocks, struct strs *out)
{
	AUTO(verdict_free) struct verdict v;
	struct inspect in = {.s = s, .kind = b, .v = &v,
	    .set = config_gate(s->gates->o.config, b->name)};
	size_t i;

	verdict_init(&v, b->name);
	if (!b->on && in.set == NULL)
		return NULL;
	TRY(inspect_judge(&in));
	for (i = 0; i < v.findings.n; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
		enum finding_kind kind = v.findings.v[i].kind;

		if (blocks ? !finding_blocks(kind) : kind != FINDING_FLAGGED)
			continue;
		gates_clause(&v.findings.v[i], &text);
		strs_add(out, buf_cstr(&text));
	}
	return NULL;
}

/* What all built-in gates flag, or what one of them blocks. */
static struct err *
collect_all(const struct gates_opts *o, const struct oid *base, const struct oid *tree, const char *only,
    struct strs *out)
{
	struct gates g = {.o = *o, .base_tree = *base};
	struct subject s = {.gates = &g, .tree = *tree, .depth = GATE_FULL};
	const struct builtin *b;
	struct err *e;

	TRY(diff_trees(o->repo, base, tree, false, &s.diff));
	for (b = builtins, e = NULL; b->name != NULL && e == NULL; b++)
		if (only == NULL || strcmp(b->name, only) == 0)
			e = collect(&s, b, only != NULL, out);
	diff_free(&s.diff);
	change_close(s.change);
	return e;
}

struct err *
gates_flagged(struct repo *r, const struct config *c, const struct clock *clock, const struct oid *base,
    const struct oid *tree, struct strs *out)
{
	const struct gates_opts o = {.repo = r, .config = c, .clock = clock, .memory = GATE_MEMORY_ONLY};

	return collect_all(&o, base, tree, NULL, out);
}

struct err *
gates_secrets(struct repo *r, const struct config *c, const struct clock *clock, const struct oid *base,
    const struct oid *tree, struct strs *out)
{
	const struct gates_opts o = {.repo = r, .config = c, .clock = clock, .memory = GATE_MEMORY_ONLY};

	return collect_all(&o, base, tree, "secrets", out);
}

/* ---- telling ---- */

void
gates_clause(const struct finding *f, struct buf *out)
{
	if (f->file[0] != '\0') {
		buf_addc(out, '\'');
		text_visible(out, str_of(f->file), true);
		buf_addc(out, '\'');
		if (f->line > 0)
			buf_addf(out, ", line %lld", (long long)f->line);
		buf_adds(out, ": ");
	}
	buf_adds(out, f->text);
}

void
gates_evidence(const struct verdicts *vs, struct buf *out)
{
	size_t i;

	for (i = 0; i < vs->n; i++) {
		const struct verdict *v = &vs->v[i];

		if (!verdict_blocks(v))
			continue;
		if (out->n != 0)
			buf_addc(out, '\n');
		buf_addf(out, "Gate '%s': %s (%s)\n", v->gate, verdict_word(v->kind), v->summary);
		buf_addstr(out, str_take(str_of(v->evidence), GATE_EVIDENCE_MAX));
	}
}

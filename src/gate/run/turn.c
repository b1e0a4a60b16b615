#include "base/clock.h"
#include "base/err.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/kept.h"
#include "gate/memory/known.h"
#include "gate/room.h"
#include "gate/run/ahead.h"
#include "gate/run/command.h"
#include "gate/run/turn.h"

/* What only memory says is lost may never have been: the base is asked again. */
static struct err *
compare_reports(struct subject *s, const struct conf_gate *gate, const struct outcome *o,
    struct verdict *lost)
{
	const struct base_run *base;

	TRY(base_outcome(s->gates, gate, command_of(gate, false), &base));
	if (base->remembered && kept_lost(gate, &base->outcome, o))
		TRY(base_refresh(s->gates, base));
	kept_reports(s, gate, &base->outcome, o, lost);
	return NULL;
}

/* 'lost' may be NULL: what becomes of tests is not asked, and so not known either. */
static struct err *
find_out(struct subject *s, const struct conf_gate *gate, struct verdict *v, struct verdict *lost)
{
	AUTO(outcome_free) struct outcome o = {0};
	struct err *e = NULL;
	bool steady = true, compares;

	TRY(command_judge(s, gate, v, &o));
	compares = s->depth == GATE_FULL && (o.facts.kinds & FACTS_TESTS) != 0 &&
	    !oid_eq(&s->tree, &s->gates->base_tree);
	if (compares && lost != NULL)
		TRY(compare_reports(s, gate, &o, lost));
	if (o.known != 0)
		known_mark(s, v, o.known);
	gate_redact(s->gates, v);
	if (!compares || lost != NULL)
		e = known_keep(s, gate, v, lost, &steady);
	if (s->gates->o.evidence)
		TRY(e);
	/* What is not remembered is run again, no more. */
	err_ignore(e);
	if (!v->idle && !gate->timed)
		err_ignore(command_remember(s, gate, &o, steady));
	return NULL;
}

/* A gate of policy on its way to its verdict. */
struct turn {
	const struct conf_gate *gate;
	struct verdict *v;
	struct verdict lost;	/* what its report adds to the gate over tests */
	bool known, over;
};

struct turns {
	VEC_FIELDS(struct turn);
};

static void
turns_free(struct turns *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		verdict_free(&ts->v[i].lost);
	vec_free(ts);
}

static struct err *
turns_begin(struct subject *s, struct verdicts *vs, struct turns *ts)
{
	const struct config *c = s->gates->o.config;
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];
		struct turn t = {.gate = gate};

		if (gate->builtin[0] != '\0' || gate->approve.n > 0 || !gates_want(s->gates, gate->name) ||
		    ((gate->late || gate->timed) && s->depth != GATE_FULL) ||
		    (s->gates->o.quick && gate->fast[0] == '\0'))
			continue;
		t.v = gate_next(vs);
		verdict_init(&t.lost, GATE_TESTS_KEPT);
		vec_push(ts, t);
		TRY(gate_begin(s, gate, gate->name, t.v));
	}
	for (i = 0; i < ts->n; i++)
		if (command_concerned(s, ts->v[i].gate))
			TRY(known_find(s, ts->v[i].gate, ts->v[i].v, &ts->v[i].lost, &ts->v[i].known));
	return NULL;
}

static struct err *
turns_ahead(struct subject *s, const struct turns *ts)
{
	VEC(const struct conf_gate *) gates = {0};
	struct err *e;
	size_t i;

	for (i = 0; i < ts->n; i++)
		/* What is timed runs alone, when its turn comes. */
		if (!ts->v[i].known && !ts->v[i].gate->timed && command_concerned(s, ts->v[i].gate))
			vec_push(&gates, ts->v[i].gate);
	e = ahead_run(s, gates.v, gates.n);
	vec_free(&gates);
	return e;
}

static struct err *
take_turn(struct subject *s, struct turn *t, struct inspect *kept)
{
	if (!t->known && s->gates->o.memory == GATE_MEMORY_ONLY && command_concerned(s, t->gate))
		verdict_set(t->v, VERDICT_INCONCLUSIVE, "not known, and not run");
	else if (!t->known)
		TRY(find_out(s, t->gate, t->v, kept != NULL ? &t->lost : NULL));
	if (kept != NULL)
		inspect_take(kept, &t->lost);
	gate_end(s, t->v);
	return NULL;
}

/* Does its answer cost nothing any more? */
static bool
at_hand(const struct subject *s, const struct turn *t)
{
	return t->known || ahead_has(s, t->gate) || !command_concerned(s, t->gate);
}

static struct err *
take_or_leave(struct subject *s, struct turn *t, struct inspect *kept, const char **blocker)
{
	t->over = true;
	if (*blocker != NULL && s->gates->o.fail_fast && !at_hand(s, t)) {
		verdict_set(t->v, VERDICT_INCONCLUSIVE, "not run: '%s' blocked before", *blocker);
		gate_end(s, t->v);
		return NULL;
	}
	TRY(take_turn(s, t, kept));
	if (*blocker == NULL && verdict_blocks(t->v))
		*blocker = t->v->gate;
	return NULL;
}

/* In policy's order, but what is at hand first where one that blocks ends the others. */
static struct err *
turns_take(struct subject *s, struct turns *ts, struct inspect *kept, const char *blocker)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (!s->gates->o.fail_fast || at_hand(s, &ts->v[i]))
			TRY(take_or_leave(s, &ts->v[i], kept, &blocker));
	for (i = 0; i < ts->n; i++)
		if (!ts->v[i].over)
			TRY(take_or_leave(s, &ts->v[i], kept, &blocker));
	return NULL;
}

struct err *
turns_run(struct subject *s, struct verdicts *vs, struct inspect *kept, const char *blocker)
{
	AUTO(turns_free) struct turns ts = {0};

	TRY(turns_begin(s, vs, &ts));
	if (s->gates->o.memory != GATE_MEMORY_ONLY && (blocker == NULL || !s->gates->o.fail_fast))
		TRY(turns_ahead(s, &ts));
	return turns_take(s, &ts, kept, blocker);
}

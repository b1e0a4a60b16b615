#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/room.h"
#include "gate/run/ahead.h"
#include "gate/run/command.h"
#include "gate/run/exec.h"
#include "sys/jail.h"
#include "sys/proc.h"

struct job {
	struct exec_spec spec;
	struct exec *exec;	/* while it runs */
	bool done;
	struct outcome outcome;
};

struct ahead {
	struct gates *gates;
	VEC_FIELDS(struct job);
	size_t next;		/* the first that was not started */
	size_t running;
	bool stopped;		/* nothing more is to be started */
};

/* ---- what to run ---- */

/* The candidate's commands first: they say whether the base's matter. */
static struct err *
plan(struct ahead *a, const struct subject *s, const struct conf_gate *const *gates, size_t n)
{
	bool fast = s->depth == GATE_FAST, unknown;
	const char *command;
	struct job j;
	size_t i;

	for (i = 0; i < n; i++) {
		j = (struct job){.spec = command_spec(s, gates[i], command_of(gates[i], fast))};
		TRY(command_recall(s, &j.spec, &j.outcome, &j.done));
		vec_push(a, j);
	}
	for (i = 0; i < n && !fast && !oid_eq(&s->tree, &a->gates->base_tree); i++) {
		if (gates[i]->report.n == 0)
			continue;
		command = command_of(gates[i], false);
		TRY(base_unknown(a->gates, gates[i], command, &unknown));
		if (unknown)
			vec_push(a, (struct job){.spec = base_spec(a->gates, gates[i], command)});
	}
	return NULL;
}

/* ---- running ---- */

static void
tell(const struct ahead *a, const struct job *j, enum gate_event_kind kind)
{
	struct gate_event e = {kind, j->spec.gate->name, true, {NULL, 0}, NULL};

	/* Of the candidate, gate.c tells. */
	if (j->spec.on_base)
		gates_tell(a->gates, &e);
}

static struct err *
finish(struct ahead *a, struct job *j)
{
	exec_close_p(&j->exec);
	tell(a, j, GATE_ENDS);
	if (j->spec.on_base)
		return base_take(a->gates, j->spec.gate, j->spec.command, &j->outcome);
	j->done = true;
	if (j->outcome.kind != OUTCOME_PASSED && a->gates->o.fail_fast)
		a->stopped = true;
	return NULL;
}

static struct err *
start(struct ahead *a, struct job *j)
{
	if (j->done)
		return NULL;
	tell(a, j, GATE_STARTS);
	TRY(exec_open(a->gates, &j->spec, &j->exec));
	TRY(exec_start(j->exec));
	if (exec_jail(j->exec) != NULL) {
		a->running++;
		return NULL;
	}
	exec_give(j->exec, &j->outcome);
	return finish(a, j);
}

static struct err *
wait_for_one(struct ahead *a)
{
	AUTO(mem_free_p) struct jail **jails = mem_calloc(a->running, sizeof(*jails));
	AUTO(mem_free_p) size_t *jobs = mem_calloc(a->running, sizeof(*jobs));
	AUTO(proc_result_free) struct proc_result result = {0};
	size_t i, n = 0, which;
	struct job *j;

	for (i = 0; i < a->next; i++) {
		if (a->v[i].exec == NULL)
			continue;
		jails[n] = exec_jail(a->v[i].exec);
		jobs[n++] = i;
	}
	TRY(jail_wait_any(jails, n, &which, &result));
	j = &a->v[jobs[which]];
	a->running--;
	TRY(exec_end(j->exec, &result, &j->outcome));
	return finish(a, j);
}

static struct err *
run(struct ahead *a)
{
	size_t i;

	while (!a->stopped && (a->next < a->n || a->running > 0)) {
		if (a->next < a->n && a->running < a->gates->o.parallel)
			TRY(start(a, &a->v[a->next++]));
		else
			TRY(wait_for_one(a));
	}
	for (i = 0; i < a->next; i++)
		exec_close_p(&a->v[i].exec);
	return NULL;
}

struct err *
ahead_run(struct subject *s, const struct conf_gate *const *gates, size_t n)
{
	struct ahead *a;

	if (s->gates->o.parallel < 2)
		return NULL;
	a = s->ahead = mem_alloc(sizeof(*a));
	a->gates = s->gates;
	TRY(plan(a, s, gates, n));
	return a->n < 2 ? NULL : run(a);
}

void
ahead_free(struct ahead *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->n; i++) {
		exec_close_p(&a->v[i].exec);
		outcome_free(&a->v[i].outcome);
	}
	vec_free(a);
	free(a);
}

/* ---- what came of it ---- */

static struct job *
find(const struct subject *s, const struct conf_gate *gate)
{
	size_t i;

	for (i = 0; s->ahead != NULL && i < s->ahead->n; i++) {
		struct job *j = &s->ahead->v[i];

		if (j->spec.gate == gate && !j->spec.on_base && j->done)
			return j;
	}
	return NULL;
}

bool
ahead_has(const struct subject *s, const struct conf_gate *gate)
{
	return find(s, gate) != NULL;
}

bool
ahead_take(const struct subject *s, const struct conf_gate *gate, struct outcome *out)
{
	struct job *j = find(s, gate);

	if (j == NULL)
		return false;
	*out = j->outcome;
	j->outcome = (struct outcome){0};
	j->done = false;
	return true;
}

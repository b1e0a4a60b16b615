#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/memory/memory.h"
#include "gate/memory/seen.h"
#include "gate/room.h"
#include "gate/run/exec.h"

static struct base_run *
find(const struct gates *g, const struct conf_gate *gate, const char *command)
{
	size_t i;

	for (i = 0; i < g->base_runs.n; i++)
		if (g->base_runs.v[i]->gate == gate &&
		    strcmp(g->base_runs.v[i]->command, command) == 0)
			return g->base_runs.v[i];
	return NULL;
}

struct exec_spec
base_spec(const struct gates *g, const struct conf_gate *gate, const char *command)
{
	return (struct exec_spec){.gate = gate, .command = command,
	    .report = exec_report_of(gate, command), .tree = &g->base_tree,
	    .setup = g->o.base_setup, .on_base = true};
}

/* What the base's content under this gate is remembered by. */
static struct err *
memory_key(const struct gates *g, const struct conf_gate *gate, const char *command,
    struct oid *seen, struct oid *definition)
{
	TRY(gate_definition(g, gate, gate->name, command, g->o.base_setup, definition));
	return seen_id(g, gate, &g->base_tree, seen);
}

static struct err *
take(struct gates *g, struct base_run *run, struct outcome *o)
{
	struct oid seen, definition;

	TRY(memory_key(g, run->gate, run->command, &seen, &definition));
	outcome_free(&run->outcome);
	run->outcome = *o;
	run->remembered = false;
	*o = (struct outcome){0};
	/* A memory that cannot be kept costs the next run some time, no more. */
	err_ignore(memory_keep(g, &seen, &definition, &run->outcome));
	return NULL;
}

static struct err *
run_alone(struct gates *g, const struct exec_spec *spec, struct outcome *o)
{
	struct gate_event event = {GATE_STARTS, spec->gate->name, true, {NULL, 0}, NULL};

	gates_tell(g, &event);
	TRY(exec_run(g, spec, o));
	event.kind = GATE_ENDS;
	gates_tell(g, &event);
	return NULL;
}

static struct base_run *
add(struct gates *g, const struct conf_gate *gate, const char *command)
{
	struct base_run *run = mem_alloc(sizeof(*run));

	run->gate = gate;
	run->command = command;
	vec_push(&g->base_runs, run);
	return run;
}

struct err *
base_unknown(struct gates *g, const struct conf_gate *gate, const char *command, bool *unknown)
{
	AUTO(outcome_free) struct outcome o = {0};
	struct oid seen, definition;
	struct base_run *run;
	bool found = false;

	*unknown = false;
	if (find(g, gate, command) != NULL)
		return NULL;
	TRY(memory_key(g, gate, command, &seen, &definition));
	if (g->o.memory != GATE_MEMORY_RERUN)
		TRY(memory_recall(g, &seen, &definition, &o, &found));
	*unknown = !found;
	if (!found)
		return NULL;
	run = add(g, gate, command);
	run->outcome = o;
	run->outcome.facts.folder = gate->dir;
	run->remembered = true;
	o = (struct outcome){0};
	return NULL;
}

struct err *
base_take(struct gates *g, const struct conf_gate *gate, const char *command, struct outcome *o)
{
	return take(g, add(g, gate, command), o);
}

struct err *
base_outcome(struct gates *g, const struct conf_gate *gate, const char *command,
    const struct base_run **out)
{
	AUTO(outcome_free) struct outcome o = {0};
	struct exec_spec spec = base_spec(g, gate, command);
	bool unknown;

	TRY(base_unknown(g, gate, command, &unknown));
	if (unknown) {
		TRY(run_alone(g, &spec, &o));
		TRY(base_take(g, gate, command, &o));
	}
	*out = find(g, gate, command);
	return NULL;
}

struct err *
base_refresh(struct gates *g, const struct base_run *run)
{
	struct exec_spec spec = base_spec(g, run->gate, run->command);
	struct base_run *own = find(g, run->gate, run->command);
	AUTO(outcome_free) struct outcome o = {0};

	assert(own != NULL);
	TRY(run_alone(g, &spec, &o));
	return take(g, own, &o);
}

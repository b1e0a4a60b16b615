#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/exec.h"
#include "gate/memory.h"
#include "gate/room.h"
#include "gate/seen.h"

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

static struct err *
run_it(struct gates *g, struct base_run *run)
{
	struct gate_event event = {GATE_STARTS, run->gate->name, true, {NULL, 0}, NULL};
	struct exec_spec spec = {.gate = run->gate, .command = run->command,
	    .report = exec_report_of(run->gate, run->command), .tree = &g->base_tree,
	    .setup = g->o.base_setup, .on_base = true};
	struct outcome o = {0};
	struct oid seen, definition;

	TRY(gate_definition(g, run->gate, run->gate->name, run->command, g->o.base_setup,
	    &definition));
	TRY(seen_id(g->o.repo, run->gate, &g->base_tree, &seen));
	gates_tell(g, &event);
	TRY(exec_run(g, &spec, &o));
	event.kind = GATE_ENDS;
	gates_tell(g, &event);
	outcome_free(&run->outcome);
	run->outcome = o;
	run->remembered = false;
	/* A memory that cannot be kept costs the next run some time, no more. */
	err_ignore(memory_keep(g, &seen, &definition, &o));
	return NULL;
}

static struct err *
recall_or_run(struct gates *g, struct base_run *run)
{
	struct oid seen, definition;

	run->remembered = false;
	TRY(gate_definition(g, run->gate, run->gate->name, run->command, g->o.base_setup,
	    &definition));
	TRY(seen_id(g->o.repo, run->gate, &g->base_tree, &seen));
	if (g->o.memory != GATE_MEMORY_RERUN)
		TRY(memory_recall(g, &seen, &definition, &run->outcome, &run->remembered));
	return run->remembered ? NULL : run_it(g, run);
}

struct err *
base_outcome(struct gates *g, const struct conf_gate *gate, const char *command,
    const struct base_run **out)
{
	struct base_run *run = find(g, gate, command);
	struct err *e;

	if (run == NULL) {
		run = mem_alloc(sizeof(*run));
		run->gate = gate;
		run->command = command;
		e = recall_or_run(g, run);
		if (e != NULL) {
			free(run);
			return e;
		}
		vec_push(&g->base_runs, run);
	}
	*out = run;
	return NULL;
}

struct err *
base_refresh(struct gates *g, const struct base_run *run)
{
	struct base_run *own = find(g, run->gate, run->command);

	assert(own != NULL);
	return run_it(g, own);
}

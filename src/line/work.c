#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "line/kind.h"
#include "line/walk.h"
#include "line/work.h"

void
work_free(struct work *r)
{
	proof_free(&r->proof);
	free(r->question);
}

/* Where no gate has a quick form, running it first would do all of it twice. */
static bool
has_fast_form(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->gates.n; i++)
		if (c->gates.v[i].fast[0] != '\0' || c->gates.v[i].late)
			return true;
	return false;
}

/* One generate, one proof.  *evidence is what the next turn is told. */
static struct err *
iterate(struct walk *w, char **evidence, struct work *r)
{
	AUTO(agent_turn_free) struct agent_turn turn = {0};
	bool quicker = has_fast_form(&w->policy.cfg);
	const struct oid *tree;

	TRY(walk_alive(w));
	line_tell(w->o, LINE_STEP, "agent %s, iteration %" PRId64, w->rec.agent, w->rec.iterations);
	TRY(agent_turn(w->agent, *evidence, &turn));
	free(*evidence);
	*evidence = NULL;
	if (turn.gave_up) {
		r->question = STEAL(turn.text);
		r->end = turn.broke ? WORK_BROKE : WORK_GAVE_UP;
		return NULL;
	}
	free(w->summary);
	w->summary = STEAL(turn.text);
	tree = agent_tree(w->agent);
	if (oid_eq(tree, &w->policy.tree)) {
		line_tell(w->o, LINE_STEP, "nothing was changed");
		*evidence = mem_strdup("Nothing was changed: the files are as they were before.");
		return NULL;
	}
	proof_free(&r->proof);
	if (quicker) {
		TRY(prove(w, tree, false, &r->proof));
		if (r->proof.passed)
			proof_free(&r->proof);
	}
	if (r->proof.verdicts.n == 0)
		TRY(prove(w, tree, true, &r->proof));
	r->proven = r->proof.passed;
	if (!r->proven)
		*evidence = mem_printf("The checks failed on your change. Mend it, and call finish again.\n\n%s",
		    r->proof.evidence);
	return NULL;
}

struct err *
work_through(struct walk *w, struct work *r)
{
	AUTO(mem_free_p) char *evidence = NULL;
	int64_t max = kind_iterations(&w->policy.cfg, &w->task);

	while (!r->proven && r->question == NULL && w->rec.iterations < max) {
		w->rec.iterations++;
		TRY(iterate(w, &evidence, r));
	}
	if (!r->proven && r->question == NULL)
		r->question = mem_printf("%" PRId64 " iteration%s did not pass the gates. The last evidence:\n\n%s", max,
		    max == 1 ? "" : "s", evidence != NULL ? evidence : "");
	return NULL;
}

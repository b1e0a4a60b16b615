#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "line/deliver.h"
#include "line/prove.h"
#include "line/run.h"
#include "line/walk.h"

/* What the walk through the iterations comes to. */
struct result {
	struct proof proof;	/* the last one */
	bool proven;
	char *question;		/* what stands in the way, when it is not proven */
	struct err *why;	/* the error that ended it; NULL: the agent, or the iterations */
};

static void
result_free(struct result *r)
{
	proof_free(&r->proof);
	free(r->question);
	err_free(r->why);
}

/* Errors that a person must answer on the task; all others let the run wait. */
static bool
ends_run(const struct err *e)
{
	switch (err_code(e)) {
	case ERR_BUDGET:
	case ERR_TIMEOUT:
	case ERR_REFUSED:
	case ERR_PROTOCOL:
	case ERR_LIMIT:
	case ERR_SECRET:
	case ERR_CONFLICT:
	case ERR_STATE:
		return true;
	default:
		return false;
	}
}

/* One generate, one proof.  *evidence is what the next turn is told. */
static struct err *
iterate(struct walk *w, char **evidence, struct result *r)
{
	AUTO(agent_turn_free) struct agent_turn turn = {0};
	const struct oid *tree;

	TRY(walk_alive(w));
	line_tell(w->o, LINE_STEP, "agent %s, iteration %" PRId64, w->rec.agent, w->rec.iterations);
	TRY(agent_turn(w->agent, *evidence, &turn));
	free(*evidence);
	*evidence = NULL;
	if (turn.gave_up) {
		r->question = STEAL(turn.text);
		return NULL;
	}
	free(w->summary);
	w->summary = STEAL(turn.text);
	tree = agent_tree(w->agent);
	if (oid_eq(tree, &w->policy.tree)) {
		*evidence = mem_strdup("Nothing was changed: the files are as they were before.");
		return NULL;
	}
	proof_free(&r->proof);
	TRY(prove(w, tree, false, &r->proof));
	if (r->proof.passed) {
		proof_free(&r->proof);
		TRY(prove(w, tree, true, &r->proof));
	}
	r->proven = r->proof.passed;
	if (!r->proven)
		*evidence = mem_printf("The checks failed on your change. Mend it, and call finish again.\n\n%s",
		    r->proof.evidence);
	return NULL;
}

static struct err *
work(struct walk *w, struct result *r)
{
	AUTO(mem_free_p) char *evidence = NULL;
	int64_t max = w->policy.cfg.limits.iterations;

	while (!r->proven && r->question == NULL && w->rec.iterations < max) {
		w->rec.iterations++;
		TRY(iterate(w, &evidence, r));
	}
	if (!r->proven && r->question == NULL)
		r->question = mem_printf("%" PRId64 " attempts did not pass the gates. The last evidence:\n\n%s", max,
		    evidence != NULL ? evidence : "");
	return NULL;
}

static struct err *
question_of(struct result *r, struct err *e)
{
	free(r->question);
	r->question = err_hint_of(e) == NULL ? mem_strdup(err_msg(e))
	    : mem_printf("%s (%s)", err_msg(e), err_hint_of(e));
	r->why = e;
	return NULL;
}

static struct err *
walk_all(struct walk *w)
{
	AUTO(result_free) struct result r = {0};
	struct err *e;

	TRY(walk_staff(w));
	e = work(w, &r);
	if (e == NULL && r.proven) {
		e = deliver(w, agent_tree(w->agent), &r.proof);
		if (e == NULL)
			return NULL;
	}
	if (e != NULL && !ends_run(e))
		return e;
	if (e != NULL)
		TRY(question_of(&r, e));
	return escalate(w, agent_tree(w->agent), r.proof.verdicts.n > 0 ? &r.proof : NULL, r.why, r.question);
}

struct err *
line_run(const struct line_opts *o, const struct id *task, struct run *out)
{
	struct walk w;
	struct err *e;

	TRY(walk_open(o, task, &w));
	e = walk_all(&w);
	if (e == NULL) {
		*out = w.rec;
		run_init(&w.rec);
	}
	walk_close(&w);
	return e;
}

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/workspace.h"
#include "line/claim.h"
#include "line/deliver.h"
#include "line/land/land.h"
#include "line/retry.h"
#include "line/run.h"
#include "line/walk.h"
#include "line/work.h"
#include "store/journal.h"
#include "store/state.h"

static struct err *
walk_all(struct walk *w)
{
	AUTO(work_free) struct work r = {0};
	enum retry_phase phase = RETRY_STAFF;
	struct err *e;

	if (w->deaths.n > retry_policy(&w->policy.cfg, FAILURE_ORPHANED).max) {
		r.end = WORK_DIED;
		r.question = mem_printf("the process of this task's run died %" PRId64 " times at the same step", w->deaths.n);
		return retry_end(w, &r, phase, NULL);
	}
	e = walk_staff(w);
	if (e == NULL) {
		phase = RETRY_WORK;
		e = work_through(w, &r);
	}
	if (e == NULL && r.proven) {
		phase = RETRY_DELIVER;
		agent_rest(w->agent);
		e = deliver(w, agent_tree(w->agent), &r.proof);
		if (e == NULL)
			return NULL;
	}
	e = claim_why(w, e);
	if (w->lost)
		return e;
	return retry_end(w, &r, phase, e);
}

/* The change is delivered: why it did not land is for whoever reads the pull request. */
static void
land_delivered(struct walk *w)
{
	const struct land_opts o = {.line = w->o, .method = w->policy.cfg.merge.method, .alone = true};
	struct err *e = NULL;

	line_tell(w->o, LINE_STEP, "land");
	if (oid_is_zero(&w->landed))
		e = land_pull(&o, w->rec.pull, &w->landed);
	if (e != NULL)
		line_tell(w->o, LINE_NOTE, "pull request %" PRId64 " waits for a person: %s", w->rec.pull, err_msg(e));
	else if (w->o->landed != NULL)
		*w->o->landed = w->landed;
	err_ignore(e);
}

/* The run has its end on record: what follows from that is no part of it. */
static void
follow_up(struct walk *w)
{
	bool lands = w->rec.outcome == RUN_DELIVERED && w->policy.cfg.merge.automatic && w->o->export == NULL &&
	    !w->o->outside && !task_asks(&w->task);

	if (state_remote(w->state) != NULL && !w->over) {
		if (w->o->export == NULL && (!w->o->leave_fold || lands))
			claim_fold(w);
		err_ignore(walk_done(w));
	}
	if (lands)
		land_delivered(w);
	err_ignore(workspace_sweep(w->repo, w->policy.cfg.keep.workspaces));
}

struct err *
line_run(const struct line_opts *o, const struct id *task, struct run *out)
{
	struct walk w;
	struct err *e;

	TRY(walk_open(o, task, &w));
	e = w.over ? walk_done(&w) : walk_begin(&w);
	if (e == NULL && !w.over)
		e = walk_all(&w);
	if (e == NULL) {
		follow_up(&w);
		*out = w.rec;
		run_init(&w.rec);
	} else if (w.lost) {
		/* Its journal is of no use to anybody: another run has the task. */
		e = err_hint(e, "another run has taken over task '%s', and nothing of this one is published", task->s);
		err_ignore(walk_done(&w));
	} else if (!w.over && journal_count(w.journal) <= 1) {
		/* Nothing was done: the next start is from the base as it is then. */
		err_ignore(walk_done(&w));
	} else if (err_is(e, ERR_INTERRUPTED)) {
		e = err_hint(e, "nothing is lost: 'git factory run %s' goes on", task->s);
	}
	walk_close(&w);
	return e;
}

struct err *
line_bury(const struct line_opts *o, const struct id *task, const struct id *run, const struct err *why)
{
	AUTO(work_free) struct work none = {0};
	struct line_opts named = *o;
	struct walk w;
	struct err *e;

	named.named = true;
	TRY(walk_open(&named, task, &w));
	if (strcmp(w.run.s, run->s) != 0) {
		/* It ended after all: what was opened is another run, of which nothing is done. */
		e = walk_done(&w);
	} else {
		e = retry_end(&w, &none, RETRY_WORK, err_hint(err_new(err_code(why), "%s", err_msg(why)), "%s",
		    err_hint_of(why) != NULL ? err_hint_of(why) : ""));
	}
	walk_close(&w);
	return e;
}

#include "line/land/land.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/land/landing.h"
#include "line/land/move.h"
#include "line/land/ready.h"
#include "line/next.h"
#include "line/publish.h"
#include "line/renamed.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

#define LOST_RACES 5

/* What others delivered and landed is known here before anything is decided. */
static struct err *
come_together(struct landing *l)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded, i;
	struct err *e;

	if (!landing_shared(l))
		return NULL;
	e = publish(l->state, &r, &folded);
	for (i = 0; i < r.remarks.n; i++)
		line_tell(l->o->line, LINE_NOTE, "%s", r.remarks.v[i]);
	return e;
}

static struct err *
read_pull(struct landing *l, int64_t number)
{
	TRY(pull_read(l->repo, number, &l->pull));
	if (l->pull.state == PULL_CLOSED)
		return err_new(ERR_STATE, "pull request %" PRId64 " is closed", number);
	return ident_user(l->repo, NULL, NULL, clock_wall(state_clock(l->state)), &l->who);
}

/* It was made for a branch that has another name by now. */
static struct err *
follow_base(struct landing *l)
{
	char *now = NULL;

	TRY(renamed_to(l->state, l->pull.base, l->o->line->cancel_fd, &now));
	if (now == NULL)
		return NULL;
	line_tell(l->o->line, LINE_NOTE, "pull request %" PRId64 " is for '%s', as '%s' is gone", l->pull.number, now,
	    l->pull.base);
	free(l->pull.base);
	l->pull.base = now;
	return NULL;
}

/* What the forge merged by itself may be what nobody has tested: whoever looks at the forge judges that. */
static struct err *
was_moved_there(struct landing *l, const struct oid *done)
{
	if (!oid_eq(&l->tree, &l->pull.tested) && !oid_eq(done, &l->commit))
		return err_hint(err_new(ERR_STATE, "the forge has merged pull request %" PRId64 " onto a base that it was not tested on",
		    l->pull.number), "'git factory pr sync' proves what landed");
	return ready_is_there(l);
}

/*
 * The pull request says that it landed.  When its task does not know, a kill
 * came between: only the rest of the step is left to do.
 */
static struct err *
take_up(struct landing *l)
{
	AUTO(mem_free_p) char *base = mem_printf("refs/heads/%s", l->pull.base);
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", l->pull.branch);
	AUTO(queue_close_p) struct queue *q = NULL;
	struct queue_row row;
	struct oid before;
	struct commit c;

	TRY(queue_open(l->state, &q));
	TRY(queue_get(q, &l->pull.task, &row));
	if (row.task == NULL || row.task->state != TASK_DELIVERED)
		return err_new(ERR_STATE, "pull request %" PRId64 " is merged", l->pull.number);
	TRY(commit_read(l->repo, &l->pull.landed, &c));
	before = c.parents.n > 0 ? c.parents.v[0] : l->pull.landed;
	l->commit = l->pull.landed;
	l->tree = c.tree;
	commit_free(&c);
	l->moved = true;
	TRY(policy_at(l->repo, base, &before, &l->now));
	TRY(ref_read(l->repo, branch, &l->branch_old));
	return NULL;
}

/* *done: as what the forge has merged it, in an earlier try maybe; zero before. */
static struct err *
land_once(const struct land_opts *o, int64_t number, struct oid *done)
{
	AUTO(landing_free) struct landing l = {.o = o, .state = o->line->state,
	    .evidence = BUF_INIT(BUF_TEXT), .turn = -1};

	l.repo = state_repo(l.state);
	TRY(come_together(&l));
	TRY(read_pull(&l, number));
	if (l.pull.state == PULL_MERGED) {
		/* Whoever looked at the forge since has put that on record. */
		if (!oid_is_zero(done) && oid_eq(done, &l.pull.landed))
			return NULL;
		TRY(take_up(&l));
	} else {
		TRY(follow_base(&l));
		if (o->way != NULL)
			TRY(o->way->fetch(o->way->arg, &l.pull));
		TRY(ready_look(&l));
		TRY(ready_moved_before(&l));
	}
	if (!l.moved)
		TRY(ready_make(&l));
	else if (o->way != NULL && l.pull.state == PULL_OPEN)
		TRY(was_moved_there(&l, done));
	if (o->way != NULL)
		*done = l.commit;
	TRY(move_all(&l));
	TRY(move_verify(&l));
	*done = l.commit;
	move_follow(&l);
	return NULL;
}

struct err *
land_note(const struct land_opts *o, int64_t number, const struct oid *commit, const char *by)
{
	AUTO(landing_free) struct landing l = {.o = o, .state = o->line->state, .commit = *commit, .by = by,
	    .evidence = BUF_INIT(BUF_TEXT), .turn = -1};
	AUTO(mem_free_p) char *base = NULL;
	AUTO(commit_free) struct commit c = {0};

	l.repo = state_repo(l.state);
	TRY(come_together(&l));
	TRY(read_pull(&l, number));
	if (l.pull.state == PULL_MERGED)
		return NULL;
	base = mem_printf("refs/heads/%s", l.pull.base);
	TRY(commit_read(l.repo, commit, &c));
	TRY(policy_at(l.repo, base, c.parents.n > 0 ? &c.parents.v[0] : commit, &l.now));
	TRY(repo_checked_out(l.repo, base, &l.checkout));
	TRY(ready_is_there(&l));
	TRY(move_all(&l));
	move_follow(&l);
	return NULL;
}

struct err *
land_pull(const struct land_opts *o, int64_t number, struct oid *landed)
{
	AUTO(fd_close_p) int turn = -1;
	struct oid done = oid_zero;
	struct err *e;
	int tried;

	TRY(next_land(o->line, &turn));
	for (tried = 0;; tried++) {
		e = land_once(o, number, &done);
		/* The base moved since it was looked at: what lands is gated on the new one. */
		if (!err_is(e, ERR_STALE) || tried == LOST_RACES)
			break;
		err_free(e);
	}
	if (e == NULL)
		*landed = done;
	return e;
}

#include "line/land/along.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "line/land/landing.h"
#include "line/land/move.h"
#include "line/land/ready.h"
#include "line/next.h"
#include "store/state.h"

/* ---- along with the delivery ---- */

static void
take_pull(struct landing *l, const struct pull *p)
{
	l->pull = (struct pull){.task = p->task, .run = p->run, .head = p->head, .tested = p->tested,
	    .title = mem_strdup(p->title), .base = mem_strdup(p->base), .branch = mem_strdup(p->branch)};
}

static struct err *
look_along(struct landing *l)
{
	TRY(ready_look(l));
	if (!oid_eq(&l->head, &l->pull.head))
		return err_new(ERR_CONFLICT, "somebody committed to '%s'", l->pull.branch);
	TRY(ready_moved_before(l));
	return l->moved ? NULL : ready_make(l);
}

static struct err *
open_along(struct landing *l, const struct pull *p)
{
	TRY(next_land(l->o->line, &l->turn));
	take_pull(l, p);
	TRY(ident_user(l->repo, NULL, NULL, p->updated, &l->who));
	TRY(look_along(l));
	TRY(next_tell(l->turn, &l->commit));
	if (l->o->proving != NULL)
		fd_close_p(l->o->proving);
	return move_begin(l);
}

struct err *
land_along(const struct land_opts *o, struct pull *p, struct landing **out)
{
	struct landing *l = mem_calloc(1, sizeof(*l));
	struct err *e;

	l->own = *o;
	l->o = &l->own;
	l->state = o->line->state;
	l->repo = state_repo(l->state);
	l->evidence = (struct buf)BUF_INIT(BUF_TEXT);
	l->turn = -1;
	e = open_along(l, p);
	if (e != NULL) {
		landing_close(l);
		return e;
	}
	p->tested = l->tree;
	move_close_pull(l, p);
	*out = l;
	return NULL;
}

struct err *
landing_begin(struct landing *l, struct state_step *t, const struct run *rec, struct note_lines *lines)
{
	buf_clear(&l->evidence);
	strs_free(&l->proofs);
	TRY(move_evidence(l, rec));
	move_lines(l, lines);
	move_base(l, t);
	return NULL;
}

void
landing_end(struct landing *l, struct state_step *t, struct task *task)
{
	move_task(l, task);
	move_branch(l, t);
	step_await(t, move_await, l);
}

bool
landing_refused(const struct landing *l)
{
	return l->refused;
}

struct err *
landing_verify(struct landing *l, struct oid *landed)
{
	TRY(move_verify(l));
	*landed = l->commit;
	return NULL;
}

void
landing_close(struct landing *l)
{
	if (l == NULL)
		return;
	landing_free(l);
	free(l);
}

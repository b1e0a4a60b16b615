#include "line/land/move.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/co/checkout.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/objsync.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/land/landing.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

struct err *
move_evidence(struct landing *l, const struct run *r)
{
	struct override o = landing_override(l);
	struct oid patch;
	size_t i;

	TRY(diff_patch_id(l->repo, &l->now.tree, &l->tree, &patch));
	run_evidence(r, "landed", l->who.when, oid_hex(&l->commit).s, oid_hex(&l->tree).s, oid_hex(&patch).s,
	    &l->evidence);
	TRY(judge_lines(l->repo, l->o->line, &l->now, &l->verdicts, &l->commit, &patch, &l->proofs));
	for (i = 0; i < l->verdicts.n; i++)
		if (strs_has(&l->overridden, l->verdicts.v[i].gate))
			override_line(&o, oid_hex(&l->commit).s, &l->verdicts.v[i], &l->proofs);
	return NULL;
}

void
move_lines(const struct landing *l, struct note_lines *out)
{
	size_t i;

	vec_push(out, (struct note_line){l->commit, str_trim(buf_str(&l->evidence))});
	for (i = 0; i < l->proofs.n; i++)
		vec_push(out, (struct note_line){l->commit, str_of(l->proofs.v[i])});
}

static struct err *
note_landed(const struct landing *l, struct state_step *t)
{
	struct note_lines lines = {0};
	struct err *e;

	move_lines(l, &lines);
	e = ledger_note_in(t, lines.v, lines.n);
	vec_free(&lines);
	return e;
}

void
move_base(const struct landing *l, struct state_step *t)
{
	if (!l->moved)
		step_ref(t, l->now.branch, &l->now.commit, &l->commit);
}

void
move_branch(const struct landing *l, struct state_step *t)
{
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", l->pull.branch);

	if (l->drop_branch)
		step_ref(t, branch, &l->branch_old, &oid_zero);
}

struct err *
move_await(void *ctx)
{
	struct landing *l = ctx;
	struct err *e = l->forward != NULL ? checkout_end(&l->forward) : NULL;

	l->refused = e != NULL;
	return e;
}

void
move_task(const struct landing *l, struct task *task)
{
	task->state = TASK_LANDED;
	task_set(task, &task->commit, oid_hex(&l->commit).s);
	task_set(task, &task->question, "");
	task_set(task, &task->error, "");
}

static struct err *
change_task(struct state_step *t, struct task *task, void *ctx)
{
	struct landing *l = ctx;

	move_task(l, task);
	move_base(l, t);
	step_ref(t, l->move.name, &l->move.from, &l->move.to);
	move_branch(l, t);
	step_await(t, move_await, l);
	return note_landed(l, t);
}

/* The branch goes unless it is wanted, gone, or checked out somewhere. */
static struct err *
decide_branch(struct landing *l)
{
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", l->pull.branch);
	AUTO(mem_free_p) char *where = NULL;

	TRY(repo_checked_out(l->repo, branch, &where));
	l->drop_branch = !l->o->keep_branch && !oid_is_zero(&l->branch_old) && where == NULL;
	return NULL;
}

static struct err *
build_landing(struct state_step *t, void *ctx)
{
	struct landing *l = ctx;

	return step_change(t, &l->pull.task, change_task, l);
}

/* Base, branch, pull request, state and evidence in one push. */
static struct err *
move_there(struct landing *l, const char *message)
{
	AUTO(sync_result_free) struct sync_result r = {0};

	l->drop_branch = !l->o->keep_branch && !oid_is_zero(&l->branch_old);
	return state_publish(l->state, message, build_landing, l, &r);
}

/* This clone's own base follows where 'git merge --ff-only' would take it. */
static struct err *
follow(struct landing *l)
{
	struct oid ours;
	bool behind;

	TRY(ref_read(l->repo, l->now.branch, &ours));
	if (oid_is_zero(&ours) || oid_eq(&ours, &l->commit))
		return NULL;
	TRY(commit_is_ancestor(l->repo, &ours, &l->commit, &behind));
	if (!behind)
		return err_new(ERR_CONFLICT, "'%s' has commits of its own here", l->pull.base);
	return l->checkout != NULL ? checkout_forward(l->repo, l->checkout, &l->commit) :
	    ref_cas(l->repo, l->now.branch, &ours, &l->commit, "land");
}

struct err *
move_begin(struct landing *l)
{
	TRY(decide_branch(l));
	if (l->moved || l->checkout == NULL)
		return NULL;
	/* Git moves the branch after this, and the disk keeps that order or has it all: the step ends on it. */
	TRY(objsync_settle(l->repo));
	TRY(checkout_begin(l->repo, l->checkout, &l->commit, &l->forward));
	l->moved = true;
	return NULL;
}

void
move_close_pull(const struct landing *l, struct pull *p)
{
	p->state = PULL_MERGED;
	p->landed = l->commit;
	p->updated = l->who.when;
	p->closed_by = mem_strdup(l->by != NULL ? l->by : l->who.name);
	if (l->o->way != NULL && !l->o->way->more)
		p->pushed = oid_zero;
}

static struct err *
read_evidence(struct landing *l)
{
	AUTO(queue_close_p) struct queue *q = NULL;
	AUTO(run_free) struct run r;

	run_init(&r);
	TRY(queue_open(l->state, &q));
	TRY(ledger_get(q, l->pull.run.s, &r));
	return move_evidence(l, &r);
}

struct err *
move_all(struct landing *l)
{
	AUTO(mem_free_p) char *message = mem_printf("land %s: pull request %" PRId64, l->pull.task.s, l->pull.number);

	TRY(read_evidence(l));
	if (!landing_shared(l))
		TRY(move_begin(l));
	if (l->pull.state == PULL_OPEN)
		move_close_pull(l, &l->pull);
	TRY(pull_prepare(l->repo, &l->pull, &l->who, &l->move));
	if (landing_shared(l))
		return move_there(l, message);
	return state_change(l->state, &l->pull.task, message, change_task, l);
}

struct err *
move_verify(struct landing *l)
{
	AUTO(mem_free_p) char *base = landing_ref(l, l->pull.base);
	struct oid tip, tree;
	bool inside;

	TRY(ref_read(l->repo, base, &tip));
	TRY(commit_is_ancestor(l->repo, &l->commit, &tip, &inside));
	TRY(commit_tree(l->repo, &l->commit, &tree));
	if (!inside || !oid_eq(&tree, &l->tree))
		return err_new(ERR_BUG, "'%s' does not hold the tree that was tested", l->pull.base);
	return NULL;
}

void
move_follow(struct landing *l)
{
	struct err *e = landing_there(l) ? follow(l) : NULL;

	if (e != NULL)
		line_tell(l->o->line, LINE_NOTE, "it landed, and this clone's own '%s' stays where it is: %s", l->pull.base,
		    err_msg(e));
	err_ignore(e);
}

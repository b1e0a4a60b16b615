#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/checkout.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/merge.h"
#include "git/note.h"
#include "git/objsync.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/approve.h"
#include "line/credit.h"
#include "line/judge.h"
#include "line/land.h"
#include "line/next.h"
#include "line/override.h"
#include "line/policy.h"
#include "line/publish.h"
#include "line/pulls/catchup.h"
#include "line/pulls/freeze.h"
#include "line/renamed.h"
#include "line/scan.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

#define PATHS_SHOWN 10
#define LOST_RACES 5

/* One landing under way. */
struct landing {
	const struct land_opts *o;
	struct land_opts own;	/* what 'o' is for one that goes along */
	int turn;		/* the lock of such a one, or -1 */
	struct state *state;
	struct repo *repo;
	struct pull pull;
	struct policy now;	/* of the base's tip */
	struct approving approving;	/* where its gates ask people; else zero */
	struct oid head;	/* of the branch */
	struct oid branch_old;	/* what its ref holds; zero when it is gone */
	struct oid tree;	/* the merge result */
	struct oid commit;	/* what lands */
	char *checkout;		/* work tree that has the base checked out, or NULL */
	bool moved;		/* the base already holds the commit */
	bool refused;		/* the checkout did not follow */
	struct checkout *forward;	/* under way in the checkout; NULL: not */
	bool drop_branch;
	struct ident who;
	struct pull_move move;
	struct verdicts verdicts;	/* of the gates, where they ran again */
	struct strs overridden;		/* of them, by name */
	struct buf evidence;	/* the landed commit's note: a line of it, and those of the gates */
	struct strs proofs;
	const char *by;		/* whose hand it was; NULL: the user's */
};

static void
landing_free(struct landing *l)
{
	checkout_free_p(&l->forward);
	pull_free(&l->pull);
	approving_free(&l->approving);
	policy_free(&l->now);
	free(l->checkout);
	ident_free(&l->who);
	pull_move_free(&l->move);
	verdicts_free(&l->verdicts);
	strs_free(&l->overridden);
	buf_free(&l->evidence);
	strs_free(&l->proofs);
	fd_close_p(&l->turn);
}

static bool
is_shared(const struct landing *l)
{
	return state_remote(l->state) != NULL;
}

/* Does it land anywhere but in this repository? */
static bool
lands_there(const struct landing *l)
{
	return is_shared(l) || l->o->way != NULL;
}

/*
 * A branch of the repository that it lands in: this one's, or as it was last
 * seen on the remote.
 */
static char *
branch_ref(const struct landing *l, const char *name)
{
	return mem_printf("%s%s", lands_there(l) ? REMOTE_HEADS : "refs/heads/", name);
}

/* What others delivered and landed is known here before anything is decided. */
static struct err *
come_together(struct landing *l)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded, i;
	struct err *e;

	if (!is_shared(l))
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

/* Base, branch and their merge result, as they are now. */
static struct err *
look(struct landing *l)
{
	AUTO(mem_free_p) char *base = mem_printf("refs/heads/%s", l->pull.base);
	AUTO(mem_free_p) char *seen = branch_ref(l, l->pull.base);
	AUTO(mem_free_p) char *branch = branch_ref(l, l->pull.branch);
	AUTO(merge_free) struct merge m = {0};
	struct oid tip;

	TRY(ref_read(l->repo, seen, &tip));
	if (oid_is_zero(&tip) && is_shared(l))
		TRY(renamed_check(l->repo, state_remote(l->state), l->pull.base, l->o->line->cancel_fd));
	if (oid_is_zero(&tip))
		return err_new(ERR_NOT_FOUND, "the base branch '%s' does not exist", l->pull.base);
	TRY(policy_at(l->repo, base, &tip, &l->now));
	TRY(ref_read(l->repo, branch, &l->branch_old));
	l->head = oid_is_zero(&l->branch_old) ? l->pull.head : l->branch_old;
	TRY(merge_commits(l->repo, &tip, &l->head, &m));
	if (m.n > 0)
		return err_hint(err_new(ERR_CONFLICT, "'%s' was changed on both sides, by the pull request and on '%s'",
		    m.v[0].path, l->pull.base),
		    "'git factory run --fresh %s' starts from the new base", l->pull.task.s);
	l->tree = m.tree;
	return repo_checked_out(l->repo, base, &l->checkout);
}

/* Was the base moved by a landing of this very run that was killed half-way? */
static struct err *
moved_before(struct landing *l)
{
	AUTO(mem_free_p) char *trailer = mem_printf("\nFactory-Run: %s\n", l->pull.run.s);
	struct commit c;

	TRY(commit_read(l->repo, &l->now.commit, &c));
	l->moved = oid_eq(&c.tree, &l->tree) && strstr(c.message, trailer) != NULL;
	if (l->moved)
		l->commit = l->now.commit;
	commit_free(&c);
	if (!l->moved && oid_eq(&l->tree, &l->now.tree))
		return err_hint(err_new(ERR_STATE, "the base has all of pull request %" PRId64 " already",
		    l->pull.number), "'git factory pr close %" PRId64 "'", l->pull.number);
	return NULL;
}

/* CI, hooks, owners and policy change by a person's word alone. */
static struct err *
ask_for_protected(struct landing *l)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	AUTO(strs_free) struct strs paths = {0};
	size_t i;

	if (l->o->protected_paths)
		return NULL;
	TRY(gates_protected(l->repo, &l->now.cfg, &l->now.tree, &l->tree, &paths));
	if (paths.n == 0)
		return NULL;
	for (i = 0; i < paths.n && i < PATHS_SHOWN; i++)
		buf_addf(&names, "%s'%s'", i == 0 ? "" : ", ", paths.v[i]);
	if (paths.n > PATHS_SHOWN)
		buf_addf(&names, " and %zu more", paths.n - PATHS_SHOWN);
	return err_hint(err_new(ERR_STATE, "pull request %" PRId64 " changes protected paths: %s", l->pull.number,
	    buf_cstr(&names)), "look at 'git factory pr diff %" PRId64 "'; 'git factory pr merge --protected %" PRId64
	    "' allows it", l->pull.number, l->pull.number);
}

/* What the built-in gates flag: told in the pull request, for a person to look at. */
static struct err *
ask_for_eyes(struct landing *l)
{
	AUTO(strs_free) struct strs remarks = {0};

	if (!l->o->alone)
		return NULL;
	TRY(gates_flagged(l->repo, &l->now.cfg, state_clock(l->state), &l->now.tree, &l->tree, &remarks));
	TRY(scan_change(l->repo, NULL, &l->now.tree, &l->tree, &remarks));
	return remarks.n == 0 ? NULL : err_new(ERR_STATE, "%s", remarks.v[0]);
}

/* Gates that people answer: of this head, or not at all. */
static struct err *
ask_for_approvals(struct landing *l)
{
	if (!approvals_asked(&l->now.cfg))
		return NULL;
	TRY(approving_open(l->repo, &l->now, &l->head, l->pull.number, &l->approving));
	return approvals_suffice(&l->approving);
}

/* Whoever has to look has done so. */
static struct err *
ask(struct landing *l)
{
	TRY(err_recode(gates_known(&l->now.cfg, l->o->override), ERR_USAGE));
	TRY(freeze_check(l->state));
	TRY(ask_for_protected(l));
	TRY(ask_for_eyes(l));
	return ask_for_approvals(l);
}

static struct override
override_of(const struct landing *l)
{
	return (struct override){.gates = l->o->override, .reason = l->o->reason, .who = &l->who};
}

static struct err *
look_at_verdicts(struct landing *l)
{
	struct override o = override_of(l);
	struct err *e;
	bool all;

	TRY(override_judge(&o, &l->now.cfg, &l->verdicts, &l->overridden, &all));
	if (all)
		return NULL;
	e = err_new(ERR_GATES_FAILED, "pull request %" PRId64 " fails on the base as it is now", l->pull.number);
	return err_hint(e, "'git factory run --fresh %s' works on it again", l->pull.task.s);
}

static struct err *
prove_again(struct landing *l)
{
	if (oid_eq(&l->tree, &l->pull.tested))
		return NULL;
	line_tell(l->o->line, LINE_STEP, "gates on the merge with the base as it is now");
	TRY(judge_apart(l->state, l->o->line, &l->now, l->approving.repo != NULL ? &l->approving : NULL, &l->tree,
	    l->o->until_ms, &l->verdicts));
	return verdicts_sum(&l->verdicts) == VERDICT_PASS ? NULL : look_at_verdicts(l);
}

/* A commit on the base as it is, which no person takes upon themselves, needs no other like it. */
static bool
lands_as_it_is(const struct landing *l, const struct commit *delivered)
{
	return l->o->alone && l->o->method != MERGE_MERGE && oid_eq(&l->head, &l->pull.head) &&
	    oid_eq(&l->head, &delivered->oid) && delivered->parents.n == 1 && oid_eq(&delivered->parents.v[0], &l->now.commit);
}

/* What the landed commit says; 'c' is what was delivered. */
static struct err *
say(struct landing *l, const struct commit *c, struct buf *text)
{
	const struct ident *by = l->o->way != NULL ? NULL : l->o->method == MERGE_REBASE ? &c->author : &l->who;
	struct override o = override_of(l);
	size_t i;

	if (l->o->method == MERGE_MERGE)
		buf_addf(text, "Merge pull request %" PRId64 ": %s\n\nFactory-Task: %s\nFactory-Run: %s\n",
		    l->pull.number, l->pull.title, l->pull.task.s, l->pull.run.s);
	else
		buf_adds(text, c->message);
	for (i = 0; i < l->overridden.n; i++)
		override_trailer(&o, l->overridden.v[i], text);
	return l->o->method == MERGE_MERGE ? NULL :
	    credit_authors(l->repo, &l->head, &l->now.commit, &c->author, by, text);
}

/* The forge has moved the base: what follows is written down. */
static struct err *
is_there(struct landing *l)
{
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", l->pull.branch);

	l->moved = true;
	TRY(commit_tree(l->repo, &l->commit, &l->tree));
	l->branch_old = oid_zero;
	return is_shared(l) ? NULL : ref_read(l->repo, branch, &l->branch_old);
}

/* What the forge merged by itself may be what nobody has tested: whoever looks at the forge judges that. */
static struct err *
was_moved_there(struct landing *l, const struct oid *done)
{
	if (!oid_eq(&l->tree, &l->pull.tested) && !oid_eq(done, &l->commit))
		return err_hint(err_new(ERR_STATE, "the forge has merged pull request %" PRId64 " onto a base that it was not tested on",
		    l->pull.number), "'git factory pr sync' proves what landed");
	return is_there(l);
}

static struct err *
merge_there(struct landing *l)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(commit_free) struct commit c = {0};
	struct land_ready ready = {.pull = &l->pull, .base = &l->now, .head = l->head, .tree = l->tree,
	    .method = l->o->method, .keep_branch = l->o->keep_branch, .verdicts = &l->verdicts,
	    .overridden = l->overridden.n > 0};

	TRY(catchup_delivered(l->repo, &l->pull.head, &c, NULL));
	TRY(say(l, &c, &text));
	ready.message = buf_cstr(&text);
	TRY(l->o->way->merge(l->o->way->arg, &ready, &l->commit));
	return is_there(l);
}

static struct err *
make_commit(struct landing *l)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct oid parents[2] = {l->now.commit, l->head};
	struct commit_spec spec = {.tree = l->tree, .parents = parents, .author = &l->who};
	AUTO(commit_free) struct commit c = {0};

	TRY(catchup_delivered(l->repo, &l->pull.head, &c, NULL));
	if (lands_as_it_is(l, &c)) {
		l->commit = l->head;
		return NULL;
	}
	spec.nparents = l->o->method == MERGE_MERGE ? 2 : 1;
	TRY(say(l, &c, &text));
	if (l->o->method == MERGE_REBASE)
		spec.author = &c.author;
	spec.committer = &l->who;
	spec.message = buf_cstr(&text);
	return commit_create(l->repo, &spec, &l->commit);
}

/* The commit says who vouches for it. */
static struct err *
make_evidence(struct landing *l, const struct run *r)
{
	struct override o = override_of(l);
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

static void
add_lines(const struct landing *l, struct note_lines *out)
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

	add_lines(l, &lines);
	e = ledger_note_in(t, lines.v, lines.n);
	vec_free(&lines);
	return e;
}

static void
move_base(const struct landing *l, struct state_step *t)
{
	if (!l->moved)
		step_ref(t, l->now.branch, &l->now.commit, &l->commit);
}

static void
drop_branch(const struct landing *l, struct state_step *t)
{
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", l->pull.branch);

	if (l->drop_branch)
		step_ref(t, branch, &l->branch_old, &oid_zero);
}

static struct err *
await_checkout(void *ctx)
{
	struct landing *l = ctx;
	struct err *e = l->forward != NULL ? checkout_end(&l->forward) : NULL;

	l->refused = e != NULL;
	return e;
}

static void
task_landed(const struct landing *l, struct task *task)
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

	task_landed(l, task);
	move_base(l, t);
	step_ref(t, l->move.name, &l->move.from, &l->move.to);
	drop_branch(l, t);
	step_await(t, await_checkout, l);
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

/*
 * The checkout goes ahead, beside what is made ready here, and nothing is
 * written down before it is there: the step waits for it.
 */
static struct err *
begin(struct landing *l)
{
	TRY(decide_branch(l));
	if (l->moved || l->checkout == NULL)
		return NULL;
	TRY(objsync_flush(l->repo));
	TRY(checkout_begin(l->repo, l->checkout, &l->commit, &l->forward));
	l->moved = true;
	return NULL;
}

static void
close_pull(const struct landing *l, struct pull *p)
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
	return make_evidence(l, &r);
}

static struct err *
move(struct landing *l)
{
	AUTO(mem_free_p) char *message = mem_printf("land %s: pull request %" PRId64, l->pull.task.s, l->pull.number);

	TRY(read_evidence(l));
	if (!is_shared(l))
		TRY(begin(l));
	if (l->pull.state == PULL_OPEN)
		close_pull(l, &l->pull);
	TRY(pull_prepare(l->repo, &l->pull, &l->who, &l->move));
	if (is_shared(l))
		return move_there(l, message);
	return state_change(l->state, &l->pull.task, message, change_task, l);
}

/* What landed is what was tested. */
static struct err *
verify(struct landing *l)
{
	AUTO(mem_free_p) char *base = branch_ref(l, l->pull.base);
	struct oid tip, tree;
	bool inside;

	TRY(ref_read(l->repo, base, &tip));
	TRY(commit_is_ancestor(l->repo, &l->commit, &tip, &inside));
	TRY(commit_tree(l->repo, &l->commit, &tree));
	if (!inside || !oid_eq(&tree, &l->tree))
		return err_new(ERR_BUG, "'%s' does not hold the tree that was tested", l->pull.base);
	return NULL;
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

/* This clone's own base, where it is somewhere else that it landed. */
static void
follow_there(struct landing *l)
{
	struct err *e = lands_there(l) ? follow(l) : NULL;

	if (e != NULL)
		line_tell(l->o->line, LINE_NOTE, "it landed, and this clone's own '%s' stays where it is: %s", l->pull.base,
		    err_msg(e));
	err_ignore(e);
}

static struct err *
make_ready(struct landing *l)
{
	TRY(ask(l));
	TRY(prove_again(l));
	return l->o->way != NULL ? merge_there(l) : make_commit(l);
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
		TRY(look(&l));
		TRY(moved_before(&l));
	}
	if (!l.moved)
		TRY(make_ready(&l));
	else if (o->way != NULL && l.pull.state == PULL_OPEN)
		TRY(was_moved_there(&l, done));
	if (o->way != NULL)
		*done = l.commit;
	TRY(move(&l));
	TRY(verify(&l));
	*done = l.commit;
	follow_there(&l);
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
	TRY(is_there(&l));
	TRY(move(&l));
	follow_there(&l);
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
	TRY(look(l));
	if (!oid_eq(&l->head, &l->pull.head))
		return err_new(ERR_CONFLICT, "somebody committed to '%s'", l->pull.branch);
	TRY(moved_before(l));
	return l->moved ? NULL : make_ready(l);
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
	return begin(l);
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
	close_pull(l, p);
	*out = l;
	return NULL;
}

struct err *
landing_begin(struct landing *l, struct state_step *t, const struct run *rec, struct note_lines *lines)
{
	buf_clear(&l->evidence);
	strs_free(&l->proofs);
	TRY(make_evidence(l, rec));
	add_lines(l, lines);
	move_base(l, t);
	return NULL;
}

void
landing_end(struct landing *l, struct state_step *t, struct task *task)
{
	task_landed(l, task);
	drop_branch(l, t);
	step_await(t, await_checkout, l);
}

bool
landing_refused(const struct landing *l)
{
	return l->refused;
}

struct err *
landing_verify(struct landing *l, struct oid *landed)
{
	TRY(verify(l));
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

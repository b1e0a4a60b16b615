#include "line/land/ready.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/merge.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/credit.h"
#include "line/land/landing.h"
#include "line/pulls/catchup.h"
#include "line/pulls/freeze.h"
#include "line/renamed.h"
#include "line/scan.h"
#include "store/state.h"

#define PATHS_SHOWN 10

struct err *
ready_look(struct landing *l)
{
	AUTO(mem_free_p) char *base = mem_printf("refs/heads/%s", l->pull.base);
	AUTO(mem_free_p) char *seen = landing_ref(l, l->pull.base);
	AUTO(mem_free_p) char *branch = landing_ref(l, l->pull.branch);
	AUTO(merge_free) struct merge m = {0};
	struct oid tip;

	TRY(ref_read(l->repo, seen, &tip));
	if (oid_is_zero(&tip) && landing_shared(l))
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

struct err *
ready_moved_before(struct landing *l)
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

static struct err *
look_at_verdicts(struct landing *l)
{
	struct override o = landing_override(l);
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
	struct override o = landing_override(l);
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

struct err *
ready_is_there(struct landing *l)
{
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", l->pull.branch);

	l->moved = true;
	TRY(commit_tree(l->repo, &l->commit, &l->tree));
	l->branch_old = oid_zero;
	return landing_shared(l) ? NULL : ref_read(l->repo, branch, &l->branch_old);
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
	return ready_is_there(l);
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

struct err *
ready_make(struct landing *l)
{
	TRY(ask(l));
	TRY(prove_again(l));
	return l->o->way != NULL ? merge_there(l) : make_commit(l);
}

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/judge.h"
#include "line/land/land.h"
#include "line/pulls/catchup.h"
#include "line/pulls/mirror.h"
#include "line/pulls/outside.h"
#include "store/ledger.h"
#include "store/state.h"
#include "store/sync.h"

struct catching {
	struct outside *o;
	const struct land_ready *r;
	struct pull pull;	/* as it is on record now */
	struct ident who;
	struct oid commit;
	struct strs proofs;
	struct pull_move move;
	char *branch;		/* its ref */
	struct oid old;		/* what that holds where it moves; zero: it is not there */
};

static void
catching_free(struct catching *c)
{
	pull_free(&c->pull);
	ident_free(&c->who);
	strs_free(&c->proofs);
	pull_move_free(&c->move);
	free(c->branch);
}

/* ---- is there anything to do? ---- */

struct err *
catchup_delivered(struct repo *r, const struct oid *head, struct commit *out, size_t *updates)
{
	AUTO(commit_free) struct commit c = {0};
	struct oid next;
	size_t n;

	TRY(commit_read(r, head, &c));
	for (n = 0; c.parents.n > 1; n++) {
		next = c.parents.v[0];
		commit_free(&c);
		c = (struct commit){0};
		TRY(commit_read(r, &next, &c));
	}
	if (updates != NULL)
		*updates = n;
	*out = c;
	c = (struct commit){0};
	return NULL;
}

struct err *
catchup_lacks(struct outside *o, const char *base, const struct oid *head, bool *lacks)
{
	AUTO(mem_free_p) char *ref = mem_printf(REMOTE_HEADS "%s", base);
	struct oid tip;
	bool has = true;

	TRY(ref_read(o->repo, ref, &tip));
	if (!oid_is_zero(&tip) && commit_exists(o->repo, head))
		TRY(commit_is_ancestor(o->repo, &tip, head, &has));
	*lacks = !has;
	return NULL;
}

struct err *
catchup_asked(struct outside *o, const struct pull *p, const struct forge_pull *there, bool *asked)
{
	AUTO(forge_pull_free) struct forge_pull now = {0};
	uintptr_t known = (uintptr_t)map_get(&o->whole, p->base);
	struct forge_guard guard;

	if (known == 0) {
		TRY(o->forge->api->guarded(o->forge, p->base, MIRROR_STATUS, &guard));
		known = guard.whole ? 2 : 1;
		map_set(&o->whole, p->base, (void *)known);
	}
	if (known == 1 && there == NULL) {
		TRY(o->forge->api->pull(o->forge, p->outside, &now));
		there = &now;
	}
	*asked = known == 2 || there->behind;
	return NULL;
}

/* ---- doing it ---- */

static struct err *
by_hand(const struct catching *c, struct err *e)
{
	return err_hint(e, "the forge asks for a branch that has all of '%s': bring '%s' up to date by hand", c->pull.base,
	    c->pull.branch);
}

static struct err *
is_ours(struct catching *c)
{
	struct commit delivered;
	size_t updates;

	if (c->pull.state != PULL_OPEN || !oid_eq(&c->pull.head, &c->r->pull->head))
		return err_new(ERR_STALE, "pull request %" PRId64 " has changed meanwhile", c->pull.number);
	if (c->pull.taken_by != NULL)
		return by_hand(c, err_new(ERR_STATE, "%s has taken it over", c->pull.taken_by));
	if (!oid_is_zero(&c->pull.theirs) || !oid_eq(&c->r->head, &c->pull.head))
		return by_hand(c, err_new(ERR_STATE, "somebody else committed to its branch"));
	if (c->r->overridden)
		return by_hand(c, err_new(ERR_STATE, "gates that you override fail on the merge with the base"));
	TRY(catchup_delivered(c->o->repo, &c->pull.head, &delivered, &updates));
	commit_free(&delivered);
	if (updates >= (size_t)c->r->base->cfg.merge.updates)
		return by_hand(c, err_new(ERR_STATE, "its branch lacks what '%s' has by now, and was brought up to date %zu times (merge.updates)",
		    c->pull.base, updates));
	return NULL;
}

static struct err *
make_commit(struct catching *c)
{
	const struct config *cfg = &c->r->base->cfg;
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct oid parents[2] = {c->r->head, c->r->base->commit};
	struct commit_spec spec = {.tree = c->r->tree, .parents = parents, .nparents = 2, .author = &c->who};

	buf_addf(&text, "Merge branch '%s'\n\nThe forge asks for a branch that has all of it.\n\nFactory-Task: %s\nFactory-Run: %s\n",
	    c->pull.base, c->pull.task.s, c->pull.run.s);
	if (cfg->commit.signoff)
		buf_addf(&text, "Signed-off-by: %s <%s>\n", c->who.name, c->who.email);
	spec.message = buf_cstr(&text);
	return commit_create(c->o->repo, &spec, &c->commit);
}

/* What the gates found out, as evidence on the commit. */
static struct err *
take_proofs(struct catching *c)
{
	const struct policy *base = c->r->base;
	struct oid patch;

	TRY(diff_patch_id(c->o->repo, &base->tree, &c->r->tree, &patch));
	return judge_lines(c->o->repo, c->o->line, base, c->r->verdicts, &c->commit, &patch, &c->proofs);
}

/*
 * Where the state is shared its remote has the branch, and it moves there with
 * the record; else it moves here, and the mirror pushes it.
 */
static struct err *
find_branch(struct catching *c)
{
	AUTO(mem_free_p) char *where = NULL;
	struct oid there;

	c->branch = mem_printf("refs/heads/%s", c->pull.branch);
	c->old = c->pull.head;
	if (state_remote(c->o->state) != NULL)
		return NULL;
	TRY(outside_look(c->o, &c->pull, &there, NULL));
	TRY(ref_read(c->o->repo, c->branch, &c->old));
	if (!oid_eq(&there, &c->pull.head) || (!oid_is_zero(&c->old) && !oid_eq(&c->old, &c->pull.head)))
		return err_new(ERR_STALE, "'%s' moved meanwhile", c->pull.branch);
	TRY(repo_checked_out(c->o->repo, c->branch, &where));
	return where == NULL ? NULL : by_hand(c, err_new(ERR_STATE, "'%s' is checked out in '%s'", c->pull.branch, where));
}

static struct err *
prepare(struct catching *c)
{
	struct pull *p = &c->pull;

	p->head = c->commit;
	p->tested = c->r->tree;
	p->updated = c->who.when;
	if (c->o->shared)
		p->pushed = p->head;
	return pull_prepare(c->o->repo, p, &c->who, &c->move);
}

static struct err *
build(struct state_step *t, void *ctx)
{
	const struct catching *c = ctx;
	struct note_lines lines = {0};
	struct err *e;
	size_t i;

	if (!oid_is_zero(&c->old))
		step_ref(t, c->branch, &c->old, &c->commit);
	step_ref(t, c->move.name, &c->move.from, &c->move.to);
	for (i = 0; i < c->proofs.n; i++)
		vec_push(&lines, (struct note_line){c->commit, str_of(c->proofs.v[i])});
	e = lines.n > 0 ? ledger_note_in(t, lines.v, lines.n) : NULL;
	vec_free(&lines);
	return e;
}

static struct err *
move(struct catching *c)
{
	AUTO(mem_free_p) char *message = mem_printf("bring pull request %" PRId64 " up to date", c->pull.number);
	AUTO(sync_result_free) struct sync_result r = {0};

	return state_remote(c->o->state) != NULL ? state_publish(c->o->state, message, build, c, &r) :
	    state_update(c->o->state, message, build, c);
}

struct err *
catchup(struct outside *o, const struct land_ready *ready)
{
	AUTO(catching_free) struct catching c = {.o = o, .r = ready};
	const struct config *cfg = &ready->base->cfg;

	TRY(pull_read(o->repo, ready->pull->number, &c.pull));
	TRY(is_ours(&c));
	TRY(ident_user(o->repo, cfg->commit.name[0] != '\0' ? cfg->commit.name : NULL,
	    cfg->commit.email[0] != '\0' ? cfg->commit.email : NULL, clock_wall(state_clock(o->state)), &c.who));
	TRY(make_commit(&c));
	TRY(take_proofs(&c));
	TRY(find_branch(&c));
	TRY(prepare(&c));
	return move(&c);
}

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fnv.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/pack.h"
#include "git/race.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"
#include "git/txn.h"
#include "store/cache.h"
#include "store/inbox.h"
#include "store/inside.h"
#include "store/state.h"
#include "store/write.h"
#include "sys/host.h"

struct state {
	struct repo *repo;
	struct clock clock;
	char *view;	/* full ref name, NULL for none */
	char *name;
	char *email;
	char *remote;
	char *base;
	char *node;
	struct strs labels;
	bool labelled;
	int64_t lease_ttl;
	struct cache *spare;	/* open, of the last queue that was closed; or NULL */
};

struct state_step {
	struct state *state;
	struct oid tip, tree;
	struct tree_edit edit;
	struct txn refs;
	struct pack *pack;	/* or NULL */
	struct err *(*await)(void *ctx);	/* or NULL */
	void *await_ctx;
};

static const char readme[] =
    "# The state of git-factory\n"
    "\n"
    "This branch shows the tasks of this repository and takes yours. It is kept by\n"
    "`git factory`; the authority is `refs/factory/state`.\n"
    "\n"
    "- `tasks/`: what is to be done, one Markdown file each. Edit a file, or add one\n"
    "  under any name with a title, commit, and the factory picks it up.\n"
    "- `archive/`: what is landed or closed.\n"
    "- `runs/`: one record for each run.\n"
    "- `memory/`: what the factory learned.\n"
    "\n"
    "`man git-factory-tasks` describes the format.\n";

/*
 * The host, and of several clones that may be on it, four letters that follow
 * from where this one is.
 */
static char *
own_name(const struct repo *r, bool shared)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	AUTO(mem_free_p) char *host = host_name();
	AUTO(mem_free_p) char *path = realpath(repo_commondir(r), NULL);
	const char *p = path != NULL ? path : repo_commondir(r);
	uint32_t h;

	if (!shared)
		return STEAL(host);
	h = fnv32(FNV32_BASIS, p, strlen(p));
	h ^= h >> 20;
	return mem_printf("%s-%c%c%c%c", host, letters[h >> 15 & 31], letters[h >> 10 & 31], letters[h >> 5 & 31],
	    letters[h & 31]);
}

struct err *
state_open(const struct state_opts *o, struct state **out)
{
	const char *branch = o->branch != NULL ? o->branch : &REF_VIEW[strlen("refs/heads/")];
	AUTO(mem_free_p) char *view = NULL;
	struct state *s;
	size_t i;

	if (*branch != '\0' && strcmp(branch, "none") != 0) {
		view = mem_printf("refs/heads/%s", branch);
		TRY(err_wrap(ref_name_check(str_of(view)), "state.branch"));
	}
	s = mem_alloc(sizeof(*s));
	s->repo = o->repo;
	s->clock = o->clock;
	s->view = STEAL(view);
	s->name = mem_strdup(o->name);
	s->email = mem_strdup(o->email);
	s->remote = o->remote != NULL && *o->remote != '\0' ? mem_strdup(o->remote) : NULL;
	s->base = o->base != NULL && *o->base != '\0' ? mem_strdup(o->base) : NULL;
	s->node = o->node != NULL ? mem_strdup(o->node) : own_name(s->repo, s->remote != NULL);
	s->labelled = o->labels != NULL;
	for (i = 0; s->labelled && i < o->labels->n; i++)
		strs_add(&s->labels, o->labels->v[i]);
	s->lease_ttl = o->lease_ttl > 0 ? o->lease_ttl : STATE_LEASE_TTL;
	/* Where nobody may write, what was cut short is seen as it is. */
	err_ignore(txn_settle(s->repo));
	*out = s;
	return NULL;
}

void
state_close(struct state *s)
{
	if (s == NULL)
		return;
	cache_close(s->spare);
	free(s->view);
	free(s->name);
	free(s->email);
	free(s->remote);
	free(s->base);
	free(s->node);
	strs_free(&s->labels);
	free(s);
}

void
state_close_p(struct state **s)
{
	state_close(*s);
}

struct cache **
state_spare(struct state *s)
{
	return &s->spare;
}

struct repo *
state_repo(const struct state *s)
{
	return s->repo;
}

const struct clock *
state_clock(const struct state *s)
{
	return &s->clock;
}

const char *
state_view(const struct state *s)
{
	return s->view;
}

const char *
state_remote(const struct state *s)
{
	return s->remote;
}

const struct strs *
state_labels(const struct state *s)
{
	return s->labelled ? &s->labels : NULL;
}

const char *
state_base(const struct state *s)
{
	return s->base;
}

const char *
state_node(const struct state *s)
{
	return s->node;
}

int64_t
state_lease_ttl(const struct state *s)
{
	return s->lease_ttl;
}

struct err *
state_ident(const struct state *s, struct ident *out)
{
	return ident_user(s->repo, s->name, s->email, clock_wall(&s->clock), out);
}

struct err *
state_tip(const struct state *s, struct oid *tip)
{
	struct oid found;

	TRY(tip_read(s->repo, REF_STATE, &found));
	if (oid_is_zero(&found))
		return err_hint(err_new(ERR_STATE, "this repository has no factory yet"),
		    s->remote != NULL ? "run 'git factory sync'" : "run 'git factory init'");
	*tip = found;
	return NULL;
}

/* ---- one step ---- */

struct state *
step_state(const struct state_step *t)
{
	return t->state;
}

const struct oid *
step_tip(const struct state_step *t)
{
	return &t->tip;
}

const struct oid *
step_tree(const struct state_step *t)
{
	return &t->tree;
}

struct err *
step_read(struct state_step *t, const char *path, struct buf *out)
{
	return tree_read(t->state->repo, &t->tree, path, out);
}

struct err *
step_has(struct state_step *t, const char *path, bool *has)
{
	struct tree_entry e;

	TRY(tree_find(t->state->repo, &t->tree, path, &e));
	*has = e.mode != 0;
	return NULL;
}

struct err *
step_put(struct state_step *t, const char *path, struct str data)
{
	return tree_edit_write(t->state->repo, &t->edit, path, data);
}

void
step_drop(struct state_step *t, const char *path)
{
	tree_edit_delete(&t->edit, path);
}

struct err *
step_pack(struct state_step *t)
{
	return pack_begin(t->state->repo, &t->pack);
}

void
step_ref(struct state_step *t, const char *name, const struct oid *from, const struct oid *to)
{
	txn_add(&t->refs, name, from, to);
}

void
step_await(struct state_step *t, struct err *(*fn)(void *ctx), void *ctx)
{
	t->await = fn;
	t->await_ctx = ctx;
}

static void
step_free(struct state_step *t)
{
	pack_free_p(&t->pack);
	tree_edit_free(&t->edit);
	txn_free(&t->refs);
}

/* ---- writing ---- */

/*
 * The view follows unless somebody has it checked out, or has put commits on
 * it that are not folded yet.
 */
struct err *
state_add_view(const struct state *s, const struct oid *tip, const struct oid *new, struct txn *txn)
{
	AUTO(mem_free_p) char *where = NULL;
	struct oid view;
	bool behind = true;

	if (s->view == NULL)
		return NULL;
	TRY(tip_read(s->repo, s->view, &view));
	if (!oid_is_zero(&view) && !oid_eq(&view, tip))
		TRY(commit_is_ancestor(s->repo, &view, new, &behind));
	if (!behind || oid_eq(&view, new))
		return NULL;
	TRY(repo_checked_out(s->repo, s->view, &where));
	if (where == NULL)
		txn_add(txn, s->view, &view, new);
	return NULL;
}

struct err *
state_commit(const struct state *s, const struct oid *tree, const struct oid *parents, size_t n,
    const char *message, struct oid *out)
{
	AUTO(ident_free) struct ident who = {0};
	struct commit_spec spec = {.tree = *tree, .parents = parents, .nparents = n,
	    .author = &who, .message = message};

	TRY(state_ident(s, &who));
	return commit_create(s->repo, &spec, out);
}

static void
add_refs(struct txn *to, const struct txn *from, bool deletions)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (oid_is_zero(&from->v[i].new) == deletions)
			txn_add(to, from->v[i].name, &from->v[i].old, &from->v[i].new);
}

struct err *
state_make(struct state *s, const struct oid *tip, const char *message, state_build *build, void *ctx,
    struct oid *new, struct txn *refs)
{
	AUTO(step_free) struct state_step t = {.state = s, .tip = *tip};
	struct oid tree, made = *tip;

	TRY(commit_tree(s->repo, tip, &t.tree));
	TRY(build(&t, ctx));
	TRY(tree_apply(s->repo, &t.tree, &t.edit, &tree));
	if (!oid_eq(&tree, &t.tree))
		TRY(state_commit(s, &tree, tip, 1, message, &made));
	if (t.pack != NULL)
		TRY(pack_end(t.pack));
	if (t.await != NULL)
		TRY(t.await(t.await_ctx));
	*new = made;
	*refs = t.refs;
	t.refs = (struct txn){0};
	return NULL;
}

static struct err *
try_step(struct state *s, const struct oid *tip, const char *message, state_build *build, void *ctx)
{
	AUTO(txn_free) struct txn txn = {0}, refs = {0};
	struct oid new;

	TRY(state_make(s, tip, message, build, ctx, &new, &refs));
	add_refs(&txn, &refs, false);
	if (!oid_eq(&new, tip)) {
		txn_add(&txn, REF_STATE, tip, &new);
		TRY(state_add_view(s, tip, &new, &txn));
	}
	add_refs(&txn, &refs, true);
	return txn.n == 0 ? NULL : txn_commit(s->repo, &txn, message);
}

/* What decides whether a stale step was a race that is worth another try. */
struct tips {
	struct oid state, view, notes;
};

static struct err *
read_tips(const struct state *s, struct tips *out)
{
	struct tips t = {0};

	TRY(state_tip(s, &t.state));
	if (s->view != NULL)
		TRY(tip_read(s->repo, s->view, &t.view));
	TRY(tip_read(s->repo, REF_NOTES, &t.notes));
	*out = t;
	return NULL;
}

struct err *
state_update(struct state *s, const char *message, state_build *build, void *ctx)
{
	struct race race = race_start(clock_system(), STATE_RACE_MS);
	struct tips before, now;
	struct err *e;

	for (;;) {
		TRY(inbox_fold(s, NULL));
		TRY(read_tips(s, &before));
		e = try_step(s, &before.state, message, build, ctx);
		if (e == NULL || !race_goes_on(&race, e))
			return e;
		race_pause(&race);
		if (err_is(e, ERR_STALE)) {
			AUTO(err_free_p) struct err *stale = e;

			TRY(read_tips(s, &now));
			/* None moved: one of the step's own refs is stale, for good. */
			if (oid_eq(&now.state, &before.state) && oid_eq(&now.view, &before.view) &&
			    oid_eq(&now.notes, &before.notes))
				return STEAL(stale);
		} else {
			err_free(e);
		}
	}
}

/* ---- the first commit ---- */

/* Is this commit a state, and not somebody's branch of the same name? */
static struct err *
looks_like_state(const struct state *s, const struct oid *commit, bool *yes)
{
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	struct oid tree;
	struct err *e;
	struct str line, rest, first;

	TRY(commit_tree(s->repo, commit, &tree));
	e = tree_read(s->repo, &tree, "README.md", &text);
	if (err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_LIMIT)) {
		err_free(e);
		*yes = false;
		return NULL;
	}
	TRY(e);
	rest = str_of(readme);
	(void)str_line(&rest, &first);
	rest = buf_str(&text);
	*yes = str_line(&rest, &line) && str_eq(line, first);
	return NULL;
}

/* A clone has the view, from the remote or as a branch, but not the authority. */
static struct err *
adopt(const struct state *s, struct oid *tip)
{
	AUTO(mem_free_p) char *remote = NULL;
	const char *names[2] = {s->view, NULL};
	struct oid found;
	bool fits;
	size_t i;

	if (s->view == NULL)
		return NULL;
	names[1] = remote = mem_printf("refs/remotes/origin/%s", s->view + strlen("refs/heads/"));
	for (i = 0; i < NITEMS(names); i++) {
		TRY(tip_read(s->repo, names[i], &found));
		if (oid_is_zero(&found))
			continue;
		TRY(looks_like_state(s, &found, &fits));
		if (fits) {
			*tip = found;
			return NULL;
		}
		if (i == 0)
			return err_hint(err_new(ERR_STATE, "the branch '%s' is there already, and is no state of a factory",
			    s->view + strlen("refs/heads/")),
			    "rename it, or set 'state.branch' to another name");
	}
	return NULL;
}

static struct err *
first_commit(const struct state *s, struct oid *out)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	struct oid tree;

	TRY(tree_edit_write(s->repo, &edit, "README.md", str_of(readme)));
	TRY(tree_apply(s->repo, &oid_zero, &edit, &tree));
	return state_commit(s, &tree, NULL, 0, "Begin the state of the factory", out);
}

struct err *
state_init(struct state *s, bool *created)
{
	AUTO(txn_free) struct txn txn = {0};
	struct oid tip, found = oid_zero;
	struct err *e;

	TRY(tip_read(s->repo, REF_STATE, &tip));
	if (!oid_is_zero(&tip)) {
		*created = false;
		return NULL;
	}
	TRY(adopt(s, &found));
	tip = found;
	if (oid_is_zero(&tip))
		TRY(first_commit(s, &tip));
	txn_add(&txn, REF_STATE, &oid_zero, &tip);
	TRY(state_add_view(s, &oid_zero, &tip, &txn));
	e = txn_commit(s->repo, &txn, "init");
	if (err_is(e, ERR_STALE)) {
		/* Another init was faster, which is as good. */
		err_free(e);
		*created = false;
		return state_tip(s, &tip);
	}
	TRY(e);
	*created = true;
	return NULL;
}

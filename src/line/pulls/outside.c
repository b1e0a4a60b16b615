#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/repo.h"
#include "line/pulls/outside.h"
#include "store/state.h"
#include "store/sync.h"

static struct err *
find_forge(struct outside *o, struct forge *lent, char **why)
{
	struct forge_opts fo = {.clock = state_clock(o->state), .cancel = o->line->cancel};

	o->lent = lent != NULL;
	o->forge = lent;
	TRY(node_others(o->state, &o->others));
	fo.nodes = o->others.n + 1;
	return lent != NULL ? NULL : forge_open(o->repo, &o->policy.cfg, &fo, &o->forge, why);
}

static char *
remote_of(const struct outside *o)
{
	const struct config *c = &o->policy.cfg;

	if (c->forge.remote[0] != '\0')
		return mem_strdup(c->forge.remote);
	return mem_strdup(state_remote(o->state) != NULL ? state_remote(o->state) : "origin");
}

struct err *
outside_open(const struct line_opts *line, struct forge *lent, struct outside **out, char **why)
{
	AUTO(outside_close_p) struct outside *o = mem_alloc(sizeof(*o));

	*o = (struct outside){.state = line->state, .repo = state_repo(line->state), .line = line};
	TRY(policy_open_shared(o->repo, state_remote(o->state) != NULL, &o->policy));
	TRY(find_forge(o, lent, why));
	if (o->forge == NULL) {
		*out = NULL;
		return NULL;
	}
	o->remote = remote_of(o);
	o->shared = state_remote(o->state) != NULL && strcmp(state_remote(o->state), o->remote) == 0;
	*out = STEAL(o);
	return NULL;
}

void
outside_close(struct outside *o)
{
	if (o == NULL)
		return;
	if (!o->lent)
		forge_close(o->forge);
	policy_free(&o->policy);
	node_infos_free(&o->others);
	free(o->remote);
	free(o->me);
	map_free(&o->roles, NULL);
	map_free(&o->whole, NULL);
	map_free(&o->bases, NULL);
	txn_free(&o->moves);
	free(o);
}

void
outside_close_p(struct outside **o)
{
	outside_close(*o);
}

/* ---- its branches ---- */

static struct err *
open_remote(struct outside *o, struct remote **out)
{
	struct remote_opts ro = {.cancel_fd = o->line->cancel_fd};

	return remote_open(o->repo, o->remote, &ro, out);
}

struct err *
outside_fetch(struct outside *o, const char *branch, struct oid *tip)
{
	AUTO(mem_free_p) char *from = mem_printf("refs/heads/%s", branch), *to = mem_printf(REMOTE_HEADS "%s", branch);
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(refs_free) struct refs there = {0};
	struct remote_want want = {.from = from, .to = to};

	TRY(open_remote(o, &m));
	TRY(remote_fetch(m, &want, 1, &there));
	*tip = refs_get(&there, from);
	return NULL;
}

struct err *
outside_look(struct outside *o, const struct pull *p, struct oid *tip, bool *behind)
{
	AUTO(mem_free_p) char *branch = mem_printf("refs/heads/%s", p->branch);
	AUTO(mem_free_p) char *lease = mem_printf(REF_LEASES "%s", p->task.s);
	AUTO(mem_free_p) char *record = mem_printf(REF_PULLS "%" PRId64, p->number);
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(refs_free) struct refs there = {0};
	const char *const names[] = {branch, lease, record};
	struct oid leased, is;

	TRY(open_remote(o, &m));
	TRY(remote_list(m, names, o->shared ? 3 : 1, &there));
	*tip = refs_get(&there, branch);
	leased = refs_get(&there, lease);
	is = refs_get(&there, record);
	if (behind != NULL)
		*behind = o->shared && (!oid_is_zero(&leased) || !oid_eq(&is, &p->ref));
	return NULL;
}

struct err *
outside_push(struct outside *o, const char *branch, const struct oid *old, const struct oid *new)
{
	AUTO(mem_free_p) char *name = mem_printf("refs/heads/%s", branch);
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(txn_free) struct txn t = {0};

	txn_add(&t, name, old, new);
	TRY(open_remote(o, &m));
	return remote_push_through(m, &t, NULL);
}

/* ---- people ---- */

struct err *
outside_is_me(struct outside *o, const char *login, bool *me)
{
	AUTO(forge_user_free) struct forge_user user = {0};

	if (o->me == NULL) {
		TRY(forge_self(o->forge, &user));
		o->me = mem_strdup(user.login);
	}
	*me = strcmp(o->me, login) == 0;
	return NULL;
}

struct err *
outside_may_write(struct outside *o, const struct forge_user *user, bool *may)
{
	uintptr_t known = user->bot ? ROLE_NONE + 1 : (uintptr_t)map_get(&o->roles, user->login);
	enum forge_role role;

	if (known == 0) {
		TRY(o->forge->api->role(o->forge, user, &role));
		known = (uintptr_t)role + 1;
		map_set(&o->roles, user->login, (void *)known);
	}
	*may = known - 1 >= ROLE_WRITE;
	return NULL;
}

/* ---- records ---- */

static struct err *
prepare(struct outside *o, struct pull *p, struct txn *out)
{
	AUTO(pull_move_free) struct pull_move move = {0};
	AUTO(ident_free) struct ident who = {0};
	const struct config *c = &o->policy.cfg;
	size_t i;

	TRY(ident_user(o->repo, c->commit.name[0] != '\0' ? c->commit.name : NULL,
	    c->commit.email[0] != '\0' ? c->commit.email : NULL, clock_wall(state_clock(o->state)), &who));
	TRY(pull_prepare(o->repo, p, &who, &move));
	p->ref = move.to;
	if (oid_eq(&move.from, &move.to))
		return NULL;
	for (i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, move.name) == 0) {
			out->v[i].new = move.to;
			return NULL;
		}
	txn_add(out, move.name, &move.from, &move.to);
	return NULL;
}

struct err *
outside_note(struct outside *o, struct pull *p)
{
	return prepare(o, p, &o->moves);
}

static struct err *
move_all(struct state_step *t, void *ctx)
{
	const struct txn *moves = ctx;
	size_t i;

	for (i = 0; i < moves->n; i++)
		step_ref(t, moves->v[i].name, &moves->v[i].old, &moves->v[i].new);
	return NULL;
}

static struct err *
write_moves(struct outside *o, struct txn *moves)
{
	AUTO(sync_result_free) struct sync_result r = {0};

	if (state_remote(o->state) != NULL)
		return state_publish(o->state, "note what the forge has", move_all, moves, &r);
	return txn_commit(o->repo, moves, "note what the forge has");
}

/* Who moved a record meanwhile looks at the forge as well: it is all found again there. */
static struct err *
unless_stale(struct err *e)
{
	if (!err_is(e, ERR_STALE))
		return e;
	err_free(e);
	return NULL;
}

/* What we heard goes on top of what others made of it, who did not hear of the forge themselves. */
static struct err *
put_on_top(struct outside *o, const struct txn_ref *move, struct txn *out)
{
	const char *where = state_remote(o->state) != NULL ? REMOTE_PULLS : REF_PULLS;
	AUTO(mem_free_p) char *name = mem_printf("%s%s", where, move->name + strlen(REF_PULLS));
	AUTO(pull_free) struct pull was = {0}, ours = {0}, now = {0};
	struct oid oid;

	TRY(ref_read(o->repo, name, &oid));
	if (oid_is_zero(&oid) || oid_is_zero(&move->old))
		return NULL;
	TRY(pull_read_at(o->repo, name, &move->old, &was));
	TRY(pull_read_at(o->repo, name, &move->new, &ours));
	TRY(pull_read_at(o->repo, name, &oid, &now));
	if (!pull_same_outside(&was, &now) || strcmp(was.task.s, now.task.s) != 0)
		return NULL;
	pull_inherit(&now, &ours);
	return prepare(o, &now, out);
}

/* One that was moved takes none of the others with it. */
static struct err *
write_move(struct outside *o, const struct txn_ref *move)
{
	AUTO(txn_free) struct txn one = {0}, more = {0};
	struct err *e;

	txn_add(&one, move->name, &move->old, &move->new);
	e = write_moves(o, &one);
	if (!err_is(e, ERR_STALE))
		return e;
	err_ignore(e);
	TRY(put_on_top(o, move, &more));
	return more.n > 0 ? unless_stale(write_moves(o, &more)) : NULL;
}

struct err *
outside_flush(struct outside *o)
{
	AUTO(txn_free) struct txn moves = o->moves;
	struct err *e;
	size_t i;

	o->moves = (struct txn){0};
	if (moves.n == 0)
		return NULL;
	e = write_moves(o, &moves);
	if (!err_is(e, ERR_STALE))
		return e;
	err_ignore(e);
	for (i = 0; i < moves.n; i++)
		TRY(write_move(o, &moves.v[i]));
	return NULL;
}

bool
outside_unsure(const struct err *e)
{
	return err_is(e, ERR_EXISTS) || err_is(e, ERR_TIMEOUT) || err_is(e, ERR_NETWORK) || err_is(e, ERR_SERVER);
}

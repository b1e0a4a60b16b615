#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/ref.h"
#include "git/reflock.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/txn.h"

#define LOCK_WAIT_MS 1000

/* One libgit2 transaction per ref: a common one would write in no known order. */
struct locked {
	const struct txn_ref *ref;
	git_transaction *tx;
};

struct locks {
	VEC_FIELDS(struct locked);
};

static void
locks_free(struct locks *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].tx != NULL)
			lg2.git_transaction_free(l->v[i].tx);
	vec_free(l);
}

void
txn_add(struct txn *t, const char *name, const struct oid *old, const struct oid *new)
{
	struct txn_ref ref = {mem_strdup(name), *old, *new};

	vec_push(t, ref);
}

void
txn_free(struct txn *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		free(t->v[i].name);
	vec_free(t);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct locked *)a)->ref->name, ((const struct locked *)b)->ref->name);
}

static int
by_order(const void *a, const void *b)
{
	const struct txn_ref *x = ((const struct locked *)a)->ref, *y = ((const struct locked *)b)->ref;

	return (x > y) - (x < y);
}

static struct err *
check_names(const struct locks *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		const char *name = l->v[i].ref->name;

		TRY(ref_name_check(str_of(name)));
		if (strcmp(name, "HEAD") == 0)
			return err_new(ERR_DENIED, "HEAD is not moved by name");
		if (i > 0 && strcmp(name, l->v[i - 1].ref->name) == 0)
			return err_new(ERR_BUG, "one transaction moves '%s' twice", name);
	}
	return NULL;
}

/* A new id must be there: a ref without its object would break the user's gc. */
static struct err *
check_objects(struct repo *r, git_repository *g, const struct locks *l)
{
	AUTO(lg2_odb_free_p) git_odb *odb = NULL;
	int rc = lg2.git_repository_odb(&odb, g);
	size_t i;

	if (rc < 0)
		return lg2_err(r, rc, "cannot open the objects");
	for (i = 0; i < l->n; i++) {
		git_oid id = lg2_oid(&l->v[i].ref->new);

		if (!oid_is_zero(&l->v[i].ref->new) && !lg2.git_odb_exists(odb, &id))
			return err_new(ERR_REPOSITORY, "'%s' cannot move to '%s': there is no such object",
			    l->v[i].ref->name, oid_hex(&l->v[i].ref->new).s);
	}
	return NULL;
}

/* "refs/a" and "refs/a/b" exclude each other, also when one of them is packed. */
static struct err *
check_room(struct repo *r, const char *name)
{
	AUTO(mem_free_p) char *prefix = mem_printf("%s/", name);
	AUTO(refs_free) struct refs below = {0};
	AUTO(mem_free_p) char *above = mem_strdup(name);
	struct oid oid;
	char *slash;

	while ((slash = strrchr(above, '/')) != NULL && slash - above > 4) {
		*slash = '\0';
		TRY(tip_read(r, above, &oid));
		if (!oid_is_zero(&oid))
			return err_hint(err_new(ERR_STATE, "cannot make the ref '%s': '%s' is in its way",
			    name, above), "rename that one");
	}
	TRY(ref_list(r, prefix, &below));
	if (below.n > 0)
		return err_hint(err_new(ERR_STATE, "cannot make the ref '%s': '%s' is in its way", name,
		    below.v[0].name), "rename that one");
	return NULL;
}

static struct err *
lock_one(struct repo *r, git_repository *g, struct locked *l, int64_t until)
{
	struct clock clock = clock_system();
	int64_t pause = 1;
	int rc;

	for (;;) {
		rc = l->tx == NULL ? lg2.git_transaction_new(&l->tx, g) : 0;
		if (rc == 0)
			rc = lg2.git_transaction_lock_ref(l->tx, l->ref->name);
		if (rc == 0)
			return NULL;
		/* Besides a held lock: a folder that another writer just pruned. */
		if ((rc != GIT_ELOCKED && rc != GIT_ENOTFOUND) || clock_mono(&clock) >= until)
			break;
		clock_sleep_ms(pause);
		pause = pause < 16 ? pause * 2 : pause;
	}
	if (rc != GIT_ELOCKED && oid_is_zero(&l->ref->old))
		TRY(check_room(r, l->ref->name));
	if (rc != GIT_ELOCKED)
		return lg2_err(r, rc, "cannot lock the ref '%s'", l->ref->name);
	return err_hint(err_new(ERR_LOCKED, "the ref '%s' is locked by another process", l->ref->name),
	    "if no git command is running, remove '%s/%s.lock'", repo_commondir(r), l->ref->name);
}

static struct err *
verify(struct repo *r, const struct txn_ref *ref)
{
	AUTO(mem_free_p) char *target = NULL;
	struct oid now;

	TRY(tip_symbolic(repo_place(r), ref->name, &target));
	if (target != NULL)
		return err_new(ERR_STATE, "the ref '%s' is symbolic (to '%s') and is not moved", ref->name,
		    target);
	TRY(tip_read(r, ref->name, &now));
	if (oid_eq(&now, &ref->old))
		return oid_is_zero(&ref->old) && !oid_is_zero(&ref->new) ? check_room(r, ref->name) : NULL;
	if (oid_is_zero(&now))
		return err_new(ERR_STALE, "the ref '%s' is gone", ref->name);
	if (oid_is_zero(&ref->old))
		return err_new(ERR_STALE, "the ref '%s' exists already", ref->name);
	return err_new(ERR_STALE, "the ref '%s' has moved to '%.12s'", ref->name, oid_hex(&now).s);
}

static struct err *
write_one(struct repo *r, struct locked *l, const char *message)
{
	git_oid id = lg2_oid(&l->ref->new);
	int rc = 0;

	if (oid_eq(&l->ref->old, &l->ref->new))
		return NULL;
	if (oid_is_zero(&l->ref->new))
		rc = lg2.git_transaction_remove(l->tx, l->ref->name);
	else
		rc = lg2.git_transaction_set_target(l->tx, l->ref->name, &id, NULL, message);
	if (rc == 0)
		rc = lg2.git_transaction_commit(l->tx);
	return rc < 0 ? lg2_err(r, rc, "cannot write the ref '%s'", l->ref->name) : NULL;
}

static struct err *
lock_all(struct repo *r, git_repository *g, struct locks *l)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + LOCK_WAIT_MS;
	size_t i;

	vec_sort(l, by_name);
	TRY(check_names(l));
	for (i = 0; i < l->n; i++)
		TRY(lock_one(r, g, &l->v[i], until));
	return NULL;
}

/*
 * Write what is decided.  When that fails in the middle the note stays, and
 * the next writer completes the step.
 */
static struct err *
write_all(struct repo *r, struct locks *l, struct reflock *flock, const char *message)
{
	struct err *e = NULL;
	struct oid now;
	size_t i, done = 0;

	vec_sort(l, by_order);
	for (i = 0; i < l->n && e == NULL; i++)
		e = write_one(r, &l->v[i], message);
	if (e == NULL)
		return NULL;
	for (i = 0; i < l->n; i++) {
		const struct txn_ref *ref = l->v[i].ref;
		struct err *unread = tip_read(r, ref->name, &now);

		done += unread == NULL && !oid_eq(&ref->old, &ref->new) && oid_eq(&now, &ref->new);
		err_ignore(unread);
	}
	if (done > 0)
		reflock_leave(flock);
	return e;
}

static void
take_all(const struct txn *t, struct locks *l)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		vec_push(l, (struct locked){.ref = &t->v[i]});
}

/*
 * The rest of a step whose writer died or failed in the middle: every ref that
 * still holds its old id moves; one that went elsewhere since stays there.
 */
static struct err *
complete(struct repo *r, git_repository *g, struct reflock *flock, const struct txn *undone)
{
	AUTO(locks_free) struct locks l = {0};
	AUTO(txn_free) struct txn rest = {0};
	struct oid now;
	size_t i;

	for (i = 0; i < undone->n; i++) {
		const struct txn_ref *ref = &undone->v[i];

		TRY(tip_read(r, ref->name, &now));
		if (oid_eq(&now, &ref->old))
			txn_add(&rest, ref->name, &ref->old, &ref->new);
	}
	take_all(&rest, &l);
	TRY(lock_all(r, g, &l));
	TRY(reflock_note(flock, r, undone, true));
	return write_all(r, &l, flock, "complete what was cut short");
}

static struct err *
take_turn(struct repo *r, git_repository *g, struct reflock *flock)
{
	AUTO(txn_free) struct txn undone = {0};
	struct err *e;

	TRY(reflock_take(r, flock, &undone));
	if (undone.n == 0)
		return NULL;
	e = complete(r, g, flock, &undone);
	if (e != NULL && err_row(err_code(e))->retry != RETRY_NEVER && !err_is(e, ERR_STATE)) {
		reflock_leave(flock);
		return e;
	}
	/* It can never be completed: what is there since keeps its place. */
	err_ignore(e);
	return reflock_clear(flock);
}

struct err *
txn_settle(struct repo *r)
{
	AUTO(reflock_release) struct reflock flock = REFLOCK_INIT;
	git_repository *g;

	if (!reflock_noted(r))
		return NULL;
	TRY(repo_lg2(r, &g));
	return take_turn(r, g, &flock);
}

struct err *
txn_commit(struct repo *r, const struct txn *t, const char *message)
{
	AUTO(reflock_release) struct reflock flock = REFLOCK_INIT;
	AUTO(locks_free) struct locks l = {0};
	git_repository *g;
	size_t i;

	if (t->n == 0)
		return NULL;
	take_all(t, &l);
	vec_sort(&l, by_name);
	TRY(check_names(&l));
	TRY(repo_lg2(r, &g));
	TRY(check_objects(r, g, &l));
	TRY(objsync_flush(r));
	TRY(take_turn(r, g, &flock));
	TRY(reflock_note(&flock, r, t, false));
	TRY(lock_all(r, g, &l));
	for (i = 0; i < l.n; i++)
		TRY(verify(r, l.v[i].ref));
	TRY(reflock_note(&flock, r, t, true));
	return write_all(r, &l, &flock, message);
}

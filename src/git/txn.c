#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/durable.h"
#include "git/lg2.h"
#include "git/loose.h"
#include "git/objsync.h"
#include "git/ref.h"
#include "git/reflock.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/txn.h"

#define LOCK_WAIT_MS 1000

struct locked {
	const struct txn_ref *ref;
	struct loose file;
};

struct locks {
	VEC_FIELDS(struct locked);
};

static void
locks_free(struct locks *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		loose_free(&l->v[i].file);
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
lock_one(struct repo *r, struct locked *l, int64_t until)
{
	struct clock clock = clock_system();
	int64_t pause = 1;
	struct err *e;

	while ((e = loose_lock(r, l->ref->name, &l->file)) != NULL) {
		if (!err_is(e, ERR_LOCKED) || clock_mono(&clock) >= until)
			break;
		err_ignore(e);
		clock_sleep_ms(pause);
		pause = pause < 16 ? pause * 2 : pause;
	}
	if (err_is(e, ERR_STATE) && oid_is_zero(&l->ref->old)) {
		struct err *better = check_room(r, l->ref->name);

		if (better != NULL) {
			err_ignore(e);
			return better;
		}
	}
	return e == NULL || !err_is(e, ERR_LOCKED) ? e : err_hint(e,
	    "if no git command is running, remove '%s/%s.lock'", repo_commondir(r), l->ref->name);
}

static struct err *
check_direct(struct repo *r, const char *name)
{
	AUTO(mem_free_p) char *target = NULL;

	TRY(tip_symbolic(repo_place(r), name, &target));
	return target == NULL ? NULL :
	    err_new(ERR_STATE, "the ref '%s' is symbolic (to '%s') and is not moved", name, target);
}

static struct err *
compare(struct repo *r, const struct txn_ref *ref)
{
	struct oid now;

	TRY(tip_read(r, ref->name, &now));
	if (oid_eq(&now, &ref->old))
		return NULL;
	TRY(check_direct(r, ref->name));
	if (oid_is_zero(&now))
		return err_new(ERR_STALE, "the ref '%s' is gone", ref->name);
	if (oid_is_zero(&ref->old))
		return err_new(ERR_STALE, "the ref '%s' exists already", ref->name);
	return err_new(ERR_STALE, "the ref '%s' has moved to '%.12s'", ref->name, oid_hex(&now).s);
}

/* Who has lost a race already learns it here, and holds up nobody with notes and locks. */
static struct err *
compare_all(struct repo *r, const struct txn *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		TRY(compare(r, &t->v[i]));
	return NULL;
}

/* With its lock held. */
static struct err *
verify(struct repo *r, const struct txn_ref *ref)
{
	TRY(check_direct(r, ref->name));
	TRY(compare(r, ref));
	return oid_is_zero(&ref->old) && !oid_is_zero(&ref->new) ? check_room(r, ref->name) : NULL;
}

/* Deleted or moved; what is only compared keeps its place. */
static bool
is_moved(const struct txn_ref *ref)
{
	return !oid_eq(&ref->old, &ref->new);
}

static struct err *
lock_all(struct repo *r, struct locks *l)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + LOCK_WAIT_MS;
	size_t i;

	vec_sort(l, by_name);
	TRY(check_names(l));
	for (i = 0; i < l->n; i++)
		TRY(lock_one(r, &l->v[i], until));
	return NULL;
}

/* Every new id lies on the disk beside its ref, and so do the objects. */
static struct err *
fill_all(struct repo *r, struct locks *l, struct durable *d)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (is_moved(l->v[i].ref) && !oid_is_zero(&l->v[i].ref->new))
			TRY(loose_fill(&l->v[i].file, &l->v[i].ref->new, d));
	return objsync_written(r, d);
}

static struct err *
write_one(struct repo *r, struct locked *l, const char *message, struct durable *d)
{
	const struct txn_ref *ref = l->ref;

	if (!is_moved(ref))
		return NULL;
	if (oid_is_zero(&ref->new))
		TRY(loose_delete(r, &l->file, d));
	else
		TRY(loose_move(r, &l->file, &ref->old, &ref->new, message, d));
	/* Where the disk keeps no order, the refs are made to. */
	return d->ordered ? NULL : durable_commit(d);
}

/*
 * Write what is decided.  When that fails in the middle the note stays, and
 * the next writer completes the step.
 */
static struct err *
write_all(struct repo *r, struct locks *l, struct reflock *flock, const char *message, struct durable *d)
{
	struct err *e = NULL;
	struct oid now;
	size_t i, done = 0;

	vec_sort(l, by_order);
	for (i = 0; i < l->n && e == NULL; i++)
		e = write_one(r, &l->v[i], message, d);
	for (i = 0; e != NULL && i < l->n; i++) {
		const struct txn_ref *ref = l->v[i].ref;
		struct err *unread = tip_read(r, ref->name, &now);

		done += unread == NULL && is_moved(ref) && oid_eq(&now, &ref->new);
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
complete(struct repo *r, struct reflock *flock, const struct txn *undone)
{
	AUTO(durable_close) struct durable d = DURABLE_INIT;
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
	TRY(objsync_begin(r, &d));
	TRY(reflock_note(flock, r, undone, REFLOCK_COMPLETING));
	TRY(lock_all(r, &l));
	TRY(fill_all(r, &l, &d));
	TRY(reflock_note(flock, r, undone, REFLOCK_DECIDED));
	TRY(write_all(r, &l, flock, "complete what was cut short", &d));
	return objsync_end(r, &d, true);
}

static struct err *
take_turn(struct repo *r, struct reflock *flock)
{
	AUTO(txn_free) struct txn undone = {0};
	struct err *e;

	TRY(reflock_take(r, flock, &undone));
	if (undone.n == 0)
		return NULL;
	e = complete(r, flock, &undone);
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

	return reflock_noted(r) ? take_turn(r, &flock) : NULL;
}

struct err *
txn_commit(struct repo *r, const struct txn *t, const char *message)
{
	AUTO(reflock_release) struct reflock flock = REFLOCK_INIT;
	AUTO(durable_close) struct durable d = DURABLE_INIT;
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
	TRY(take_turn(r, &flock));
	TRY(compare_all(r, t));
	TRY(objsync_begin(r, &d));
	TRY(reflock_note(&flock, r, t, REFLOCK_LOCKING));
	TRY(lock_all(r, &l));
	for (i = 0; i < l.n; i++)
		TRY(verify(r, l.v[i].ref));
	TRY(fill_all(r, &l, &d));
	TRY(reflock_note(&flock, r, t, REFLOCK_DECIDED));
	TRY(write_all(r, &l, &flock, message, &d));
	/* Others need not wait for the disk: what they write goes there after this. */
	reflock_release(&flock);
	return objsync_end(r, &d, !t->lazy);
}

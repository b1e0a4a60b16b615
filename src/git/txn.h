/*
 * txn.h - all refs of one step move together or not at all.
 *
 *	struct txn t = {0};
 *	txn_add(&t, REF_STATE, &old_state, &new_state);
 *	txn_add(&t, lease_ref, &lease, &oid_zero);
 *	err = txn_commit(repo, &t, "run k3xq7abc: deliver");
 *
 * txn_commit() locks every ref (in name order, so two transactions never
 * wait for each other), compares every one with its expected id, and only
 * then writes: a stale or locked ref changes nothing.  The writes happen in
 * the order of txn_add().  A kill in between leaves a prefix of them until the
 * next transaction, or txn_settle(), writes the rest (reflock.h); when the
 * machine loses power the prefix may be all there is, so add first what a
 * restart can find again and last what ends the step (the lease).
 *
 * The list is plain data, so that it can also be written to a file with its
 * expected ids and applied elsewhere.
 */
#ifndef GIT_TXN_H
#define GIT_TXN_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

struct txn_ref {
	char *name;
	struct oid old;		/* zero: must not exist */
	struct oid new;		/* zero: delete; equal to old: only compare */
};

struct txn {
	VEC_FIELDS(struct txn_ref);
	/*
	 * Where the disk keeps order (git/durable.h), the next step takes this
	 * along: for what a power failure may undo while nothing follows from it.
	 */
	bool lazy;
};

/* Copies.  A name may be given once only. */
void txn_add(struct txn *t, const char *name, const struct oid *old, const struct oid *new);
void txn_free(struct txn *t);	/* also for AUTO */

/*
 * ERR_STALE naming the first ref that holds something else, ERR_LOCKED when
 * another process kept a lock, ERR_DENIED for a bad name.  On success all of
 * it is on disk (fsync) unless it is lazy.  't' is unchanged.
 */
struct err *txn_commit(struct repo *r, const struct txn *t, const char *message) MUST_USE;

/*
 * Complete a transaction that was cut short, if there is one.  For whoever
 * decides by what refs hold; without a cut it costs one look at a file.
 */
struct err *txn_settle(struct repo *r) MUST_USE;

#endif

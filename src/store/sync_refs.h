/*
 * sync_refs.h - pull requests and attempts on their way between this clone
 * and the remote: what follows what.  For sync.c.
 */
#ifndef STORE_SYNC_REFS_H
#define STORE_SYNC_REFS_H

#include "base/def.h"

struct err;
struct refs;
struct repo;
struct strs;
struct txn;
struct txn_ref;

/*
 * A pull request's ref is its history, so the side that holds the other's is
 * the newer one.  'seen' is what the remote has; 'push' gets what it lacks,
 * 'moves' what this clone lacks (either may be NULL).  Where both went on,
 * the remote's stays; where one number means two things, nothing moves.  Each
 * is remarked on ('remarks' may be NULL).
 */
struct err *sync_pulls(struct repo *r, const struct refs *seen, struct txn *push,
    struct txn *moves, struct strs *remarks) MUST_USE;

/* This clone's ref of that name comes to hold what the push put there. */
struct err *sync_follow(struct repo *r, const struct txn_ref *ref, struct txn *moves) MUST_USE;

/* Attempts of this clone that the remote does not have, but those it had. */
struct err *sync_attempts(struct repo *r, const struct refs *had, const struct refs *seen,
    struct txn *push) MUST_USE;

/*
 * Attempts that the remote had ('had': the mirrors before the fetch) and has
 * no more were cleaned away: ours go, too.
 */
struct err *sync_gone_attempts(struct repo *r, const struct refs *had, const struct refs *seen,
    struct txn *moves) MUST_USE;

#endif

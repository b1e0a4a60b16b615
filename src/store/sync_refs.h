/*
 * sync_refs.h - what sync.c and apply.c share: the remote of a state, and how
 * pull requests and attempts follow each other.
 */
#ifndef STORE_SYNC_REFS_H
#define STORE_SYNC_REFS_H

#include "base/def.h"

struct err;
struct refs;
struct remote;
struct repo;
struct state;
struct strs;
struct txn;
struct txn_ref;

/* The state's remote; Ctrl-C ends what it does.  ERR_CONFIG where there is none. */
struct err *sync_open(struct state *s, struct remote **out) MUST_USE;

/*
 * A pull request's ref is its history, so the side that holds the other's is
 * the newer one.  'seen' is what the remote has; 'push' gets what it lacks,
 * 'moves' what this clone lacks (either may be NULL).  Where both went on,
 * the remote's stays; where one number means two things, nothing moves.  Each
 * is remarked on ('remarks' may be NULL).
 */
struct err *sync_pulls(struct repo *r, const struct refs *seen, struct txn *push,
    struct txn *moves, struct strs *remarks) MUST_USE;

/* This clone's ref of that name comes to hold what the push put there; another pull request that only it has stays. */
struct err *sync_follow(struct repo *r, const struct txn_ref *ref, struct txn *moves) MUST_USE;

/* What was seen of the remote is brought to what a push has made of it; a ref that is not mirrored is none of ours. */
struct err *sync_mirror(struct repo *r, const struct txn_ref *ref, struct txn *moves) MUST_USE;

/* Attempts of this clone that the remote does not have, but those it had. */
struct err *sync_attempts(struct repo *r, const struct refs *had, const struct refs *seen,
    struct txn *push) MUST_USE;

/*
 * This node's announcement (nodes.h): a new one, and one that whoever made it
 * left behind, is worth a push of its own; that it beats goes along with what
 * is pushed anyway.
 */
struct err *sync_node(struct state *s, const struct refs *seen, struct txn *push) MUST_USE;

/*
 * Once that push is done: remember it, to take back what this clone said and
 * nothing else.  So too when it was done before, and this clone failed to.
 */
struct err *sync_announced(struct state *s, const struct refs *seen, const struct txn *push,
    struct txn *moves) MUST_USE;

/*
 * Attempts that the remote had ('had': the mirrors before the fetch) and has
 * no more were cleaned away: ours go, too.
 */
struct err *sync_gone_attempts(struct repo *r, const struct refs *had, const struct refs *seen,
    struct txn *moves) MUST_USE;

#endif

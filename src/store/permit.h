/*
 * permit.h - what a transaction that somebody else wrote to a file may move.
 *
 * A file may come from where no right to write is: the job that ran an agent,
 * a machine without the credential.  Whoever applies it decides by what the
 * repository itself says, never by the file.
 */
#ifndef STORE_PERMIT_H
#define STORE_PERMIT_H

#include "base/def.h"

struct err;
struct id;
struct oid;
struct refs;
struct repo;
struct state;
struct txn;

/*
 * The step that ends one run: its task is the one whose lease, as 'seen' has
 * it, that run holds.  It may make refs/factory/runs/<run> and
 * refs/factory/attempts/<run>, move a branch factory/<task>-..., and delete
 * that lease or replace it by the same run's ended one.  Each ref must be
 * where the file expects it, or already where it wants it.  ERR_DENIED naming what is not allowed,
 * ERR_STALE naming what moved meanwhile.
 */
struct err *permit_run(struct state *s, const struct id *run, const struct refs *seen,
    const struct txn *t) MUST_USE;

/*
 * What another clone's sync may send: state, notes and view move forward,
 * pull requests too, attempts are made.  Its writer is trusted as a clone is
 * that pushes by itself.
 */
struct err *permit_sync(struct state *s, const struct refs *seen, const struct txn *t) MUST_USE;

/*
 * What anyone may push to the factory's own refs of a repository: state and
 * notes move forward, and pull requests, which have a number; none of these is
 * deleted.  Leases, runs and attempts are named by an id, nodes by a name, and
 * come and go.  ERR_DENIED for all else below refs/factory/, and saying why;
 * other refs are none of its business.
 */
struct err *permit_push(struct repo *r, const char *name, const struct oid *old,
    const struct oid *new) MUST_USE;

#endif

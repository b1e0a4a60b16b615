/*
 * forward.h - what 'git merge --ff-only' does to a plain checkout, without
 * starting git: the same files, index, ORIG_HEAD, branch and reflogs.
 *
 * That is most checkouts, and the time of several other steps of a landing.
 * Whatever is not plain (plain.h, userindex.h), and every change that is more
 * than files added and rewritten which are as the index says, is git's.  Like
 * git it is a process of its own from the lock of the index on (outlive.h):
 * where we are killed it ends what it began.
 */
#ifndef GIT_CO_FORWARD_H
#define GIT_CO_FORWARD_H

#include "base/def.h"

struct err;
struct oid;
struct repo;

/*
 * Move the work tree of r, whose HEAD is on a branch, to the commit, whose
 * objects are on disk.  *done is false when nothing has changed and git is to
 * be asked.  ERR_CONFLICT when the branch moved meanwhile.
 */
struct err *forward_plain(struct repo *r, const struct oid *to, bool *done) MUST_USE;

#endif

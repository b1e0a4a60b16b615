/*
 * bundle.h - a transaction of refs in a file, for another process to apply.
 *
 * The file is a git bundle ('git bundle list-heads' reads it): the new
 * objects, and the refs as they are to be.  What git's format has no place
 * for, the expected old ids and deletions, is JSON in a blob that the bundle
 * carries as refs/factory/transaction:
 *
 *	{"version": 1, "run": "k3yzabcd", "refs": [{"name": ..., "old": ..., "new": ...}]}
 *
 * Who reads such a file trusts nothing in it: names and ids are checked for
 * form here, and for what they may move by the caller (store/permit.h).
 *
 * Facts: gitformat-bundle(5), version 2.
 */
#ifndef GIT_BUNDLE_H
#define GIT_BUNDLE_H

#include "base/def.h"
#include "git/oid.h"
#include "git/txn.h"

struct err;
struct repo;

#define BUNDLE_MAX (512 * MIB)		/* bytes of the file */
#define BUNDLE_REFS_MAX 10000

struct bundle {
	char *run;	/* whose step it says to be, "" for none */
	struct txn txn;
};

void bundle_free(struct bundle *b);	/* also for AUTO */

/*
 * Write the file, whole or not at all.  Objects that 'have' (n commits) and
 * the old ids lead to are left out: who applies it must have those commits.
 */
struct err *bundle_write(struct repo *r, const char *path, const char *run, const struct txn *t,
    const struct oid *have, size_t n) MUST_USE;

/*
 * Bring the file's objects into the repository, each checked as git fsck
 * does, and return what it wants moved.  Moves nothing.  ERR_SYNTAX for what
 * is no such file, ERR_REPOSITORY when commits that it builds on are not
 * here (fetch first), ERR_LIMIT.
 */
struct err *bundle_read(struct repo *r, const char *path, struct bundle *out) MUST_USE;

#endif

/*
 * loose.h - one ref as the file that git keeps it in: locked, written,
 * renamed, deleted, with its reflog.
 *
 * What git does with <ref>.lock, packed-refs and logs/<ref>
 * (gitrepository-layout(5), git-pack-refs(1), core.logAllRefUpdates in
 * git-config(1)), in single steps, so that all refs of a transaction share
 * one sync of the disk.  For txn.c only; refs that each worktree has for
 * itself are not written here.
 */
#ifndef GIT_LOOSE_H
#define GIT_LOOSE_H

#include "base/def.h"
#include "git/oid.h"

struct durable;
struct err;
struct repo;

struct loose {
	char *name;	/* of the ref */
	char *path;	/* of its file */
	char *lock;	/* of the lock file; NULL: not held */
};

/*
 * Take the lock.  ERR_LOCKED when it is held, ERR_STATE when another ref is
 * in the name's way, ERR_DENIED for a ref of one worktree.
 */
struct err *loose_lock(struct repo *r, const char *name, struct loose *l) MUST_USE;

/* Put the new id into the lock file, to be on disk with 'd'. */
struct err *loose_fill(struct loose *l, const struct oid *new, struct durable *d) MUST_USE;

/* The filled lock becomes the ref. */
struct err *loose_move(struct repo *r, struct loose *l, const struct oid *old, const struct oid *new,
    const char *message, struct durable *d) MUST_USE;

/* Delete the ref, packed or not, and its reflog. */
struct err *loose_delete(struct repo *r, struct loose *l, struct durable *d) MUST_USE;

/* Give the lock back. */
void loose_free(struct loose *l);	/* also for AUTO */

#endif

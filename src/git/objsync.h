/*
 * objsync.h - objects reach the disk before a ref that leads to them does.
 *
 * libgit2 can fsync each object and its folder as it is written: 14 times for
 * one change of the state tree.  Here they are written without, noted, and
 * synced together when txn_commit() or a push is about to rely on them; whoever
 * names them elsewhere (a journal, another program that moves a ref) flushes.  On ext4 and XFS, whose journals keep order, their data is written
 * out and one fsync of a new file commits them all (git's
 * core.fsyncMethod=batch, git-config(1)); elsewhere each file and folder is
 * fsynced.
 *
 * A failed sync is remembered: the kernel reports it once, so a second try
 * would be told that all is well.
 */
#ifndef GIT_OBJSYNC_H
#define GIT_OBJSYNC_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

struct objsync {
	VEC_FIELDS(struct oid);
	bool failed;
};

/* An object was written (or found to be there, perhaps not yet on disk). */
void objsync_note(struct repo *r, const struct oid *oid);

/* ERR_IO or ERR_DISK_FULL; what was noted is on disk otherwise. */
struct err *objsync_flush(struct repo *r) MUST_USE;

#endif

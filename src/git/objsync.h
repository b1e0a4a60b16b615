/*
 * objsync.h - objects reach the disk before a ref that leads to them does.
 *
 * libgit2 can fsync each object and its folder as it is written: 14 times for
 * one change of the state tree.  Here they are written without, noted, and
 * synced together (durable.h) when txn_commit() or a push is about to rely on
 * them; whoever names them elsewhere (a journal, another program that moves a
 * ref) flushes.
 *
 * A failed sync is remembered: the kernel reports it once, so a second try
 * would be told that all is well.
 */
#ifndef GIT_OBJSYNC_H
#define GIT_OBJSYNC_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"

struct durable;
struct err;
struct repo;

struct unsynced {
	struct oid oid;
	int fd;		/* of its file, or -1: to be opened */
};

struct objsync {
	VEC_FIELDS(struct unsynced);
	size_t open;	/* descriptors */
	bool failed;
};

/* An object was written into its own file: 'fd' is kept or closed. */
void objsync_wrote(struct repo *r, const struct oid *oid, int fd);

/* An object was written (or found to be there, perhaps not yet on disk). */
void objsync_note(struct repo *r, const struct oid *oid);

void objsync_free(struct objsync *s);

/* ERR_IO or ERR_DISK_FULL; what was noted is on disk otherwise. */
struct err *objsync_flush(struct repo *r) MUST_USE;

/*
 * The same, but where the fsync of one file commits the names of all (ext4,
 * XFS) only their data: what the caller names or syncs then comes after them.
 */
struct err *objsync_settle(struct repo *r) MUST_USE;

/*
 * The same in three parts, for who writes other files along with them: open
 * 'd' and start on the objects; wait for the data of all; commit (or, where
 * there is order, leave that to the next who does).  What was noted stays so
 * until the end.
 */
struct err *objsync_begin(struct repo *r, struct durable *d) MUST_USE;
struct err *objsync_written(struct repo *r, struct durable *d) MUST_USE;
struct err *objsync_end(struct repo *r, struct durable *d, bool commit) MUST_USE;

#endif

/*
 * reflock.h - one writer of refs at a time among the factory's own processes
 * on this machine, and the end of locks that a killed one left behind.
 *
 * A process that is killed between making "<ref>.lock" and renaming it leaves
 * a lock that blocks every later writer, git's own too.  So the factory's
 * writers hold flock(2) on $GIT_COMMON_DIR/factory/refs.lock, which dies with
 * the process, and note in that file which refs they are about to lock, and
 * then which lock files (by inode) they made.  Whoever gets the flock and
 * finds a note there knows that its writer died, and removes just those lock
 * files; where the writer did not get to noting the inode, the lock of a
 * noted ref that was made within a second of the note.  Others' locks stay.
 *
 * The flock serves order and repair only.  Whoever does not get it within
 * two seconds (a stopped process may hold it) goes on without: the locks of
 * the refs themselves keep every update safe.
 */
#ifndef GIT_REFLOCK_H
#define GIT_REFLOCK_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct repo;

struct reflock {
	int fd;		/* -1: not held */
};

#define REFLOCK_INIT {.fd = -1}

struct err *reflock_take(struct repo *r, struct reflock *l) MUST_USE;

/*
 * Note what is being locked ("packed-refs" too): once before the first lock
 * is made, and once, with 'made', when all are.
 */
struct err *reflock_note(struct reflock *l, struct repo *r, const struct strs *refs,
    bool made) MUST_USE;

void reflock_release(struct reflock *l);	/* also for AUTO */

#endif

/*
 * reflock.h - one writer of refs at a time among the factory's own processes
 * on this machine, and the end of what a killed one left undone.
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
 * The second note is written when every lock is held and every old id is
 * verified, and tells the ids too: from then on the step is decided.  Whoever
 * finds such a note writes the refs that its writer did not come to (those
 * that still hold their old id), so that a step is never left half done.
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
struct txn;

struct reflock {
	int fd;		/* -1: not held */
};

#define REFLOCK_INIT {.fd = -1}

/* 'undone' (may not be NULL) is given the moves of a step that was cut short. */
struct err *reflock_take(struct repo *r, struct reflock *l, struct txn *undone) MUST_USE;

/*
 * Note what is being locked ("packed-refs" too): once before the first lock
 * is made, and once when all are and nothing but writing is left.  Who
 * completes another's step says so before it locks: that is decided already,
 * and its locks are still to be made.
 */
enum reflock_phase {
	REFLOCK_LOCKING,
	REFLOCK_COMPLETING,
	REFLOCK_DECIDED
};
struct err *reflock_note(struct reflock *l, struct repo *r, const struct txn *t,
    enum reflock_phase phase) MUST_USE;

/* Forget the note, keep the flock. */
struct err *reflock_clear(struct reflock *l) MUST_USE;

void reflock_release(struct reflock *l);	/* also for AUTO */

/* Give it back, but leave the note: the next one is to complete the step. */
void reflock_leave(struct reflock *l);

/* Is there a note?  Costs one look at a file. */
bool reflock_noted(const struct repo *r);

#endif

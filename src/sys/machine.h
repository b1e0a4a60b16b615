/*
 * machine.h - this machine for one alone: what is timed is not disturbed by
 * what the factory itself runs.
 *
 * All of this user's factory processes on this machine take the same lock,
 * ~/.cache/git-factory/machine.HOST (XDG_CACHE_HOME): whoever runs a command
 * of a gate, of setup or of an agent's tool shares it, whoever takes times
 * holds it alone.  What an outside agent does on its own is not seen, nor are
 * other users and other programs: rounds that alternate (model/slowdown.h)
 * are what copes with those.
 *
 * Two files, so that somebody who waits to be alone is not passed by those
 * who share for ever: .door is held while waiting, and is gone through by
 * everybody.  Locks are flock(2): they end with their process.  They keep
 * times clean and nothing else, so who wants to share goes on without after
 * MACHINE_SHARE_MS (a stopped process may hold it), and where there is no
 * home to put the files.
 */
#ifndef SYS_MACHINE_H
#define SYS_MACHINE_H

#include "base/def.h"

struct err;

#define MACHINE_SHARE_MS (5 * 60 * 1000)

struct machine {
	int door, lock;		/* descriptors, -1: not held */
};

#define MACHINE_INIT {.door = -1, .lock = -1}

/* ERR_INTERRUPTED when cancel_fd (0: none) becomes readable. */
struct err *machine_share(int cancel_fd, struct machine *m) MUST_USE;

/*
 * ERR_TIMEOUT after wait_ms, ERR_NOT_FOUND where there is no place for the
 * files.  Nothing that shares may be started by this process while it holds
 * it: it would wait for itself.
 */
struct err *machine_alone(int64_t wait_ms, int cancel_fd, struct machine *m) MUST_USE;

void machine_leave(struct machine *m);	/* also for AUTO */

#endif

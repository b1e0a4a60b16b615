/*
 * pushlog.h - what is being pushed, on disk, so that a push which its remote
 * did by half is brought to its end.
 *
 * The git at the remote locks all refs of an atomic push, compares them, and
 * then renames one after the other: where it dies in between (the machine,
 * say), the first of them have moved and the others have not.  So whoever
 * pushes several refs notes them in $GIT_COMMON_DIR/factory/pushes/<id> and
 * forgets the note once the answer is known.  A note that nobody holds
 * (flock(2)) is of a process that died, or that never learned what came of
 * its push: remote_settle() looks what became of it.
 */
#ifndef GIT_PUSHLOG_H
#define GIT_PUSHLOG_H

#include "base/def.h"

struct err;
struct repo;
struct txn;

struct pushlog {
	int fd;		/* -1: nothing is noted */
	char *path;
};

#define PUSHLOG_INIT {.fd = -1}

/* A push of one ref cannot be done by half, and is not noted. */
struct err *pushlog_write(struct repo *r, const struct txn *t, struct pushlog *out) MUST_USE;

/* The next note that nobody holds, now held here, and what it says.  out->fd -1: there is none. */
struct err *pushlog_next(struct repo *r, struct pushlog *out, struct txn *t) MUST_USE;

void pushlog_forget(struct pushlog *l);
void pushlog_leave(struct pushlog *l);	/* for remote_settle(); also for AUTO */

#endif

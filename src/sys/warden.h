/*
 * warden.h - a child that kills what we started when we are killed ourselves.
 *
 * What we start dies with us by a signal that the kernel sends at a parent's
 * end.  bubblewrap hands that on to its inner processes only once they run: an
 * outer one that dies before leaves an inner one behind, which waits for ever
 * for its word, or takes our silence for it and runs the command.  So each
 * sandbox has a warden: a copy of this process that sleeps until its pipe
 * ends, which is when we are gone, and then kills the groups of all that it was
 * told of.  A child tells of itself before it becomes bubblewrap, so that there
 * is no moment at which nobody knows it.
 *
 * Facts: a signal to a group meets every process of it, also one that is being
 * forked; SIGKILL from outside ends a pid namespace's first process, and all
 * others in it with that one.
 *
 * Without bubblewrap there is no namespace that ends, and a daemon is not in
 * the group.  So there a copy of us stands between: whatever the program
 * started stays below it (kin.h), and ends with the program, and with us.  That
 * holds against neglect, not against a program that kills the copy first: it
 * has the same user.
 */
#ifndef SYS_WARDEN_H
#define SYS_WARDEN_H

#include <sys/types.h>

#include "base/def.h"

struct err;

struct warden {
	pid_t pid;
	int fd;		/* to tell it; close-on-exec; -1: there is none */
};

#define WARDEN_INIT {.pid = -1, .fd = -1}

struct err *warden_start(struct warden *out) MUST_USE;

/* Kill the group of 'pid', too, and 'pid' itself; at most four of them. */
struct err *warden_tell(const struct warden *w, pid_t pid) MUST_USE;

/*
 * In a child that is to stand between 'parent', which is who forked it, and
 * its own child: before that is made, and from then on.  It ends like that.
 * Linux only.
 */
bool warden_between_begin(void);
NORETURN void warden_between(pid_t child, pid_t parent);

/* All that it was told of has ended: it goes, and kills nothing.  Again is fine. */
void warden_end(struct warden *w);

#endif

/*
 * kin.h - a process and all that came from it.
 *
 * A process group loses whoever starts a session of its own, and a daemon
 * leaves its parent.  Who called kin_adopt() inherits those instead: whatever
 * its children started stays below it, however often it forked, until it ends
 * itself, and can be found and killed.  Signals go by process descriptor where
 * the kernel has them, so that a number given again hits no stranger.
 *
 * Facts: prctl(2) PR_SET_CHILD_SUBREAPER, proc(5) /proc/PID/stat.  Where there
 * is neither (not Linux), only direct children are known.
 */
#ifndef SYS_KIN_H
#define SYS_KIN_H

#include <sys/types.h>

#include "base/def.h"

/* Be the parent of every descendant that loses its own.  Survives exec. */
void kin_adopt(void);

/*
 * Stop, then kill everything below 'pid', then 'pid' itself; returns when
 * what was below is gone.  False when something would not die in 10 s (the
 * kernel holds it).  'pid' must be a child of ours that is not reaped yet.
 */
bool kin_kill(pid_t pid);

/*
 * Kill everything below this process but what stems from the n children in
 * 'keep', and reap what of it is ours.  Costs one system call when there is
 * no child at all.  False as above.
 */
bool kin_sweep(const pid_t *keep, size_t n);

/*
 * Reap the dead that came to us from others; children of our own are left to
 * who started them (proc.h gives each a group of its own, and no session).
 * Costs one system call when nobody is dead.
 */
void kin_reap(void);

#endif

/*
 * guard.h - the process that stays behind when the supervisor goes.
 *
 * A worker dies with its supervisor, but what a worker started and let go
 * would not: so the supervisor runs below a guard, which inherits whatever
 * loses its parent, and kills it all when the supervisor has ended, however it
 * ended.  The other way round, the supervisor's stdin ends with the guard, and
 * it does the same.  Either one may be killed with KILL; only both at once
 * could leave something behind, and then only what no sandbox held.
 *
 * The guard waits; signals are the supervisor's to answer.  It passes on each
 * one that it is sent.
 */
#ifndef PLANT_GUARD_H
#define PLANT_GUARD_H

#include "base/def.h"

struct err;

/*
 * Run argv (this program as the supervisor, see proc_self()) with our
 * environment, stdout and stderr, to its end.  *status is its exit status; what
 * signal killed it is an error: ERR_INTERRUPTED for those that people send,
 * else ERR_COMMAND.  Call it after sigs_open(), with no child of one's own.
 */
struct err *guard_run(const char *const argv[], int *status) MUST_USE;

/* For the supervisor: readable, with an end to read, when its guard is gone. */
#define GUARD_FD 0

#endif

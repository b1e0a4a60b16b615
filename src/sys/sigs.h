/*
 * sigs.h - Ctrl-C and its kin.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks: a flag is set and a descriptor
 * becomes readable, and whoever waits (sys/proc, wire/http) stops, cleans up
 * and returns ERR_INTERRUPTED.  The second one ends the process at once;
 * every child dies with it.  SIGPIPE is ignored, so a closed pipe is an error
 * of write().
 *
 * A signal handler has no context, so this is the one place with global
 * state; main() calls sigs_open() once.
 */
#ifndef SYS_SIGS_H
#define SYS_SIGS_H

#include <signal.h>

#include "base/def.h"

struct err;

struct err *sigs_open(void) MUST_USE;

/*
 * From here on the second signal and all that follow only ask, too: for a
 * process that must outlive its children to clean up behind them.  Each then
 * is a byte to be read from sigs_fd(), its number.
 */
void sigs_hold(void);

/* Restore what was before; for tests. */
void sigs_close(void);

/* 0, or the number of the first signal that came. */
const volatile sig_atomic_t *sigs_flag(void);

/* Readable from the first signal on; nobody reads it, unless held.  0 before sigs_open(). */
int sigs_fd(void);

/* ERR_INTERRUPTED when a signal came, else NULL: ask between two steps. */
struct err *sigs_check(void) MUST_USE;

#endif

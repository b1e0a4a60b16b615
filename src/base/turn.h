/*
 * turn.h - one process at a time: a lock file that dies with its holder.
 */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include <signal.h>

#include "base/def.h"

struct err;

/*
 * Wait for flock(2) on the file, which is made when missing and stays.  *fd is
 * the caller's to close, which gives the turn back.  ERR_TIMEOUT after
 * 'wait_ms', ERR_INTERRUPTED when *cancel (may be NULL) is set.
 */
struct err *turn_take(const char *path, int64_t wait_ms, const volatile sig_atomic_t *cancel,
    int *fd) MUST_USE;

#endif

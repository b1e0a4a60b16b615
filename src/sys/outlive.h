/*
 * outlive.h - a step that goes on to its end when this process is killed.
 *
 * fn(arg) runs in a child that has our memory and our descriptors, and a
 * process group of its own, while we sleep; so it costs no copy, and what it
 * returns, opens and allocates is ours.  A kill of this process leaves it
 * running: it ends what it began, and then itself.  For what must not be left
 * half done, takes milliseconds and waits for nobody.
 *
 * Signals wait meanwhile.  Where the child gives up (there is no memory), undo(arg)
 * is called, which allocates nothing, and this process ends with its status.
 * Where it is killed nobody knows what our memory holds: then we are, too.
 */
#ifndef SYS_OUTLIVE_H
#define SYS_OUTLIVE_H

#include "base/def.h"

struct err;

/* fn's error, or ERR_IO where no child can be had: then fn was not called. */
struct err *outlive_run(struct err *(*fn)(void *arg), void (*undo)(void *arg), void *arg) MUST_USE;

#endif

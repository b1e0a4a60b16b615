/*
 * aside.h - a second process of ours, for work that two cores can share.
 *
 * fn(arg) runs in a child while the caller goes on; aside_join() waits for it
 * and gives its error.  The child shares only open descriptors and MAP_SHARED
 * memory, dies with us, and may not wait for us.  Every start is joined.
 */
#ifndef SYS_ASIDE_H
#define SYS_ASIDE_H

#include <sys/types.h>

#include "base/def.h"

struct err;

struct aside {
	pid_t pid;
	int pipe;
};

struct err *aside_start(struct err *(*fn)(void *arg), void *arg, struct aside *out) MUST_USE;
struct err *aside_join(struct aside *a) MUST_USE;

#endif

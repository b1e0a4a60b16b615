/*
 * host.h - which machine this is, and whether a process of it still lives.
 *
 * A process is named by host, boot, id and start time, so that neither a
 * restart of the machine, nor a container with process ids of its own, nor a
 * number that was given again, makes a dead one look alive.
 */
#ifndef SYS_HOST_H
#define SYS_HOST_H

#include "base/def.h"

/* Its host name, "localhost" when it has none; free it. */
char *host_name(void) MUST_USE;

/* The boot and the space of process ids; "" where neither is known; free it. */
char *host_boot(void) MUST_USE;

/* Start of a process in the kernel's ticks since boot; 0 when unknown. */
int64_t host_started(int64_t pid);

/* Is it stopped by a signal, or by a debugger?  False when that cannot be told. */
bool host_stopped(int64_t pid);

/*
 * Proven dead: of this host, and an earlier boot or no such process any more.
 * False whenever that cannot be told from here.
 */
bool host_dead(const char *host, const char *boot, int64_t pid, int64_t started);

/*
 * Kill that process, and wait for its end.  True when it is gone; false, and
 * nothing was sent, unless it is that very process of this host.
 */
bool host_kill(const char *host, const char *boot, int64_t pid, int64_t started);

#endif

/*
 * meter.h - what a command takes: time on the wall, time of the processor,
 * memory.
 *
 * This very program stands between the sandbox and the command (git-factory
 * --meter COMMAND), so that making and leaving the sandbox, which takes as
 * long as a small benchmark, is not counted.  It tells on its stdout, which
 * the command does not get: what that prints goes to stderr.  The meter's
 * memory and descriptors are closed to the command (PR_SET_DUMPABLE), and
 * whatever else came through that pipe makes the reading invalid.
 *
 * Processor time is user and system time of the command and of all it
 * started, as far as they ended with it; what it left running is killed, and
 * counts up to there.  Memory is the largest resident set of any one of its
 * processes; one below that of the meter itself, a few MiB, cannot be told
 * from it (getrusage(2): the set before exec counts).
 */
#ifndef SYS_METER_H
#define SYS_METER_H

#include "base/def.h"
#include "base/str.h"

struct usage {
	int status;		/* as in proc.h */
	int64_t wall_ns;
	int64_t cpu_ns;
	int64_t peak_bytes;
};

/* Inside: run sh -c, tell, and return the meter's own exit status: 0. */
int meter_main(const char *command);

/* Outside: what it told; false for anything but exactly that. */
bool meter_read(struct str told, struct usage *out);

#endif

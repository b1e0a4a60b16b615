/*
 * pace.h - when the next request may be sent: the limits of a forge, kept by
 * all processes of a clone together.
 *
 * A file beside the clone holds when writes were made in the last hour, and
 * until when the forge wants to be left alone.  Times are of the monotonic
 * clock, which all processes of a boot share; another boot begins anew.  A
 * write holds the file's lock while it is under way, so writes are made one
 * after the other.  The lock of a process that dies is free.  Reads do not wait
 * for a write: a second file has those of the last minute.
 *
 * A forge counts by the token, not by the clone: each of so many nodes keeps to
 * its part of the limits.  What the others really wrote is not known here, so
 * one that joins late may still be refused, and waits then.
 */
#ifndef FORGE_PACE_H
#define FORGE_PACE_H

#include <signal.h>

#include "base/def.h"

struct clock;
struct err;
struct pace;

/* Of all nodes together. */
#define PACE_GAP_MS 1000	/* between the end of a write and the next one */
#define PACE_MINUTE 80		/* writes in any 60 s */
#define PACE_HOUR 500		/* in any hour, of a forge that is metered */
/*
 * Reads in any 60 s, of a forge that is metered: GitHub allows 900 points a
 * minute, one for a read and five for a write (docs.github.com, "Rate limits for
 * the REST API").  Those are left by the writes, less some that take longer.
 * GraphQL has 2,000 of its own, and is counted among these all the same.
 */
#define PACE_READS (900 - 5 * PACE_MINUTE - 20)
#define PACE_READS_LEAST 20	/* of one node, however many there are */
#define PACE_BACKOFF_MS 60000	/* the first wait where the forge names none */
#define PACE_BACKOFF_MAX_MS (15 * 60 * 1000)

struct pace_opts {
	const char *dir;	/* where the file is; NULL: this process is alone */
	const char *clock_file;	/* of tests: see rest.h; NULL: none */
	size_t nodes;		/* that share the limits; 0 and 1: this clone has them alone */
	bool metered;		/* the forge counts writes by the hour and reads by the minute, too, as GitHub does */
	const struct clock *clock;	/* NULL: the system's */
	void (*sleep_ms)(void *arg, int64_t ms);	/* NULL: really */
	void *sleep_arg;
	const volatile sig_atomic_t *cancel;	/* may be NULL */
};

struct pace *pace_open(const struct pace_opts *o) MUST_USE;
void pace_close(struct pace *p);	/* NULL is fine */

int64_t pace_now_ms(const struct pace *p);	/* monotonic */
int64_t pace_wall_s(const struct pace *p);

/* ERR_INTERRUPTED. */
struct err *pace_sleep(struct pace *p, int64_t ms) MUST_USE;

/*
 * Wait until a request may be sent; a write then holds the lock until
 * pace_leave().  *left (milliseconds) is what may be waited, less what was.
 * ERR_RATE_LIMIT with the time to wait where that is not enough.
 */
struct err *pace_enter(struct pace *p, bool write, int64_t *left) MUST_USE;
void pace_leave(struct pace *p);	/* fine when nothing is held */

/* The forge wants to be left alone for so long from now on. */
void pace_hold(struct pace *p, int64_t ms);

/*
 * How long after the n-th refusal in a row (from 0): what the forge named
 * (seconds; -1: nothing), else doubling from a minute; and jitter on top, of
 * at most a tenth, and at most ten seconds.
 */
int64_t pace_wait_ms(int64_t named, unsigned n);

#endif

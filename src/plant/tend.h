/*
 * tend.h - keep a few children alive that serve for as long as we do.
 *
 * One that ends is started again: at once if it lived for a minute, else after
 * a wait that doubles from a second to a minute.  SIGHUP ends and starts each
 * of them (so they read their configuration anew) while what they were handed,
 * a listening socket, stays open here.  SIGTERM and SIGINT end them with TERM;
 * a second signal, or the end of the time that they are given, with KILL.
 * Like all of the supervisor's it reads nothing that a child says.
 */
#ifndef PLANT_TEND_H
#define PLANT_TEND_H

#include "base/def.h"

struct err;

struct tend_child {
	const char *name;		/* for messages */
	const char *const *argv;
	const char *const *env;		/* complete */
	const int *keep_fds;		/* ended by -1, or NULL */
};

enum tend_what {
	TEND_ENDED,	/* status; started again after wait_ms */
	TEND_AGAIN,	/* a SIGHUP came */
	TEND_STOP	/* a signal came, and all are to end */
};

struct tend_opts {
	const struct tend_child *children;
	size_t n;
	int64_t goodbye_ms;		/* between TERM and KILL */
	void (*on_event)(void *arg, enum tend_what what, const char *name, int status, int64_t wait_ms);
	void *arg;
};

/* Until a signal: ERR_INTERRUPTED.  ERR_COMMAND when one cannot be started at all. */
struct err *tend(const struct tend_opts *o) MUST_USE;

#endif

/*
 * retry.h - how a run ends that is not delivered: it waits and goes on, or
 * another attempt is queued, or a person is asked.
 *
 * The classes and their policies are model/failure.h; policy's retry.<class>
 * changes them.
 */
#ifndef LINE_RETRY_H
#define LINE_RETRY_H

#include "base/def.h"
#include "model/failure.h"

struct config;
struct err;
struct task;
struct walk;
struct work;

/* The names below 'retry' are classes: ERR_CONFIG naming the nearest. */
struct err *retry_check(const struct config *c) MUST_USE;

/* The class's policy with what the configuration changes; borrows its strings. */
struct failure_policy retry_policy(const struct config *c, enum failure f);

/*
 * What the next attempt is given because of the failures before it: how long
 * it may take, in seconds, and who makes it ("": as configured).
 */
int64_t retry_timeout(const struct config *c, const struct task *t);
const char *retry_agent(const struct config *c, const struct task *t);

/* Where the work stopped. */
enum retry_phase {
	RETRY_STAFF,	/* before the agent began */
	RETRY_WORK,
	RETRY_DELIVER
};

/*
 * End the run, or let it wait.  'e' is why, and is taken; NULL when the agent
 * or the gates are ('r' says).  NULL: the run has ended, and its record says
 * as what.  An error: it waits, its journal stays, and the task says until
 * when; or nothing of it is the task's fault, and nothing was written.
 */
struct err *retry_end(struct walk *w, struct work *r, enum retry_phase phase, struct err *e) MUST_USE;

#endif

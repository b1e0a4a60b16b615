/*
 * plan.h - which tasks a set of machines may begin now, and the claims for
 * them, made by one process that may push for others that may not.
 *
 * The others run what they were given with line_opts.claimed.  Nobody beats
 * for such a claim: it lasts for the run's own time and 'slack' more.
 */
#ifndef LINE_PLAN_H
#define LINE_PLAN_H

#include "base/def.h"
#include "base/id.h"

struct err;
struct state;

struct planned {
	struct id task, run;	/* run "" when nothing was claimed */
	int64_t attempt;
	int64_t seconds;	/* that the run may take */
	const char *title;	/* people's, so untrusted; lives for the call */
};

struct plan_opts {
	struct state *state;
	size_t max;
	bool claim;		/* needs a remote: ERR_CONFIG */
	int64_t slack;		/* seconds that a machine may take until it begins */
	const char *job;	/* the CI's run that claims are for, "github:owner/name#123"; NULL */
	const struct id *only;	/* this task and no other; NULL: the most urgent */
	void (*on_planned)(void *arg, const struct planned *p);
	void (*on_remark)(void *arg, const char *text);
	void *arg;
};

/*
 * With a remote, what it holds is known first.  A task that somebody else
 * claims meanwhile is passed over.  ERR_STATE for an 'only' that cannot run.
 */
struct err *plan(const struct plan_opts *o) MUST_USE;

#endif

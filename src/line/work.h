/*
 * work.h - generate, prove, tell what failed, change: until the gates pass or
 * the iterations are used up.
 */
#ifndef LINE_WORK_H
#define LINE_WORK_H

#include "base/def.h"
#include "line/prove.h"

struct err;
struct walk;

struct work {
	struct proof proof;	/* the last one */
	bool proven;
	char *question;		/* what stands in the way, when it is not proven */
	struct err *why;	/* the error that ended it; NULL: the agent, or the iterations */
};

void work_free(struct work *r);	/* also for AUTO */

/*
 * The agent's turns and their proofs.  An error ends the work where it is:
 * the files so far are agent_tree()'s.
 */
struct err *work_through(struct walk *w, struct work *r) MUST_USE;

#endif

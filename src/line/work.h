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

enum work_end {
	WORK_GATES,	/* the iterations are used up, and the gates not passed */
	WORK_GAVE_UP,	/* the agent says that a person must decide */
	WORK_BROKE,	/* the agent's program failed */
	WORK_DIED	/* the run's process died at the same step again and again */
};

struct work {
	struct proof proof;	/* the last one */
	bool proven;
	enum work_end end;	/* why it is not proven, when no error says */
	char *question;		/* what stands in the way then */
};

void work_free(struct work *r);	/* also for AUTO */

/*
 * The agent's turns and their proofs.  An error ends the work where it is:
 * the files so far are agent_tree()'s.
 */
struct err *work_through(struct walk *w, struct work *r) MUST_USE;

#endif

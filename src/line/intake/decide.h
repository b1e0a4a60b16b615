/*
 * decide.h - what the orders on an issue make of its task.
 */
#ifndef LINE_INTAKE_DECIDE_H
#define LINE_INTAKE_DECIDE_H

#include "base/buf.h"
#include "base/def.h"
#include "line/intake/intake.h"

struct look;
struct task;

#define LABEL_HIDDEN "hidden-text"	/* put on a task from whose text something hidden was taken */

struct decision {
	enum intake_did did;
	struct buf why;		/* one line */
	struct buf ask;		/* what a person must say first, Markdown of ours; empty for nothing */
};

#define DECISION_INIT {.why = BUF_INIT(4 * KIB), .ask = BUF_INIT(4 * KIB)}
void decision_free(struct decision *d);	/* also for AUTO */

/*
 * Follow the orders that the task has not heard yet.  't' is changed; one
 * without a title is none yet, and stays without where none is to be filed.
 * A function of its arguments: it may be called again on what the task has
 * become meanwhile.
 */
void decide(const struct look *l, struct task *t, struct decision *out);

#endif

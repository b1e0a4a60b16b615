/*
 * intake.h - from issues of a forge to tasks, and back: one comment on each.
 *
 * An issue becomes one task (its id follows from the issue), when somebody who
 * may write to the project asks for it: by putting the trigger label
 * (forge.label) on it, by assigning it to the factory's user, or by a comment
 * whose first line is "/factory run".  Whether they may is asked of the forge
 * then and there; bots only by name (forge.bots).  What is worked on is the
 * text as it was asked for: it is in the task from then on, with its hash; a
 * text that was edited later halts a task that has not started.  Where the
 * forge cannot prove that the text is the one that was asked for, the factory
 * asks for "/factory run HASH".
 *
 * All of it is a function of what the forge says now: a killed, repeated or
 * late look changes nothing that the last one did not.
 *
 *	AUTO(intake_close_p) struct intake *in = NULL;
 *
 *	TRY(intake_open(&opts, &in));
 *	TRY(intake_sweep(in));
 */
#ifndef LINE_INTAKE_INTAKE_H
#define LINE_INTAKE_INTAKE_H

#include "base/def.h"
#include "base/id.h"

struct config;
struct err;
struct forge;
struct hook_event;
struct intake;
struct state;

enum intake_did {
	INTAKE_NOTHING,		/* nothing was asked for, or nothing new */
	INTAKE_FILED,		/* a new task */
	INTAKE_AGAIN,		/* a task that was there goes on, with a text that may be new */
	INTAKE_HELD,		/* it may not go on */
	INTAKE_ASKED,		/* the factory needs a word before */
	INTAKE_REFUSED		/* somebody asked who may not */
};

const char *intake_did_word(enum intake_did did);	/* "filed" */

/* What became of one issue; lives for the call. */
struct intake_said {
	int64_t issue;		/* 0: of the event as a whole */
	const char *task;	/* its id, "" while there is none */
	enum intake_did did;
	const char *why;	/* one line that is safe to print */
	bool told;		/* the comment was written or changed */
};

/* All borrowed for as long as the intake is open. */
struct intake_opts {
	struct state *state;
	struct forge *forge;
	const struct config *config;
	bool dry;		/* decide and write nothing */
	void (*on_said)(void *arg, const struct intake_said *said);	/* or NULL */
	void *arg;
};

struct err *intake_open(const struct intake_opts *o, struct intake **out) MUST_USE;
void intake_close(struct intake *in);	/* NULL is fine */
void intake_close_p(struct intake **in);	/* for AUTO */

/* One issue, as the forge has it now.  ERR_NOT_FOUND. */
struct err *intake_issue(struct intake *in, int64_t number) MUST_USE;

/*
 * What events hint at, each issue once.  Events of pull requests, pushes and
 * checks are not for here, and passed over.
 */
struct err *intake_events(struct intake *in, const struct hook_event *v, size_t n) MUST_USE;

#endif

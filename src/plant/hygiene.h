/*
 * hygiene.h - what runs leave behind that nobody needs any more.
 *
 * Deterministic code: no model is asked.  Swept are
 *	runs		of this host, over twice their estimate and over their own
 *			deadline: the process is ended, the attempt is a timeout
 *	leases		whose holder is proven dead: the task goes on
 *	workspaces	slots and setup layers that no run uses
 *	attempts	refs/factory/attempts/<run> over keep.attempts
 *	transcripts	a run's journal and transcript over keep.transcripts
 *	files		what a killed process was writing, or left in the folder
 *			for temporary files
 *
 * Branches, work trees, stashes and all else that is a person's are not looked
 * at.  A ref is deleted only while it is what was seen, and a folder in use is
 * locked: this is safe beside runs, beside itself, and beside 'git gc'.
 */
#ifndef PLANT_HYGIENE_H
#define PLANT_HYGIENE_H

#include "base/def.h"

struct config;
struct err;
struct queue;
struct state;

enum hygiene_kind {
	HYGIENE_RUN, HYGIENE_LEASE, HYGIENE_WORKSPACE, HYGIENE_ATTEMPT, HYGIENE_TRANSCRIPT,
	HYGIENE_FILE
};

const char *hygiene_word(enum hygiene_kind kind);	/* "run" */

struct hygiene_item {
	enum hygiene_kind kind;
	const char *name;	/* a run's id, a task's for a lease, a path for a workspace */
	const char *task;	/* its id, "" for none */
	bool swept;		/* or would be; else it is kept */
	const char *why;	/* one line, lower case */
};

typedef void hygiene_fn(void *arg, const struct hygiene_item *item);

struct hygiene_opts {
	struct queue *queue;
	const struct config *config;	/* keep.*, limits.* */
	bool dry;			/* only tell: nothing changes */
	hygiene_fn *fn;			/* told of each item, kept ones too */
	void *arg;
	struct err **failed;		/* hygiene_sweep()'s own */
};

/*
 * What cannot be swept is told as kept, with the reason, and the rest goes
 * on.  That something moved meanwhile, or is in use, is no error; any other
 * that was met first is returned at the end.
 */
struct err *hygiene_sweep(const struct hygiene_opts *o) MUST_USE;

/* ---- for plant/leftovers.c ---- */

void hygiene_tell(const struct hygiene_opts *o, enum hygiene_kind kind, const char *name, const char *task,
    bool swept, const char *fmt, ...) PRINTF(6, 7);

/* Swept, for this reason; with an error, which it takes, kept. */
void hygiene_done(const struct hygiene_opts *o, enum hygiene_kind kind, const char *name, const char *task,
    struct err *e, const char *why);

/* Files of runs and workspaces on this machine. */
struct err *leftovers_sweep(const struct hygiene_opts *o) MUST_USE;

#endif

/*
 * deliver.h - how a run ends: a pull request, or a question to a person.
 *
 * The factory itself makes the commit: configured identity, trailers for task
 * and run, sign-off only from the config.  Branch, pull request, attempt, run
 * record, the task's state and the end of the lease move in one transaction.
 */
#ifndef LINE_DELIVER_H
#define LINE_DELIVER_H

#include "base/def.h"
#include "model/run.h"

struct err;
struct oid;
struct proof;
struct walk;

/*
 * Both take the proof's verdicts into the record.
 *
 * Open or reuse the task's pull request with this tree.  An unchanged one is
 * not written again.  ERR_CONFLICT when somebody else committed to the
 * branch, ERR_STATE when a person closed the pull request, ERR_SECRET when
 * the change holds a secret that this process knows: nothing has moved then.
 */
struct err *deliver(struct walk *w, const struct oid *tree, struct proof *proof) MUST_USE;

/* What is said of a run that ends without a pull request; all borrowed. */
struct ending_words {
	enum run_outcome outcome;	/* RUN_FAILED: queued again; RUN_ESCALATED: a person is asked */
	const char *class;		/* of the failure */
	const struct err *why;		/* NULL: the agent, or the gates */
	const char *message;		/* one line, why */
	const char *question;		/* to a person, "" */
	const char *next;		/* what happens next, one line */
	int64_t retry_at;
};

/*
 * End without a pull request: what was tried is kept as an attempt, unless it
 * holds a secret that this process knows, and the task says what happens next.
 */
struct err *give_up(struct walk *w, const struct oid *tree, struct proof *proof,
    const struct ending_words *words) MUST_USE;

/*
 * When the run ended, into its record, as a step of the journal: all that is
 * written from here on is a function of it, so a restart writes the same
 * objects.
 */
struct err *end_time(struct walk *w) MUST_USE;

#endif

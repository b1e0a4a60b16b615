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

/*
 * End without a pull request: what was tried is kept as an attempt, and the
 * task says what a person must decide.  'why' may be NULL (the agent gave up).
 */
struct err *escalate(struct walk *w, const struct oid *tree, struct proof *proof,
    const struct err *why, const char *question) MUST_USE;

#endif

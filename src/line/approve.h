/*
 * approve.h - who approved a change, on record: lines in the notes of the
 * commit that was approved.
 *
 * An approval is of one head's tree and patch id: a push that alters either
 * voids it, and so does a dismissal of the same time or later.  It counts when
 * the gate names who gave it, when that is not who committed the change (nor
 * the factory's own identity), and, once the base's policy names keys
 * (evidence.keys), when it is signed by a key of that person.  Without keys it
 * is worth as much as the word of everybody who may push.
 */
#ifndef LINE_APPROVE_H
#define LINE_APPROVE_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"
#include "line/run.h"

struct conf_gate;
struct config;
struct err;
struct policy;
struct repo;

/* What is to be approved.  The policy is borrowed. */
struct approving {
	struct repo *repo;
	const struct config *config;	/* of the base */
	struct oid head, tree, patch;
	int64_t pull;			/* 0: of whatever pull request */
	struct strs makers;		/* e-mail addresses of who committed it */
};

/* Does any gate that blocks ask people?  Without one nothing need be opened. */
bool approvals_asked(const struct config *base) MUST_USE;

struct err *approving_open(struct repo *r, const struct policy *base, const struct oid *head,
    int64_t pull, struct approving *out) MUST_USE;
void approving_free(struct approving *a);	/* also for AUTO */

/*
 * The one place that lists approvals: whose count for the gate, each once, as
 * policy spells them; appended.
 */
struct err *approvals_of(const struct approving *a, const struct conf_gate *gate,
    struct strs *by) MUST_USE;

/*
 * NULL when every gate that people answer has enough approvals; else ERR_STATE
 * naming one, and who can lift it.
 */
struct err *approvals_suffice(const struct approving *a) MUST_USE;

struct approve_opts {
	const struct line_opts *line;
	const char *gate;	/* NULL: each that names the user */
	bool dismiss;
};

/*
 * Put the user's word (git's user.email) on record for an open pull request;
 * 'gates' is what it was given for.  ERR_STATE when no gate asks people or it
 * is not open, ERR_NOT_FOUND, ERR_DENIED for whom policy does not name or who
 * committed the change, ERR_CONFIG without the key that policy asks for.
 */
struct err *approve_pull(const struct approve_opts *o, int64_t number, struct strs *gates) MUST_USE;

#endif

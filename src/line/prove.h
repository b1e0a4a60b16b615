/*
 * prove.h - is this change good enough: the gates on its merge result with
 * the base as it is now.
 */
#ifndef LINE_PROVE_H
#define LINE_PROVE_H

#include "base/def.h"
#include "git/oid.h"
#include "model/verdict.h"

struct err;
struct walk;

struct proof {
	struct oid base;	/* the base's tip that it was merged with */
	struct oid merged;	/* the tree that was judged */
	struct verdicts verdicts;
	bool passed;
	char *evidence;		/* for the next attempt; NULL when it passed */
};

void proof_free(struct proof *p);	/* also for AUTO */

/*
 * A step of the journal.  'full': everything, as delivery needs it; else the
 * fast form.  ERR_CONFLICT when the change cannot be merged with the base.
 */
struct err *prove(struct walk *w, const struct oid *tree, bool full, struct proof *out) MUST_USE;

#endif

/*
 * verify.h - what proves a commit: for each gate that its base's policy
 * demands, the evidence that fits the tree and may be believed, and what else
 * is there and why it does not count.
 *
 * Fitting is a matter of content: the same tree seen on another commit, after
 * a squash or a rebase say, is as good.  Evidence of the same change (by its
 * patch id) on another tree is told apart, and does not count.
 */
#ifndef LINE_VERIFY_H
#define LINE_VERIFY_H

#include "base/arena.h"
#include "base/def.h"
#include "base/vec.h"
#include "line/check.h"

struct err;

/* A line of the notes that speaks of a gate and does not prove it.  Never NULL. */
struct verify_other {
	const char *gate;
	const char *verdict;	/* "pass" */
	int64_t time;
	const char *node;
	const char *commit;	/* whose note it is, hex */
	const char *why;	/* it does not count */
};

struct verify {
	struct arena mem;
	struct check check;	/* what is known; nothing was run */
	struct check again;	/* with rerun: what the gates say now */
	bool landed;		/* part of the base branch: judged on its own parent */
	bool reran;
	struct { VEC_FIELDS(struct verify_other); } others;
};

/* Is the gate proven: it passed by evidence that counts, or by having been run again? */
bool verify_proven(const struct verify *v, size_t gate);
/* What running it again said; NULL when it was not. */
const struct verdict *verify_again(const struct verify *v, size_t gate);
/* Every gate that blocks is proven, and none says otherwise when it runs again. */
bool verify_holds(const struct verify *v);

/*
 * A commit of the base branch is judged on its first parent, any other on the
 * base as check_rev() finds it.  'o' says which gates; with 'rerun' they are
 * run, too.  Errors as of check_rev().
 */
struct err *verify_rev(const struct check_opts *o, const char *rev, bool rerun,
    struct verify *out) MUST_USE;
void verify_free(struct verify *v);	/* also for AUTO */

#endif

/*
 * check.h - a revision that somebody has, against the gates: what a run would
 * be told about it, without any agent.
 */
#ifndef LINE_CHECK_H
#define LINE_CHECK_H

#include "base/clock.h"
#include "base/def.h"
#include "git/oid.h"
#include "line/run.h"
#include "model/verdict.h"

struct err;
struct repo;

struct check_opts {
	struct repo *repo;
	const struct clock *clock;
	const struct line_opts *line;	/* cancel_fd and events */
	struct oid base;	/* commit that it is to be merged with; zero: the base branch's tip */
	bool fast;		/* only what runs while iterating */
	bool person;		/* the built-in gates tell and do not block */
};

struct check {
	struct oid commit, base;
	struct oid tree;	/* of the merge: what was judged */
	char *sandbox;		/* as in a run's record */
	struct verdicts verdicts;
	bool passed;
};

/*
 * ERR_CONFLICT naming the paths when the revision does not merge with the
 * base, ERR_CONFIG when policy has no gates (and does not say 'gates: none'),
 * ERR_UNTRUSTED, ERR_SANDBOX.  That gates failed is a result.
 */
struct err *check_commit(const struct check_opts *o, const struct oid *commit,
    struct check *out) MUST_USE;
void check_free(struct check *c);	/* also for AUTO */

/* The base branch's full ref name and tip. */
struct err *check_base(struct repo *r, char **branch, struct oid *tip) MUST_USE;

#endif

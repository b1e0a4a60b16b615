/*
 * land.h - a pull request of this repository onto its base branch.
 *
 * What lands is what was tested: the merge result with the base as it is now
 * must be the tree that passed the gates, else the gates run again on it, and
 * the landed commit's tree is compared once more after the ref has moved.  A
 * work tree that has the base checked out follows as 'git merge --ff-only'
 * would: not at all when it has changes of its own in the way.
 */
#ifndef LINE_LAND_LAND_H
#define LINE_LAND_LAND_H

#include "base/def.h"
#include "conf/config.h"
#include "git/oid.h"
#include "line/run.h"

struct err;
struct policy;
struct pull;
struct strs;
struct verdicts;

/* What is ready to land; borrowed. */
struct land_ready {
	const struct pull *pull;
	const struct policy *base;	/* of the base as it was looked at */
	struct oid head;		/* of the branch */
	struct oid tree;		/* of their merge: it passed the gates */
	const char *message;		/* for the commit: subject, empty line, the rest */
	enum merge_method method;
	bool keep_branch;
	const struct verdicts *verdicts;	/* of the gates; empty: known before */
	bool overridden;		/* a person lands it in spite of some */
};

/*
 * Who moves the base where that is not ours to do: a forge.  'fetch' brings
 * both branches to REMOTE_HEADS; 'merge' has it done and says as what commit,
 * which is in this repository then.  ERR_STALE: all is looked at anew.
 */
struct land_way {
	void *arg;
	struct err *(*fetch)(void *arg, const struct pull *p);
	struct err *(*merge)(void *arg, const struct land_ready *ready, struct oid *commit);
	bool more;	/* something is left to do there: the record says so by 'pushed' */
};

struct land_opts {
	const struct line_opts *line;
	enum merge_method method;
	bool keep_branch;	/* do not delete the branch after landing */
	int64_t until_ms;	/* on clock_mono(): the gates must have ended; 0: when they like */
	int *proving;	/* next_prove()'s turn: given back when it is known what the base is to be; or NULL */
	bool protected_paths;	/* a person allowed that protected paths change */
	const struct strs *override;	/* gates that a person overrides, by name; NULL: none */
	const char *reason;	/* why, one line */
	bool alone;		/* no person asked for it: what one should look at stops it */
	const struct land_way *way;	/* NULL: this process moves the base itself */
};

/*
 * ERR_STATE when it is not open, when landing is frozen (pulls/freeze.h), when
 * it changes protected paths and nobody allowed that, or waits for people's approval, or 'alone' holds what a person is to
 * see (the message names it);
 * ERR_GATES_FAILED; ERR_DENIED for an override that policy does not grant;
 * ERR_CONFLICT with the base,
 * or when somebody committed to the branch after it was delivered, or a dirty
 * checkout is in the way.
 */
struct err *land_pull(const struct land_opts *o, int64_t number, struct oid *landed) MUST_USE;

/*
 * It landed by somebody's hand as this commit, which is in this repository:
 * put that on record, and let this clone's base follow.
 */
struct err *land_note(const struct land_opts *o, int64_t number, const struct oid *commit,
    const char *by) MUST_USE;

#endif

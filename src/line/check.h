/*
 * check.h - a revision that somebody has, against the gates: what a run would
 * be told about it, without any agent.
 */
#ifndef LINE_CHECK_H
#define LINE_CHECK_H

#include "base/clock.h"
#include "base/def.h"
#include "gate/gate.h"
#include "git/oid.h"
#include "line/run.h"
#include "model/verdict.h"

struct err;
struct repo;
struct strs;

struct check_opts {
	struct repo *repo;
	const struct clock *clock;
	const struct line_opts *line;	/* cancel_fd and events */
	const char *base;	/* revision that it is to be merged with; NULL: base_find()'s */
	const struct strs *only;	/* names of gates; NULL: all */
	bool fast;		/* only what runs while iterating */
	bool person;		/* the built-in gates tell and do not block */
	bool quick;		/* of commands only those that 'fast' names */
	enum gate_memory memory;	/* what is known: see gates_opts */
	bool word;		/* likewise */
	bool note;		/* what was found out goes into the commit's note */
};

struct check {
	struct oid commit, base;
	char *base_ref;		/* what names the base: a full ref name, or a revision */
	char *rev;		/* the revision as it was given */
	char *base_given;	/* likewise; NULL when it was found */
	bool fast, person, quick;	/* as in the options */
	bool index;		/* it was the index, so there is no commit */
	bool bare_policy;	/* the base has no policy file: only the built-in gates ran */
	bool unchanged;		/* the merge is the base's tree: there was no change to judge */
	struct oid tree;	/* of the merge: what was judged */
	char *sandbox;		/* as in a run's record */
	struct verdicts verdicts;
	bool passed;
};

/*
 * ERR_CONFLICT naming the paths when the revision does not merge with the
 * base, ERR_CONFIG when there is a policy file without gates (that does not
 * say 'gates: none'), ERR_NOT_FOUND for the revision, the base or a gate's
 * name, ERR_UNTRUSTED, ERR_SANDBOX.  That gates failed is a result.
 */
struct err *check_rev(const struct check_opts *o, const char *rev, struct check *out) MUST_USE;

/*
 * The same of what is in the index, against HEAD and by HEAD's policy; 'file'
 * as in staged_tree().  ERR_REPOSITORY when there is no commit yet.
 */
struct err *check_index(const struct check_opts *o, const char *file, struct check *out) MUST_USE;
void check_free(struct check *c);	/* also for AUTO */

#endif

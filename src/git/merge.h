/*
 * merge.h - merging in memory: no index, no checkout, no ref is touched.
 */
#ifndef GIT_MERGE_H
#define GIT_MERGE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

struct merge_conflict {
	char *path;
	unsigned base_mode, our_mode, their_mode;	/* 0: not there on that side */
	struct oid base, ours, theirs;
};

struct merge {
	struct oid tree;	/* of a clean merge; zero with conflicts */
	VEC_FIELDS(struct merge_conflict);
};

void merge_free(struct merge *m);	/* also for AUTO */

/*
 * Three trees; 'base' may be zero (empty).  Conflicts are a result, not an
 * error: m->n says how many.
 */
struct err *merge_trees(struct repo *r, const struct oid *base, const struct oid *ours,
    const struct oid *theirs, struct merge *out) MUST_USE;

/* Two commits; finds the base itself.  ERR_CONFLICT for unrelated histories. */
struct err *merge_commits(struct repo *r, const struct oid *ours, const struct oid *theirs,
    struct merge *out) MUST_USE;

/*
 * Three versions of a text, line by line.  *clean is false when both sides
 * changed the same lines; out then has git's conflict markers, labelled
 * "ours" and "theirs".
 */
struct err *merge_text(struct str base, struct str ours, struct str theirs,
    struct buf *out, bool *clean) MUST_USE;

#endif

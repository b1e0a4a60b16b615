/*
 * diff.h - what changed between two trees.  A renamed file is one deleted
 * and one added: no guess is part of a record.
 */
#ifndef GIT_DIFF_H
#define GIT_DIFF_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct git_diff;
struct repo;

struct diff_file {
	char status;		/* 'A' added, 'D' deleted, 'M' modified, 'T' type changed */
	char *path;
	unsigned old_mode, new_mode;	/* 0 where there is none */
	struct oid old_oid, new_oid;
	bool binary;
	size_t added, deleted;	/* lines; 0 for binary files */
};

struct diff {
	VEC_FIELDS(struct diff_file);
	size_t added, deleted;	/* sums */
};

/*
 * Sorted by path.  Either tree may be zero (empty).  With 'count' lines are
 * counted and 'binary' is set, which reads every changed file; without it
 * only trees are read.
 */
struct err *diff_trees(struct repo *r, const struct oid *old, const struct oid *new,
    bool count, struct diff *out) MUST_USE;
struct err *diff_tree_names(struct repo *r, const struct oid *old, const struct oid *new,
    struct diff *out) MUST_USE;	/* diff_trees() without count; skips equal folders */
void diff_free(struct diff *d);		/* also for AUTO */

/*
 * Append the unified patch, as git diff writes it, of the paths given (NULL:
 * all).  Stops at the buffer's ceiling and sets *cut; what is there ends with
 * a whole line.
 */
struct err *diff_patch(struct repo *r, const struct oid *old, const struct oid *new,
    const struct strs *paths, struct buf *out, bool *cut) MUST_USE;

/* A number for the change itself, the same after a rebase (git patch-id --stable). */
struct err *diff_patch_id(struct repo *r, const struct oid *old, const struct oid *new,
    struct oid *out) MUST_USE;

/*
 * libgit2's diff, of just the paths that differ (it opens every folder else);
 * 'flags' are its own.  For git/ only.
 */
struct err *diff_open(struct repo *r, const struct oid *old, const struct oid *new,
    const struct strs *paths, uint32_t flags, struct git_diff **out) MUST_USE;

#endif

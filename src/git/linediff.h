/*
 * linediff.h - two trees line by line, with renames followed.
 *
 * A deleted and an added file are one, renamed, when their content is the
 * same, or alike enough for libgit2 (half of it); where the deleted and the
 * added ones are too many to compare each with each (LINEDIFF_PAIRS_MAX),
 * only equal ones are.  Only what differs is read.
 */
#ifndef GIT_LINEDIFF_H
#define GIT_LINEDIFF_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

#define LINEDIFF_FILE_MAX (8 * MIB)	/* bytes of either side; a larger file is 'large' */
#define LINEDIFF_ALL_MAX (128 * MIB)	/* bytes of all files; what comes after is 'large' */
#define LINEDIFF_PAIRS_MAX 1000000

struct linediff_file {
	char status;		/* A D M R T */
	char *path, *from;	/* in the new tree and in the old, "" where there is none */
	unsigned old_mode, new_mode;
	struct oid old_oid, new_oid;
	bool binary, large;	/* its lines are not told */
};

/* Sorted by path (of a deleted file, by its old one). */
struct linediff {
	VEC_FIELDS(struct linediff_file);
};

void linediff_free(struct linediff *d);	/* also for AUTO */

/*
 * One changed line of file i, from 1, without its line feed; borrowed.  The
 * deleted ones of a file come in order, and so do the added ones.
 */
typedef void linediff_fn(void *arg, size_t i, bool added, int64_t line, struct str text);

/* Either tree may be zero (empty).  Submodules have no lines. */
struct err *linediff_trees(struct repo *r, const struct oid *old, const struct oid *new,
    linediff_fn *fn, void *arg, struct linediff *out) MUST_USE;

#endif

/*
 * cover.h - coverage of two runs, line by line, followed through the change.
 */
#ifndef GATE_COVER_H
#define GATE_COVER_H

#include "base/def.h"
#include "base/vec.h"

struct change;
struct err;
struct facts;

enum gap_kind {
	GAP_CHANGED,	/* lines of the change that nothing reaches */
	GAP_LOST,	/* unchanged ones, or moved ones, that something reached on the base */
	GAP_KINDS
};

/* Neighbouring lines. */
struct gap {
	enum gap_kind kind;
	const char *path;	/* in the candidate */
	int64_t first, last;
};

/* A changed file that no report knows. */
struct unmeasured {
	const char *path;
	bool fresh;		/* the change adds it */
	size_t lines;		/* added, with a letter or digit in them */
};

/* Counts of lines that can be executed. */
struct coverage {
	size_t covered, missed;			/* of the candidate's reports, all */
	size_t changed_covered, changed_missed;	/* that the change added and did not move */
	size_t lost;	/* other ones: covered on the base, and no more */
	size_t gained;	/* other ones: missed on the base, and no more */
	size_t freed;	/* missed on the base, and deleted by the change */
	struct { VEC_FIELDS(struct gap); } gaps;
	struct { VEC_FIELDS(struct unmeasured); } unmeasured;	/* with files of its kind beside it that are known */
};

void coverage_free(struct coverage *c);	/* also for AUTO */

/*
 * Compare.  A line that the base's report says nothing about is neither lost
 * nor gained.  A moved line is where it was, if one with the same text and
 * the same state is gone there.  'base' NULL: nothing is known of it;
 * 'change' NULL: all lines are changed.
 */
struct err *coverage_compare(const struct facts *now, const struct facts *base,
    struct change *change, struct coverage *out) MUST_USE;

#endif

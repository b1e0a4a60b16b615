/*
 * noteindex.h - which notes speak of what: the commits whose note has a line
 * with a given "key" or "patch_id", 40 hex digits.
 *
 * A list in $GIT_COMMON_DIR/factory/notes that follows the notes ref as it
 * grows, so that asking costs what changed since.  It says where to look and
 * nothing else; deleting it loses nothing.
 */
#ifndef GIT_NOTEINDEX_H
#define GIT_NOTEINDEX_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

struct noteindex_hits {
	VEC_FIELDS(struct oid);
};

void noteindex_hits_free(struct noteindex_hits *h);	/* also for AUTO */

/* Appends each commit once. */
struct err *noteindex_find(struct repo *r, const char *ref, const struct oid *what,
    struct noteindex_hits *out) MUST_USE;

#endif

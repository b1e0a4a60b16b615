/*
 * baseline.h - adoption on old code: what blocks now becomes waivers.
 */
#ifndef LINE_BASELINE_H
#define LINE_BASELINE_H

#include "base/def.h"

struct check;
struct clock;
struct err;
struct repo;

#define BASELINE_DAYS 90

struct baseline {
	size_t added;		/* waivers */
	size_t there;		/* findings that the file names already; it may not be committed */
	size_t left;		/* gates that no waiver lets pass: they gave no answer */
	char *expires;		/* the waivers' last day */
};

/*
 * Append a waiver for each finding that blocks to .factory/waivers.yml in the
 * work tree, owned by the user, for BASELINE_DAYS.  What stands there stays
 * byte for byte, and is not added again; no other file, no index and no ref is
 * touched.  ERR_CONFIG when the file cannot be read as waivers or nobody is
 * user.email, ERR_REPOSITORY in a bare repository.
 */
struct err *baseline_add(struct repo *r, const struct clock *clock, const struct check *c,
    struct baseline *out) MUST_USE;
void baseline_free(struct baseline *b);	/* also for AUTO */

#endif

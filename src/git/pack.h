/*
 * pack.h - many objects at once, as one pack instead of a file each.
 *
 *	AUTO(pack_free_p) struct pack *p = NULL;
 *	TRY(pack_begin(r, &p));
 *	... write blobs, trees, commits: they can be read back at once ...
 *	TRY(pack_end(p));
 *
 * Objects of the repository are kept in memory between the two; pack_end()
 * writes the pack and its index, synced, before any ref can lead to them.
 * Without it nothing has happened.  One at a time.
 */
#ifndef GIT_PACK_H
#define GIT_PACK_H

#include "base/def.h"

struct err;
struct pack;
struct repo;

#define PACK_WORTH 100	/* objects; fewer are as well written one by one */

/* The repository must outlive it. */
struct err *pack_begin(struct repo *r, struct pack **out) MUST_USE;
struct err *pack_end(struct pack *p) MUST_USE;
void pack_free_p(struct pack **p);	/* for AUTO; NULL is fine, and left behind */

#endif

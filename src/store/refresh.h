/*
 * refresh.h - bring the cache to a tip of the state: by the difference of the
 * tree that it was read from, or from nothing when that is not at hand.
 */
#ifndef STORE_REFRESH_H
#define STORE_REFRESH_H

#include "base/def.h"

struct cache;
struct err;
struct oid;
struct repo;
struct strs;

/*
 * '*tip' is the state as the caller has seen it; what is newer by now replaces
 * it, so that processes side by side never take the cache back.
 *
 * Reads no object, and so does not load libgit2, when the cache is there
 * already.  The state's history only grows: when the tip that was seen last
 * is no part of it any more, a line that says so is added to 'remarks'.
 */
struct err *cache_refresh(struct cache *c, struct repo *r, struct oid *tip,
    struct strs *remarks) MUST_USE;

#endif

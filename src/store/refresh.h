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

/* Reads no object, and so does not load libgit2, when the cache is there already. */
struct err *cache_refresh(struct cache *c, struct repo *r, const struct oid *tip) MUST_USE;

#endif

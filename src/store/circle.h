/*
 * circle.h - tasks that come after themselves, over any number of others.
 * For store/ only.
 *
 * Verbs refuse to close a circle.  People may still write one by hand on the
 * branch, or two clones one half each: then it is reported, and holds up
 * nobody but its members and what waits for them.
 */
#ifndef STORE_CIRCLE_H
#define STORE_CIRCLE_H

#include "base/def.h"

struct cache;
struct err;
struct strs;

/* After a refresh: find the circles anew where they may have changed. */
struct err *circle_watch(struct cache *c) MUST_USE;

/*
 * ERR_CONFLICT naming the circle that would be closed if task 'id' came after
 * these (entries of model/after.h).  Asks of what is landed or closed too,
 * which may be opened again.
 */
struct err *circle_refuse(struct cache *c, const char *id, const struct strs *after) MUST_USE;

/* One line for each circle, that a person is to hear. */
struct err *circle_tell(struct cache *c, struct strs *remarks) MUST_USE;

/* The words for the circle that a task is in; "" when it is in none.  The caller frees. */
struct err *circle_of(struct cache *c, const char *id, char **way) MUST_USE;

#endif

/*
 * inside.h - what queue.c shares with ledger.c and state.c.  For store/ only.
 */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/id.h"
#include "base/vec.h"

struct cache;
struct err;
struct queue;
struct state;
struct strs;

/*
 * The cache on disk that the last queue of this state left open, for the next:
 * opening one costs more than most questions to it.  Take it and leave NULL.
 */
struct cache **state_spare(struct state *s);

struct cache *queue_cache(const struct queue *q);

/* Show what was just written. */
struct err *queue_again(struct queue *q) MUST_USE;

/*
 * May a task come after these, as the state stands now?  ERR_CONFLICT naming
 * the circle that it would close.  For use inside of a step, which is made
 * again when the state has moved meanwhile.
 */
struct err *queue_may_follow(struct queue *q, const char *id, const struct strs *after) MUST_USE;

/* Ids that an abbreviation may mean, and how a message lists them. */
struct found {
	VEC_FIELDS(struct id);
	struct buf shown;
};

#define FOUND_INIT {.shown = BUF_INIT(64 * KIB)}
void found_free(struct found *f);	/* also for AUTO */

/* Adds an id once; they come in order. */
void found_add(struct found *f, const char *id, const char *about);

/* The only one; ERR_NOT_FOUND, ERR_AMBIGUOUS.  'what' is "task" or "run". */
struct err *found_one(const struct found *f, const char *what, const char *prefix, struct id *out) MUST_USE;

/* 'prefix' in lower case; ERR_NOT_FOUND when it can be no abbreviated id. */
struct err *found_prefix(const char *what, const char *prefix, char **out) MUST_USE;

#endif

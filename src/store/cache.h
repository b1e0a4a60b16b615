/*
 * cache.h - an index of the state in SQLite: $GIT_COMMON_DIR/factory/cache.db.
 *
 * Rows of tasks and runs, keyed by the id of the state commit that they were
 * read from, and brought up to date by the difference of two trees.  What is
 * asked often is stored, not computed: which tasks may start, how many there
 * are of each kind, what waits in a circle; a change of one task touches
 * those that come after it, and nothing else.
 *
 * It is a cache: deleting it loses nothing, a damaged one is removed and made
 * anew, and one of an earlier boot is emptied, since it is written without
 * fsync.  SQLite is opened by the first call.
 *
 * Only store/ uses it.
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "base/def.h"
#include "base/str.h"

struct cache;
struct err;
struct strs;

/* Where a task stands.  The time and who holds a lease are the asker's to know. */
enum cache_kind {
	CACHE_READY,	/* queued, not held, and nothing that it comes after is in its way */
	CACHE_WAITING,	/* queued, and it comes after something that is not as far as it must be */
	CACHE_HELD,
	CACHE_DELIVERED,
	CACHE_ESCALATED,
	CACHE_LANDED,
	CACHE_CLOSED,
	CACHE_BROKEN
};
#define CACHE_KINDS 8

/* A row as it is kept. */
struct cache_task {
	const char *id;
	const char *path;
	const char *blob;	/* hex */
	const char *title;
	enum cache_kind kind;	/* for writing: WAITING for a queued one that comes after any */
	int64_t priority;
	int64_t created;
	int64_t due;		/* not before this time; 0 for any time */
	bool archived;
	bool noted;		/* open, and worth a person's look */
	bool needy;		/* it needs something of the machine; for writing only */
	const struct strs *after;	/* entries of model/after.h; for writing only, NULL for none */
	const char *broken;	/* NULL when it parses */
	struct str data;	/* model/task_pack.h */
	const char *body;	/* for writing only; NULL: not kept */
};

struct cache_run {
	const char *path;
	const char *id;
	const char *task;
	const char *blob;	/* hex */
	int64_t started;
};

/*
 * 'dir' is created when missing.  NULL keeps the cache in memory, for a
 * repository that cannot be written.
 */
struct err *cache_open(const char *dir, struct cache **out) MUST_USE;
void cache_close(struct cache *c);	/* NULL is fine */

/*
 * Keep it open for the next who asks, in as little memory as it takes.  It
 * may be used again when cache_wake() says that its file is still in its place.
 */
void cache_rest(struct cache *c);
bool cache_wake(const struct cache *c);

/* SQLite has called the file damaged: close it, and the next open starts anew. */
bool cache_damaged(const struct cache *c);

/* One short string by name: "" when unset.  Owned by the caller. */
struct err *cache_meta(struct cache *c, const char *name, char **out) MUST_USE;
/* NULL unsets. */
struct err *cache_set_meta(struct cache *c, const char *name, const char *value) MUST_USE;

/* Changes between begin and commit are seen together or not at all. */
struct err *cache_begin(struct cache *c) MUST_USE;
struct err *cache_commit(struct cache *c) MUST_USE;
void cache_rollback(struct cache *c);
struct err *cache_clear(struct cache *c) MUST_USE;

struct err *cache_put_task(struct cache *c, const struct cache_task *t) MUST_USE;
struct err *cache_put_run(struct cache *c, const struct cache_run *r) MUST_USE;
struct err *cache_drop(struct cache *c, const char *path) MUST_USE;

/* After puts and drops, before the commit: what follows for those that come after. */
struct err *cache_settle(struct cache *c) MUST_USE;

/* Rows live for the call; *more starts true, clearing it ends the walk. */
typedef struct err *cache_task_fn(const struct cache_task *t, void *ctx, bool *more);
typedef struct err *cache_run_fn(const struct cache_run *r, void *ctx, bool *more);

enum cache_which {
	CACHE_OPEN,	/* not archived */
	CACHE_NOTED,	/* as the rows say */
	CACHE_STARTS,	/* of the kind CACHE_READY */
	CACHE_NEEDY,	/* of these, the ones that need something of the machine */
	CACHE_ALL
};

/* Most urgent first: priority, age, id. */
struct err *cache_each(struct cache *c, enum cache_which which, cache_task_fn *fn, void *ctx) MUST_USE;

/* Tasks whose id starts with 'prefix', by id; "" for all. */
struct err *cache_prefix(struct cache *c, const char *prefix, cache_task_fn *fn, void *ctx) MUST_USE;

/* Of one id, in tasks/ before in archive/; *found tells whether there is one. */
struct err *cache_kind(struct cache *c, const char *id, enum cache_kind *kind, bool *found) MUST_USE;

/* Append the body that is kept of a path; *found tells whether one is. */
struct buf;
struct err *cache_body(struct cache *c, const char *path, struct buf *out, bool *found) MUST_USE;

/* Newest first; of one task, or of all with NULL. */
struct err *cache_runs(struct cache *c, const char *task, cache_run_fn *fn, void *ctx) MUST_USE;
struct err *cache_runs_prefix(struct cache *c, const char *prefix, cache_run_fn *fn, void *ctx) MUST_USE;

/* How many tasks there are of each kind, and how many of CACHE_READY are due only later than 'now'. */
struct err *cache_count(struct cache *c, int64_t now, int64_t kinds[CACHE_KINDS], int64_t *later) MUST_USE;

/* ---- what comes after what ---- */

/* 'other' as entries say, whether such a task exists or not. */
typedef struct err *cache_edge_fn(const char *id, const char *other, void *ctx);

/* What one task comes after; those that come after it, whatever they are. */
struct err *cache_ahead(struct cache *c, const char *id, cache_edge_fn *fn, void *ctx) MUST_USE;

/* All that are in somebody's way: the ends are of the kind CACHE_WAITING. */
struct err *cache_waits(struct cache *c, cache_edge_fn *fn, void *ctx) MUST_USE;

/*
 * May the settled changes have made or ended a circle?  Asks what was touched
 * since the begin, so that a change which nobody waits for costs nothing.
 */
struct err *cache_circles_moved(struct cache *c, bool *moved) MUST_USE;

/* Members of circles, each with the words for its circle.  Clearing forgets all. */
struct err *cache_clear_circles(struct cache *c) MUST_USE;
struct err *cache_put_circle(struct cache *c, const char *id, const char *way) MUST_USE;
typedef struct err *cache_circle_fn(const char *id, const char *way, void *ctx);
struct err *cache_circles(struct cache *c, cache_circle_fn *fn, void *ctx) MUST_USE;

#endif

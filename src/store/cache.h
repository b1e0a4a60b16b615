/*
 * cache.h - an index of the state in SQLite: $GIT_COMMON_DIR/factory/cache.db.
 *
 * Rows of tasks and runs, keyed by the id of the state commit that they were
 * read from, and brought up to date by the difference of two trees.  It is a
 * cache: deleting it loses nothing, a damaged one is removed and made anew,
 * and one of an earlier boot is emptied, since it is written without fsync.
 * SQLite is opened by the first call.
 *
 * Only store/ uses it.
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "base/def.h"

struct cache;
struct err;
struct strs;

/* What an open, queued task must be asked before it may start. */
enum cache_waits {
	CACHE_FREE,	/* nothing */
	CACHE_HELD,
	CACHE_AFTER	/* whether those that it comes after are done */
};

/* A row as it is kept.  'data' is the task's file without its body. */
struct cache_task {
	const char *id;
	const char *path;
	const char *blob;	/* hex */
	const char *title;
	const char *state;	/* "" when broken */
	int64_t priority;
	int64_t created;
	bool archived;
	enum cache_waits waits;
	const struct strs *after;	/* ids; for writing only, NULL for none */
	const char *broken;	/* NULL when it parses */
	const char *data;
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

/* Rows live for the call; *more starts true, clearing it ends the walk. */
typedef struct err *cache_task_fn(const struct cache_task *t, void *ctx, bool *more);
typedef struct err *cache_run_fn(const struct cache_run *r, void *ctx, bool *more);

enum cache_which {
	CACHE_OPEN,	/* not archived */
	CACHE_NOTED,	/* open, and not queued */
	CACHE_READY,	/* open, queued, not held, and what comes first is done */
	CACHE_ALL
};

/* Most urgent first: priority, age, id. */
struct err *cache_each(struct cache *c, enum cache_which which, cache_task_fn *fn, void *ctx) MUST_USE;

/* Tasks whose id starts with 'prefix', by id; "" for all. */
struct err *cache_prefix(struct cache *c, const char *prefix, cache_task_fn *fn, void *ctx) MUST_USE;

/* Newest first; of one task, or of all with NULL. */
struct err *cache_runs(struct cache *c, const char *task, cache_run_fn *fn, void *ctx) MUST_USE;
struct err *cache_runs_prefix(struct cache *c, const char *prefix, cache_run_fn *fn, void *ctx) MUST_USE;

/*
 * How many tasks there are of each state, waits and broken or not.  Those
 * whose CACHE_AFTER is over count as CACHE_FREE; numbers are to be added up.
 */
typedef void cache_count_fn(const char *state, enum cache_waits waits, bool broken, int64_t n, void *ctx);
struct err *cache_count(struct cache *c, cache_count_fn *fn, void *ctx) MUST_USE;

#endif

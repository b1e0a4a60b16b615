/*
 * ws/index.h - git's index file, version 2: a sorted table of files with
 * what they looked like when they were written.
 *
 * It serves twice: as our own record of a slot's files, outside of the reach
 * of who works in it, and copied into the workspace's throw-away .git so that
 * git status is quick there.  An index that an agent wrote is never read.
 *
 * Facts: gitformat-index(5).
 */
#ifndef GIT_WS_INDEX_H
#define GIT_WS_INDEX_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct stat;

#define INDEX_MAX ((size_t)1 << 30)

/* Truncated to 32 bits, as git does. */
struct ws_stat {
	uint32_t ctime_s, ctime_ns, mtime_s, mtime_ns, dev, ino, uid, gid, size;
};

struct ws_row {
	const char *path;	/* borrowed from the index, or the owner's */
	unsigned mode;		/* 0 in a list of changes: delete */
	struct oid oid;
	struct ws_stat st;
};

struct ws_rows {
	VEC_FIELDS(struct ws_row);
};

/* {0} is an empty one. */
struct ws_index {
	struct str bytes;	/* the file, mapped: it is replaced, but never written to */
	struct ws_rows rows;	/* sorted by path, bytewise */
};

/*
 * ERR_NOT_FOUND when it is missing, ERR_SYNTAX when it is not ours.  Of a
 * mapped one the rows are not looked at, and there are none in 'rows'.
 */
struct err *index_map(int dirfd, const char *path, struct ws_index *ix) MUST_USE;
struct err *index_load(int dirfd, const char *path, struct ws_index *ix) MUST_USE;
void index_free(struct ws_index *ix);	/* also for AUTO */

/* NULL when there is none. */
const struct ws_row *index_find(const struct ws_index *ix, const char *path);

/* Sort as the index is sorted; one row per path. */
void index_sort(struct ws_rows *rows);

/*
 * Put an index at the path, which may have one: the old one's bytes (empty:
 * none) with the changes, which must be sorted.  What is between two changes
 * is copied unseen.  ERR_SYNTAX when the old one is not ours.
 */
struct err *index_replace(int dirfd, const char *path, struct str old,
    const struct ws_rows *changes) MUST_USE;

struct ws_stat ws_stat_of(const struct stat *st);

/* Surely the same content: nothing differs that a writer cannot forge. */
bool ws_stat_same(const struct ws_stat *a, const struct ws_stat *b);

#endif

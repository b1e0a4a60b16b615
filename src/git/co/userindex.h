/*
 * userindex.h - the index of a person's checkout, edited without git.
 *
 * Only a plain one is: version 2, its checksum right, no conflict, nothing
 * assumed unchanged, left out or only intended, no .gitattributes among its
 * files, and no extension but the cached trees.  For forward.c, which holds
 * its lock.
 *
 * Facts: gitformat-index(5); "racy git" in Documentation/technical of git.
 */
#ifndef GIT_CO_USERINDEX_H
#define GIT_CO_USERINDEX_H

#include "base/buf.h"
#include "base/def.h"
#include "git/ws/index.h"

struct userindex {
	struct ws_index files;
	struct str trees;	/* the extension, with its header; may be empty */
	int64_t written;	/* in seconds of the file system's clock */
};

/* False when it is not plain, or cannot be read. */
bool userindex_load(const char *path, struct userindex *u) MUST_USE;
void userindex_free(struct userindex *u);	/* also for AUTO */

/* The file may have changed since without a trace: written in the index's own second, or later. */
bool userindex_racy(const struct userindex *u, const struct ws_row *row);

/* Nothing is in the index at the path, above it as a file, or below it. */
bool userindex_room(const struct userindex *u, const char *path);

/*
 * The bytes of the index with rows put in, which are sorted.  The cached trees
 * above them are no longer valid there, and what is racy is marked as git
 * marks it, to be compared by its content.
 */
void userindex_put(const struct userindex *u, const struct ws_rows *rows, struct buf *out);

#endif

/*
 * beneath.h - files below a folder that somebody hostile writes to.
 *
 * Paths are relative to 'dir'; they never lead out of it, not by "..", not by
 * an absolute path, not by a symbolic link, not by a rename at the same
 * moment (openat2(2) with RESOLVE_BENEATH, Linux 5.6; elsewhere a walk that
 * opens one component after the other and follows no link).  What would lead
 * out is ERR_DENIED; so is any link in a path that is written or removed, and
 * whatever is no regular file where one is wanted.
 * Descriptors are close-on-exec.
 */
#ifndef SYS_BENEATH_H
#define SYS_BENEATH_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;

/* ERR_DENIED unless path is relative, not empty, with no ".." and no NUL. */
struct err *beneath_path(struct str path) MUST_USE;

/*
 * open(2) with these flags.  A symbolic link on the way is followed when it
 * stays below and the flags only read.  ERR_NOT_FOUND when it is missing.
 */
struct err *beneath_open(int dir, const char *path, int flags, mode_t mode,
    int *fd) MUST_USE;

/* Append a regular file; ERR_LIMIT over the buffer's ceiling. */
struct err *beneath_read(int dir, const char *path, struct buf *out) MUST_USE;

/*
 * Replace or create a file in one step, with the folders above it.  An
 * existing file keeps its mode; a new one gets 'mode'.  Not synced.
 */
struct err *beneath_write(int dir, const char *path, struct str data,
    mode_t mode) MUST_USE;

/* Remove a file (not a folder); missing is fine. */
struct err *beneath_remove(int dir, const char *path) MUST_USE;

enum beneath_kind { BENEATH_FILE, BENEATH_DIR, BENEATH_LINK, BENEATH_OTHER };

struct beneath_entry {
	char *name;
	enum beneath_kind kind;
	int64_t size;
};

struct beneath_entries {
	VEC_FIELDS(struct beneath_entry);
};

/* A folder's entries by name, bytewise; ERR_LIMIT when there are more than max. */
struct err *beneath_list(int dir, const char *path, size_t max,
    struct beneath_entries *out) MUST_USE;
void beneath_entries_free(struct beneath_entries *e);	/* also for AUTO */

#endif

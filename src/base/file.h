/*
 * file.h - files and folders, relative to an open folder.
 *
 * dirfd may be AT_FDCWD.  Descriptors are close-on-exec.  Nothing here
 * follows a symbolic link in the last component unless it says so; a path
 * whose folders an agent can write goes through sys/beneath.h instead.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <fcntl.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/def.h"

struct err;
struct strs;

/*
 * Append the whole of a regular file.  ERR_NOT_FOUND when it is missing,
 * ERR_LIMIT over the buffer's ceiling.  Follows links: for the user's own
 * files only.
 */
struct err *file_read(int dirfd, const char *path, struct buf *out) MUST_USE;
struct err *file_read_fd(int fd, const char *name, struct buf *out) MUST_USE;

/*
 * Replace a file so that a reader, or a restart after power loss, sees the
 * old content or the new one: temporary file beside it, fsync, rename, fsync
 * of the folder.  With sync false the two fsyncs are left out.
 */
struct err *file_replace(int dirfd, const char *path, struct str data,
    mode_t mode, bool sync) MUST_USE;

struct err *file_write_all(int fd, const void *p, size_t n) MUST_USE;

/* Create a folder and what is missing above it. */
struct err *dir_make(int dirfd, const char *path, mode_t mode) MUST_USE;

/*
 * Add the names in a folder, but "." and "..", sorted bytewise.  ERR_NOT_FOUND
 * when there is no such folder; one that cannot be read to its end is an error.
 */
struct err *dir_names(int dirfd, const char *path, struct strs *out) MUST_USE;

/* Remove a file or a whole tree without following links; missing is fine. */
struct err *tree_remove(int dirfd, const char *path) MUST_USE;

/* "dir/name", without doubling the slash. */
char *path_join(const char *dir, const char *name) MUST_USE;
const char *path_base(const char *path);	/* borrowed */

void fd_close_p(int *fd);	/* for AUTO; -1 is fine, errno survives */

#endif

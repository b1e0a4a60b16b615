/*
 * apart.h - new files that lie apart from deleted ones.
 *
 * ext4 without a journal passes over each inode that was deleted in the last
 * minutes when it looks for a free one, in the group of the new file's
 * folder: where a thousand worktrees were removed, and where one ref after
 * the other is replaced, a file costs up to a millisecond.  So objects, locks
 * of refs and what else is new in each run are made without a name, in turn in
 * a few folders that ext4 puts into groups of their own (chattr +T on the one
 * above them), and get their name afterwards.  Nothing is left of one that got
 * none.  Folders are made there as well, and moved: one that a killed process
 * was making is the next one's.  A folder that is no quicker itself, since
 * others delete where it lies, is left for a minute.  Where all are slow, as
 * after worktrees that lay everywhere, who waits for a program makes the files
 * ahead that it will want.
 *
 * Facts: fs/ext4/ialloc.c (find_group_orlov, recently_deleted), open(2) on
 * O_TMPFILE.  On other file systems there are no such folders.
 */
#ifndef GIT_APART_H
#define GIT_APART_H

#include <sys/types.h>

#include "base/def.h"
#include "base/str.h"

#define APART_FOLDERS 16
#define APART_AHEAD 48		/* files without a name, each a descriptor */

struct err;
struct repo;

/* What a repository keeps of it; all zero at first. */
struct apart {
	int folder;	/* the one in use, when 'open' */
	bool open;
	bool none;	/* nothing is to be had here */
	unsigned made, next;
	int64_t slow_until[APART_FOLDERS];	/* by the monotonic clock */
	mode_t wanted[APART_AHEAD];	/* of files that were slow, and are not replaced yet */
	unsigned nwanted;
	struct {
		int fd;
		mode_t mode;
	} ready[APART_AHEAD];
	unsigned nready;
};

void apart_close(struct apart *a);

/*
 * A new file without a name, for reading and writing.  -1: make it in its
 * place, since nothing is gained, a folder of the repository passes its group
 * or access control list on, or the factory is not in it yet.
 */
int apart_file(struct repo *r, mode_t mode) MUST_USE;

/*
 * Make one file ahead for each that was slow to make, in its mode: one of them
 * in a call.  False when there is no more to do.
 */
bool apart_ahead(struct repo *r);

/* Give it one below 'home': false with errno, EEXIST when something has it. */
bool apart_name(int fd, int home, const char *path) MUST_USE;

/* A new folder for files that are made apart.  False with errno, as of mkdirat(2). */
bool apart_folder(struct repo *r, int home, const char *name, mode_t mode) MUST_USE;

/* As dir_make() and file_replace() do, without a sync. */
struct err *apart_dir(struct repo *r, const char *path, mode_t mode) MUST_USE;
struct err *apart_replace(struct repo *r, const char *path, struct str data, mode_t mode) MUST_USE;

/* The folders that are made in this one from here on, and what is in them, lie apart. */
void apart_below(const char *path);

#endif

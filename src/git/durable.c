#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "base/err.h"
#include "base/file.h"
#include "git/durable.h"

/* linux/magic.h */
#define MAGIC_EXT4 0xef53
#define MAGIC_XFS 0x58465342

#define FILES_MAX 256	/* open at once */
#define SYNC_FILE "tmp_factory_sync"	/* git gc knows what begins so for a leftover of its own */

/* Does committing one file's creation commit all that was done before it? */
static bool
is_ordered(int fd)
{
#ifdef __linux__
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == MAGIC_EXT4 || fs.f_type == MAGIC_XFS);
#else
	(void)fd;
	return false;
#endif
}

int
durable_start(int fd)
{
#ifdef __linux__
	return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
	return 0;
#endif
}

static int
end(int fd, bool ordered)
{
#ifdef __linux__
	if (ordered)
		return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		    SYNC_FILE_RANGE_WAIT_AFTER);
#else
	(void)ordered;
#endif
	return fsync(fd);
}

int
durable_order(int fd)
{
	return end(fd, is_ordered(fd));
}

struct err *
durable_open(struct durable *d, const char *folder)
{
	d->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dir < 0)
		return err_sys("cannot open '%s'", folder);
	d->ordered = is_ordered(d->dir);
	return NULL;
}

struct err *
durable_add(struct durable *d, int fd)
{
	vec_push(&d->files, fd);
	return d->files.n < FILES_MAX ? NULL : durable_written(d);
}

struct err *
durable_written(struct durable *d)
{
	struct err *e = NULL;
	size_t i;

	for (i = 0; i < d->files.n; i++) {
		if (e == NULL && end(d->files.v[i], d->ordered) != 0)
			e = err_sys("cannot write to the disk");
		close(d->files.v[i]);
	}
	vec_clear(&d->files);
	return e;
}

void
durable_folder(struct durable *d, const char *folder)
{
	if (!d->ordered && !strs_has(&d->folders, folder))
		strs_add(&d->folders, folder);
}

/*
 * The fsync of a file that has just changed commits the journal up to that
 * change.  Its times change, and it is never removed: on ext4 each inode that
 * was deleted of late makes it slower to find a free one.
 */
static struct err *
commit_journal(int dir)
{
	AUTO(fd_close_p) int fd = openat(dir, SYNC_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys("cannot create the file '%s'", SYNC_FILE);
	return futimens(fd, NULL) != 0 || fsync(fd) != 0 ? err_sys("cannot sync the disk") : NULL;
}

static struct err *
sync_folder(const char *path)
{
	AUTO(fd_close_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Gone again: an empty folder of refs that somebody pruned. */
	if (fd < 0 && errno == ENOENT)
		return NULL;
	return fd < 0 || fsync(fd) != 0 ? err_sys("cannot sync the folder '%s'", path) : NULL;
}

struct err *
durable_commit(struct durable *d)
{
	size_t i;

	if (d->ordered)
		return commit_journal(d->dir);
	for (i = 0; i < d->folders.n; i++)
		TRY(sync_folder(d->folders.v[i]));
	return NULL;
}

void
durable_close(struct durable *d)
{
	size_t i;

	for (i = 0; i < d->files.n; i++)
		close(d->files.v[i]);
	vec_free(&d->files);
	strs_free(&d->folders);
	fd_close_p(&d->dir);
}

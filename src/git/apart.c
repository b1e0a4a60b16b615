#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#endif

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/apart.h"
#include "git/repo.h"

static void
leave(struct apart *a)
{
	if (a->open)
		close(a->folder);
	a->open = false;
}

void
apart_close(struct apart *a)
{
	leave(a);
	while (a->nready > 0)
		close(a->ready[--a->nready].fd);
}

#if defined(__linux__) && defined(O_TMPFILE)

#define TURN 32U	/* files in one before the next has its turn */
#define PROBES 3
#define SLOW_NS 200000	/* for a file, which takes some 40,000 elsewhere */
#define AHEAD_NS 100000	/* from here on it is worth to make one ahead */
#define SLOW_MS 60000	/* and then it is left for so long */
#define AS_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* What is made below 'top' is to lie in groups of its own. */
static bool
spread(int top)
{
	int flags = 0;

	if (ioctl(top, FS_IOC_GETFLAGS, &flags) != 0)
		return false;
	if ((flags & FS_TOPDIR_FL) != 0)
		return true;
	flags |= FS_TOPDIR_FL;
	return ioctl(top, FS_IOC_SETFLAGS, &flags) == 0;
}

/* Does a file take after the folder that it is made in? */
static bool
passes_on(const char *path)
{
	struct stat st;

	return stat(path, &st) != 0 || (st.st_mode & S_ISGID) != 0 ||
	    getxattr(path, "system.posix_acl_default", NULL, 0) >= 0;
}

/*
 * factory/apart/<k>-<inode>; -1 where that is not to be had.  ext4 takes the
 * group by the name: other repositories are to have others.
 */
static int
open_folder(const struct repo *r, unsigned k)
{
	AUTO(mem_free_p) char *path = path_join(repo_commondir(r), "factory/apart");
	AUTO(fd_close_p) int top = -1;
	struct stat st;
	char name[48];
	int fd;

	if (passes_on(repo_commondir(r)) || (mkdir(path, 0700) != 0 && errno != EEXIST))
		return -1;
	top = open(path, AS_FOLDER);
	if (top < 0 || fstat(top, &st) != 0)
		return -1;
	snprintf(name, sizeof(name), "%u-%ju", k, (uintmax_t)st.st_ino);
	fd = openat(top, name, AS_FOLDER);
	if (fd >= 0 || errno != ENOENT || !spread(top))
		return fd;
	if (mkdirat(top, name, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(top, name, AS_FOLDER);
}

/* What the quickest of a few new files takes there: others work on this machine, too. */
static int64_t
probe(int folder)
{
	int64_t least = INT64_MAX, began, took;
	int i, fd;

	for (i = 0; i < PROBES && least > SLOW_NS; i++) {
		began = clock_mono_ns();
		fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		took = clock_mono_ns() - began;
		fd_close_p(&fd);
		least = took < least ? took : least;
	}
	return least;
}

/* The next folder, or one after it: others may be no better than where the deleted files were. */
static void
move_on(struct repo *r, struct apart *a)
{
	struct clock clock = clock_system();
	int64_t now = clock_mono(&clock);
	unsigned tried, k;

	for (tried = 0; tried < APART_FOLDERS; tried++) {
		k = a->next++ % APART_FOLDERS;
		if (a->slow_until[k] > now && tried + 1 < APART_FOLDERS)
			continue;
		leave(a);
		a->folder = open_folder(r, k);
		a->open = a->folder >= 0;
		if (!a->open || probe(a->folder) <= SLOW_NS)
			return;
		a->slow_until[k] = now + SLOW_MS;
	}
}

/* A folder to make something in is open; false when nothing is to be had. */
static bool
take_turn(struct repo *r, struct apart *a)
{
	if (a->none)
		return false;
	if (!a->open || a->made % TURN == 0)
		move_on(r, a);
	a->made++;
	a->none = !a->open;
	return a->open;
}

static int
make_file(struct repo *r, struct apart *a, mode_t mode, bool *slow)
{
	int64_t began = 0;
	int fd = -1;

	if (take_turn(r, a)) {
		began = clock_mono_ns();
		fd = openat(a->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	}
	a->none = fd < 0;
	*slow = fd >= 0 && clock_mono_ns() - began > AHEAD_NS;
	return fd;
}

static int
take_ready(struct apart *a, mode_t mode)
{
	unsigned i = a->nready;
	int fd;

	while (i-- > 0) {
		if (a->ready[i].mode == mode) {
			fd = a->ready[i].fd;
			a->ready[i] = a->ready[--a->nready];
			return fd;
		}
	}
	return -1;
}

int
apart_file(struct repo *r, mode_t mode)
{
	struct apart *a = repo_apart(r);
	int fd = take_ready(a, mode);
	bool slow = fd >= 0;

	if (fd < 0)
		fd = make_file(r, a, mode, &slow);
	if (slow && a->nwanted < APART_AHEAD)
		a->wanted[a->nwanted++] = mode;
	return fd;
}

bool
apart_ahead(struct repo *r)
{
	struct apart *a = repo_apart(r);
	mode_t mode;
	bool slow;
	int fd;

	if (a->nwanted == 0 || a->nready == APART_AHEAD)
		return false;
	mode = a->wanted[--a->nwanted];
	fd = make_file(r, a, mode, &slow);
	if (fd >= 0) {
		a->ready[a->nready].fd = fd;
		a->ready[a->nready++].mode = mode;
	}
	/* Files are quick again. */
	if (!slow)
		a->nwanted = 0;
	return a->nwanted > 0;
}

bool
apart_name(int fd, int home, const char *path)
{
	char from[32];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, home, path, AT_SYMLINK_FOLLOW) == 0;
}

/* One that another has begun there, or left, serves as well: it is empty, and who moves it has it. */
bool
apart_folder(struct repo *r, int home, const char *name, mode_t mode)
{
	struct apart *a = repo_apart(r);
	char making[32];

	snprintf(making, sizeof(making), "making-%o", (unsigned)mode);
	if (take_turn(r, a) && (mkdirat(a->folder, making, mode) == 0 || errno == EEXIST)) {
		if (renameat2(a->folder, making, home, name, RENAME_NOREPLACE) == 0)
			return true;
		unlinkat(a->folder, making, AT_REMOVEDIR);
	}
	return mkdirat(home, name, mode) == 0;
}

void
apart_below(const char *path)
{
	AUTO(fd_close_p) int fd = open(path, AS_FOLDER);

	if (fd >= 0)
		(void)spread(fd);
}

#else

int
apart_file(struct repo *r UNUSED, mode_t mode UNUSED)
{
	return -1;
}

bool
apart_ahead(struct repo *r UNUSED)
{
	return false;
}

bool
apart_folder(struct repo *r UNUSED, int home, const char *name, mode_t mode)
{
	return mkdirat(home, name, mode) == 0;
}

bool
apart_name(int fd UNUSED, int home UNUSED, const char *path UNUSED)
{
	errno = ENOTSUP;
	return false;
}

void
apart_below(const char *path UNUSED)
{
}

#endif

/* ---- on every system ---- */

struct err *
apart_dir(struct repo *r, const char *path, mode_t mode)
{
	if (access(path, F_OK) == 0 || apart_folder(r, AT_FDCWD, path, mode) || errno == EEXIST)
		return NULL;
	return dir_make(AT_FDCWD, path, mode);
}

struct err *
apart_replace(struct repo *r, const char *path, struct str data, mode_t mode)
{
	AUTO(fd_close_p) int fd = apart_file(r, mode);

	if (fd >= 0) {
		TRY(err_wrap(file_write_all(fd, data.p, data.n), "'%s'", path));
		if (apart_name(fd, AT_FDCWD, path))
			return NULL;
	}
	return file_replace(AT_FDCWD, path, data, mode, false);
}

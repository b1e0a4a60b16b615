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

#include "base/file.h"
#include "base/mem.h"
#include "git/apart.h"
#include "git/repo.h"

void
apart_close(struct apart *a)
{
	if (a->open)
		close(a->folder);
	a->open = false;
}

#if defined(__linux__) && defined(O_TMPFILE)

#define FOLDERS 16U
#define TURN 32U	/* files in one before the next has its turn */
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

/* The next folder to make something in is open; false when nothing is to be had. */
static bool
take_turn(struct repo *r, struct apart *a)
{
	if (a->none)
		return false;
	if (!a->open || a->made % TURN == 0) {
		apart_close(a);
		a->folder = open_folder(r, a->made / TURN % FOLDERS);
		a->open = a->folder >= 0;
	}
	a->made++;
	a->none = !a->open;
	return a->open;
}

int
apart_file(struct repo *r, mode_t mode)
{
	struct apart *a = repo_apart(r);
	int fd = -1;

	if (take_turn(r, a))
		fd = openat(a->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	a->none = fd < 0;
	return fd;
}

/* One that another has begun there, or left, serves as well: it is empty, and who moves it has it. */
bool
apart_folder(struct repo *r, int home, const char *name, mode_t mode)
{
	static const char making[] = "making";
	struct apart *a = repo_apart(r);

	if (take_turn(r, a) && (mkdirat(a->folder, making, mode) == 0 || errno == EEXIST) &&
	    renameat2(a->folder, making, home, name, RENAME_NOREPLACE) == 0)
		return true;
	return mkdirat(home, name, mode) == 0;
}

bool
apart_name(int fd, int home, const char *path)
{
	char from[32];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, home, path, AT_SYMLINK_FOLLOW) == 0;
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

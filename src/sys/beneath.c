#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "sys/beneath.h"

/* A rename elsewhere makes openat2 unsure whether ".." led out. */
#define RACES_MAX 1000

struct err *
beneath_path(struct str path)
{
	struct str rest = path;
	struct str part;

	if (path.n == 0)
		return err_new(ERR_DENIED, "the path is empty");
	if (memchr(path.p, '\0', path.n) != NULL)
		return err_new(ERR_DENIED, "the path contains a NUL");
	if (!defence_on(DEFENCE_BENEATH))
		return NULL;
	if (path.p[0] == '/')
		return err_new(ERR_DENIED, "the path '%.*s' is absolute", STR_ARG(path));
	while (str_next(&rest, '/', &part)) {
		if (str_is(part, ".."))
			return err_new(ERR_DENIED, "the path '%.*s' contains '..'", STR_ARG(path));
	}
	return NULL;
}

static bool
only_reads(int flags)
{
	return (flags & O_ACCMODE) == O_RDONLY && (flags & (O_CREAT | O_TRUNC)) == 0;
}

/* A link that O_NOFOLLOW stopped at, with O_DIRECTORY, is called no folder. */
static int
open_no_link(int at, const char *name, int flags, mode_t mode)
{
	struct stat st;
	int fd = openat(at, name, flags | O_NOFOLLOW, mode);

	if (fd < 0 && errno == ENOTDIR)
		errno = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	return fd;
}

/* Where there is no openat2: one component after the other, no link at all. */
static int
walk(int dir, const char *path, int flags, mode_t mode)
{
	struct str rest = str_of(path);
	struct str part;
	int at = dir;
	int next;

	while (str_next(&rest, '/', &part)) {
		AUTO(mem_free_p) char *name = str_dup(part);
		bool last = rest.n == 0;

		if (part.n == 0 && !last)
			continue;
		if (str_is(part, "..")) {
			errno = EXDEV;
			next = -1;
		} else {
			next = open_no_link(at, part.n == 0 ? "." : name,
			    last ? flags : O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode);
		}
		if (at != dir) {
			int no = errno;

			close(at);
			errno = no;
		}
		if (next < 0 || last)
			return next;
		at = next;
	}
	errno = ENOENT;
	return -1;
}

#if defined(__linux__) && defined(SYS_openat2)

static int
open_below(int dir, const char *path, int flags, mode_t mode, bool links)
{
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int races, fd;

	if (!defence_on(DEFENCE_BENEATH))
		return openat(dir, path, flags | O_CLOEXEC, mode);
	if ((flags & O_CREAT) != 0)
		how.mode = mode;
	if (!links)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	for (races = 0; races < RACES_MAX; races++) {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	/* Old kernels lack it; seccomp of some containers says EPERM. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk(dir, path, flags | O_CLOEXEC, mode);
	return fd;
}

#else

static int
open_below(int dir, const char *path, int flags, mode_t mode, bool links)
{
	(void)links;
	return walk(dir, path, flags | O_CLOEXEC, mode);
}

#endif

static struct err *
failed(const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return err_new(ERR_NOT_FOUND, "'%s' does not exist", path);
	if (errno == EXDEV)
		return err_new(ERR_DENIED, "'%s' leads out of the folder", path);
	if (errno == ELOOP)
		return err_new(ERR_DENIED, "'%s' goes through a symbolic link", path);
	return err_sys("cannot open '%s'", path);
}

static struct err *
open_checked(int dir, const char *path, int flags, mode_t mode, bool links, int *fd)
{
	int opened;

	TRY(beneath_path(str_of(path)));
	opened = open_below(dir, path, flags, mode, links);
	if (opened < 0)
		return failed(path);
	*fd = opened;
	return NULL;
}

struct err *
beneath_open(int dir, const char *path, int flags, mode_t mode, int *fd)
{
	return open_checked(dir, path, flags, mode, only_reads(flags), fd);
}

struct err *
beneath_read(int dir, const char *path, struct buf *out)
{
	AUTO(fd_close_p) int fd = -1;
	struct stat st;

	/* A pipe in its place must not make us wait. */
	TRY(beneath_open(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd));
	if (fstat(fd, &st) != 0)
		return err_sys("cannot read '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_new(ERR_DENIED, "'%s' is a folder", path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_DENIED, "'%s' is not a regular file", path);
	return file_read_fd(fd, path, out);
}

/* The folder that 'path' is in, made when missing, and the last name. */
static struct err *
open_parent(int dir, const char *path, bool make, int *parent, const char **name)
{
	const char *slash = strrchr(path, '/');
	const char *at = path;
	AUTO(mem_free_p) char *upto = NULL;

	TRY(beneath_path(str_of(path)));
	*name = slash != NULL ? slash + 1 : path;
	if (**name == '\0' || strcmp(*name, ".") == 0)
		return err_new(ERR_DENIED, "'%s' names no file", path);
	if (slash == NULL)
		return open_checked(dir, ".", O_RDONLY | O_DIRECTORY, 0, false, parent);
	upto = mem_strndup(path, (size_t)(slash - path));
	while (make && (at = strchr(at, '/')) != NULL) {
		AUTO(fd_close_p) int above = -1;
		AUTO(mem_free_p) char *part = mem_strndup(path, (size_t)(at - path));
		const char *last;

		at++;
		TRY(open_parent(dir, part, false, &above, &last));
		if (mkdirat(above, last, 0777) != 0 && errno != EEXIST)
			return err_sys("cannot make the folder '%s'", part);
	}
	return open_checked(dir, upto, O_RDONLY | O_DIRECTORY, 0, false, parent);
}

/* The mode to give: what is there must be a regular file, or nothing. */
static struct err *
check_target(int parent, const char *name, const char *path, mode_t *mode)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? NULL : err_sys("cannot look at '%s'", path);
	if (S_ISLNK(st.st_mode) && defence_on(DEFENCE_BENEATH))
		return err_new(ERR_DENIED, "'%s' is a symbolic link", path);
	if (S_ISDIR(st.st_mode))
		return err_new(ERR_DENIED, "'%s' is a folder", path);
	if (!S_ISREG(st.st_mode) && defence_on(DEFENCE_BENEATH))
		return err_new(ERR_DENIED, "'%s' is not a regular file", path);
	*mode = st.st_mode & 0777;
	return NULL;
}

static struct err *
fill(int parent, const char *temp, const char *path, struct str data, mode_t mode)
{
	AUTO(fd_close_p) int fd = openat(parent, temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return err_sys("cannot write '%s'", path);
	TRY(file_write_all(fd, data.p, data.n));
	/* The mode of a file that is replaced knows no umask. */
	if (fchmod(fd, mode) != 0)
		return err_sys("cannot set the mode of '%s'", path);
	return NULL;
}

struct err *
beneath_write(int dir, const char *path, struct str data, mode_t mode)
{
	AUTO(fd_close_p) int parent = -1;
	struct id id = id_new();
	char temp[32];
	const char *name;
	struct err *e;

	TRY(open_parent(dir, path, true, &parent, &name));
	TRY(check_target(parent, name, path, &mode));
	snprintf(temp, sizeof(temp), ".write-%s", id.s);
	e = fill(parent, temp, path, data, mode);
	if (e == NULL && renameat(parent, temp, parent, name) != 0)
		e = err_sys("cannot replace '%s'", path);
	if (e != NULL)
		unlinkat(parent, temp, 0);
	return e;
}

struct err *
beneath_remove(int dir, const char *path)
{
	AUTO(fd_close_p) int parent = -1;
	const char *name;
	struct err *e = open_parent(dir, path, false, &parent, &name);

	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		return NULL;
	}
	if (e != NULL)
		return e;
	if (unlinkat(parent, name, 0) != 0 && errno != ENOENT)
		return err_sys("cannot remove '%s'", path);
	return NULL;
}

static void
add_entry(int fd, const char *name, struct beneath_entries *out)
{
	struct beneath_entry entry = {.kind = BENEATH_OTHER};
	struct stat st;

	/* Gone again since the folder was read. */
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISREG(st.st_mode))
		entry.kind = BENEATH_FILE;
	else if (S_ISDIR(st.st_mode))
		entry.kind = BENEATH_DIR;
	else if (S_ISLNK(st.st_mode))
		entry.kind = BENEATH_LINK;
	entry.size = st.st_size;
	entry.name = mem_strdup(name);
	vec_push(out, entry);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct beneath_entry *)a)->name, ((const struct beneath_entry *)b)->name);
}

static void
close_dir(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}

struct err *
beneath_list(int dir, const char *path, size_t max, struct beneath_entries *out)
{
	AUTO(beneath_entries_free) struct beneath_entries list = {0};
	AUTO(close_dir) DIR *d = NULL;
	struct dirent *entry;
	int fd;

	TRY(beneath_open(dir, path, O_RDONLY | O_DIRECTORY, 0, &fd));
	d = fdopendir(fd);
	if (d == NULL) {
		close(fd);
		return err_sys("cannot list '%s'", path);
	}
	while (errno = 0, (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (list.n == max)
			return err_new(ERR_LIMIT, "'%s' has more than %zu entries", path, max);
		add_entry(fd, entry->d_name, &list);
	}
	if (errno != 0)
		return err_sys("cannot list '%s'", path);
	vec_sort(&list, by_name);
	*out = list;
	list = (struct beneath_entries){0};
	return NULL;
}

void
beneath_entries_free(struct beneath_entries *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->v[i].name);
	vec_free(e);
}

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/vec.h"

#define RESERVE_MAX (16 * MIB)

void
fd_close_p(int *fd)
{
	int no = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = no;
}

struct err *
file_read_fd(int fd, const char *name, struct buf *out)
{
	char chunk[16 * KIB];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys("cannot read '%s'", name);
		if (n == 0)
			return NULL;
		buf_add(out, chunk, (size_t)n);
		TRY(buf_check(out, name));
	}
}

struct err *
file_read(int dirfd, const char *path, struct buf *out)
{
	AUTO(fd_close_p) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_new(ERR_NOT_FOUND, "'%s' does not exist", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys("cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_IO, "'%s' is not a regular file", path);
	/* A file of holes is as large as it likes to say. */
	buf_reserve(out, (size_t)st.st_size < RESERVE_MAX ? (size_t)st.st_size : RESERVE_MAX);
	return file_read_fd(fd, path, out);
}

struct err *
file_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t w;

	while (n > 0) {
		w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys("cannot write");
		at += w;
		n -= (size_t)w;
	}
	return NULL;
}

static struct err *
sync_parent(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO(mem_free_p) char *dir = slash == NULL ? mem_strdup(".")
	    : mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	AUTO(fd_close_p) int fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return err_sys("cannot sync '%s'", dir);
	return NULL;
}

static struct err *
write_new(int dirfd, const char *path, struct str data, mode_t mode, bool sync)
{
	AUTO(fd_close_p) int fd = openat(dirfd, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	struct err *e;
	int raw;

	if (fd < 0)
		return err_sys("cannot create '%s'", path);
	e = file_write_all(fd, data.p, data.n);
	if (e != NULL)
		return err_wrap(e, "'%s'", path);
	if (sync && fsync(fd) != 0)
		return err_sys("cannot sync '%s'", path);
	raw = fd;
	fd = -1;
	if (close(raw) != 0)
		return err_sys("cannot close '%s'", path);
	return NULL;
}

struct err *
file_replace(int dirfd, const char *path, struct str data, mode_t mode, bool sync)
{
	AUTO(mem_free_p) char *tmp = mem_printf("%s.%s.tmp", path, id_new().s);
	struct err *e = write_new(dirfd, tmp, data, mode, sync);

	if (e == NULL && renameat(dirfd, tmp, dirfd, path) != 0)
		e = err_sys("cannot replace '%s'", path);
	if (e != NULL) {
		unlinkat(dirfd, tmp, 0);
		return e;
	}
	return sync ? sync_parent(dirfd, path) : NULL;
}

struct err *
dir_make(int dirfd, const char *path, mode_t mode)
{
	AUTO(mem_free_p) char *p = mem_strdup(path);
	char *at = p;

	/* Mostly all of it is there. */
	if (mkdirat(dirfd, p, mode) == 0 || errno == EEXIST)
		return NULL;
	do {
		at = strchr(at + 1, '/');
		if (at != NULL)
			*at = '\0';
		if (mkdirat(dirfd, p, mode) != 0 && errno != EEXIST)
			return err_sys("cannot create folder '%s'", p);
		if (at != NULL)
			*at = '/';
	} while (at != NULL);
	return NULL;
}

/*
 * Whoever made the tree may have nested it any number deep: folders beyond
 * this depth are moved up into the topmost one, which takes another round.
 */
#define REMOVE_DEPTH 64
#define REMOVE_NAMES 1000

struct err *
dir_names(int dirfd, const char *path, struct strs *out)
{
	AUTO(strs_free) struct strs names = {0};
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct err *e;
	struct dirent *d;
	size_t i;

	if (dir == NULL) {
		e = fd < 0 && (errno == ENOENT || errno == ENOTDIR) ? err_new(ERR_NOT_FOUND, "there is no folder '%s'", path) :
		    err_sys("cannot open folder '%s'", path);
		fd_close_p(&fd);
		return e;
	}
	while (errno = 0, (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			strs_add(&names, d->d_name);
	e = errno == 0 ? NULL : err_sys("cannot list folder '%s'", path);
	closedir(dir);
	strs_sort(&names);
	for (i = 0; e == NULL && i < names.n; i++)
		strs_add(out, names.v[i]);
	return e;
}

struct removal {
	int top;	/* the topmost folder, -1 before it is open */
	unsigned lifted;
};

static struct err *remove_at(struct removal *r, int dirfd, const char *name, int depth);

static struct err *
remove_children(struct removal *r, int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err *e = NULL;
	struct dirent *d;
	DIR *dir;

	if (fd < 0 || (dir = fdopendir(fd)) == NULL) {
		e = err_sys("cannot open folder '%s'", name);
		fd_close_p(&fd);
		return e;
	}
	if (depth == 0)
		r->top = fd;
	while (e == NULL && (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			e = remove_at(r, fd, d->d_name, depth + 1);
	closedir(dir);
	return e;
}

static struct err *
lift(struct removal *r, int dirfd, const char *name)
{
	char up[32];

	for (int i = 0; i < REMOVE_NAMES; i++) {
		snprintf(up, sizeof(up), ".remove.%u", r->lifted++);
		if (renameat(dirfd, name, r->top, up) == 0)
			return NULL;
	}
	return err_sys("cannot lift folder '%s'", name);
}

static struct err *
remove_at(struct removal *r, int dirfd, const char *name, int depth)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return NULL;
	if (errno != EISDIR && errno != EPERM)
		return err_sys("cannot remove '%s'", name);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return NULL;
	/* A folder that its owner may not read is opened up first. */
	if (fchmodat(dirfd, name, 0700, 0) != 0)
		return err_sys("cannot open up folder '%s'", name);
	if (depth > REMOVE_DEPTH)
		return lift(r, dirfd, name);
	for (;;) {
		unsigned before = r->lifted;

		TRY(remove_children(r, dirfd, name, depth));
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
			return NULL;
		if (depth > 0 || r->lifted == before || (errno != ENOTEMPTY && errno != EEXIST))
			return err_sys("cannot remove '%s'", name);
	}
}

struct err *
tree_remove(int dirfd, const char *path)
{
	struct removal r = {.top = -1};

	return remove_at(&r, dirfd, path, 0);
}

char *
path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	return mem_printf("%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", name);
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

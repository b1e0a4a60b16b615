#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "conf/redact.h"
#include "gate/gate.h"
#include "gate/glob.h"
#include "gate/junit.h"
#include "gate/report.h"

#define DEPTH_MAX 32

struct err *
report_check(const char *pattern)
{
	struct str rest = str_of(pattern), piece;

	if (pattern[0] == '\0' || pattern[0] == '/')
		return err_new(ERR_CONFIG, "the report '%s' must be a path below the gate's folder",
		    pattern);
	while (str_next(&rest, '/', &piece))
		if (str_is(piece, "..") || str_is(piece, ".git"))
			return err_new(ERR_CONFIG, "the report '%s' must not lead through '%.*s'",
			    pattern, STR_ARG(piece));
	return NULL;
}

static bool
is_pattern(const char *s)
{
	return strpbrk(s, "*?[\\") != NULL;
}

/* -1 in *fd when there is no such folder. */
static struct err *
folder_open(int dir, const char *name, const char *shown, int *fd)
{
	*fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (*fd != -1 || errno == ENOENT)
		return NULL;
	if (errno == ELOOP || errno == ENOTDIR)
		return err_new(ERR_DENIED, "'%s' is a link or no folder", shown);
	return err_sys("cannot open '%s'", shown);
}

struct lister {
	struct strs *paths;
	unsigned depth;
};

static struct err *list_in(struct lister *l, int dir, const char *prefix, const char *pattern);

static struct err *
list_add(struct lister *l, const char *path)
{
	if (l->paths->n >= REPORT_FILES_MAX)
		return err_new(ERR_LIMIT, "more than %d report files", REPORT_FILES_MAX);
	if (!strs_has(l->paths, path))
		strs_add(l->paths, path);
	return NULL;
}

/* 'name' matched the first component; 'rest' is what follows it, or NULL. */
static struct err *
list_name(struct lister *l, int dir, const char *prefix, const char *name, const char *rest)
{
	AUTO(mem_free_p) char *path = prefix[0] == '\0' ? mem_strdup(name) : path_join(prefix, name);
	AUTO(fd_close_p) int fd = -1;
	struct stat st;

	if (rest != NULL) {
		TRY(folder_open(dir, name, path, &fd));
		return fd == -1 ? NULL : list_in(l, fd, path, rest);
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? NULL : err_sys("cannot look at '%s'", path);
	return list_add(l, path);
}

static struct err *
list_names(int dir, const char *shown, struct strs *names)
{
	struct dirent *d;
	DIR *stream;
	int fd, no;

	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (stream = fdopendir(fd)) == NULL) {
		fd_close_p(&fd);
		return err_sys("cannot list '%s'", shown);
	}
	while (errno = 0, (d = readdir(stream)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    names->n < 100 * (size_t)REPORT_FILES_MAX)
			strs_add(names, d->d_name);
	no = errno;
	closedir(stream);
	strs_sort(names);
	errno = no;
	return no == 0 ? NULL : err_sys("cannot list '%s'", shown);
}

static bool
is_folder(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* "**": here, and in every folder below. */
static struct err *
list_deep(struct lister *l, int dir, const char *prefix, const char *pattern, const char *rest)
{
	AUTO(strs_free) struct strs names = {0};
	size_t i;

	TRY(list_in(l, dir, prefix, rest == NULL ? "*" : rest));
	TRY(list_names(dir, prefix, &names));
	for (i = 0; i < names.n; i++)
		if (is_folder(dir, names.v[i]) && strcmp(names.v[i], ".git") != 0)
			TRY(list_name(l, dir, prefix, names.v[i], pattern));
	return NULL;
}

static struct err *
list_match(struct lister *l, int dir, const char *prefix, const char *component, const char *rest)
{
	AUTO(strs_free) struct strs names = {0};
	size_t i;

	TRY(list_names(dir, prefix, &names));
	for (i = 0; i < names.n; i++) {
		if (!glob_match(component, names.v[i], 0))
			continue;
		/* A link where a pattern looks for folders is not one of them. */
		if (rest == NULL || is_folder(dir, names.v[i]))
			TRY(list_name(l, dir, prefix, names.v[i], rest));
	}
	return NULL;
}

static struct err *
list_in(struct lister *l, int dir, const char *prefix, const char *pattern)
{
	const char *slash = strchr(pattern, '/'), *rest = slash == NULL ? NULL : slash + 1;
	AUTO(mem_free_p) char *component = NULL;
	struct err *e;

	if (rest != NULL && *rest == '\0')
		rest = NULL;
	component = mem_strndup(pattern, slash == NULL ? strlen(pattern) : (size_t)(slash - pattern));
	if (component[0] == '\0' || strcmp(component, ".") == 0)
		return rest == NULL ? NULL : list_in(l, dir, prefix, rest);
	if (l->depth >= DEPTH_MAX)
		return NULL;
	l->depth++;
	if (strcmp(component, "**") == 0)
		e = list_deep(l, dir, prefix, pattern, rest);
	else if (is_pattern(component))
		e = list_match(l, dir, prefix, component, rest);
	else
		e = list_name(l, dir, prefix, component, rest);
	l->depth--;
	return e;
}

struct err *
report_list(int dir, const char *pattern, struct strs *paths)
{
	struct lister l = {paths, 0};

	TRY(list_in(&l, dir, "", pattern));
	strs_sort(paths);
	return NULL;
}

/* Open without following a link in any component. */
static struct err *
open_plain(int top, const char *path, int *out)
{
	struct str rest = str_of(path), piece;
	AUTO(fd_close_p) int dir = -1;
	int fd = -1;

	while (str_next(&rest, '/', &piece)) {
		AUTO(mem_free_p) char *name = str_dup(piece);
		bool last = rest.n == 0;

		fd = openat(dir == -1 ? top : dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
		    (last ? 0 : O_DIRECTORY) | (defence_on(DEFENCE_REPORT) ? O_NOFOLLOW : 0));
		if (fd == -1 && (errno == ELOOP || errno == ENOTDIR))
			return err_new(ERR_DENIED, "'%s' is a link, or leads through one", path);
		if (fd == -1)
			return err_sys("cannot open '%s'", path);
		fd_close_p(&dir);
		dir = fd;
	}
	*out = dir;
	dir = -1;
	return NULL;
}

static struct err *
read_one(int dir, const char *path, struct buf *text)
{
	AUTO(fd_close_p) int fd = -1;
	struct stat st;

	TRY(open_plain(dir, path, &fd));
	if (fstat(fd, &st) == -1)
		return err_sys("cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_DENIED, "'%s' is no regular file", path);
	return file_read_fd(fd, path, text);
}

struct err *
report_read(int dir, const struct strs *paths, struct redactor *redact, struct junit *out)
{
	size_t i, left = GATE_REPORT_MAX;

	for (i = 0; i < paths->n; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(left), clean = BUF_INIT(2 * GATE_REPORT_MAX);

		TRY(read_one(dir, paths->v[i], &text));
		left -= text.n;
		/* Before names and messages are cut: half a secret is not found. */
		if (redact != NULL)
			redact_str(redact, buf_str(&text), &clean);
		TRY(buf_check(&clean, "the redacted report"));
		TRY(junit_parse(paths->v[i], buf_str(redact != NULL ? &clean : &text), out));
	}
	if (out->n == 0)
		return err_new(ERR_SYNTAX, "%s: the report has no test",
		    paths->n == 0 ? "?" : paths->v[0]);
	return NULL;
}

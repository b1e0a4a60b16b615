#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "git/oid.h"
#include "git/place.h"

#define POINTER_MAX (64 * KIB)	/* HEAD, commondir and .git files are one line */

void
place_free(struct place *p)
{
	free(p->gitdir);
	free(p->commondir);
	free(p->workdir);
	*p = (struct place){0};
}

static struct err *
not_found(const char *path)
{
	return err_hint(err_new(ERR_REPOSITORY, "'%s' is not in a git repository", path),
	    "go to one, or make one with 'git init'");
}

static bool
is_dir(const char *dir, const char *name)
{
	AUTO(mem_free_p) char *path = path_join(dir, name);
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The trimmed content of dir/name; NULL when there is no such file, or it cannot be one of git's. */
static struct err *
read_line(const char *dir, const char *name, char **out)
{
	AUTO(mem_free_p) char *path = path_join(dir, name);
	AUTO(buf_free) struct buf b = BUF_INIT(POINTER_MAX);
	struct err *e = file_read(AT_FDCWD, path, &b);
	struct stat st;

	*out = NULL;
	if (e == NULL) {
		*out = str_dup(str_trim(buf_str(&b)));
		return NULL;
	}
	if (!err_is(e, ERR_NOT_FOUND) && !err_is(e, ERR_LIMIT) && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return e;
	err_ignore(e);
	return NULL;
}

/* realpath() of 'to' as seen from 'from'; NULL when it does not exist. */
static char *
resolve(const char *from, const char *to)
{
	AUTO(mem_free_p) char *path = to[0] == '/' ? mem_strdup(to) : path_join(from, to);

	return realpath(path, NULL);
}

/* NULL when it names one that does not exist. */
static struct err *
common_of(const char *gitdir, char **out)
{
	AUTO(mem_free_p) char *line = NULL;

	TRY(read_line(gitdir, "commondir", &line));
	*out = line == NULL ? mem_strdup(gitdir) : resolve(gitdir, line);
	return NULL;
}

static struct err *
is_head(const char *gitdir, bool *is)
{
	AUTO(mem_free_p) char *path = path_join(gitdir, "HEAD");
	AUTO(mem_free_p) char *line = NULL;
	char target[8];
	struct oid oid;

	if (readlink(path, target, sizeof(target)) >= 5) {
		*is = memcmp(target, "refs/", 5) == 0;
		return NULL;
	}
	TRY(read_line(gitdir, "HEAD", &line));
	*is = line != NULL && (strncmp(line, "ref:", 4) == 0 || oid_parse(str_of(line), &oid) ||
	    strlen(line) == 64);
	return NULL;
}

/* What cannot be read is not taken for what is none. */
static struct err *
is_gitdir(const char *path, bool *is)
{
	AUTO(mem_free_p) char *common = NULL;

	TRY(is_head(path, is));
	if (!*is)
		return NULL;
	TRY(common_of(path, &common));
	*is = common != NULL && is_dir(common, "objects") && is_dir(common, "refs");
	return NULL;
}

/* A folder's .git as a git folder, NULL when it has none. */
static struct err *
dotgit_of(const char *dir, char **out)
{
	AUTO(mem_free_p) char *path = path_join(dir, ".git");
	AUTO(mem_free_p) char *line = NULL;
	AUTO(mem_free_p) char *to = NULL;
	AUTO(mem_free_p) char *found = NULL;
	struct stat st;
	bool is = false;

	if (stat(path, &st) != 0)
		return NULL;
	if (S_ISDIR(st.st_mode)) {
		TRY(is_gitdir(path, &is));
		if (is)
			*out = realpath(path, NULL);
		return NULL;
	}
	TRY(read_line(dir, ".git", &line));
	if (line == NULL || strncmp(line, "gitdir:", 7) != 0)
		return err_hint(err_new(ERR_REPOSITORY, "'%s' is no git folder and names none", path),
		    "remove that file, or restore its line 'gitdir: <path>'");
	to = str_dup(str_trim(str_of(line + 7)));
	found = resolve(dir, to);
	if (found != NULL)
		TRY(is_gitdir(found, &is));
	if (!is)
		return err_hint(err_new(ERR_REPOSITORY, "'%s' names the git folder '%s', which is not one",
		    path, to), "run 'git worktree repair' in the main worktree");
	*out = STEAL(found);
	return NULL;
}

struct err *
place_of_gitdir(const char *gitdir, const char *workdir, struct place *out)
{
	AUTO(place_free) struct place p = {0};
	bool is = false;

	p.gitdir = realpath(gitdir, NULL);
	if (p.gitdir != NULL)
		TRY(is_gitdir(p.gitdir, &is));
	if (is)
		TRY(common_of(p.gitdir, &p.commondir));
	if (p.commondir == NULL)
		return err_new(ERR_REPOSITORY, "'%s' is not a git folder", gitdir);
	if (workdir != NULL && (p.workdir = realpath(workdir, NULL)) == NULL)
		return err_sys("cannot find the work tree '%s'", workdir);
	*out = p;
	p = (struct place){0};
	return NULL;
}

/* Is dir one of the folders above which nobody looks? */
static bool
is_ceiling(const char *dir)
{
	const char *env = getenv("GIT_CEILING_DIRECTORIES");
	struct str rest = str_of(env), one;

	while (str_next(&rest, ':', &one)) {
		while (one.n > 1 && one.p[one.n - 1] == '/')
			one.n--;
		if (str_is(one, dir))
			return true;
	}
	return false;
}

static bool
same_device(const char *a, const char *b)
{
	const char *env = getenv("GIT_DISCOVERY_ACROSS_FILESYSTEM");
	struct stat sa, sb;

	if (env != NULL && (strcmp(env, "1") == 0 || strcmp(env, "true") == 0))
		return true;
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev;
}

/* To the parent folder; false where git stops looking too. */
static bool
go_up(char *dir)
{
	AUTO(mem_free_p) char *from = mem_strdup(dir);
	char *slash = strrchr(dir, '/');

	if (slash == NULL || slash[1] == '\0')
		return false;
	slash[slash == dir ? 1 : 0] = '\0';
	return !is_ceiling(dir) && same_device(from, dir);
}

struct err *
place_discover(const char *start, struct place *out)
{
	AUTO(mem_free_p) char *dir = realpath(start == NULL ? "." : start, NULL);
	AUTO(mem_free_p) char *first = NULL;
	AUTO(mem_free_p) char *found = NULL;
	bool is;

	if (dir == NULL)
		return err_sys("cannot enter '%s'", start == NULL ? "." : start);
	first = mem_strdup(dir);
	do {
		TRY(dotgit_of(dir, &found));
		if (found != NULL)
			return place_of_gitdir(found, dir, out);
		TRY(is_gitdir(dir, &is));
		if (is)
			return place_of_gitdir(dir, NULL, out);
	} while (go_up(dir));
	return not_found(first);
}

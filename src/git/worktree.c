#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/place.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/worktree.h"

#define LINE_MAX_BYTES (64 * KIB)

/* The trimmed line of a small file; NULL when it is missing. */
static struct err *
read_line(const char *dir, const char *name, char **out)
{
	AUTO(mem_free_p) char *path = path_join(dir, name);
	AUTO(buf_free) struct buf b = BUF_INIT(LINE_MAX_BYTES);
	struct err *e = file_read(AT_FDCWD, path, &b);

	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		*out = NULL;
		return NULL;
	}
	if (e != NULL)
		return e;
	*out = str_dup(str_trim(buf_str(&b)));
	return NULL;
}

/* Does the worktree with this git folder sit on the branch, or come back to it? */
static struct err *
holds(const struct place *p, const char *ref, bool *yes)
{
	static const char *const files[] = {"rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"};
	AUTO(mem_free_p) char *target = NULL;
	size_t i;

	TRY(tip_symbolic(p, "HEAD", &target));
	*yes = target != NULL && strcmp(target, ref) == 0;
	for (i = 0; !*yes && i < NITEMS(files); i++) {
		AUTO(mem_free_p) char *line = NULL;

		TRY(read_line(p->gitdir, files[i], &line));
		*yes = line != NULL && (strcmp(line, ref) == 0 ||
		    (strncmp(ref, "refs/heads/", 11) == 0 && strcmp(line, ref + 11) == 0));
	}
	return NULL;
}

struct err *
worktree_path(const char *gitdir, char **path)
{
	AUTO(mem_free_p) char *line = NULL;
	AUTO(mem_free_p) char *dotgit = NULL;
	char *slash;
	struct stat st;

	*path = NULL;
	TRY(read_line(gitdir, "gitdir", &line));
	if (line == NULL)
		return NULL;
	dotgit = line[0] == '/' ? mem_strdup(line) : path_join(gitdir, line);
	slash = strrchr(dotgit, '/');
	if (slash == NULL || slash == dotgit || stat(dotgit, &st) != 0)
		return NULL;
	*slash = '\0';
	*path = realpath(dotgit, NULL);
	return NULL;
}

static struct err *
in_linked(const char *common, const char *name, const char *ref, char **path)
{
	AUTO(mem_free_p) char *gitdir = mem_printf("%s/worktrees/%s", common, name);
	struct place p = {.gitdir = gitdir, .commondir = (char *)common};
	bool yes;

	TRY(holds(&p, ref, &yes));
	if (!yes)
		return NULL;
	return worktree_path(gitdir, path);
}

/* The main worktree as seen from any: beside a common folder named ".git". */
static struct err *
in_main(struct repo *r, const char *ref, char **path)
{
	const char *common = repo_commondir(r);
	struct place p = {.gitdir = (char *)common, .commondir = (char *)common};
	size_t n = strlen(common);
	bool yes;

	if (!repo_is_linked(r) && repo_is_bare(r))
		return NULL;
	TRY(holds(&p, ref, &yes));
	if (!yes)
		return NULL;
	if (!repo_is_linked(r))
		*path = mem_strdup(repo_workdir(r));
	else if (n > 5 && strcmp(common + n - 5, "/.git") == 0)
		*path = mem_strndup(common, n - 5);
	return NULL;
}

struct err *
repo_checked_out(struct repo *r, const char *ref, char **path)
{
	AUTO(mem_free_p) char *found = NULL;
	AUTO(mem_free_p) char *dir = path_join(repo_commondir(r), "worktrees");
	AUTO(strs_free) struct strs names = {0};
	struct err *e = NULL;
	size_t i;

	TRY(in_main(r, ref, &found));
	if (found == NULL)
		e = dir_names(AT_FDCWD, dir, &names);
	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		e = NULL;
	}
	for (i = 0; e == NULL && found == NULL && i < names.n; i++)
		if (names.v[i][0] != '.')
			e = in_linked(repo_commondir(r), names.v[i], ref, &found);
	if (e == NULL)
		*path = STEAL(found);
	return e;
}

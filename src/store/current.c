#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/durable.h"
#include "git/repo.h"
#include "store/current.h"

#define RUNS "../runs/"

static struct err *
folder_of(struct repo *r, char **out)
{
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	*out = path_join(dir, "current");
	return NULL;
}

struct err *
current_get(struct repo *r, const struct id *task, struct id *run)
{
	AUTO(mem_free_p) char *folder = NULL;
	AUTO(mem_free_p) char *path = NULL;
	char to[sizeof(RUNS) + ID_LEN + 1];
	struct str name;
	ssize_t n;

	TRY(folder_of(r, &folder));
	path = path_join(folder, task->s);
	n = readlink(path, to, sizeof(to));
	if (n < 0 && (errno == ENOENT || errno == EINVAL))
		return err_new(ERR_NOT_FOUND, "task %s has no unfinished run here", task->s);
	if (n < 0)
		return err_sys("cannot read the link '%s'", path);
	name = str_mk(to, (size_t)n);
	if (!str_starts(name, RUNS) || !id_parse(str_skip(name, strlen(RUNS)), run))
		return err_new(ERR_NOT_FOUND, "'%s' leads to no run", path);
	return NULL;
}

/* Killed between the two steps, the task goes on with no run: what it had was about to be given up. */
struct err *
current_set(struct repo *r, const struct id *task, const struct id *run)
{
	AUTO(durable_close) struct durable d = DURABLE_INIT;
	AUTO(mem_free_p) char *folder = NULL;
	AUTO(mem_free_p) char *to = mem_printf(RUNS "%s", run->s);
	struct id was;
	struct err *e;
	int rc;

	e = current_get(r, task, &was);
	if (e == NULL && strcmp(was.s, run->s) == 0)
		return NULL;
	err_ignore(e);
	TRY(folder_of(r, &folder));
	TRY(dir_make(AT_FDCWD, folder, 0700));
	TRY(durable_open(&d, folder));
	rc = symlinkat(to, d.dir, task->s);
	if (rc != 0 && errno == EEXIST) {
		TRY(tree_remove(d.dir, task->s));
		rc = symlinkat(to, d.dir, task->s);
	}
	if (rc != 0)
		return err_sys("cannot make the link '%s/%s'", folder, task->s);
	durable_folder(&d, folder);
	return d.ordered ? NULL : durable_commit(&d);
}

struct err *
current_forget(struct repo *r, const struct id *task)
{
	AUTO(mem_free_p) char *folder = NULL;
	AUTO(mem_free_p) char *path = NULL;

	TRY(folder_of(r, &folder));
	path = path_join(folder, task->s);
	return tree_remove(AT_FDCWD, path);
}

struct err *
current_tasks(struct repo *r, struct strs *out)
{
	AUTO(mem_free_p) char *folder = NULL;
	struct err *e;

	TRY(folder_of(r, &folder));
	e = dir_names(AT_FDCWD, folder, out);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_ignore(e);
	return NULL;
}

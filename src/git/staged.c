#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/cli.h"
#include "git/repo.h"
#include "git/staged.h"

static char *
index_path(struct repo *r, const char *file)
{
	if (file == NULL)
		return path_join(repo_gitdir(r), "index");
	return file[0] == '/' ? mem_strdup(file) : path_join(repo_workdir(r), file);
}

static struct err *
write_tree(struct repo *r, const char *copy, struct oid *tree)
{
	static const char *const args[] = {"write-tree", NULL};
	AUTO(mem_free_p) char *name = mem_printf("GIT_INDEX_FILE=%s", copy);
	const char *const env[] = {name, NULL};
	struct cli_opts o = {.dir = repo_workdir(r), .env = env};
	AUTO(mem_free_p) char *text = NULL;

	TRY(cli_ok(&o, args, &text));
	if (!oid_parse(str_trim(str_of(text)), tree))
		return err_new(ERR_COMMAND, "'git write-tree' printed no object id");
	return NULL;
}

struct err *
staged_tree(struct repo *r, const char *file, struct oid *tree)
{
	AUTO(buf_free) struct buf index = BUF_INIT(STAGED_MAX);
	AUTO(mem_free_p) char *path = NULL;
	AUTO(mem_free_p) char *copy = NULL;
	const char *dir;
	struct err *e;

	if (repo_is_bare(r))
		return err_new(ERR_REPOSITORY, "a bare repository has no index");
	TRY(repo_factory_dir(r, &dir));
	path = index_path(r, file);
	copy = mem_printf("%s/index.%ld", dir, (long)getpid());
	/* Without an index nothing is staged, and git writes the empty tree. */
	e = file_read(AT_FDCWD, path, &index);
	if (err_is(e, ERR_NOT_FOUND))
		err_ignore(e);
	else if (e != NULL)
		return e;
	else
		TRY(file_replace(AT_FDCWD, copy, buf_str(&index), 0600, false));
	e = write_tree(r, copy, tree);
	unlink(copy);
	return e;
}

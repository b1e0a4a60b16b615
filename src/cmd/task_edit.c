/*
 * git factory task edit - the part with the editor.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "git/repo.h"
#include "git/userconf.h"
#include "model/task.h"
#include "store/state.h"
#include "sys/proc.h"

extern char **environ;

char *
edit_path(struct state *s, const struct id *id)
{
	return mem_printf("%s/factory/edit/%s.md", repo_commondir(state_repo(s)), id->s);
}

static const char *
set_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* As git-var(1) says of GIT_EDITOR. */
static struct err *
choose_editor(struct repo *r, char **out)
{
	const char *term = getenv("TERM");
	bool dumb = term == NULL || strcmp(term, "dumb") == 0;
	const char *found = set_env("GIT_EDITOR");
	char *set = NULL;

	if (found == NULL) {
		TRY(userconf_str(r, "core.editor", &set));
		if (set != NULL) {
			*out = set;
			return NULL;
		}
	}
	if (found == NULL && !dumb)
		found = set_env("VISUAL");
	if (found == NULL)
		found = set_env("EDITOR");
	if (found == NULL && dumb)
		return err_hint(err_new(ERR_USAGE, "this terminal has no editor"),
		    "set EDITOR, or give options or -F FILE");
	*out = mem_strdup(found != NULL ? found : "vi");
	return NULL;
}

static struct err *
run_editor(struct repo *r, const char *path)
{
	AUTO(mem_free_p) char *editor = NULL;
	AUTO(mem_free_p) char *line = NULL;
	AUTO(proc_result_free) struct proc_result result = {0};
	const char *argv[] = {"/bin/sh", "-c", NULL, NULL, path, NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ,
	    .inherit_in = true, .inherit_out = true, .inherit_err = true};

	TRY(choose_editor(r, &editor));
	line = mem_printf("%s \"$@\"", editor);
	argv[2] = line;
	argv[3] = editor;
	TRY(proc_run(&spec, &result));
	return proc_check(&result, editor);
}

/* An editor that failed at once leaves nothing worth keeping. */
static void
drop_if_same(const char *path, struct str old)
{
	AUTO(buf_free) struct buf now = BUF_INIT(TASK_FILE_MAX);

	err_ignore(file_read(AT_FDCWD, path, &now));
	if (str_eq(buf_str(&now), old))
		unlink(path);
}

struct err *
edit_text(struct app *app, struct state *s, const struct id *id, struct str old, struct buf *new)
{
	AUTO(mem_free_p) char *path = edit_path(s, id);
	AUTO(mem_free_p) char *dir = NULL;
	const char *factory;
	struct err *e;
	bool kept;

	TRY(repo_factory_dir(state_repo(s), &factory));
	dir = path_join(factory, "edit");
	TRY(dir_make(AT_FDCWD, dir, 0700));
	kept = access(path, F_OK) == 0;
	if (kept)
		out_printf(&app->note, "note: going on with the text kept in '%s'\n", path);
	else
		TRY(file_replace(AT_FDCWD, path, old, 0600, false));
	TRY(out_flush(&app->note));
	e = run_editor(state_repo(s), path);
	if (e == NULL)
		e = file_read(AT_FDCWD, path, new);
	if (e != NULL && !kept)
		drop_if_same(path, old);
	return e;
}

void
edit_done(struct state *s, const struct id *id)
{
	AUTO(mem_free_p) char *path = edit_path(s, id);

	unlink(path);
}

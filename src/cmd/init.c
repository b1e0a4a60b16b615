/*
 * git factory init - let the factory into a repository.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "conf/config.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "line/ci.h"
#include "store/state.h"
#include "sys/shared.h"
#include "wire/json.h"

struct init_opts {
	bool json;
	const char *issues;
	const char *ci;
	const char *action;
};

static const struct opt init_table[] = {
	OPT_STRING(0, "issues", "FORGE", struct init_opts, issues,
	    "add forms for issues: of github, gitlab, gitea or forgejo"),
	OPT_STRING(0, "ci", "FORGE", struct init_opts, ci,
	    "add what runs the factory in the CI: of github, gitlab, gitea or forgejo"),
	OPT_STRING(0, "action", "SOURCE@ID", struct init_opts, action,
	    "with --ci: the repository that git-factory is built from there, and the full id of its commit"),
	OPT_FLAG(0, "json", struct init_opts, json, "print JSON"),
	OPT_END,
};

/* A folder of the work tree itself: a link could lead anywhere. */
static struct err *
make_folder(const char *workdir, const char *name)
{
	AUTO(mem_free_p) char *dir = path_join(workdir, name);
	struct stat st;

	if (mkdir(dir, 0777) == 0)
		return NULL;
	if (errno != EEXIST)
		return err_sys("cannot make the folder '%s'", dir);
	if (lstat(dir, &st) != 0)
		return err_sys("cannot look at '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return err_new(ERR_DENIED, "'%s' is not a folder", dir);
	return NULL;
}

/* Does the commit that is checked out have a policy that the work tree lacks? */
static struct err *
has_policy(struct repo *r, bool *has)
{
	struct tree_entry e = {0};
	struct oid head, tree;
	char *branch = NULL;

	TRY(repo_head(r, &branch, &head));
	free(branch);
	*has = false;
	if (oid_is_zero(&head))
		return NULL;
	TRY(commit_tree(r, &head, &tree));
	TRY(tree_find(r, &tree, CONFIG_PATH, &e));
	*has = e.mode != 0;
	return NULL;
}

static struct err *
write_policy(struct repo *r, bool *written)
{
	AUTO(buf_free) struct buf text = BUF_INIT(CONFIG_MAX);
	AUTO(mem_free_p) char *path = NULL;
	struct stat st;
	bool has;

	*written = false;
	if (repo_workdir(r) == NULL)
		return NULL;
	path = path_join(repo_workdir(r), CONFIG_PATH);
	if (lstat(path, &st) == 0)
		return NULL;
	TRY(has_policy(r, &has));
	if (has)
		return NULL;
	TRY(make_folder(repo_workdir(r), ".factory"));
	config_template(&text);
	TRY(file_replace(AT_FDCWD, path, buf_str(&text), 0666, true));
	*written = true;
	return NULL;
}

/* ---- forms for issues ---- */

static const struct form {
	const char *forge, *from, *folder, *name;
} forms[] = {
	{"github", "issues/github", ".github/ISSUE_TEMPLATE", "factory-task.yml"},
	{"github", "issues/github", ".github/ISSUE_TEMPLATE", "factory-structured.yml"},
	{"gitlab", "issues/gitlab", ".gitlab/issue_templates", "factory-task.md"},
	{"gitlab", "issues/gitlab", ".gitlab/issue_templates", "factory-structured.md"},
	{"gitea", "issues/github", ".gitea/ISSUE_TEMPLATE", "factory-task.yml"},
	{"gitea", "issues/github", ".gitea/ISSUE_TEMPLATE", "factory-structured.yml"},
	{"forgejo", "issues/github", ".forgejo/ISSUE_TEMPLATE", "factory-task.yml"},
	{"forgejo", "issues/github", ".forgejo/ISSUE_TEMPLATE", "factory-structured.yml"},
};

/* What is there stays as it is. */
static struct err *
write_form(const char *workdir, const struct form *f, struct strs *written)
{
	AUTO(mem_free_p) char *from = mem_printf("templates/%s/%s", f->from, f->name);
	AUTO(mem_free_p) char *name = path_join(f->folder, f->name);
	AUTO(mem_free_p) char *path = path_join(workdir, name);
	AUTO(mem_free_p) char *parent = str_dup(str_take(str_of(f->folder), (size_t)str_chr(str_of(f->folder), '/')));
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	struct stat st;

	if (lstat(path, &st) == 0)
		return NULL;
	TRY(shared_read(from, &text, NULL));
	TRY(make_folder(workdir, parent));
	TRY(make_folder(workdir, f->folder));
	TRY(file_replace(AT_FDCWD, path, buf_str(&text), 0666, true));
	strs_add(written, name);
	return NULL;
}

static struct err *
write_forms(struct repo *r, const char *forge, struct strs *written)
{
	bool known = false;
	size_t i;

	if (repo_workdir(r) == NULL)
		return err_new(ERR_USAGE, "a bare repository has no files to add forms to");
	for (i = 0; i < NITEMS(forms); i++)
		if (strcmp(forms[i].forge, forge) == 0) {
			known = true;
			TRY(write_form(repo_workdir(r), &forms[i], written));
		}
	if (!known)
		return err_new(ERR_USAGE, "'%s' has no forms for issues: github, gitlab, gitea and forgejo have", forge);
	return NULL;
}

static void
print_json(struct app *app, const struct desk *d, bool created, bool written, const struct strs *files)
{
	size_t i;
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;

	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kstr(&w, "state", REF_STATE);
	jw_kbool(&w, "created", created);
	jw_kstr(&w, "view", state_view(d->state));
	jw_kstr(&w, "policy", repo_is_bare(d->repo) ? NULL : CONFIG_PATH);
	jw_kbool(&w, "policy_written", written);
	jw_key(&w, "files_written");
	jw_list(&w);
	for (i = 0; i < files->n; i++)
		jw_str(&w, files->v[i]);
	jw_end(&w);
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
}

static void
print_text(struct app *app, const struct desk *d, bool created, bool written, const struct strs *files)
{
	struct out *o = &app->out;
	size_t i;

	for (i = 0; i < files->n; i++)
		out_printf(o, "file    %s\n", files->v[i]);
	if (!created && !written && files->n == 0) {
		out_printf(o, "The factory is set up here already; nothing was changed.\n");
		return;
	}
	if (created) {
		out_printf(o, "state   %s\n", REF_STATE);
		if (state_view(d->state) != NULL)
			out_printf(o, "view    branch '%s'\n", state_view(d->state) + strlen("refs/heads/"));
	}
	if (!written)
		return;
	out_printf(o, "policy  %s\n\n", CONFIG_PATH);
	out_printf(o, "Next: name a model and your tests in %s, then\n", CONFIG_PATH);
	out_printf(o, "    git add .factory && git commit -m 'Let the factory in'\n");
	out_printf(o, "    git factory doctor\n");
	out_printf(o, "    git factory task add 'What you want'\n");
	out_printf(o, "    git factory run\n");
}

static struct err *
init(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	const struct init_opts *o = opts;
	AUTO(strs_free) struct strs files = {0};
	bool created = false, written = false;

	TRY(desk_open(app, &d));
	TRY(state_init(d.state, &created));
	TRY(write_policy(d.repo, &written));
	if (o->issues != NULL)
		TRY(write_forms(d.repo, o->issues, &files));
	if (o->ci != NULL)
		TRY(ci_write(d.repo, o->ci, o->action, &files));
	(o->json ? print_json : print_text)(app, &d, created, written, &files);
	if (o->ci != NULL && files.n > 0 && !o->json)
		out_printf(&app->out, "\n%s", ci_next(o->ci));
	return NULL;
}

const struct verb cmd_init[] = {
	{.noun = "init", .args = "", .doc = "let the factory into this repository", .opts = init_table,
	    .opts_size = sizeof(struct init_opts), .run = init},
	VERB_END,
};

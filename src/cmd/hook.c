/*
 * git factory hook - the factory in git's own hooks: put there, taken out, listed.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "face/hookdir.h"
#include "git/repo.h"
#include "wire/json.h"

struct hook_opts {
	bool force;
	bool json;
};

static const struct opt install_table[] = {
	OPT_FLAG('f', "force", struct hook_opts, force,
	    "also into a folder that is tracked, outside of the repository, or written by another program"),
	OPT_END,
};

static const struct opt list_table[] = {
	OPT_FLAG(0, "json", struct hook_opts, json, "print JSON"),
	OPT_END,
};

static const struct opt none_table[] = {
	OPT_END,
};

/* Without a name: those for people in a work tree, those for pushes in a bare repository. */
static bool
is_asked(const struct hook_kind *k, const struct args *args, bool server)
{
	size_t i;

	for (i = 0; i < args->n; i++)
		if (strcmp(args->v[i], k->name) == 0)
			return true;
	return args->n == 0 && k->server == server;
}

static struct err *
check_names(const struct args *args)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	const struct hook_kind *k;
	size_t i;

	for (k = hook_kinds; k->name != NULL; k++)
		buf_addf(&names, "%s%s", names.n == 0 ? "" : k[1].name == NULL ? " and " : ", ", k->name);
	for (i = 0; i < args->n; i++)
		if (hook_kind_of(args->v[i]) == NULL)
			return err_hint(err_new(ERR_USAGE, "there is no hook '%s' to install", args->v[i]),
			    "git factory has %s", buf_cstr(&names));
	return NULL;
}

/* ---- install, remove ---- */

static struct err *
install_one(struct app *app, const struct hookdir *d, const struct hook_kind *k)
{
	AUTO(hook_found_free) struct hook_found f = {0};

	TRY(hook_install(d, k));
	TRY(hook_find(d, k, &f));
	if (f.state == HOOK_CALLED)
		out_printf(&app->out, "%s is there and calls git factory already\n", f.path);
	else
		out_printf(&app->out, "%s %s\n", f.path, k->what);
	if (f.chains)
		out_printf(&app->out, "%s, which was there, is asked first\n", f.chained);
	return NULL;
}

static struct err *
install(struct app *app, const void *opts, const struct args *args)
{
	const struct hook_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(hookdir_free) struct hookdir d = {0};
	const struct hook_kind *k;

	TRY(check_names(args));
	TRY(repo_open(app->repo_path, &r));
	TRY(hookdir_open(r, &d));
	/* All or none. */
	for (k = hook_kinds; k->name != NULL; k++)
		if (is_asked(k, args, repo_is_bare(r)))
			TRY(hook_check(&d, k, o->force));
	for (k = hook_kinds; k->name != NULL; k++)
		if (is_asked(k, args, repo_is_bare(r)))
			TRY(install_one(app, &d, k));
	return NULL;
}

static struct err *
remove_hooks(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(hookdir_free) struct hookdir d = {0};
	const struct hook_kind *k;
	bool removed = false;

	TRY(check_names(args));
	TRY(repo_open(app->repo_path, &r));
	TRY(hookdir_open(r, &d));
	for (k = hook_kinds; k->name != NULL; k++)
		if (args->n == 0 || is_asked(k, args, false))
			TRY(hook_remove(&d, k, &removed));
	return removed ? NULL : err_new(ERR_NOT_FOUND, "'%s' has no such hook of git factory", d.path);
}

/* ---- list ---- */

static void
print_one(struct out *o, const struct hook_kind *k, const struct hook_found *f)
{
	out_printf(o, "%-12s  ", k->name);
	out_style(o, f->state == HOOK_BROKEN ? STYLE_RED : f->state == HOOK_INSTALLED || f->state == HOOK_CALLED ?
	    STYLE_GREEN : STYLE_RESET);
	out_printf(o, "%s", hook_state_word(f->state));
	out_style(o, STYLE_RESET);
	if (f->why != NULL)
		out_printf(o, ": %s", f->why);
	else if (f->chains)
		out_printf(o, ", asks %s first", f->chained);
	else if (f->state == HOOK_CALLED)
		out_printf(o, " by what is there");
	else if (f->state == HOOK_FOREIGN)
		out_printf(o, ": %s does not call git factory", f->path);
	out_printf(o, "\n");
}

static void
put_one(struct jw *w, const struct hook_kind *k, const struct hook_found *f)
{
	jw_obj(w);
	jw_kstr(w, "hook", k->name);
	jw_kstr(w, "state", hook_state_word(f->state));
	jw_kstr(w, "path", f->state == HOOK_MISSING ? NULL : f->path);
	jw_kstr(w, "chained", f->chains ? f->chained : NULL);
	jw_kstr(w, "why", f->why);
	jw_end(w);
}

/* What is for the other kind of repository is told where it is there. */
static struct err *
list_all(struct app *app, const struct hookdir *d, bool server, struct jw *w)
{
	const struct hook_kind *k;

	for (k = hook_kinds; k->name != NULL; k++) {
		AUTO(hook_found_free) struct hook_found f = {0};

		TRY(hook_find(d, k, &f));
		if (k->server != server && (f.state == HOOK_MISSING || f.state == HOOK_FOREIGN))
			continue;
		if (w != NULL)
			put_one(w, k, &f);
		else
			print_one(&app->out, k, &f);
	}
	return NULL;
}

static struct err *
list(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(hookdir_free) struct hookdir d = {0};
	struct jw w;

	TRY(repo_open(app->repo_path, &r));
	TRY(hookdir_open(r, &d));
	if (!((const struct hook_opts *)opts)->json) {
		out_printf(&app->out, "%-12s  %s\n", "folder", d.path);
		if (d.manager != NULL)
			out_printf(&app->out, "%-12s  %s\n", "manager", d.manager);
		return list_all(app, &d, repo_is_bare(r), NULL);
	}
	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kstr(&w, "folder", d.path);
	jw_kstr(&w, "manager", d.manager);
	jw_kbool(&w, "tracked", d.tracked);
	jw_kbool(&w, "outside", d.outside);
	jw_key(&w, "hooks");
	jw_list(&w);
	TRY(list_all(app, &d, repo_is_bare(r), &w));
	jw_end(&w);
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

const struct verb cmd_hook[] = {
	{"hook", "install", "[HOOK]...", "put the factory's hooks where git looks for hooks, after those that are there",
	    install_table, sizeof(struct hook_opts), NULL, 0, -1, 0, install},
	{"hook", "remove", "[HOOK]...", "take the hooks out, and put back what was there", none_table,
	    sizeof(struct hook_opts), NULL, 0, -1, 0, remove_hooks},
	{"hook", "list", "", "which hooks are there, whose they are, and whether they work", list_table,
	    sizeof(struct hook_opts), NULL, 0, 0, 0, list},
	{"hook", "run", "HOOK [ARGUMENT]...", "what the hook calls, with its arguments and stdin", none_table,
	    sizeof(struct hook_opts), NULL, 1, -1, VERB_INTERNAL, hook_run},
	VERB_END,
};

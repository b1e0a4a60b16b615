/*
 * git factory hook - the gates in a person's own git hooks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/userconf.h"
#include "face/check.h"
#include "line/base.h"
#include "line/check.h"
#include "sys/shared.h"
#include "sys/sigs.h"

#define MARK "Made by git-factory"	/* in our hook's second line */
#define HOOK_MAX (1 * MIB)
#define REFS_MAX (16 * MIB)

struct hook_opts {
	bool force;
};

static const struct opt install_table[] = {
	OPT_FLAG('f', "force", struct hook_opts, force,
	    "also into a folder that is tracked, or outside of the repository"),
	OPT_END,
};

static const struct opt none_table[] = {
	OPT_END,
};

struct hook {
	const char *name;
	const char *what;	/* it gates */
	struct err *(*run)(struct app *app, struct repo *r, const struct args *args);
};

static struct err *run_commit(struct app *app, struct repo *r, const struct args *args) MUST_USE;
static struct err *run_push(struct app *app, struct repo *r, const struct args *args) MUST_USE;

static const struct hook hooks[] = {
	{"pre-commit", "what is committed", run_commit},
	{"pre-push", "what is pushed", run_push},
};

static bool
is_asked(const struct hook *h, const struct args *args)
{
	size_t i;

	for (i = 0; i < args->n; i++)
		if (strcmp(args->v[i], h->name) == 0)
			return true;
	return args->n == 0;
}

static struct err *
check_names(const struct args *args)
{
	size_t i, k;

	for (i = 0; i < args->n; i++) {
		for (k = 0; k < NITEMS(hooks) && strcmp(args->v[i], hooks[k].name) != 0; k++)
			;
		if (k == NITEMS(hooks))
			return err_hint(err_new(ERR_USAGE, "there is no hook '%s' to install", args->v[i]),
			    "git factory has pre-commit and pre-push");
	}
	return NULL;
}

/* ---- where hooks are ---- */

struct place_of_hooks {
	char *dir;		/* absolute */
	char *hook, *chained;
};

static void
place_free_p(struct place_of_hooks *p)
{
	free(p->dir);
	free(p->hook);
	free(p->chained);
}

static bool
is_below(const char *path, const char *top)
{
	size_t n = top == NULL ? 0 : strlen(top);

	return n != 0 && strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* As git reads core.hooksPath: relative to where hooks run. */
static struct err *
hooks_dir(struct repo *r, char **out)
{
	AUTO(mem_free_p) char *set = NULL;
	const char *top = repo_workdir(r);

	TRY(userconf_path(r, "core.hooksPath", &set));
	if (set == NULL || set[0] == '\0')
		*out = path_join(repo_commondir(r), "hooks");
	else if (set[0] == '/')
		*out = STEAL(set);
	else
		*out = path_join(top != NULL ? top : repo_gitdir(r), set);
	return NULL;
}

static struct err *
is_tracked(struct repo *r, const char *path, bool *tracked)
{
	AUTO(mem_free_p) char *branch = NULL;
	struct oid head, tree;
	struct tree_entry e;

	*tracked = false;
	TRY(repo_head(r, &branch, &head));
	if (oid_is_zero(&head))
		return NULL;
	TRY(commit_tree(r, &head, &tree));
	TRY(tree_find(r, &tree, path, &e));
	*tracked = e.mode != 0;
	return NULL;
}

/* A folder that others share is not changed unasked. */
static struct err *
check_place(struct repo *r, const char *dir)
{
	AUTO(mem_free_p) char *real = realpath(dir, NULL);
	const char *where = real != NULL ? real : dir, *top = repo_workdir(r);
	bool tracked = false;

	if (is_below(where, repo_commondir(r)))
		return NULL;
	if (!is_below(where, top))
		return err_hint(err_new(ERR_STATE, "core.hooksPath '%s' is outside of this repository", dir),
		    "other repositories may use it; --force installs the hook there");
	if (where[strlen(top)] == '/')
		TRY(is_tracked(r, where + strlen(top) + 1, &tracked));
	if (tracked)
		return err_hint(err_new(ERR_STATE, "core.hooksPath '%s' is a tracked folder", dir),
		    "the hook would become part of the project; --force installs it there");
	return NULL;
}

static struct err *
place_open(struct repo *r, const struct hook *h, struct place_of_hooks *p)
{
	TRY(hooks_dir(r, &p->dir));
	p->hook = path_join(p->dir, h->name);
	p->chained = mem_printf("%s.chained", p->hook);
	return NULL;
}

static bool
there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static struct err *
is_ours(const char *path, bool *ours)
{
	AUTO(buf_free) struct buf text = BUF_INIT(HOOK_MAX);
	struct str rest, line;
	struct err *e;

	*ours = false;
	e = file_read(AT_FDCWD, path, &text);
	/* A link to nowhere, a folder, a huge program: somebody else's. */
	if (err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_LIMIT)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	rest = buf_str(&text);
	if (str_line(&rest, &line) && str_line(&rest, &line))
		*ours = str_find(line, STR(MARK)) != -1;
	return NULL;
}

/* ---- install, remove ---- */

static struct err *
template_read(const struct hook *h, struct buf *out)
{
	AUTO(mem_free_p) char *path = path_join("hooks", h->name);

	return shared_read(path, out, NULL);
}

static struct err *
move(const char *from, const char *to)
{
	if (rename(from, to) == -1)
		return err_sys("cannot rename '%s' to '%s'", from, to);
	return NULL;
}

/* The hook that is there is asked first from now on. */
static struct err *
chain(const struct place_of_hooks *p)
{
	if (there(p->chained))
		return err_hint(err_new(ERR_STATE, "both '%s' and '%s' are there", p->hook, p->chained),
		    "make one of the two; git factory keeps the hook that was there in the second");
	return move(p->hook, p->chained);
}

static struct err *
install_one(struct app *app, struct repo *r, const struct hook *h, bool force)
{
	AUTO(place_free_p) struct place_of_hooks p = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(HOOK_MAX);
	bool ours = false;

	TRY(place_open(r, h, &p));
	if (!force)
		TRY(check_place(r, p.dir));
	TRY(template_read(h, &text));
	TRY(dir_make(AT_FDCWD, p.dir, 0755));
	if (there(p.hook)) {
		TRY(is_ours(p.hook, &ours));
		if (!ours)
			TRY(chain(&p));
	}
	TRY(file_replace(AT_FDCWD, p.hook, buf_str(&text), 0755, true));
	out_printf(&app->out, "%s gates %s\n", p.hook, h->what);
	if (there(p.chained))
		out_printf(&app->out, "%s, which was there, is asked first\n", p.chained);
	return NULL;
}

static struct err *
install(struct app *app, const void *opts, const struct args *args)
{
	const struct hook_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	size_t i;

	TRY(check_names(args));
	TRY(repo_open(app->repo_path, &r));
	for (i = 0; i < NITEMS(hooks); i++)
		if (is_asked(&hooks[i], args))
			TRY(install_one(app, r, &hooks[i], o->force));
	return NULL;
}

static struct err *
remove_one(struct repo *r, const struct hook *h, bool *removed)
{
	AUTO(place_free_p) struct place_of_hooks p = {0};
	bool ours = false;

	TRY(place_open(r, h, &p));
	if (there(p.hook))
		TRY(is_ours(p.hook, &ours));
	if (!ours)
		return NULL;
	*removed = true;
	/* One step: at no moment is the hook that was there before missing. */
	if (there(p.chained))
		return move(p.chained, p.hook);
	if (unlink(p.hook) == -1)
		return err_sys("cannot remove '%s'", p.hook);
	return NULL;
}

static struct err *
remove_hooks(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(repo_close_p) struct repo *r = NULL;
	bool removed = false;
	size_t i;

	TRY(check_names(args));
	TRY(repo_open(app->repo_path, &r));
	TRY(hooks_dir(r, &dir));
	for (i = 0; i < NITEMS(hooks); i++)
		if (is_asked(&hooks[i], args))
			TRY(remove_one(r, &hooks[i], &removed));
	return removed ? NULL : err_new(ERR_NOT_FOUND, "'%s' has no such hook of git factory", dir);
}

/* ---- run ---- */

struct push {
	struct app *app;
	struct repo *repo;
	struct base base;
	struct strs done;	/* what was gated already: "base commit" */
	size_t gated;
	struct err *failed;	/* the first one */
};

static void
on_event(void *arg, enum line_event event UNUSED, const char *text)
{
	struct app *app = arg;

	out_line(&app->note, str_of(text));
	out_printf(&app->note, "\n");
}

/*
 * A branch is gated on the base branch; the base branch itself on what the
 * remote has of it, else it would be compared with itself.
 */
static const struct oid *
base_for(const struct push *p, const char *remote_ref, const struct oid *remote)
{
	if (strcmp(remote_ref, p->base.ref) == 0 && !oid_is_zero(remote) &&
	    commit_exists(p->repo, remote))
		return remote;
	return &p->base.commit;
}

static struct err *
gate_one(struct push *p, const char *remote_ref, const struct oid *commit,
    const struct oid *remote)
{
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(),
	    .on_event = on_event, .arg = p->app};
	struct check_opts co = {.repo = p->repo, .clock = &p->app->clock, .line = &line, .person = true};
	AUTO(mem_free_p) char *key = NULL;
	AUTO(check_free) struct check c = {0};
	struct oid_hex hex = oid_hex(base_for(p, remote_ref, remote));

	co.base = hex.s;
	key = mem_printf("%s %s", hex.s, oid_hex(commit).s);
	if (strs_has(&p->done, key))
		return NULL;
	strs_add(&p->done, key);
	out_printf(&p->app->note, "git factory gates %.12s for %s\n", oid_hex(commit).s, remote_ref);
	TRY(check_rev(&co, oid_hex(commit).s, &c));
	p->gated++;
	check_show(&p->app->note, &c);
	if (p->failed == NULL)
		p->failed = check_answer(&c);
	return NULL;
}

/* "<local ref> <local id> <remote ref> <remote id>" (githooks(5)). */
static struct err *
push_line(struct push *p, struct str line)
{
	struct str local, id, remote_ref, remote_id;
	AUTO(mem_free_p) char *name = NULL;
	struct oid commit, remote;

	if (!str_next(&line, ' ', &local) || !str_next(&line, ' ', &id) ||
	    !str_next(&line, ' ', &remote_ref) || !str_next(&line, ' ', &remote_id) ||
	    !oid_parse(id, &commit) || !oid_parse(remote_id, &remote))
		return err_new(ERR_SYNTAX, "git's list of pushed refs has a line that is none");
	/* Deletions, tags, notes and the factory's own refs change no branch. */
	if (oid_is_zero(&commit) || !str_starts(remote_ref, "refs/heads/") ||
	    str_is(remote_ref, REF_VIEW))
		return NULL;
	name = str_dup(remote_ref);
	return gate_one(p, name, &commit, &remote);
}

static struct err *
push_lines(struct push *p)
{
	AUTO(buf_free) struct buf text = BUF_INIT(REFS_MAX);
	struct str rest, line;

	TRY(file_read_fd(STDIN_FILENO, "stdin", &text));
	TRY(base_find(p->repo, NULL, &p->base));
	rest = buf_str(&text);
	while (str_line(&rest, &line))
		if (line.n != 0)
			TRY(push_line(p, line));
	return NULL;
}

static struct err *
run_push(struct app *app, struct repo *r, const struct args *args UNUSED)
{
	struct push p = {.app = app, .repo = r};
	struct err *e;

	e = push_lines(&p);
	base_free(&p.base);
	strs_free(&p.done);
	if (e == NULL && p.failed != NULL)
		return err_hint(p.failed, "'git push --no-verify' pushes without the gates");
	err_free(p.failed);
	return e;
}

/* Quick, so that it stays installed: what reads the change, and the commands that are meant for this. */
static struct err *
run_commit(struct app *app, struct repo *r, const struct args *args)
{
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag()};
	struct check_opts co = {.repo = r, .clock = &app->clock, .line = &line, .person = true, .fast = true,
	    .quick = true};
	const char *index = args->n > 1 && args->v[1][0] != '\0' ? args->v[1] : NULL;
	AUTO(mem_free_p) char *branch = NULL;
	AUTO(check_free) struct check c = {0};
	struct oid head;
	struct err *e;

	TRY(repo_head(r, &branch, &head));
	if (oid_is_zero(&head))
		return NULL;
	TRY(check_index(&co, index, &c));
	e = check_answer(&c);
	if (e == NULL)
		check_tell(&app->note, &c);
	else
		check_show(&app->note, &c);
	return e == NULL ? NULL : err_hint(e, "'git commit --no-verify' commits without the gates");
}

static struct err *
run(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	size_t i;

	for (i = 0; i < NITEMS(hooks); i++) {
		if (strcmp(args->v[0], hooks[i].name) != 0)
			continue;
		TRY(repo_open(app->repo_path, &r));
		return hooks[i].run(app, r, args);
	}
	return check_names(args);
}

const struct verb cmd_hook[] = {
	{"hook", "install", "[HOOK]...", "gate what is committed and pushed, after the hooks that are there",
	    install_table, sizeof(struct hook_opts), NULL, 0, -1, 0, install},
	{"hook", "remove", "[HOOK]...", "take the hooks out, and put back what was there", none_table,
	    sizeof(struct hook_opts), NULL, 0, -1, 0, remove_hooks},
	{"hook", "run", "HOOK [ARGUMENT]...", "what the hook calls, with its arguments and stdin", none_table,
	    sizeof(struct hook_opts), NULL, 1, -1, VERB_INTERNAL, run},
	VERB_END,
};

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "git/cli.h"
#include "git/co/checkout.h"
#include "git/co/forward.h"
#include "git/oid.h"
#include "git/repo.h"

#define NAMES_MAX 3	/* files that a message names */
#define PATIENCE_MS 1000	/* for another git that works there */
#define PAUSE_MS 50

struct checkout {
	char *path;
	struct oid to;
	struct proc *git;	/* NULL: it is there already */
};

static bool
is_ours(const struct repo *r, const char *path)
{
	return repo_workdir(r) != NULL && strcmp(repo_workdir(r), path) == 0;
}

/* In the middle of a rebase or bisection HEAD is not on the branch. */
static struct err *
check_branch(struct repo *here, const char *path)
{
	AUTO(repo_close_p) struct repo *other = NULL;
	AUTO(mem_free_p) char *branch = NULL;
	struct oid tip;

	if (!is_ours(here, path))
		TRY(repo_open(path, &other));
	TRY(repo_head(other != NULL ? other : here, &branch, &tip));
	if (branch != NULL)
		return NULL;
	return err_hint(err_new(ERR_CONFLICT, "the branch is in use by a rebase or bisection in '%s'", path),
	    "end that first: 'git -C %s status' says how", path);
}

/*
 * The first line that tells more than "error:" or "Aborting"; git names the
 * files below one that ends with a colon.
 */
static void
reason(const struct proc_result *r, struct buf *out)
{
	struct str rest = buf_str(&r->err.b), line, why = STR("git merge failed");
	size_t n = 0;

	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (str_starts(line, "error: "))
			line = str_skip(line, strlen("error: "));
		if (str_starts(line, "fatal: "))
			line = str_skip(line, strlen("fatal: "));
		if (line.n > 0 && !str_starts(line, "hint: ")) {
			why = line;
			break;
		}
	}
	text_visible(out, why, true);
	while (str_ends(why, ":") && str_line(&rest, &line) && line.n > 1 && line.p[0] == '\t') {
		if (n++ < NAMES_MAX) {
			buf_adds(out, n == 1 ? " '" : ", '");
			text_visible(out, str_trim(line), true);
			buf_addc(out, '\'');
		}
	}
	if (n > NAMES_MAX)
		buf_addf(out, " and %zu more", n - NAMES_MAX);
}

static struct err *
start(struct checkout *c)
{
	struct oid_hex hex = oid_hex(&c->to);
	/*
	 * Without --no-overwrite-ignore a file that git ignores is lost without a
	 * word.  An id is an id, and not looked up among all names.
	 */
	const char *const args[] = {"-c", "submodule.recurse=false", "-c", "core.warnAmbiguousRefs=false",
	    "merge", "--ff-only", "--quiet", "--no-autostash", "--no-overwrite-ignore",
	    "--no-verify-signatures", "--no-stat", hex.s, NULL};
	struct cli_opts o = {.dir = c->path, .outlives = true};

	return cli_start(&o, args, &c->git);
}

static void
checkout_free(struct checkout *c)
{
	proc_free_p(&c->git);
	free(c->path);
	free(c);
}

struct err *
checkout_begin(struct repo *r, const char *path, const struct oid *to, struct checkout **out)
{
	struct checkout *c;
	struct err *e;
	bool done = false;

	TRY(check_branch(r, path));
	c = mem_alloc(sizeof(*c));
	c->path = mem_strdup(path);
	c->to = *to;
	e = is_ours(r, path) ? forward_plain(r, to, &done) : NULL;
	if (e == NULL && !done)
		e = start(c);
	if (e != NULL)
		checkout_free(c);
	else
		*out = c;
	return e;
}

/* Did it end because another git holds a lock there? */
static bool
was_locked(const struct proc_result *r)
{
	struct str err = buf_str(&r->err.b);

	return !r->cancelled && r->signal == 0 && r->status != 0 && str_find(err, STR(".lock': File exists")) >= 0;
}

static struct err *
judge(const char *path, const struct proc_result *r)
{
	AUTO(buf_free) struct buf why = BUF_INIT(BUF_TEXT);

	if (r->cancelled || r->signal != 0)
		return proc_check(r, "git merge --ff-only");
	if (r->status == 0)
		return NULL;
	reason(r, &why);
	return err_hint(err_new(ERR_CONFLICT, "cannot update the checkout at '%s': %s", path, buf_cstr(&why)),
	    was_locked(r) ? "wait for the git that works there, or see git-status(1), then merge again" :
	    "commit, stash or move those changes, then merge again");
}

/* An editor that asks for the status, or a git that outlived a killed one of us, holds a lock for a moment only. */
static struct err *
wait_for(struct checkout *c)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	int64_t left;

	TRY(proc_wait(c->git, &r));
	for (left = PATIENCE_MS; was_locked(&r) && left > 0; left -= PAUSE_MS) {
		clock_sleep_ms(PAUSE_MS);
		proc_free_p(&c->git);
		proc_result_free(&r);
		r = (struct proc_result){0};
		TRY(start(c));
		TRY(proc_wait(c->git, &r));
	}
	return judge(c->path, &r);
}

struct err *
checkout_end(struct checkout **c)
{
	struct err *e = (*c)->git != NULL ? wait_for(*c) : NULL;

	checkout_free(*c);
	*c = NULL;
	return e;
}

void
checkout_free_p(struct checkout **c)
{
	if (*c != NULL)
		err_ignore(checkout_end(c));
}

struct err *
checkout_forward(struct repo *r, const char *path, const struct oid *to)
{
	struct checkout *c;

	TRY(checkout_begin(r, path, to, &c));
	return checkout_end(&c);
}

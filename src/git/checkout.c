#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "git/checkout.h"
#include "git/cli.h"
#include "git/oid.h"
#include "git/repo.h"

#define NAMES_MAX 3	/* files that a message names */

struct checkout {
	char *path;
	struct proc *git;
};

/* In the middle of a rebase or bisection HEAD is not on the branch. */
static struct err *
check_branch(struct repo *here, const char *path)
{
	AUTO(repo_close_p) struct repo *other = NULL;
	AUTO(mem_free_p) char *branch = NULL;
	struct oid tip;

	if (repo_workdir(here) == NULL || strcmp(repo_workdir(here), path) != 0)
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

struct err *
checkout_begin(struct repo *r, const char *path, const struct oid *to, struct checkout **out)
{
	struct oid_hex hex = oid_hex(to);
	/* Without --no-overwrite-ignore a file that git ignores is lost without a word. */
	const char *const args[] = {"-c", "submodule.recurse=false", "merge", "--ff-only", "--quiet",
	    "--no-autostash", "--no-overwrite-ignore", "--no-verify-signatures", "--no-stat", hex.s, NULL};
	struct cli_opts o = {.dir = path};
	struct proc *p;

	TRY(check_branch(r, path));
	TRY(cli_start(&o, args, &p));
	*out = mem_alloc(sizeof(**out));
	(*out)->path = mem_strdup(path);
	(*out)->git = p;
	return NULL;
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
	    strstr(buf_cstr(&why), ".lock'") != NULL ? "wait for the git that works there, or see git-status(1), then merge again"
	    : "commit, stash or move those changes, then merge again");
}

struct err *
checkout_end(struct checkout **c)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(mem_free_p) char *path = (*c)->path;
	AUTO(proc_free_p) struct proc *p = (*c)->git;

	free(*c);
	*c = NULL;
	TRY(proc_wait(p, &r));
	return judge(path, &r);
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

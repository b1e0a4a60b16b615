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

/* In the middle of a rebase or bisection HEAD is not on the branch. */
static struct err *
check_branch(const char *path)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(mem_free_p) char *branch = NULL;
	struct oid tip;

	TRY(repo_open(path, &r));
	TRY(repo_head(r, &branch, &tip));
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
checkout_forward(const char *path, const struct oid *to)
{
	struct oid_hex hex = oid_hex(to);
	/* Without --no-overwrite-ignore a file that git ignores is lost without a word. */
	const char *const args[] = {"-c", "submodule.recurse=false", "merge", "--ff-only", "--quiet",
	    "--no-autostash", "--no-overwrite-ignore", "--no-verify-signatures", "--no-stat", hex.s, NULL};
	struct cli_opts o = {.dir = path};
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(buf_free) struct buf why = BUF_INIT(BUF_TEXT);

	TRY(check_branch(path));
	TRY(cli_run(&o, args, &r));
	if (r.cancelled || r.signal != 0)
		return proc_check(&r, "git merge --ff-only");
	if (r.status == 0)
		return NULL;
	reason(&r, &why);
	return err_hint(err_new(ERR_CONFLICT, "cannot update the checkout at '%s': %s", path, buf_cstr(&why)),
	    strstr(buf_cstr(&why), ".lock'") != NULL ? "wait for the git that works there, or see git-status(1), then merge again"
	    : "commit, stash or move those changes, then merge again");
}

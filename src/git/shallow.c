#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/cli.h"
#include "git/repo.h"
#include "git/shallow.h"

struct err *
shallow_cut(const struct repo *r, const char *what)
{
	return err_hint(err_new(ERR_REPOSITORY, "%s: the history of this shallow clone '%s' ends too early",
	    what, repo_commondir(r)), "run 'git fetch --unshallow'");
}

struct err *
shallow_merge_base(struct repo *r, const struct oid *a, const struct oid *b, struct oid *out)
{
	struct oid_hex x = oid_hex(a), y = oid_hex(b);
	const char *const args[] = {"merge-base", x.s, y.s, NULL};
	struct cli_opts o = {.dir = repo_gitdir(r), .env = repo_folders_env(r)};
	AUTO(proc_result_free) struct proc_result result = {0};

	TRY(cli_run(&o, args, &result));
	if (result.status == 1)
		return shallow_cut(r, "cannot find a common ancestor");
	TRY(proc_check(&result, "git merge-base"));
	if (!oid_parse(str_trim(buf_str(&result.out.b)), out))
		return err_new(ERR_COMMAND, "'git merge-base' printed no object id");
	return NULL;
}

struct err *
shallow_list(struct repo *r, const struct oid *from, const struct oid *hide, struct buf *out)
{
	AUTO(mem_free_p) char *not = hide == NULL || oid_is_zero(hide) ? NULL
	    : mem_printf("^%s", oid_hex(hide).s);
	struct oid_hex x = oid_hex(from);
	const char *const args[] = {"rev-list", "--topo-order", x.s, not, NULL};
	struct cli_opts o = {.dir = repo_gitdir(r), .env = repo_folders_env(r)};
	AUTO(mem_free_p) char *text = NULL;

	TRY(cli_ok(&o, args, &text));
	buf_adds(out, text);
	return buf_check(out, "git rev-list");
}

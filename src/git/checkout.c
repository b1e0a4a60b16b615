#include <unistd.h>

#include "base/err.h"
#include "git/checkout.h"
#include "git/oid.h"
#include "sys/proc.h"

#define OUTPUT_MAX (64 * KIB)

struct err *
checkout_forward(const char *path, const struct oid *to)
{
	struct oid_hex hex = oid_hex(to);
	const char *argv[] = {"git", "-C", path, "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
	    "merge", "--ff-only", "--quiet", hex.s, NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .max_out = OUTPUT_MAX};
	AUTO(proc_result_free) struct proc_result result = {0};

	TRY(proc_run(&spec, &result));
	if (result.cancelled || result.signal != 0)
		return proc_check(&result, "git merge --ff-only");
	if (result.status != 0)
		return err_hint(err_new(ERR_CONFLICT, "changes in '%s' are in the way: %s", path,
		    buf_cstr(&result.err.b)), "commit or stash them, then merge again");
	return NULL;
}

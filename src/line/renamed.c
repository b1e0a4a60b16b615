#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/remote.h"
#include "line/policy.h"
#include "line/renamed.h"
#include "store/state.h"

#define HEADS "refs/heads/"

struct err *
renamed_check(struct repo *r, const char *remote, const char *base, int cancel_fd)
{
	AUTO(mem_free_p) char *name = mem_printf(HEADS "%s", base);
	AUTO(mem_free_p) char *now = NULL;
	struct remote_opts o = {.cancel_fd = cancel_fd};
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(refs_free) struct refs there = {0};
	const char *const names[] = {name};

	TRY(remote_open(r, remote, &o, &m));
	TRY(remote_list(m, names, 1, &there));
	if (there.n > 0)
		return NULL;
	TRY(remote_default(m, &now));
	if (now == NULL)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "the remote '%s' has no branch '%s': its default branch is '%s'", remote, base, now),
	    "where it was renamed, 'git fetch %s', 'git branch -m %s NEW-NAME', and set 'base:' in .factory/config.yml there, or 'git config factory.base NEW-NAME' here",
	    remote, base);
}

static struct err *
is_gone(struct state *s, const char *base, int cancel_fd, bool *gone)
{
	AUTO(mem_free_p) char *name = mem_printf(HEADS "%s", base);
	struct oid tip;
	struct err *e;

	if (state_remote(s) == NULL) {
		TRY(ref_read(state_repo(s), name, &tip));
		*gone = oid_is_zero(&tip);
		return NULL;
	}
	e = renamed_check(state_repo(s), state_remote(s), base, cancel_fd);
	*gone = err_is(e, ERR_CONFIG);
	if (!*gone)
		return e;
	err_ignore(e);
	return NULL;
}

struct err *
renamed_to(struct state *s, const char *base, int cancel_fd, char **now)
{
	AUTO(policy_free) struct policy p = {0};
	bool gone = false;

	*now = NULL;
	TRY(policy_open_shared(state_repo(s), state_remote(s) != NULL, &p));
	if (strcmp(policy_base(&p), base) == 0)
		return NULL;
	TRY(is_gone(s, base, cancel_fd, &gone));
	if (gone)
		*now = mem_strdup(policy_base(&p));
	return NULL;
}

#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/bundle.h"
#include "git/remote.h"
#include "git/txn.h"
#include "store/permit.h"
#include "store/sync.h"
#include "store/sync_refs.h"

static struct err *
check_run(const struct bundle *b, const struct id *run)
{
	if (run != NULL && strcmp(b->run, run->s) != 0)
		return err_new(ERR_DENIED, "the file is the step of %s%s, not of the run %s",
		    *b->run != '\0' ? "the run " : "no run", b->run, run->s);
	if (run == NULL && *b->run != '\0')
		return err_hint(err_new(ERR_DENIED, "the file is the step of the run %s", b->run),
		    "say so: '--run %s'", b->run);
	return NULL;
}

/* What the repository has, in the order that refs_get() needs. */
static struct err *
look(struct state *s, struct sync_result *out)
{
	return state_remote(s) != NULL ? state_look(s, out) : ref_list(state_repo(s), "refs/", &out->seen);
}

/* What is there already, from this file or on another way, is not sent. */
static struct err *
move(struct state *s, const struct txn *all, struct sync_result *out)
{
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(txn_free) struct txn left = {0};
	struct oid has;
	size_t i;

	for (i = 0; i < all->n; i++) {
		has = refs_get(&out->seen, all->v[i].name);
		if (!oid_eq(&has, &all->v[i].new))
			txn_add(&left, all->v[i].name, &all->v[i].old, &all->v[i].new);
	}
	out->refs_sent = left.n;
	if (left.n == 0)
		return NULL;
	if (state_remote(s) == NULL)
		return txn_commit(state_repo(s), &left, "apply from a file");
	TRY(sync_open(s, &m));
	return remote_push(m, &left, NULL);
}

struct err *
state_apply(struct state *s, const char *path, const struct id *run, struct sync_result *out)
{
	AUTO(bundle_free) struct bundle b = {0};

	*out = (struct sync_result){0};
	TRY(look(s, out));
	TRY(bundle_read(state_repo(s), path, &b));
	TRY(check_run(&b, run));
	TRY(run != NULL ? permit_run(s, run, &out->seen, &b.txn) : permit_sync(s, &out->seen, &b.txn));
	return move(s, &b.txn, out);
}

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/tip.h"
#include "store/lease_kind.h"
#include "store/state.h"
#include "sys/host.h"

struct err *
lease_lend(struct state *s, const struct id *task, const struct id *run, int64_t *attempt, int64_t ttl,
    const char *job, struct oid *out)
{
	AUTO(lease_free_p) struct lease *l = lease_make(s, &lease_remote, task, run, *attempt);
	struct err *e;

	/* No process stands for it, so none can be proven dead: only its time ends it. */
	l->info.ttl = ttl;
	l->info.pid = 1;
	l->info.host = host_name();
	l->info.boot = mem_strdup("");
	l->info.job = mem_strdup(job != NULL ? job : "");
	l->info.since = l->info.beat = clock_wall(state_clock(s));
	TRY(lease_remote.claim(l));
	lease_trace(l, oid_is_zero(&l->taken) ? "claim" : "takeover", &l->taken, &l->info.oid);
	*out = l->info.oid;
	*attempt = l->info.attempt;
	e = lease_local.release(l);
	return err_wrap(e, "the lease of task '%s' was lent", task->s);
}

/* What the remote holds must be of this very run: whoever lent it said which. */
static struct err *
lent_claim(struct lease *l)
{
	AUTO(mem_free_p) char *mirror = mem_printf(REMOTE_LEASES "%s", l->info.task.s);
	AUTO(lease_info_free) struct lease_info there = {0};
	struct oid oid;

	TRY(lease_look(l->state));
	TRY(ref_read(state_repo(l->state), mirror, &oid));
	if (oid_is_zero(&oid))
		return err_hint(err_new(ERR_STALE, "nobody lent the lease of task '%s'", l->info.task.s),
		    "'git factory plan --claim' does");
	TRY(lease_read(state_repo(l->state), l->ref, &oid, &there));
	if (strcmp(there.run.s, l->info.run.s) != 0) {
		there.remote = true;
		return lease_held(&there);
	}
	if (there.ended || there.lost)
		return err_new(ERR_STATE, "run '%s' %s", there.run.s, there.ended ? "has ended already" : "was given up");
	TRY(ref_cas(state_repo(l->state), l->ref, &oid_zero, &oid, "borrow"));
	lease_info_free(&l->info);
	l->info = there;
	there = (struct lease_info){0};
	return NULL;
}

/* Its time was measured out when it was lent, and here is nobody who may move it there. */
static struct err *
lent_beat(struct lease *l)
{
	return lease_follow(l);
}

static struct err *
lent_release(struct lease *l)
{
	return lease_local.release(l);
}

const struct lease_kind lease_lent = {
    .name = "lent", .claim = lent_claim, .beat = lent_beat, .release = lent_release};

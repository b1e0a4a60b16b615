#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "git/ref.h"
#include "git/tip.h"
#include "store/lease_kind.h"
#include "store/state.h"

#define LOST_RACES 20

static struct err *
local_try(struct lease *l)
{
	AUTO(lease_info_free) struct lease_info other = {0};
	struct repo *r = state_repo(l->state);
	struct oid there;

	TRY(tip_read(r, l->ref, &there));
	l->taken = oid_zero;
	if (oid_is_zero(&there))
		return lease_swap(l, &oid_zero, "claim");
	TRY(lease_read(r, l->ref, &there, &other));
	if (!lease_dead(&other))
		return lease_held(&other);
	l->taken = there;
	return lease_swap(l, &there, "take over from a dead process");
}

static struct err *
local_claim(struct lease *l)
{
	struct err *e;
	int tried;

	for (tried = 0;; tried++) {
		e = local_try(l);
		/* Released meanwhile, or claimed by another: look again. */
		if (!(err_is(e, ERR_STALE) || err_is(e, ERR_NOT_FOUND)) || tried == LOST_RACES)
			return e;
		err_free(e);
	}
}

static struct err *
local_beat(struct lease *l)
{
	struct oid old = l->info.oid;
	struct err *e;

	l->info.beat = clock_wall(state_clock(l->state));
	e = lease_swap(l, &old, "heartbeat");
	if (!err_is(e, ERR_STALE))
		return e;
	err_free(e);
	return lease_lost(l);
}

static struct err *
local_release(struct lease *l)
{
	struct err *e = ref_cas(state_repo(l->state), l->ref, &l->info.oid, &oid_zero, "release");

	if (!err_is(e, ERR_STALE))
		return e;
	err_free(e);
	return NULL;
}

const struct lease_kind lease_local = {
    .name = "local", .lazy = true, .claim = local_claim, .beat = local_beat, .release = local_release};

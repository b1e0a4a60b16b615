#include "line/land/landing.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "git/co/checkout.h"
#include "git/ref.h"
#include "store/state.h"

void
landing_free(struct landing *l)
{
	checkout_free_p(&l->forward);
	pull_free(&l->pull);
	approving_free(&l->approving);
	policy_free(&l->now);
	free(l->checkout);
	ident_free(&l->who);
	pull_move_free(&l->move);
	verdicts_free(&l->verdicts);
	strs_free(&l->overridden);
	buf_free(&l->evidence);
	strs_free(&l->proofs);
	fd_close_p(&l->turn);
}

bool
landing_shared(const struct landing *l)
{
	return state_remote(l->state) != NULL;
}

bool
landing_there(const struct landing *l)
{
	return landing_shared(l) || l->o->way != NULL;
}

char *
landing_ref(const struct landing *l, const char *name)
{
	return mem_printf("%s%s", landing_there(l) ? REMOTE_HEADS : "refs/heads/", name);
}

struct override
landing_override(const struct landing *l)
{
	return (struct override){.gates = l->o->override, .reason = l->o->reason, .who = &l->who};
}

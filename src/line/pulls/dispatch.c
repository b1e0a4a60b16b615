#include "line/pulls/dispatch.h"

#include <inttypes.h>

#include "base/err.h"
#include "forge/forge.h"
#include "forge/token.h"
#include "line/judge.h"
#include "line/pulls/outside.h"

bool
dispatch_meant(const struct outside *o)
{
	return o->forge->token->kind == TOKEN_ACTIONS && (o->forge->api->can & FORGE_CAN_DISPATCH) != 0 &&
	    o->policy.cfg.forge.dispatch.n > 0;
}

/* It will be no better the next time. */
static bool
is_refused(const struct err *e)
{
	return err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_DENIED) || err_is(e, ERR_AUTH) || err_is(e, ERR_STATE) ||
	    err_is(e, ERR_SYNTAX) || err_is(e, ERR_CONFLICT) || err_is(e, ERR_EXISTS);
}

static struct err *
start(struct outside *o, const struct forge_pull *there, const char *workflow)
{
	struct err *e = o->forge->api->dispatch(o->forge, workflow, there->base);

	if (e == NULL) {
		line_tell(o->line, LINE_STEP, "started '%s' on '%s', for pull request %" PRId64 " landed", workflow, there->base,
		    there->number);
		return NULL;
	}
	if (!is_refused(e))
		return e;
	line_tell(o->line, LINE_NOTE, "pull request %" PRId64 " landed, and '%s' was not started: %s; it must be a workflow with "
	    "'workflow_dispatch', and the job needs 'actions: write'", there->number, workflow, err_msg(e));
	err_ignore(e);
	return NULL;
}

struct err *
dispatch_landed(struct outside *o, const struct forge_pull *there)
{
	const struct strs *all = &o->policy.cfg.forge.dispatch;
	bool me;
	size_t i;

	if (!dispatch_meant(o) || there->state != FORGE_MERGED)
		return NULL;
	TRY(outside_is_me(o, there->closed_by, &me));
	for (i = 0; me && i < all->n; i++)
		TRY(start(o, there, all->v[i]));
	return NULL;
}

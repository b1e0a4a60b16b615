#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/ref.h"
#include "line/judge.h"
#include "line/pulls/outside.h"
#include "line/pulls/retarget.h"
#include "line/renamed.h"

#define IS_THERE ((void *)1)
#define IS_GONE ((void *)2)

/* What a sync has just seen need not be asked again. */
static struct err *
was_seen(struct outside *o, const char *base, bool *seen)
{
	AUTO(mem_free_p) char *name = mem_printf(REMOTE_HEADS "%s", base);
	struct oid tip = oid_zero;

	if (o->shared && strcmp(base, policy_base(&o->policy)) == 0)
		TRY(ref_read(o->repo, name, &tip));
	*seen = !oid_is_zero(&tip);
	return NULL;
}

static struct err *
is_gone(struct outside *o, const char *base, bool *gone)
{
	void *known = map_get(&o->bases, base);
	struct err *e = NULL;
	bool seen;

	if (known == NULL) {
		TRY(was_seen(o, base, &seen));
		if (!seen)
			e = renamed_check(o->repo, o->remote, base, o->line->cancel_fd);
		if (e != NULL && !err_is(e, ERR_CONFIG))
			return e;
		known = e != NULL ? IS_GONE : IS_THERE;
		map_set(&o->bases, base, known);
		if (e != NULL && strcmp(base, policy_base(&o->policy)) == 0)
			line_tell(o->line, LINE_NOTE, "%s; %s", err_msg(e), err_hint_of(e));
		err_ignore(e);
	}
	*gone = known == IS_GONE;
	return NULL;
}

struct err *
retarget(struct outside *o, struct pull *p, const struct forge_pull *there, bool *gone)
{
	const char *now = policy_base(&o->policy);

	*gone = false;
	if (there != NULL && strcmp(there->base, p->base) == 0)
		return NULL;
	TRY(is_gone(o, p->base, gone));
	if (!*gone || strcmp(now, p->base) == 0 || (there != NULL && strcmp(there->base, now) != 0))
		return NULL;
	line_tell(o->line, LINE_NOTE, "pull request %" PRId64 " is for '%s', as '%s' is gone", p->number, now, p->base);
	free(p->base);
	p->base = mem_strdup(now);
	*gone = false;
	return NULL;
}

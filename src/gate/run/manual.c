#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/room.h"
#include "gate/run/manual.h"

static bool
is_among(const char *who, const struct strs *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcasecmp(who, all->v[i]) == 0)
			return true;
	return false;
}

bool
manual_enough(const struct conf_gate *gate, const struct strs *by, struct buf *waits)
{
	int64_t missing = gate->approvals;
	const char *sep = "";
	size_t i;

	for (i = 0; i < gate->approve.n; i++)
		missing -= is_among(gate->approve.v[i], by);
	if (missing <= 0)
		return true;
	if (missing == 1)
		buf_adds(waits, "one of ");
	else
		buf_addf(waits, "%lld of ", (long long)missing);
	for (i = 0; i < gate->approve.n; i++) {
		if (is_among(gate->approve.v[i], by))
			continue;
		buf_addf(waits, "%s%s", sep, gate->approve.v[i]);
		sep = ", ";
	}
	return false;
}

struct err *
manual_judge(struct subject *s, const struct conf_gate *gate, struct verdict *v)
{
	AUTO(buf_free) struct buf waits = BUF_INIT(BUF_TEXT), names = BUF_INIT(BUF_TEXT);
	AUTO(strs_free) struct strs by = {0};
	const struct gates_opts *o = &s->gates->o;
	size_t i;

	if (s->diff.n == 0) {
		v->idle = true;
		verdict_set(v, VERDICT_PASS, "no change");
		return NULL;
	}
	if (o->approvals != NULL)
		TRY(o->approvals(o->arg, gate, &by));
	if (manual_enough(gate, &by, &waits)) {
		for (i = 0; i < by.n; i++)
			buf_addf(&names, "%s%s", i == 0 ? "" : ", ", by.v[i]);
		verdict_set(v, VERDICT_PASS, "approved by %s", buf_cstr(&names));
		return NULL;
	}
	v->waits = true;
	v->lift = arena_str(&v->mem, buf_str(&waits));
	verdict_set(v, VERDICT_INCONCLUSIVE, "waits for %s", buf_cstr(&waits));
	return NULL;
}

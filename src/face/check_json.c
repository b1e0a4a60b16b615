#include "base/err.h"
#include "face/check.h"
#include "face/part.h"
#include "line/check.h"
#include "wire/json.h"

/* For each block: why, by which line, who can lift it, and how to see it again. */
static void
write_blocks(struct jw *w, const struct check *c)
{
	size_t i;

	jw_key(w, "blocked_by");
	jw_list(w);
	for (i = 0; i < c->verdicts.n; i++) {
		const struct verdict *v = &c->verdicts.v[i];
		AUTO(buf_free) struct buf again = BUF_INIT(BUF_TEXT);

		if (!verdict_blocks(v))
			continue;
		part_again(c, v->gate, &again);
		jw_obj(w);
		jw_kstr(w, "gate", v->gate);
		jw_kstr(w, "why", v->summary);
		jw_kstr(w, "policy", part_policy(v));
		jw_kstr(w, "may_lift", part_lift(v));
		jw_kstr(w, "again", buf_cstr(&again));
		jw_end(w);
	}
	jw_end(w);
}

struct err *
check_json(const struct check *c, struct buf *out)
{
	struct jw w;
	size_t i;

	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kstr(&w, "commit", c->index ? NULL : oid_hex(&c->commit).s);
	jw_kstr(&w, "base", oid_hex(&c->base).s);
	jw_kstr(&w, "base_ref", c->base_ref);
	jw_kstr(&w, "tree", oid_hex(&c->tree).s);
	jw_kstr(&w, "sandbox", c->sandbox);
	jw_kbool(&w, "policy", !c->bare_policy);
	jw_kbool(&w, "passed", c->passed);
	write_blocks(&w, c);
	jw_key(&w, "verdicts");
	jw_list(&w);
	for (i = 0; i < c->verdicts.n; i++)
		verdict_write(&w, &c->verdicts.v[i]);
	jw_end(&w);
	jw_end(&w);
	return buf_check(out, "the JSON of the gates");
}

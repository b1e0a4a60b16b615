#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "conf/config.h"
#include "git/commit.h"
#include "line/override.h"
#include "model/verdict.h"
#include "wire/json.h"

static struct err *
denied(const struct override *o, const struct conf_gate *gate, const char *name)
{
	AUTO(buf_free) struct buf may = BUF_INIT(BUF_TEXT);
	struct err *e = err_new(ERR_DENIED, "'%s' may not override the gate '%s'", o->who->email, name);
	size_t i;

	for (i = 0; gate != NULL && i < gate->override.n; i++)
		buf_addf(&may, "%s%s", i == 0 ? "" : ", ", gate->override.v[i]);
	if (may.n == 0)
		return err_hint(e, "policy names nobody under gates.%s.override", name);
	return err_hint(e, "policy names %s", buf_cstr(&may));
}

struct err *
override_judge(const struct override *o, const struct config *c, const struct verdicts *vs, struct strs *used,
    bool *all)
{
	size_t i;

	*all = true;
	for (i = 0; i < vs->n; i++) {
		const struct verdict *v = &vs->v[i];
		const struct conf_gate *gate = config_gate(c, v->gate);

		if (!verdict_blocks(v))
			continue;
		if (o->gates == NULL || !strs_has(o->gates, v->gate)) {
			*all = false;
			continue;
		}
		if (gate == NULL || !strs_has(&gate->override, o->who->email))
			return denied(o, gate, v->gate);
		strs_add(used, v->gate);
	}
	return NULL;
}

void
override_trailer(const struct override *o, const char *gate, struct buf *out)
{
	buf_addf(out, "Factory-Override: %s by %s: ", gate, o->who->email);
	text_visible(out, str_of(o->reason), true);
	buf_addc(out, '\n');
}

void
override_line(const struct override *o, const char *commit, const struct verdict *v, struct strs *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	char time[CLOCK_TEXT];
	struct jw w;

	clock_format(o->who->when, time);
	jw_init(&w, &b, false);
	jw_obj(&w);
	jw_kstr(&w, "time", time);
	jw_kstr(&w, "event", "override");
	jw_kstr(&w, "commit", commit);
	jw_kstr(&w, "gate", v->gate);
	jw_kstr(&w, "verdict", verdict_word(v->kind));
	jw_kstr(&w, "summary", v->summary);
	jw_kstr(&w, "by", o->who->email);
	jw_kstr(&w, "reason", o->reason);
	jw_kstr(&w, "policy", v->by);
	jw_end(&w);
	strs_add(out, buf_cstr(&b));
}

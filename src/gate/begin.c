#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "gate/gate.h"
#include "gate/room.h"
#include "gate/run/command.h"
#include "gate/waive.h"

void
gates_tell(const struct gates *g, const struct gate_event *e)
{
	if (g->o.on_event != NULL)
		g->o.on_event(g->o.arg, e);
}

struct verdict *
gate_next(struct verdicts *vs)
{
	vec_push(vs, (struct verdict){0});
	return &vs->v[vs->n - 1];
}

bool
gates_want(const struct gates *g, const char *name)
{
	return g->o.only == NULL || strs_has(g->o.only, name);
}

static const char *
who_may_lift(const struct conf_gate *gate, struct arena *mem)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; gate != NULL && i < gate->override.n; i++)
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", gate->override.v[i]);
	return arena_str(mem, buf_str(&names));
}

struct err *
gate_begin(const struct subject *s, const struct conf_gate *gate, const char *name,
    struct verdict *v)
{
	struct gate_event e = {GATE_STARTS, name, false, {NULL, 0}, NULL};
	struct oid definition;

	verdict_init(v, name);
	v->fast = s->depth == GATE_FAST;
	v->advisory = gate != NULL && !gate->blocking;
	v->lift = who_may_lift(gate, &v->mem);
	if (gate != NULL)
		v->by = gate->line > 0 ? arena_printf(&v->mem, "%s:%lld", CONFIG_PATH, (long long)gate->line)
		    : arena_printf(&v->mem, "git config factory.gates.%s", gate->name);
	TRY(gate_definition(s->gates, gate, name,
	    gate == NULL || gate->builtin[0] != '\0' ? "" :
	    command_of(gate, s->depth == GATE_FAST), s->setup, &definition));
	verdict_id(v, oid_hex(&s->tree).s, oid_hex(&definition).s);
	gates_tell(s->gates, &e);
	return NULL;
}

static void
redact_text(struct redactor *r, struct verdict *v, const char **text)
{
	AUTO(mem_free_p) char *clean = redact_dup(r, *text);

	if (strcmp(clean, *text) != 0)
		*text = arena_strdup(&v->mem, clean);
}

void
gate_redact(const struct gates *g, struct verdict *v)
{
	struct redactor *r = g->o.redact;
	size_t i;

	if (r == NULL)
		return;
	redact_text(r, v, &v->summary);
	redact_text(r, v, &v->evidence);
	for (i = 0; i < v->findings.n; i++) {
		redact_text(r, v, &v->findings.v[i].rule);
		redact_text(r, v, &v->findings.v[i].file);
		redact_text(r, v, &v->findings.v[i].text);
		redact_text(r, v, &v->findings.v[i].print);
	}
	/* A test's name may be part of one. */
	for (i = 0; i < v->measures.n; i++)
		redact_text(r, v, &v->measures.v[i].name);
}

void
gate_end(const struct subject *s, struct verdict *v)
{
	struct gate_event e = {GATE_ENDS, v->gate, false, {NULL, 0}, v};

	waive(s->gates, v);
	gate_redact(s->gates, v);
	gates_tell(s->gates, &e);
}

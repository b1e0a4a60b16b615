#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/text.h"
#include "base/vec.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "gate/ahead.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/kept.h"
#include "gate/change.h"
#include "gate/command.h"
#include "gate/gate.h"
#include "gate/known.h"
#include "gate/manual.h"
#include "gate/report.h"
#include "gate/room.h"
#include "gate/waive.h"
#include "git/commit.h"
#include "sys/jail.h"

void
gates_tell(const struct gates *g, const struct gate_event *e)
{
	if (g->o.on_event != NULL)
		g->o.on_event(g->o.arg, e);
}

/* ---- opening ---- */

static struct err *
check_builtin(const struct conf_gate *gate)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	const struct builtin *b;

	if (builtin_of(gate->builtin) == NULL) {
		for (b = builtins; b->name != NULL; b++)
			buf_addf(&names, "%s%s", b == builtins ? "" : ", ", b->name);
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' names '%s', which is not built in",
		    gate->name, gate->builtin), "built in are %s", buf_cstr(&names));
	}
	b = builtin_of(gate->name);
	if (b != NULL && strcmp(b->name, gate->builtin) != 0)
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' cannot be of the kind '%s'", gate->name,
		    gate->builtin), "'%s' is itself built in; give the gate another name", gate->name);
	if (b == NULL && strcmp(gate->builtin, GATE_TESTS_KEPT) == 0)
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' repeats '%s'", gate->name, gate->builtin),
		    "set that one up under its own name: the reports of all gates belong to it");
	return NULL;
}

/* The project's own patterns must be some. */
static struct err *
check_rules(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->rules.n; i++) {
		AUTO(regex_free_p) struct regex *re = NULL;
		struct err *e = regex_new(str_of(c->rules.v[i].pattern), 0, &re);

		if (e != NULL)
			return err_recode(err_wrap(e, "'rules.%s.pattern'", c->rules.v[i].name), ERR_CONFIG);
	}
	return NULL;
}

static struct err *
check_config(const struct config *c)
{
	size_t i;

	TRY(check_rules(c));
	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];

		if (gate->builtin[0] != '\0') {
			TRY(check_builtin(gate));
			continue;
		}
		if (builtin_of(gate->name) != NULL)
			return err_hint(err_new(ERR_CONFIG, "the gate '%s' is built in", gate->name),
			    "say 'builtin: %s' to set it up, or give the gate in " CONFIG_PATH
			    " another name", gate->name);
		TRY(err_wrap(report_check(gate), "the gate '%s'", gate->name));
	}
	return NULL;
}

static bool
wanted(const struct gates *g, const char *name)
{
	return g->o.only == NULL || strs_has(g->o.only, name);
}

static struct err *
check_only(const struct gates_opts *o)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	AUTO(strs_free) struct strs known = {0};
	const struct builtin *b;
	size_t i;

	for (b = builtins; b->name != NULL; b++)
		strs_add(&known, b->name);
	for (i = 0; i < o->config->gates.n; i++)
		if (!strs_has(&known, o->config->gates.v[i].name))
			strs_add(&known, o->config->gates.v[i].name);
	for (i = 0; i < known.n; i++)
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", known.v[i]);
	for (i = 0; o->only != NULL && i < o->only->n; i++)
		if (!strs_has(&known, o->only->v[i]))
			return err_hint(err_new(ERR_NOT_FOUND, "there is no gate '%s'", o->only->v[i]),
			    "the gates are %s", buf_cstr(&names));
	return NULL;
}

bool
gates_configured(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->gates.n; i++)
		if (c->gates.v[i].builtin[0] == '\0')
			return true;
	return false;
}

/* Of the lines that say whose evidence counts. */
static struct err *
hash_signers(const struct strs *keys, struct oid *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < keys->n; i++)
		buf_addf(&b, "%s\n", keys->v[i]);
	return blob_hash(buf_str(&b), out);
}

struct err *
gates_open(const struct gates_opts *o, struct gates **out)
{
	struct oid tree, signers;
	struct gates *g;
	struct err *e;

	TRY(check_config(o->config));
	TRY(hash_signers(&o->config->evidence.keys, &signers));
	TRY(check_only(o));
	TRY(commit_tree(o->repo, &o->base, &tree));
	g = mem_alloc(sizeof(*g));
	g->o = *o;
	g->base_tree = tree;
	g->signers = signers;
	e = waive_open(g);
	if (e != NULL)
		gates_close(g);
	else
		*out = g;
	return e;
}

void
gates_close(struct gates *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->base_runs.n; i++) {
		outcome_free(&g->base_runs.v[i]->outcome);
		free(g->base_runs.v[i]);
	}
	vec_free(&g->base_runs);
	waivers_free(&g->waivers);
	free(g);
}

void
gates_close_p(struct gates **g)
{
	gates_close(*g);
	*g = NULL;
}

/* ---- verdicts ---- */

static const char *
who_may_lift(const struct conf_gate *gate, struct arena *mem)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; gate != NULL && i < gate->override.n; i++)
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", gate->override.v[i]);
	return arena_str(mem, buf_str(&names));
}

static struct err *
begin(const struct subject *s, const struct conf_gate *gate, const char *name,
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

static void
redact_verdict(struct redactor *r, struct verdict *v)
{
	size_t i;

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

static void
end(const struct subject *s, struct verdict *v)
{
	struct gate_event e = {GATE_ENDS, v->gate, false, {NULL, 0}, v};

	waive(s->gates, v);
	if (s->gates->o.redact != NULL)
		redact_verdict(s->gates->o.redact, v);
	gates_tell(s->gates, &e);
}

/* ---- running ---- */

struct err *
subject_change(struct subject *s, struct change **out)
{
	if (s->change == NULL)
		TRY(change_open(s->gates->o.repo, &s->gates->base_tree, &s->tree, &s->change));
	*out = s->change;
	return NULL;
}

/* 'set' is what policy says of it, or NULL. */
static struct err *
begin_builtin(struct subject *s, const struct builtin *b, const struct conf_gate *set,
    struct verdict *v, struct inspect *in)
{
	*in = (struct inspect){.s = s, .kind = b, .set = set, .v = v};
	TRY(begin(s, set, set == NULL ? b->name : set->name, v));
	return inspect_judge(in);
}

static void
end_builtin(struct inspect *in)
{
	inspect_sum(in);
	end(in->s, in->v);
}

static struct err *
run_builtin(struct subject *s, const struct builtin *b, const struct conf_gate *set, struct verdict *v)
{
	struct inspect in;

	TRY(begin_builtin(s, b, set, v, &in));
	end_builtin(&in);
	return NULL;
}

/* What only memory says is lost may never have been: the base is asked again. */
static struct err *
compare_reports(struct subject *s, const struct conf_gate *gate, const struct outcome *o,
    struct verdict *lost)
{
	const struct base_run *base;

	TRY(base_outcome(s->gates, gate, command_of(gate, false), &base));
	if (base->remembered && kept_lost(gate, &base->outcome, o))
		TRY(base_refresh(s->gates, base));
	kept_reports(s, gate, &base->outcome, o, lost);
	return NULL;
}

/* 'lost' may be NULL: what becomes of tests is not asked, and so not known either. */
static struct err *
find_out(struct subject *s, const struct conf_gate *gate, struct verdict *v, struct verdict *lost)
{
	AUTO(outcome_free) struct outcome o = {0};
	bool steady = true, compares;

	TRY(command_judge(s, gate, v, &o));
	compares = s->depth == GATE_FULL && (o.facts.kinds & FACTS_TESTS) != 0 &&
	    !oid_eq(&s->tree, &s->gates->base_tree);
	if (compares && lost != NULL)
		TRY(compare_reports(s, gate, &o, lost));
	if (o.known != 0)
		known_mark(s, v, o.known);
	if (s->gates->o.redact != NULL)
		redact_verdict(s->gates->o.redact, v);
	/* What is not remembered is run again, no more. */
	if (!compares || lost != NULL)
		err_ignore(known_keep(s, gate, v, lost, &steady));
	if (!v->idle && !gate->timed)
		err_ignore(command_remember(s, gate, &o, steady));
	return NULL;
}

static struct verdict *
next_verdict(struct verdicts *vs)
{
	vec_push(vs, (struct verdict){0});
	return &vs->v[vs->n - 1];
}

/* Does it run?  What is off does when policy or somebody names it. */
static bool
builtin_on(const struct gates *g, const struct builtin *b)
{
	bool bounded = strcmp(b->name, GATE_SCOPE) == 0 && g->o.scope != NULL && g->o.scope->n != 0;

	return wanted(g, b->name) &&
	    (b->on || bounded || g->o.only != NULL || config_gate(g->o.config, b->name) != NULL);
}

/* Under their own names, and then those that policy has more of. */
static struct err *
run_builtins(struct subject *s, struct inspect *kept, struct verdicts *vs)
{
	const struct config *c = s->gates->o.config;
	const struct builtin *b;
	size_t i;

	for (b = builtins; b->name != NULL; b++) {
		if (!builtin_on(s->gates, b))
			continue;
		/* It ends when all reports are there. */
		if (strcmp(b->name, GATE_TESTS_KEPT) == 0)
			TRY(begin_builtin(s, b, config_gate(c, b->name), next_verdict(vs), kept));
		else
			TRY(run_builtin(s, b, config_gate(c, b->name), next_verdict(vs)));
	}
	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];

		if (gate->builtin[0] != '\0' && builtin_of(gate->name) == NULL && wanted(s->gates, gate->name))
			TRY(run_builtin(s, builtin_of(gate->builtin), gate, next_verdict(vs)));
	}
	return NULL;
}

/* One of them that blocks, or NULL; 'kept' has no verdict yet. */
static const char *
blocking_builtin(const struct verdicts *vs, const struct inspect *kept)
{
	size_t i;

	if (kept->blocks != 0 && !kept->v->advisory)
		return GATE_TESTS_KEPT;
	for (i = 0; i < vs->n; i++)
		if (&vs->v[i] != kept->v && verdict_blocks(&vs->v[i]))
			return vs->v[i].gate;
	return NULL;
}

/* A gate of policy on its way to its verdict. */
struct turn {
	const struct conf_gate *gate;
	struct verdict *v;
	struct verdict lost;	/* what its report adds to the gate over tests */
	bool known, over;
};

struct turns {
	VEC_FIELDS(struct turn);
};

static void
turns_free(struct turns *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		verdict_free(&ts->v[i].lost);
	vec_free(ts);
}

static struct err *
turns_begin(struct subject *s, struct verdicts *vs, struct turns *ts)
{
	const struct config *c = s->gates->o.config;
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];
		struct turn t = {.gate = gate};

		if (gate->builtin[0] != '\0' || gate->approve.n > 0 || !wanted(s->gates, gate->name) ||
		    ((gate->late || gate->timed) && s->depth != GATE_FULL) ||
		    (s->gates->o.quick && gate->fast[0] == '\0'))
			continue;
		t.v = next_verdict(vs);
		verdict_init(&t.lost, GATE_TESTS_KEPT);
		vec_push(ts, t);
		TRY(begin(s, gate, gate->name, t.v));
	}
	for (i = 0; i < ts->n; i++)
		if (command_concerned(s, ts->v[i].gate))
			TRY(known_find(s, ts->v[i].gate, ts->v[i].v, &ts->v[i].lost, &ts->v[i].known));
	return NULL;
}

static struct err *
turns_ahead(struct subject *s, const struct turns *ts)
{
	VEC(const struct conf_gate *) gates = {0};
	struct err *e;
	size_t i;

	for (i = 0; i < ts->n; i++)
		/* What is timed runs alone, when its turn comes. */
		if (!ts->v[i].known && !ts->v[i].gate->timed && command_concerned(s, ts->v[i].gate))
			vec_push(&gates, ts->v[i].gate);
	e = ahead_run(s, gates.v, gates.n);
	vec_free(&gates);
	return e;
}

static struct err *
take_turn(struct subject *s, struct turn *t, struct inspect *kept)
{
	if (!t->known && s->gates->o.memory == GATE_MEMORY_ONLY && command_concerned(s, t->gate))
		verdict_set(t->v, VERDICT_INCONCLUSIVE, "not known, and not run");
	else if (!t->known)
		TRY(find_out(s, t->gate, t->v, kept != NULL ? &t->lost : NULL));
	if (kept != NULL)
		inspect_take(kept, &t->lost);
	end(s, t->v);
	return NULL;
}

/* Does its answer cost nothing any more? */
static bool
at_hand(const struct subject *s, const struct turn *t)
{
	return t->known || ahead_has(s, t->gate) || !command_concerned(s, t->gate);
}

static struct err *
take_or_leave(struct subject *s, struct turn *t, struct inspect *kept, const char **blocker)
{
	t->over = true;
	if (*blocker != NULL && s->gates->o.fail_fast && !at_hand(s, t)) {
		verdict_set(t->v, VERDICT_INCONCLUSIVE, "not run: '%s' blocked before", *blocker);
		end(s, t->v);
		return NULL;
	}
	TRY(take_turn(s, t, kept));
	if (*blocker == NULL && verdict_blocks(t->v))
		*blocker = t->v->gate;
	return NULL;
}

/* In policy's order, but what is at hand first where one that blocks ends the others. */
static struct err *
turns_take(struct subject *s, struct turns *ts, struct inspect *kept, const char *blocker)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (!s->gates->o.fail_fast || at_hand(s, &ts->v[i]))
			TRY(take_or_leave(s, &ts->v[i], kept, &blocker));
	for (i = 0; i < ts->n; i++)
		if (!ts->v[i].over)
			TRY(take_or_leave(s, &ts->v[i], kept, &blocker));
	return NULL;
}

static struct err *
run_commands(struct subject *s, struct verdicts *vs, struct inspect *kept, const char *blocker)
{
	AUTO(turns_free) struct turns ts = {0};

	TRY(turns_begin(s, vs, &ts));
	if (s->gates->o.memory != GATE_MEMORY_ONLY && (blocker == NULL || !s->gates->o.fail_fast))
		TRY(turns_ahead(s, &ts));
	return turns_take(s, &ts, kept, blocker);
}

static struct err *
run_manual(struct subject *s, struct verdicts *vs)
{
	const struct config *c = s->gates->o.config;
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];
		struct verdict *v;

		if (gate->approve.n == 0 || s->depth != GATE_FULL || s->gates->o.quick ||
		    !wanted(s->gates, gate->name))
			continue;
		v = next_verdict(vs);
		TRY(begin(s, gate, gate->name, v));
		TRY(manual_judge(s, gate, v));
		end(s, v);
	}
	return NULL;
}

static struct err *
run_all(struct subject *s, struct verdicts *vs)
{
	const struct config *c = s->gates->o.config;
	const struct builtin *b;
	struct inspect kept = {0};
	size_t n = 0;

	for (b = builtins; b->name != NULL; b++)
		n++;
	/* Room for all, so that no verdict moves while it is being filled. */
	vec_reserve(vs, c->gates.n + n);
	TRY(run_builtins(s, &kept, vs));
	TRY(run_commands(s, vs, kept.v == NULL ? NULL : &kept, blocking_builtin(vs, &kept)));
	TRY(run_manual(s, vs));
	if (kept.v != NULL)
		end_builtin(&kept);
	return NULL;
}

struct err *
gates_run(struct gates *g, const struct oid *tree, const char *setup,
    enum gate_depth depth, struct verdicts *out)
{
	struct subject s = {.gates = g, .tree = *tree, .setup = setup, .depth = depth};
	AUTO(verdicts_free) struct verdicts vs = {0};
	struct err *e;
	size_t i;

	TRY(diff_trees(g->o.repo, &g->base_tree, tree, false, &s.diff));
	e = run_all(&s, &vs);
	ahead_free(s.ahead);
	diff_free(&s.diff);
	change_close(s.change);
	TRY(e);
	for (i = 0; i < vs.n; i++)
		vec_push(out, vs.v[i]);
	vec_free(&vs);
	return NULL;
}

static struct err *
collect_flagged(struct subject *s, const struct builtin *b, struct strs *out)
{
	AUTO(verdict_free) struct verdict v;
	struct inspect in = {.s = s, .kind = b, .v = &v,
	    .set = config_gate(s->gates->o.config, b->name)};
	size_t i;

	verdict_init(&v, b->name);
	if (!b->on && in.set == NULL)
		return NULL;
	TRY(inspect_judge(&in));
	for (i = 0; i < v.findings.n; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

		if (v.findings.v[i].kind != FINDING_FLAGGED)
			continue;
		gates_clause(&v.findings.v[i], &text);
		strs_add(out, buf_cstr(&text));
	}
	return NULL;
}

struct err *
gates_flagged(struct repo *r, const struct config *c, const struct clock *clock, const struct oid *base,
    const struct oid *tree, struct strs *out)
{
	struct gates g = {.o = {.repo = r, .config = c, .clock = clock}, .base_tree = *base};
	struct subject s = {.gates = &g, .tree = *tree, .depth = GATE_FULL};
	const struct builtin *b;
	struct err *e;

	TRY(diff_trees(r, base, tree, false, &s.diff));
	for (b = builtins, e = NULL; b->name != NULL && e == NULL; b++)
		e = collect_flagged(&s, b, out);
	diff_free(&s.diff);
	change_close(s.change);
	return e;
}

/* ---- telling ---- */

void
gates_clause(const struct finding *f, struct buf *out)
{
	if (f->file[0] != '\0') {
		buf_addc(out, '\'');
		text_visible(out, str_of(f->file), true);
		buf_addc(out, '\'');
		if (f->line > 0)
			buf_addf(out, ", line %lld", (long long)f->line);
		buf_adds(out, ": ");
	}
	buf_adds(out, f->text);
}

void
gates_evidence(const struct verdicts *vs, struct buf *out)
{
	size_t i;

	for (i = 0; i < vs->n; i++) {
		const struct verdict *v = &vs->v[i];

		if (!verdict_blocks(v))
			continue;
		if (out->n != 0)
			buf_addc(out, '\n');
		buf_addf(out, "Gate '%s': %s (%s)\n", v->gate, verdict_word(v->kind), v->summary);
		buf_addstr(out, str_take(str_of(v->evidence), GATE_EVIDENCE_MAX));
	}
}

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/evidence.h"
#include "gate/judge/timing.h"
#include "gate/room.h"
#include "gate/run/exec.h"
#include "gate/run/perf.h"
#include "model/slowdown.h"
#include "sys/jail.h"
#include "sys/machine.h"
#include "sys/proc.h"

#define OTHERS_MS 200	/* time for those who wait to take the lock; they look every 32 ms */

#define SAY_MS (60 * 1000)

enum side { BASE, CANDIDATE };

struct perf {
	struct subject *s;
	const struct conf_gate *gate;
	struct exec_spec spec[2];
	struct exec *exec[2];
	struct contest *contest;
	struct machine machine;
	int64_t held_at, said_at;
	int64_t budget_ms, used_ms;	/* of rounds */
	int64_t waited_ms;
	uint64_t seed;
	size_t rounds;
	struct verdict *v;
	bool over;		/* the verdict is there */
};

/* The verdict is there. */
static void over(struct perf *p, enum verdict_kind kind, const char *fmt, ...) PRINTF(3, 4);

static void
over(struct perf *p, enum verdict_kind kind, const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	verdict_set(p->v, kind, "%s", buf_cstr(&b));
	p->over = true;
}

static int64_t
now(const struct perf *p)
{
	return clock_mono(p->s->gates->o.clock);
}

/* ---- the machine ---- */

/* For people, and for who would take silence for a death. */
static void say(struct perf *p, const char *fmt, ...) PRINTF(2, 3);

static void
say(struct perf *p, const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct gate_event e = {GATE_GOES_ON, p->gate->name, false, {NULL, 0}, NULL};
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	e.output = buf_str(&b);
	gates_tell(p->s->gates, &e);
	p->said_at = now(p);
}

static struct err *
hold(struct perf *p)
{
	int cancel_fd = p->s->gates->o.cancel_fd;
	int64_t start = now(p);
	struct err *e;

	e = machine_alone(0, cancel_fd, &p->machine);
	if (e != NULL && err_is(e, ERR_TIMEOUT)) {
		err_ignore(e);
		say(p, "waits until nothing else of the factory runs on this machine");
		e = machine_alone(PERF_WAIT_MS - p->waited_ms, cancel_fd, &p->machine);
	}
	p->held_at = now(p);
	p->waited_ms += p->held_at - start;
	if (e == NULL)
		return NULL;
	if (err_is(e, ERR_TIMEOUT))
		over(p, VERDICT_INCONCLUSIVE, "not measured: %s", err_msg(e));
	else if (err_is(e, ERR_NOT_FOUND))
		over(p, VERDICT_ERROR, "%s: %s", err_msg(e), err_hint_of(e));
	else
		return e;
	err_ignore(e);
	return NULL;
}

/* Let others have it for a moment, now and then. */
static struct err *
yield(struct perf *p)
{
	if (now(p) - p->held_at < PERF_HOLD_MS)
		return NULL;
	machine_leave(&p->machine);
	clock_sleep_ms(OTHERS_MS);
	return hold(p);
}

/* ---- one run ---- */

static void
failed(struct perf *p, const struct outcome *o, const char *when)
{
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT), text = BUF_INIT(BUF_TEXT);

	if (o->kind == OUTCOME_BROKEN)
		buf_addf(&text, "%s", o->why);
	else
		buf_addf(&text, "the command ended with status %d%s", o->status, when);
	over(p, o->kind == OUTCOME_BROKEN ? VERDICT_ERROR : VERDICT_FAIL, "%s", buf_cstr(&text));
	verdict_find(p->v, FINDING_BLOCKS, p->gate->name, "", 0, buf_cstr(&text));
	evidence_output(&evidence, o->output, GATE_EVIDENCE_MAX);
	verdict_evidence(p->v, buf_str(&evidence));
}

static struct err *
run(struct perf *p, enum side side, struct outcome *out)
{
	AUTO(proc_result_free) struct proc_result result = {0};
	struct exec *x = p->exec[side];

	TRY(exec_start(x));
	if (exec_jail(x) == NULL) {
		exec_give(x, out);
		return NULL;
	}
	TRY(jail_wait(exec_jail(x), &result));
	return exec_end(x, &result, out);
}

/* ---- workspaces ---- */

static void
close_both(struct perf *p)
{
	exec_close_p(&p->exec[CANDIDATE]);
	exec_close_p(&p->exec[BASE]);
}

/* Without the base's times there is nothing that could be said of the change's. */
static void
no_base(struct perf *p, const struct outcome *o)
{
	AUTO(mem_free_p) char *why = o->kind == OUTCOME_BROKEN ? mem_strdup(o->why) :
	    mem_printf("the command ends with status %d", o->status);
	AUTO(mem_free_p) char *text = mem_printf("not compared, the base cannot be measured: %s", why);

	over(p, VERDICT_PASS, "%s", text);
	verdict_find(p->v, FINDING_FLAGGED, p->gate->name, "", 0, text);
}

static void
meet(struct perf *p, const struct outcome *base, const struct outcome *candidate)
{
	size_t n;

	if (p->contest != NULL)
		return;
	p->contest = contest_open(p->gate, &base->facts, &candidate->facts, &n);
	if (p->contest == NULL) {
		over(p, VERDICT_ERROR, "%zu measures: %d can be compared", n, CONTEST_MAX);
	} else if (!contest_needed(p->contest)) {
		contest_tell(p->contest, "", p->v);
		p->over = true;
	}
}

/* New workspaces, and a first run in each, which builds and is not counted. */
static struct err *
open_both(struct perf *p)
{
	AUTO(outcome_free) struct outcome base = {0};
	AUTO(outcome_free) struct outcome candidate = {0};

	close_both(p);
	TRY(exec_open(p->s->gates, &p->spec[BASE], &p->exec[BASE]));
	TRY(exec_open(p->s->gates, &p->spec[CANDIDATE], &p->exec[CANDIDATE]));
	say(p, "a first run of the change");
	TRY(run(p, CANDIDATE, &candidate));
	if (candidate.kind == OUTCOME_PASSED) {
		say(p, "a first run of the base");
		TRY(run(p, BASE, &base));
	}
	if (candidate.kind != OUTCOME_PASSED)
		failed(p, &candidate, "");
	else if ((candidate.facts.kinds & FACTS_TIMINGS) == 0)
		over(p, VERDICT_ERROR, "no report has times that could be compared");
	else if (base.kind != OUTCOME_PASSED)
		no_base(p, &base);
	else
		meet(p, &base, &candidate);
	return NULL;
}

/* ---- rounds ---- */

static struct err *
one_round(struct perf *p, bool candidate_first)
{
	AUTO(outcome_free) struct outcome base = {0};
	AUTO(outcome_free) struct outcome candidate = {0};
	AUTO(mem_free_p) char *when = mem_printf(" in round %zu", p->rounds + 1);
	const char *missing;

	if (!candidate_first)
		TRY(run(p, BASE, &base));
	TRY(run(p, CANDIDATE, &candidate));
	if (candidate_first)
		TRY(run(p, BASE, &base));
	if (candidate.kind != OUTCOME_PASSED) {
		failed(p, &candidate, when);
	} else if (base.kind != OUTCOME_PASSED) {
		over(p, VERDICT_INCONCLUSIVE, "the command failed%s on the base", when);
	} else if (!contest_add(p->contest, &base.facts, &candidate.facts, &missing)) {
		over(p, VERDICT_ERROR, "'%s' was not measured%s", missing, when);
	} else {
		p->rounds++;
	}
	return NULL;
}

/* Would one more round, as long as those so far, still end in time? */
static bool
time_left(const struct perf *p)
{
	int64_t each = p->rounds == 0 ? 0 : p->used_ms / (int64_t)p->rounds;

	return p->used_ms + each <= p->budget_ms;
}

/* Up to that number of rounds, or as far as time goes. */
static struct err *
batch(struct perf *p, size_t until)
{
	bool first[SLOWDOWN_FIRST << (SLOWDOWN_LOOKS - 1)];
	size_t i, n = until - p->rounds;
	int64_t start;

	slowdown_order(&p->seed, first, n);
	for (i = 0; i < n && !p->over && time_left(p); i++) {
		TRY(yield(p));
		if (p->over)
			break;
		start = now(p);
		TRY(one_round(p, first[i]));
		p->used_ms += now(p) - start;
		if (p->rounds == until || now(p) - p->said_at >= SAY_MS)
			say(p, "%zu rounds", p->rounds);
	}
	return NULL;
}

static struct err *
compare(struct perf *p)
{
	AUTO(buf_free) struct buf until = BUF_INIT(BUF_TEXT);
	char span[CLOCK_TEXT];
	bool told = false;
	unsigned look;

	TRY(hold(p));
	if (!p->over)
		TRY(open_both(p));
	for (look = 0; look < SLOWDOWN_LOOKS && !p->over && !told && time_left(p); look++) {
		size_t fresh = p->rounds;

		if (look > 0 && contest_suspects(p->contest))
			TRY(open_both(p));
		if (!p->over)
			TRY(batch(p, slowdown_rounds(look)));
		if (!p->over && p->rounds > fresh)
			told = contest_look(p->contest, look, fresh);
	}
	if (p->over)
		return NULL;
	clock_format_span((p->budget_ms + 500) / 1000, span);
	buf_addf(&until, "%s of measuring are over", span);
	contest_tell(p->contest, time_left(p) ? "there is too much noise" : buf_cstr(&until), p->v);
	return NULL;
}

static int64_t
budget_of(const struct gates *g, const struct conf_gate *gate)
{
	int64_t ms = gate->timeout * 1000, left;

	if (g->o.until_ms == 0)
		return ms;
	/* What has to come after must find some time too. */
	left = (g->o.until_ms - clock_mono(g->o.clock)) / 2;
	return left < ms ? left : ms;
}

struct err *
perf_judge(struct subject *s, const struct conf_gate *gate, const char *command, struct verdict *v)
{
	struct perf p = {.s = s, .gate = gate, .v = v, .machine = MACHINE_INIT,
	    .budget_ms = budget_of(s->gates, gate), .seed = (uint64_t)clock_mono_ns()};
	struct exec_spec spec = {.gate = gate, .command = command, .report = exec_report_of(gate, command),
	    .tree = &s->tree, .setup = s->setup, .quiet = true, .alone = true,
	    .metered = gate->report.n == 0};
	int64_t start = now(&p);
	struct err *e;

	if (oid_eq(&s->tree, &s->gates->base_tree)) {
		v->idle = gate->timed;
		if (gate->timed)
			verdict_set(v, VERDICT_PASS, "not measured: the files are the base's");
		return NULL;
	}
	v->fleeting = true;
	verdict_measure(v, "seed", (int64_t)p.seed, "count");
	p.spec[CANDIDATE] = p.spec[BASE] = spec;
	p.spec[BASE].tree = &s->gates->base_tree;
	p.spec[BASE].setup = s->gates->o.base_setup;
	p.spec[BASE].on_base = true;
	e = compare(&p);
	close_both(&p);
	contest_close(p.contest);
	machine_leave(&p.machine);
	v->ms += now(&p) - start;
	verdict_measure(v, "rounds", (int64_t)p.rounds, "count");
	verdict_measure(v, "compared", now(&p) - start, "ms");
	return e;
}

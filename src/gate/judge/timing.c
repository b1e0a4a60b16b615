#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/gate.h"
#include "gate/judge/timing.h"
#include "gate/report/facts.h"
#include "model/slowdown.h"
#include "model/verdict.h"

#define MEASURES_TOLD 100	/* in the record */
#define LEAST_SECONDS 1e-9

struct rival {
	const char *key;	/* "name\nunit", as facts have it */
	const char *name, *unit;
	bool time;
	int64_t percent;	/* the threshold */
	struct slowdown s;
	struct { VEC_FIELDS(double); } base, candidate;	/* of each round */
};

struct contest {
	struct arena mem;
	struct { VEC_FIELDS(struct rival *); } rivals;
	struct { VEC_FIELDS(struct slowdown *); } slowdowns;	/* theirs */
	struct { VEC_FIELDS(const struct rival *); } lost, added;
};

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(const double *v, size_t n)
{
	AUTO(mem_free_p) double *s = mem_dup(v, n * sizeof(*v));

	qsort(s, n, sizeof(*s), by_value);
	return (s[(n - 1) / 2] + s[n / 2]) / 2;
}

/* ---- who meets whom ---- */

static const char *
key_of(struct arena *mem, const struct timing *t)
{
	AUTO(mem_free_p) char *key = mem_printf("%s\n%s", t->name, t->unit);

	return arena_strdup(mem, key);
}

static struct rival *
rival_new(struct contest *c, const struct conf_gate *gate, const struct timing *t)
{
	struct rival *r = arena_alloc(&c->mem, sizeof(*r));

	r->key = key_of(&c->mem, t);
	r->name = arena_strdup(&c->mem, t->name);
	r->unit = arena_strdup(&c->mem, t->unit);
	r->time = strcmp(t->unit, "s") == 0;
	r->percent = r->time ? gate->slower : gate->memory;
	r->s.threshold = (double)r->percent / 100;
	return r;
}

struct contest *
contest_open(const struct conf_gate *gate, const struct facts *base, const struct facts *candidate,
    size_t *count)
{
	struct contest *c;
	size_t i;

	*count = base->timings.n > candidate->timings.n ? base->timings.n : candidate->timings.n;
	if (*count > CONTEST_MAX)
		return NULL;
	c = mem_alloc(sizeof(*c));
	for (i = 0; i < base->timings.n; i++) {
		struct rival *r = rival_new(c, gate, base->timings.v[i]);

		if (map_get(&candidate->timing_of, r->key) == NULL) {
			vec_push(&c->lost, r);
		} else {
			vec_push(&c->rivals, r);
			vec_push(&c->slowdowns, &r->s);
		}
	}
	for (i = 0; i < candidate->timings.n; i++) {
		const struct rival *r = rival_new(c, gate, candidate->timings.v[i]);

		if (map_get(&base->timing_of, r->key) == NULL)
			vec_push(&c->added, r);
	}
	return c;
}

void
contest_close(struct contest *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->rivals.n; i++) {
		slowdown_free(&c->rivals.v[i]->s);
		vec_free(&c->rivals.v[i]->base);
		vec_free(&c->rivals.v[i]->candidate);
	}
	vec_free(&c->rivals);
	vec_free(&c->slowdowns);
	vec_free(&c->lost);
	vec_free(&c->added);
	arena_free(&c->mem);
	free(c);
}

void
contest_close_p(struct contest **c)
{
	contest_close(*c);
	*c = NULL;
}

bool
contest_needed(const struct contest *c)
{
	return c->rivals.n > 0 && c->lost.n == 0;
}

/* ---- rounds ---- */

static bool
value_of(const struct facts *f, const char *key, double *out)
{
	const struct timing *t = map_get(&f->timing_of, key);

	if (t == NULL)
		return false;
	*out = median(t->samples.v, t->samples.n);
	return true;
}

bool
contest_add(struct contest *c, const struct facts *base, const struct facts *candidate,
    const char **missing)
{
	double was, is;
	size_t i;

	for (i = 0; i < c->rivals.n; i++) {
		struct rival *r = c->rivals.v[i];

		if (!value_of(base, r->key, &was) || !value_of(candidate, r->key, &is)) {
			*missing = r->name;
			return false;
		}
		vec_push(&r->base, was);
		vec_push(&r->candidate, is);
		slowdown_add(&r->s, was, is, r->time ? LEAST_SECONDS : 1);
	}
	return true;
}

static size_t
count(const struct contest *c, enum slowdown_state state)
{
	size_t i, n = 0;

	for (i = 0; i < c->slowdowns.n; i++)
		n += c->slowdowns.v[i]->state == state;
	return n;
}

bool
contest_look(struct contest *c, unsigned look, size_t fresh)
{
	slowdown_look(c->slowdowns.v, c->slowdowns.n, look, fresh);
	return count(c, SLOWDOWN_SLOWER) > 0 || count(c, SLOWDOWN_OPEN) == 0;
}

bool
contest_suspects(const struct contest *c)
{
	return slowdown_suspected(c->slowdowns.v, c->slowdowns.n);
}

/* ---- telling ---- */

static void
add_value(struct buf *b, const struct rival *r, double v)
{
	if (!r->time)
		buf_addf(b, "%.0f %s", v, r->unit);
	else if (v >= 1)
		buf_addf(b, "%.3f s", v);
	else if (v >= 1e-3)
		buf_addf(b, "%.2f ms", v * 1e3);
	else
		buf_addf(b, "%.3g us", v * 1e6);
}

/* "12.3 % slower (at least 4.1 %), 15.2 ms before, 17.1 ms now" */
static void
add_finding(struct buf *b, const struct rival *r)
{
	const struct slowdown *s = &r->s;
	bool less = s->estimate < 0;

	buf_addf(b, "%.1f %% %s", fabs(100 * s->estimate),
	    r->time ? (less ? "faster" : "slower") : less ? "less" : "more");
	if (s->lower > -1 && !isinf(s->upper))
		buf_addf(b, " (from %.1f to %.1f %%)", 100 * s->lower, 100 * s->upper);
	buf_adds(b, ", ");
	add_value(b, r, median(r->base.v, r->base.n));
	buf_adds(b, " before, ");
	add_value(b, r, median(r->candidate.v, r->candidate.n));
	buf_adds(b, " now");
}

static void
find(struct verdict *v, enum finding_kind kind, const struct rival *r, const char *text)
{
	AUTO(mem_free_p) char *print = mem_printf("%s, %s", r->name, r->unit);
	struct finding f = {.kind = kind, .rule = r->name, .text = text, .print = print};

	verdict_add(v, &f);
}

static void
tell_rivals(const struct contest *c, enum slowdown_state state, struct buf *evidence, struct verdict *v)
{
	size_t i;

	for (i = 0; i < c->rivals.n; i++) {
		const struct rival *r = c->rivals.v[i];
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

		if (r->s.state != state || r->base.n == 0)
			continue;
		add_finding(&b, r);
		buf_addf(evidence, "--- %s: %s\n", r->name, buf_cstr(&b));
		if (state == SLOWDOWN_OPEN)
			buf_addf(&b, "; it cannot be told whether that is %lld %%", (long long)r->percent);
		find(v, state == SLOWDOWN_OPEN ? FINDING_NOTE : FINDING_BLOCKS, r, buf_cstr(&b));
	}
}

/* By how much it grew, in millionths. */
static void
measure(const struct rival *r, struct verdict *v)
{
	AUTO(mem_free_p) char *name = mem_printf("%s%s%s", r->name, r->time ? "" : " ", r->time ? "" : r->unit);

	if (r->base.n > 0 && fabs(r->s.estimate) < 1e6)
		verdict_measure(v, name, (int64_t)llround(1e6 * r->s.estimate), "ppm");
}

/* The worst of those in that state, for the summary. */
static const struct rival *
worst(const struct contest *c, enum slowdown_state state)
{
	const struct rival *w = NULL;
	size_t i;

	for (i = 0; i < c->rivals.n; i++) {
		const struct rival *r = c->rivals.v[i];

		if (r->s.state == state && (w == NULL || r->s.estimate > w->s.estimate))
			w = r;
	}
	return w;
}

static void
sum(const struct contest *c, const char *until, struct verdict *v)
{
	size_t slower = count(c, SLOWDOWN_SLOWER), open = count(c, SLOWDOWN_OPEN);
	size_t rounds = c->rivals.n == 0 ? 0 : c->rivals.v[0]->base.n;
	const struct rival *w = worst(c, slower > 0 ? SLOWDOWN_SLOWER : SLOWDOWN_OPEN);
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	if (w != NULL && w->base.n > 0)
		add_finding(&b, w);
	if (c->lost.n > 0)
		verdict_set(v, VERDICT_FAIL, "%zu of %zu benchmarks are not measured any more", c->lost.n,
		    c->lost.n + c->rivals.n);
	else if (slower > 1)
		verdict_set(v, VERDICT_FAIL, "%s: %s; and %zu more", w->name, buf_cstr(&b), slower - 1);
	else if (slower > 0)
		verdict_set(v, VERDICT_FAIL, "%s: %s", w->name, buf_cstr(&b));
	else if (open > 0)
		verdict_set(v, VERDICT_INCONCLUSIVE, "%s; %zu of %zu measures cannot be told after %zu rounds",
		    until, open, c->rivals.n, rounds);
	else if (c->rivals.n == 0)
		verdict_set(v, VERDICT_PASS, "%zu measure%s, all new", c->added.n, c->added.n == 1 ? "" : "s");
	else
		verdict_set(v, VERDICT_PASS, "%zu measure%s, none worse, in %zu rounds", c->rivals.n,
		    c->rivals.n == 1 ? "" : "s", rounds);
}

void
contest_tell(const struct contest *c, const char *until, struct verdict *v)
{
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < c->lost.n; i++) {
		find(v, FINDING_BLOCKS, c->lost.v[i], "the base measures it, the change does not");
		buf_addf(&evidence, "--- %s: not measured any more\n", c->lost.v[i]->name);
	}
	tell_rivals(c, SLOWDOWN_SLOWER, &evidence, v);
	tell_rivals(c, SLOWDOWN_OPEN, &evidence, v);
	for (i = 0; i < c->added.n; i++)
		find(v, FINDING_NOTE, c->added.v[i], "new: there is nothing to compare it with");
	for (i = 0; i < c->rivals.n && i < MEASURES_TOLD; i++)
		measure(c->rivals.v[i], v);
	sum(c, until, v);
	if (v->kind != VERDICT_PASS)
		verdict_evidence(v, str_take(buf_str(&evidence), GATE_EVIDENCE_MAX));
}

#include "conf/redact.h"

#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "conf/nfa.h"
#include "conf/secrets.h"
#include "sys/proc.h"

#define REDACT_SLICE (64 * KIB)

/* A form that has begun: where the automaton is, and since which byte. */
struct thread {
	uint32_t state;
	uint64_t start;
};

/* The threads of one moment, at most one for each state (a sparse set). */
struct threads {
	struct thread *v;
	uint32_t *at;		/* by state: its place in v, if it is there */
	size_t n;
};

struct range {
	uint64_t start, end;
	uint32_t secret;
};

struct redactor {
	struct nfa nfa;
	struct strs names;
	struct threads now, next;
	struct { VEC_FIELDS(struct range); } ranges;	/* decided, not yet written */
	struct buf held;	/* bytes from 'base' up to 'pos' */
	uint64_t base, pos;
	uint64_t sent;		/* written or replaced up to here */
	int64_t count;
};

static void
threads_init(struct threads *t, size_t states)
{
	t->v = mem_calloc(states, sizeof(*t->v));
	t->at = mem_calloc(states, sizeof(*t->at));
	t->n = 0;
}

struct redactor *
redact_new(const struct secrets *s)
{
	struct redactor *r = mem_alloc(sizeof(*r));
	size_t i;

	nfa_init(&r->nfa);
	for (i = 0; i < s->n; i++) {
		if (s->v[i].n < SECRET_MIN)
			continue;
		nfa_add(&r->nfa, str_mk(s->v[i].value, s->v[i].n), (uint32_t)r->names.n);
		strs_add(&r->names, s->v[i].name);
	}
	nfa_seal(&r->nfa);
	threads_init(&r->now, r->nfa.states.n);
	threads_init(&r->next, r->nfa.states.n);
	buf_init(&r->held, REDACT_HOLD_MAX + REDACT_SLICE + KIB);
	return r;
}

void
redact_free(struct redactor *r)
{
	if (r == NULL)
		return;
	nfa_free(&r->nfa);
	strs_free(&r->names);
	free(r->now.v);
	free(r->now.at);
	free(r->next.v);
	free(r->next.at);
	vec_free(&r->ranges);
	if (r->held.p != NULL)
		mem_wipe(r->held.p, r->held.cap);
	buf_free(&r->held);
	free(r);
}

void
redact_free_p(struct redactor **r)
{
	redact_free(*r);
	*r = NULL;
}

/* One more range; those that it touches become one with it, named by the longest. */
static void
range_add(struct redactor *r, uint64_t start, uint64_t end, uint32_t secret)
{
	uint64_t longest = end - start;

	while (r->ranges.n > 0) {
		const struct range *last = &r->ranges.v[r->ranges.n - 1];

		if (last->end <= start)
			break;
		if (last->end - last->start > longest) {
			longest = last->end - last->start;
			secret = last->secret;
		}
		if (last->start < start)
			start = last->start;
		r->ranges.n--;
	}
	vec_push(&r->ranges, (struct range){start, end, secret});
}

static void
thread_add(struct redactor *r, uint32_t state, uint64_t start)
{
	struct threads *t = &r->next;
	uint32_t at = t->at[state], accept = r->nfa.states.v[state].accept;

	if (at < t->n && t->v[at].state == state) {
		if (start >= t->v[at].start)
			return;
		t->v[at].start = start;
	} else {
		t->at[state] = (uint32_t)t->n;
		t->v[t->n++] = (struct thread){state, start};
	}
	if (accept != 0)
		range_add(r, start, r->pos + 1, accept - 1);
}

static void
byte_feed(struct redactor *r, unsigned char c)
{
	const struct nfa *a = &r->nfa;
	struct threads done;
	uint32_t e;
	size_t i;

	r->next.n = 0;
	for (i = 0; i < r->now.n; i++) {
		struct thread t = r->now.v[i];

		for (e = a->states.v[t.state].edges; e != NFA_NONE; e = a->edges.v[e].next)
			if (a->edges.v[e].lo <= c && c <= a->edges.v[e].hi)
				thread_add(r, a->edges.v[e].to, t.start);
	}
	for (i = a->first[c]; i < a->first[c + 1]; i++)
		thread_add(r, a->starts.v[i], r->pos);
	done = r->now;
	r->now = r->next;
	r->next = done;
	r->pos++;
}

/* Give up forms that began too long ago; the first byte that is undecided. */
static uint64_t
threads_oldest(struct redactor *r)
{
	uint64_t oldest = r->pos;
	size_t i = 0;

	while (i < r->now.n) {
		struct thread *t = &r->now.v[i];

		if (r->pos - t->start > REDACT_HOLD_MAX) {
			*t = r->now.v[--r->now.n];
			r->now.at[t->state] = (uint32_t)i;
			continue;
		}
		if (t->start < oldest)
			oldest = t->start;
		i++;
	}
	return oldest;
}

static void
held_write(struct redactor *r, uint64_t upto, struct buf *out)
{
	if (upto <= r->sent)
		return;
	buf_add(out, r->held.p + (r->sent - r->base), upto - r->sent);
	r->sent = upto;
}

/* Write what is decided: everything before 'upto'. */
static void
decide(struct redactor *r, uint64_t upto, struct buf *out)
{
	size_t i, left;

	for (i = 0; i < r->ranges.n && r->ranges.v[i].start < upto; i++) {
		const struct range *g = &r->ranges.v[i];

		held_write(r, g->start, out);
		buf_addf(out, "[redacted:%s]", r->names.v[g->secret]);
		if (r->sent < g->end)
			r->sent = g->end;
		r->count++;
	}
	left = r->ranges.n - i;
	if (i > 0 && left > 0)
		memmove(r->ranges.v, r->ranges.v + i, left * sizeof(*r->ranges.v));
	r->ranges.n = left;
	held_write(r, upto, out);
	buf_cut(&r->held, 0, r->sent - r->base);
	r->base = r->sent;
}

void
redact_feed(struct redactor *r, struct str bytes, struct buf *out)
{
	if (r->names.n == 0) {
		buf_addstr(out, bytes);
		return;
	}
	while (bytes.n > 0) {
		struct str slice = str_take(bytes, REDACT_SLICE);
		size_t i;

		buf_addstr(&r->held, slice);
		for (i = 0; i < slice.n; i++)
			byte_feed(r, (unsigned char)slice.p[i]);
		decide(r, threads_oldest(r), out);
		bytes = str_skip(bytes, slice.n);
	}
}

/* The next stream begins; what is held is gone. */
static void
forget(struct redactor *r)
{
	r->now.n = 0;
	r->ranges.n = 0;
	r->base = r->pos = r->sent = 0;
	if (r->held.p != NULL)
		mem_wipe(r->held.p, r->held.cap);
	buf_clear(&r->held);
}

void
redact_finish(struct redactor *r, struct buf *out)
{
	decide(r, r->pos, out);
	forget(r);
}

void
redact_str(struct redactor *r, struct str text, struct buf *out)
{
	redact_feed(r, text, out);
	redact_finish(r, out);
}

char *
redact_dup(struct redactor *r, const char *text)
{
	struct buf b;

	if (text == NULL)
		return NULL;
	buf_init(&b, SIZE_MAX);
	redact_str(r, str_of(text), &b);
	return buf_steal(&b);
}

bool
redact_found(struct redactor *r, struct str text)
{
	AUTO(buf_free) struct buf b;
	int64_t before = r->count;

	buf_init(&b, SIZE_MAX);
	redact_str(r, text, &b);
	return r->count > before;
}

/* Both sides of the gap, without what may have been cut in two by it. */
static void
redact_sides(struct redactor *r, const struct proc_output *o, struct buf *head, struct buf *end)
{
	struct str all = buf_str(&o->b), rest = str_skip(all, o->gap);

	if (r == NULL || r->names.n == 0) {
		buf_addstr(head, o->dropped > 0 ? str_take(all, o->gap) : all);
		if (o->dropped > 0)
			buf_addstr(end, rest);
	} else if (o->dropped == 0) {
		redact_str(r, all, head);
	} else {
		redact_feed(r, str_take(all, o->gap), head);
		forget(r);
		redact_feed(r, str_take(rest, REDACT_MARGIN), end);
		buf_clear(end);
		redact_str(r, str_skip(rest, rest.n < REDACT_MARGIN ? rest.n : REDACT_MARGIN), end);
	}
}

void
redact_output(struct redactor *r, const struct proc_output *o, size_t max, size_t tail, struct buf *out)
{
	AUTO(buf_free) struct buf head = BUF_INIT(SIZE_MAX), end = BUF_INIT(SIZE_MAX);
	uint64_t total = o->b.n + o->dropped;
	struct str first, last;

	redact_sides(r, o, &head, &end);
	first = buf_str(&head);
	last = buf_str(&end);
	if (o->dropped == 0 && first.n <= max) {
		buf_addstr(out, first);
		return;
	}
	if (o->dropped == 0)
		last = first;
	first = str_take(first, max - tail);
	last = str_skip(last, last.n > tail ? last.n - tail : 0);
	buf_addstr(out, first);
	if (total > first.n + last.n)
		buf_addf(out, "\n[%llu bytes left out]\n", (unsigned long long)(total - first.n - last.n));
	buf_addstr(out, last);
}

int64_t
redact_count(const struct redactor *r)
{
	return r->count;
}

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/slowdown.h"

void
slowdown_add(struct slowdown *s, double base, double candidate, double least)
{
	vec_push(&s->rounds, log(fmax(candidate, least) / fmax(base, least)));
}

void
slowdown_free(struct slowdown *s)
{
	vec_free(&s->rounds);
}

size_t
slowdown_rounds(unsigned look)
{
	return (size_t)SLOWDOWN_FIRST << look;
}

/* By the probabilities' logarithms: 2^-1024 is no normal double. */
double
sign_tail(size_t n, size_t k)
{
	double term = -(double)n * log(2), sum = 0;
	size_t i;

	for (i = n; i + 1 > k; i--) {
		sum += exp(term);
		if (i == 0)
			break;
		term += log((double)i / (double)(n - i + 1));
	}
	return fmin(sum, 1);
}

/* The smallest count that is as unlikely as that; n + 1 when none is. */
static size_t
critical(size_t n, double level)
{
	size_t low = n / 2, high = n + 1;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sign_tail(n, mid) <= level)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* ---- one measure ---- */

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double *
sorted(const double *v, size_t n)
{
	double *copy = mem_dup(v, n * sizeof(*v));

	qsort(copy, n, sizeof(*copy), by_value);
	return copy;
}

static double
median(const double *v, size_t n)
{
	AUTO(mem_free_p) double *s = sorted(v, n);

	return (s[(n - 1) / 2] + s[n / 2]) / 2;
}

static double
half_of(const struct slowdown *s)
{
	return log1p(s->threshold / 2);
}

static bool
reaches_half(const struct slowdown *s, size_t from)
{
	return s->rounds.n > from && median(s->rounds.v + from, s->rounds.n - from) >= half_of(s);
}

/* How sure it is that it is slower at all; a round without a difference speaks against. */
static double
p_slower(const struct slowdown *s)
{
	size_t i, above = 0;

	for (i = 0; i < s->rounds.n; i++)
		above += s->rounds.v[i] > 0;
	return sign_tail(s->rounds.n, above);
}

static void
tell(struct slowdown *s, double alpha, double beta)
{
	AUTO(mem_free_p) double *v = sorted(s->rounds.v, s->rounds.n);
	size_t n = s->rounds.n, a = critical(n, alpha), b = critical(n, beta);

	s->estimate = expm1(median(v, n));
	s->lower = a > n ? -1 : expm1(v[n - a]);
	s->upper = b > n ? INFINITY : expm1(v[b - 1]);
}

/* ---- all of them ---- */

struct ranked {
	struct slowdown *s;
	double p;
};

static int
by_p(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return by_value(&x->p, &y->p);
}

void
slowdown_look(struct slowdown *const *all, size_t n, unsigned look, size_t fresh)
{
	double alpha = SLOWDOWN_ALPHA / SLOWDOWN_LOOKS, beta = SLOWDOWN_BETA / SLOWDOWN_LOOKS;
	AUTO(mem_free_p) struct ranked *r = mem_alloc((n + 1) * sizeof(*r));
	bool surely = true;
	size_t i;

	for (i = 0; i < n; i++)
		r[i] = (struct ranked){all[i], all[i]->rounds.n == 0 ? 1 : p_slower(all[i])};
	qsort(r, n, sizeof(*r), by_p);
	for (i = 0; i < n; i++) {
		struct slowdown *s = r[i].s;
		double level = alpha / (double)(n - i);

		/* Holm: where one is not sure, none that is less sure is. */
		surely = surely && r[i].p <= level;
		if (s->state != SLOWDOWN_OPEN || s->rounds.n == 0)
			continue;
		tell(s, level, beta);
		if (surely && look > 0 && reaches_half(s, 0) && reaches_half(s, fresh))
			s->state = SLOWDOWN_SLOWER;
		else if (s->upper < s->threshold && !reaches_half(s, 0))
			s->state = SLOWDOWN_SAME;
	}
}

bool
slowdown_suspected(struct slowdown *const *all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (all[i]->state == SLOWDOWN_OPEN && reaches_half(all[i], 0))
			return true;
	return false;
}

/* ---- order ---- */

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t
next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

void
slowdown_order(uint64_t *seed, bool *candidate_first, size_t n)
{
	size_t i, j;

	/* An odd one out goes either way. */
	for (i = 0; i < n; i++)
		candidate_first[i] = i % 2 == 1;
	if (n % 2 == 1)
		candidate_first[n - 1] = next(seed) >> 63 != 0;
	for (i = n; i > 1; i--) {
		bool b = candidate_first[i - 1];

		j = next(seed) % i;
		candidate_first[i - 1] = candidate_first[j];
		candidate_first[j] = b;
	}
}

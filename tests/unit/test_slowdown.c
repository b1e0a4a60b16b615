/* slowdown: known answers, and how often the judgement errs under many kinds of noise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "model/slowdown.h"

#ifdef SANITIZED
#define TRIALS 150
#else
#define TRIALS 3000
#endif

#define NEAR(a, b) assert_true(fabs((a) - (b)) <= 1e-9 * fabs(b))

static void
test_tail(void **state)
{
	(void)state;
	NEAR(sign_tail(8, 8), 1.0 / 256);
	NEAR(sign_tail(8, 7), 9.0 / 256);
	NEAR(sign_tail(10, 6), 386.0 / 1024);
	NEAR(sign_tail(10, 0), 1.0);
	assert_true(sign_tail(10, 11) == 0);
	/* R: pbinom(56, 100, .5, lower = FALSE), pbinom(580, 1024, .5, lower = FALSE). */
	assert_true(fabs(sign_tail(100, 57) - 0.0966740) < 1e-6);
	assert_true(fabs(sign_tail(1024, 512) - 0.5124639) < 1e-6);
	assert_true(sign_tail(1024, 1024) < 1e-300);
}

static void
rounds_of(struct slowdown *s, const double *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		slowdown_add(s, 1, v[i], 1e-9);
}

/* The 99.875 % bound of one measure in 16 rounds is the second smallest: P(X >= 15) = 17/65536. */
static void
test_bounds(void **state)
{
	static const double v[] = {1.30, 1.01, 1.20, 1.21, 1.22, 1.23, 1.24, 1.25,
	    1.26, 1.27, 1.28, 1.29, 1.31, 1.32, 1.33, 1.02};
	AUTO(slowdown_free) struct slowdown s = {.threshold = 0.1};
	struct slowdown *all[] = {&s};

	(void)state;
	rounds_of(&s, v, 16);
	slowdown_look(all, 1, 1, 8);
	NEAR(s.estimate, sqrt(1.25 * 1.26) - 1);
	NEAR(s.lower, 0.02);
	assert_int_equal(s.state, SLOWDOWN_SLOWER);
}

static void
test_first_look(void **state)
{
	static const double same[] = {1, 1, 1, 1, 1, 1, 1, 1}, slow[] = {2, 2, 2, 2, 2, 2, 2, 2};
	AUTO(slowdown_free) struct slowdown a = {.threshold = 0.05}, b = {.threshold = 0.05};
	struct slowdown *all[] = {&a, &b};

	(void)state;
	rounds_of(&a, same, 8);
	rounds_of(&b, slow, 8);
	slowdown_look(all, 2, 0, 0);
	assert_int_equal(a.state, SLOWDOWN_SAME);
	assert_int_equal(b.state, SLOWDOWN_OPEN);
	NEAR(b.lower, -1.0);
	assert_true(slowdown_suspected(all, 2));
	assert_false(slowdown_suspected(all, 1));
	rounds_of(&a, same, 8);
	rounds_of(&b, slow, 8);
	slowdown_look(all, 2, 1, 8);
	assert_int_equal(a.state, SLOWDOWN_SAME);
	assert_int_equal(b.state, SLOWDOWN_SLOWER);
}

/* Slower in the first workspaces only: that is the workspaces. */
static void
test_confirmed(void **state)
{
	AUTO(slowdown_free) struct slowdown s = {.threshold = 0.1};
	struct slowdown *all[] = {&s};
	size_t i;

	(void)state;
	for (i = 0; i < 32; i++)
		slowdown_add(&s, 1, i < 16 ? 1.2 : 1.04, 1e-9);
	slowdown_look(all, 1, 2, 16);
	assert_true(s.lower > 0);
	assert_true(s.estimate > 0.05);
	assert_int_equal(s.state, SLOWDOWN_OPEN);
}

/* Slower for sure, and by less than half the threshold. */
static void
test_small(void **state)
{
	AUTO(slowdown_free) struct slowdown s = {.threshold = 0.1};
	struct slowdown *all[] = {&s};
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++)
		slowdown_add(&s, 1, 1.04, 1e-9);
	slowdown_look(all, 1, 1, 8);
	assert_true(s.lower > 0);
	assert_int_equal(s.state, SLOWDOWN_SAME);
}

static void
test_zero(void **state)
{
	AUTO(slowdown_free) struct slowdown none = {.threshold = 0.1}, some = {.threshold = 0.1};
	struct slowdown *all[] = {&none, &some};
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++) {
		slowdown_add(&none, 0, 0, 1);
		slowdown_add(&some, 0, 16, 1);
	}
	slowdown_look(all, 2, 1, 8);
	assert_int_equal(none.state, SLOWDOWN_SAME);
	NEAR(some.estimate, 15.0);
	assert_int_equal(some.state, SLOWDOWN_SLOWER);
}

/* Holm: of 40 measures one with p = 2^-16 blocks, one with 17/65536 alone would, and here does not. */
static void
test_family(void **state)
{
	struct slowdown s[40] = {{0}}, *all[40];
	size_t i, k;

	(void)state;
	for (k = 0; k < 40; k++) {
		all[k] = &s[k];
		s[k].threshold = 0.1;
		for (i = 0; i < 16; i++)
			slowdown_add(&s[k], 1, k > 1 ? (i % 2 == 0 ? 0.99 : 1.01) : k == 1 && i == 3 ? 0.9 : 1.3, 1e-9);
	}
	slowdown_look(all, 40, 1, 8);
	assert_int_equal(s[0].state, SLOWDOWN_SLOWER);
	assert_int_equal(s[1].state, SLOWDOWN_OPEN);
	assert_int_equal(s[2].state, SLOWDOWN_SAME);
	for (k = 0; k < 40; k++)
		slowdown_free(&s[k]);
}

static void
test_order(void **state)
{
	bool a[64], b[64], odd[7];
	uint64_t seed = 42, again = 42;
	size_t i, n = 0, changes = 0;

	(void)state;
	slowdown_order(&seed, a, 64);
	slowdown_order(&again, b, 64);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(seed, again);
	slowdown_order(&seed, b, 64);
	assert_memory_not_equal(a, b, sizeof(a));
	for (i = 0; i < 64; i++) {
		n += a[i];
		changes += i > 0 && a[i] != a[i - 1];
	}
	assert_int_equal(n, 32);
	assert_in_range(changes, 16, 48);
	slowdown_order(&seed, odd, 7);
	for (i = n = 0; i < 7; i++)
		n += odd[i];
	assert_in_range(n, 3, 4);
}

/* ---- how often it errs ---- */

static uint64_t seed;

static double
uniform(void)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double
normal(double sd)
{
	return sd * sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* What a run takes for the t-th time, without any change; t counts runs. */
static double
gaussian(size_t t)
{
	(void)t;
	return fmax(1 + normal(0.08), 0.1);
}

static double
lognormal(size_t t)
{
	(void)t;
	return exp(normal(0.25));
}

static double
heavy(size_t t)
{
	(void)t;
	return 1 + 0.03 * fabs(normal(1) / fmax(fabs(normal(1)), 1e-6));
}

static double
spikes(size_t t)
{
	(void)t;
	return 1 + normal(0.02) + (uniform() < 0.2 ? -log(uniform()) : 0);
}

static double
drift(size_t t)
{
	return (1 + 0.004 * (double)t) * exp(normal(0.05));
}

static double
bimodal(size_t t)
{
	(void)t;
	return (uniform() < 0.5 ? 1 : 1.3) * (1 + normal(0.02));
}

/* Load that comes and goes, each for some six runs: neighbours are alike. */
static double
bursts(size_t t)
{
	static bool loaded;

	if (t == 0 || uniform() < 0.16)
		loaded = !loaded;
	return (loaded ? 1.8 : 1) * exp(normal(loaded ? 0.2 : 0.03));
}

/* The first of a round is slower, always. */
static double
ordered(size_t t)
{
	return (t % 2 == 0 ? 1.15 : 1) * exp(normal(0.04));
}

static const struct model {
	const char *name;
	double (*run)(size_t t);
} models[] = {{"gaussian", gaussian}, {"lognormal", lognormal}, {"heavy tails", heavy}, {"spikes", spikes},
    {"drift", drift}, {"two modes", bimodal}, {"bursts", bursts}, {"first is slower", ordered}};

/* Three measures of one command, as the gate takes them itself; 'slower' is the first two's. */
static enum slowdown_state
trial(const struct model *m, double slower, uint64_t *order, size_t *rounds)
{
	struct slowdown s[3] = {{.threshold = 0.1}, {.threshold = 0.1}, {.threshold = 0.05}};
	struct slowdown *all[] = {&s[0], &s[1], &s[2]};
	bool first[1024];
	size_t n = 0, i, k, t = 0;
	unsigned look;
	enum slowdown_state sum = SLOWDOWN_OPEN;

	for (look = 0; look < SLOWDOWN_LOOKS && sum == SLOWDOWN_OPEN; look++) {
		size_t fresh = n;

		slowdown_order(order, first, slowdown_rounds(look) - fresh);
		for (; n < slowdown_rounds(look); n++, t += 2) {
			double wall[2] = {m->run(t), m->run(t + 1)};
			size_t c = first[n - fresh] ? 0 : 1;

			wall[c] *= 1 + slower;
			slowdown_add(&s[0], wall[1 - c], wall[c], 1e-9);
			for (i = 1; i < 3; i++)
				slowdown_add(&s[i], exp(normal(0.01)),
				    (i == 1 ? 1 + slower / 4 : 1) * exp(normal(0.01)), 1e-9);
		}
		slowdown_look(all, 3, look, fresh);
		for (k = i = 0; i < 3; i++) {
			k += s[i].state == SLOWDOWN_SAME;
			if (s[i].state == SLOWDOWN_SLOWER)
				sum = SLOWDOWN_SLOWER;
		}
		if (k == 3)
			sum = SLOWDOWN_SAME;
	}
	*rounds += n;
	for (i = 0; i < 3; i++)
		slowdown_free(&s[i]);
	return sum;
}

static void
count(const struct model *m, double slower, size_t trials, size_t got[3])
{
	uint64_t order = 1;
	size_t i, rounds = 0;

	seed = 7;
	got[0] = got[1] = got[2] = 0;
	for (i = 0; i < trials; i++)
		got[trial(m, slower, &order, &rounds)]++;
	print_message("%-16s %+3.0f %%: %zu pass, %zu block, %zu open, %zu rounds\n", m->name, 100 * slower,
	    got[SLOWDOWN_SAME], got[SLOWDOWN_SLOWER], got[SLOWDOWN_OPEN], rounds / trials);
}

static void
test_false_alarms(void **state)
{
	size_t i, got[3];

	(void)state;
	for (i = 0; i < NITEMS(models); i++) {
		count(&models[i], 0, TRIALS, got);
		assert_true(got[SLOWDOWN_SLOWER] + got[SLOWDOWN_OPEN] <= TRIALS / 100);
	}
}

/* The wall time alone tells here: the other two stay below half their thresholds. */
static void
test_caught(void **state)
{
	size_t i, got[3];

	(void)state;
	for (i = 0; i < NITEMS(models); i++) {
		count(&models[i], 0.10, TRIALS / 10, got);
		assert_true(got[SLOWDOWN_SLOWER] >= TRIALS / 10 * 90 / 100);
		count(&models[i], 0.15, TRIALS / 10, got);
		assert_true(got[SLOWDOWN_SLOWER] >= TRIALS / 10 * 98 / 100);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tail),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_first_look),
	    cmocka_unit_test(test_confirmed),
	    cmocka_unit_test(test_small),
	    cmocka_unit_test(test_zero),
	    cmocka_unit_test(test_family),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_false_alarms),
	    cmocka_unit_test(test_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* schedule: slots, cycles, hours and ends, by a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "plant/schedule.h"

#define MINUTE (60 * INT64_C(1000))
#define HOUR (60 * MINUTE)
/* 2026-01-01 00:00:00 UTC */
#define MIDNIGHT INT64_C(1767225600)

static int64_t now_ms, day_s;

static int64_t
fake_wall(const struct clock *c)
{
	(void)c;
	return MIDNIGHT + day_s + now_ms / 1000;
}

static int64_t
fake_mono(const struct clock *c)
{
	(void)c;
	return now_ms;
}

static const struct clock fake = {fake_wall, fake_mono, 0};

static struct schedule
make(struct schedule_opts o)
{
	struct schedule s;

	now_ms = 1000;
	if (o.slots == 0)
		o.slots = 3;
	if (o.interval_ms == 0)
		o.interval_ms = MINUTE;
	schedule_init(&s, &o, &fake);
	return s;
}

/* Start all that may start; how many. */
static int
start_all(struct schedule *s)
{
	int64_t wait;
	int n = 0;

	while (schedule_next(s, &wait) == SCHEDULE_START) {
		schedule_asked(s);
		schedule_claimed(s);
		n++;
		assert_true(s->running <= s->o.slots);
		assert_true(n < 1000);
	}
	return n;
}

static void
assert_waits(struct schedule *s, int64_t ms)
{
	int64_t wait = -7;

	assert_int_equal(schedule_next(s, &wait), SCHEDULE_WAIT);
	assert_int_equal(wait, ms);
}

static void
assert_ends(struct schedule *s)
{
	int64_t wait;

	assert_int_equal(schedule_next(s, &wait), SCHEDULE_END);
}

static void
test_hours(void **state)
{
	struct hours h;

	(void)state;
	assert_true(hours_parse("06:00-22:00", &h));
	assert_int_equal(hours_wait(&h, 0), 6 * 3600);
	assert_false(hours_open(&h, 6 * 3600 - 1));
	assert_true(hours_open(&h, 6 * 3600));
	assert_true(hours_open(&h, 22 * 3600 - 1));
	assert_false(hours_open(&h, 22 * 3600));
	assert_int_equal(hours_wait(&h, 23 * 3600), 7 * 3600);
	assert_true(hours_parse("22:30 - 6:15", &h));
	assert_true(hours_open(&h, 0));
	assert_true(hours_open(&h, 23 * 3600));
	assert_false(hours_open(&h, 12 * 3600));
	assert_int_equal(hours_wait(&h, 22 * 3600), 1800);
	assert_true(hours_parse("00:00-24:00", &h));
	assert_true(hours_open(&h, 5));
	assert_true(hours_parse("", &h));
	assert_true(hours_open(&h, 86399));
	assert_false(hours_parse("6-22", &h));
	assert_false(hours_parse("06:00", &h));
	assert_false(hours_parse("06:60-22:00", &h));
	assert_false(hours_parse("25:00-22:00", &h));
	assert_false(hours_parse("06:00-22:00-23:00", &h));
	assert_false(hours_parse("-", &h));
	assert_false(hours_parse("06:0-22:00", &h));
}

static void
test_slots(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 2});
	int64_t wait;

	(void)state;
	/* Who was asked and has not answered takes a slot, too. */
	assert_int_equal(schedule_next(&s, &wait), SCHEDULE_START);
	schedule_asked(&s);
	assert_int_equal(schedule_next(&s, &wait), SCHEDULE_START);
	schedule_asked(&s);
	assert_waits(&s, -1);
	schedule_claimed(&s);
	schedule_claimed(&s);
	assert_waits(&s, -1);
	schedule_ended(&s, 0);
	assert_int_equal(start_all(&s), 1);
}

static void
test_idle(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 1});
	int64_t wait;

	(void)state;
	assert_int_equal(schedule_next(&s, &wait), SCHEDULE_START);
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_waits(&s, MINUTE);
	now_ms += MINUTE;
	assert_int_equal(schedule_next(&s, &wait), SCHEDULE_START);
	schedule_asked(&s);
	/* One becomes ready by itself, sooner than we would ask. */
	schedule_idle(&s, 5000, LEFT_LATER);
	assert_waits(&s, 5000);
	schedule_poke(&s);
	assert_int_equal(start_all(&s), 1);
	schedule_ended(&s, 0);
	/* After a no, one worker is asked, not as many as there are slots. */
	s.o.slots = 3;
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_SOON);
	schedule_poke(&s);
	assert_int_equal(schedule_next(&s, &wait), SCHEDULE_START);
	schedule_asked(&s);
	assert_waits(&s, -1);
	schedule_claimed(&s);
	assert_int_equal(start_all(&s), 2);
	schedule_ended(&s, 0);
	schedule_ended(&s, 0);
	s.o.slots = 1;
	/* A node that must be mended first does not start the next at once. */
	schedule_ended(&s, 30000);
	assert_waits(&s, 30000);
	now_ms += 30000;
	assert_int_equal(start_all(&s), 1);
}

static void
test_until_empty(void **state)
{
	struct schedule s = make((struct schedule_opts){.until_empty = true});

	(void)state;
	assert_int_equal(start_all(&s), 3);
	schedule_ended(&s, 0);
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	/* Two still run: what they end may make another ready. */
	assert_waits(&s, MINUTE);
	schedule_ended(&s, 0);
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	schedule_ended(&s, 0);
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_ends(&s);
}

/* One says that all is taken, and who took the last has just given it back. */
static void
test_until_empty_asks_once_more(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 2, .until_empty = true});

	(void)state;
	schedule_asked(&s);
	schedule_asked(&s);
	schedule_idle(&s, 1000, LEFT_SOON);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_waits(&s, 200);
	now_ms += 200;
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_ends(&s);
}

/* Nor is it over when a run ended between the question and the answer. */
static void
test_until_empty_asks_after_a_run(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 2, .until_empty = true});

	(void)state;
	schedule_asked(&s);
	schedule_claimed(&s);
	schedule_asked(&s);
	schedule_ended(&s, 0);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_waits(&s, 200);
}

/* A task that comes back by itself is waited for. */
static void
test_until_empty_waits(void **state)
{
	struct schedule s = make((struct schedule_opts){.until_empty = true});

	(void)state;
	schedule_asked(&s);
	schedule_idle(&s, 10000, LEFT_LATER);
	assert_waits(&s, 10000);
	now_ms += 10000;
	assert_int_equal(start_all(&s), 3);
}

static void
test_once(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 2, .once = true});

	(void)state;
	assert_int_equal(start_all(&s), 2);
	schedule_ended(&s, 0);
	assert_waits(&s, -1);
	schedule_ended(&s, 0);
	assert_ends(&s);
	s = make((struct schedule_opts){.slots = 1, .once = true, .max = 3});
	assert_int_equal(start_all(&s), 1);
	schedule_ended(&s, 0);
	assert_int_equal(start_all(&s), 1);
	schedule_ended(&s, 0);
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_ends(&s);
	/* Nothing to do at all. */
	s = make((struct schedule_opts){.once = true});
	schedule_asked(&s);
	schedule_idle(&s, 0, LEFT_NOTHING);
	assert_ends(&s);
	/* What waits after a failure, and hours to come, are the next cycle's. */
	s = make((struct schedule_opts){.slots = 3, .once = true});
	schedule_asked(&s);
	schedule_claimed(&s);
	schedule_asked(&s);
	schedule_idle(&s, 600000, LEFT_LATER);
	assert_waits(&s, MINUTE);
	schedule_ended(&s, 0);
	schedule_asked(&s);
	schedule_idle(&s, 600000, LEFT_LATER);
	assert_ends(&s);
	s = make((struct schedule_opts){.once = true});
	assert_true(hours_parse("06:00-22:00", &s.o.hours));
	day_s = 5 * 3600;
	assert_ends(&s);
	day_s = 6 * 3600;
	assert_int_equal(start_all(&s), 3);
	/* What others are at is asked for again. */
	s = make((struct schedule_opts){.once = true});
	schedule_asked(&s);
	schedule_idle(&s, 1000, LEFT_SOON);
	assert_waits(&s, 1000);
}

static void
test_for(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 1, .for_ms = 8 * HOUR});

	(void)state;
	assert_int_equal(start_all(&s), 1);
	assert_waits(&s, 8 * HOUR);
	now_ms += 8 * HOUR;
	assert_waits(&s, -1);
	schedule_ended(&s, 0);
	assert_ends(&s);
}

/* --every 2h --hours 06:00-22:00 --max 3, from 05:00 on for two days. */
static void
test_rhythm(void **state)
{
	struct schedule_opts o = {.every_ms = 2 * HOUR, .max = 3, .slots = 2};
	struct schedule s;
	int total = 0, night = 0, minute;

	(void)state;
	assert_true(hours_parse("06:00-22:00", &o.hours));
	day_s = 5 * 3600;
	s = make(o);
	for (minute = 0; minute < 48 * 60; minute++, now_ms += MINUTE) {
		int64_t of_day = clock_of_day(fake_wall(NULL));
		int n = start_all(&s);

		assert_true(n <= 2);
		total += n;
		night += of_day < 6 * 3600 || of_day >= 22 * 3600 ? n : 0;
		while (n-- > 0)
			schedule_ended(&s, 0);
		assert_true(s.started <= 3);
	}
	day_s = 0;
	assert_int_equal(night, 0);
	/* Cycles begin at 05, 07, .. 21 o'clock: nine a day touch the open hours. */
	assert_int_equal(total, 2 * 9 * 3);
}

/* A machine that slept starts one cycle, not those that it missed. */
static void
test_slept(void **state)
{
	struct schedule s = make((struct schedule_opts){.every_ms = HOUR, .max = 1, .slots = 1});

	(void)state;
	assert_int_equal(start_all(&s), 1);
	schedule_ended(&s, 0);
	assert_waits(&s, HOUR);
	now_ms += 10 * HOUR + HOUR / 2;
	assert_int_equal(start_all(&s), 1);
	schedule_ended(&s, 0);
	assert_waits(&s, HOUR / 2);
}

static void
test_drain(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 2});

	(void)state;
	assert_int_equal(start_all(&s), 2);
	schedule_drain(&s);
	schedule_ended(&s, 0);
	assert_waits(&s, -1);
	schedule_ended(&s, 0);
	assert_ends(&s);
}

static void
test_lost(void **state)
{
	struct schedule s = make((struct schedule_opts){.slots = 1, .until_empty = true});
	int64_t wait;

	(void)state;
	assert_int_equal(schedule_next(&s, &wait), SCHEDULE_START);
	schedule_asked(&s);
	schedule_lost(&s);
	assert_waits(&s, 200);
	now_ms += 200;
	assert_int_equal(start_all(&s), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_until_empty),
		cmocka_unit_test(test_until_empty_asks_once_more),
		cmocka_unit_test(test_until_empty_asks_after_a_run),
		cmocka_unit_test(test_until_empty_waits),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_for),
		cmocka_unit_test(test_rhythm),
		cmocka_unit_test(test_slept),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_lost),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

#ifdef CLOCK_BOOTTIME
#define MONO CLOCK_BOOTTIME
#else
#define MONO CLOCK_MONOTONIC
#endif

static int64_t
system_wall(const struct clock *c)
{
	return c->fixed_s != 0 ? c->fixed_s : (int64_t)time(NULL);
}

static int64_t
system_mono(const struct clock *c UNUSED)
{
	return clock_mono_ns() / 1000000;
}

static int64_t
ns_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t
clock_mono_ns(void)
{
	return ns_of(MONO);
}

int64_t
clock_wall_ns(void)
{
	return ns_of(CLOCK_REALTIME);
}

struct clock
clock_system(void)
{
	struct clock c = {system_wall, system_mono, 0};
	const char *pin = getenv("GIT_FACTORY_DATE");

	if (pin != NULL && !str_int(str_of(pin), 1, INT64_C(253402300799), &c.fixed_s))
		c.fixed_s = 0;
	return c;
}

int64_t
clock_wall(const struct clock *c)
{
	return c->wall_s(c);
}

int64_t
clock_mono(const struct clock *c)
{
	return c->mono_ms(c);
}

void
clock_format(int64_t unix_s, char out[CLOCK_TEXT])
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(out, "invalid", sizeof("invalid"));
}

bool
clock_parse(const char *text, int64_t *unix_s)
{
	char again[CLOCK_TEXT];
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	int64_t t;

	if (end == NULL || *end != '\0')
		return false;
	t = (int64_t)timegm(&tm);
	clock_format(t, again);
	if (strcmp(again, text) != 0)
		return false;
	*unix_s = t;
	return true;
}

static const struct {
	char unit;
	int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

bool
clock_parse_span(const char *text, int64_t *seconds)
{
	int64_t total = 0, v;
	size_t u = 0;
	size_t digits;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		digits = strspn(text, "0123456789");
		if (!str_int(str_mk(text, digits), 0, 1000000000, &v))
			return false;
		text += digits;
		while (u < sizeof(units) / sizeof(units[0]) && units[u].unit != *text)
			u++;
		if (u == sizeof(units) / sizeof(units[0]))
			return false;
		total += v * units[u++].seconds;
		text++;
	}
	*seconds = total;
	return true;
}

void
clock_format_span(int64_t seconds, char out[CLOCK_TEXT])
{
	size_t u, n = 0;

	if (seconds <= 0) {
		snprintf(out, CLOCK_TEXT, "0s");
		return;
	}
	for (u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		if (seconds < units[u].seconds)
			continue;
		n += (size_t)snprintf(out + n, CLOCK_TEXT - n, "%" PRId64 "%c",
		    seconds / units[u].seconds, units[u].unit);
		seconds %= units[u].seconds;
	}
}

int64_t
clock_of_day(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return 0;
	return tm.tm_hour * 3600 + tm.tm_min * 60 + (tm.tm_sec > 59 ? 59 : tm.tm_sec);
}

void
clock_sleep_us(int64_t us)
{
	struct timespec t = {us / 1000000, (us % 1000000) * 1000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

void
clock_sleep_ms(int64_t ms)
{
	clock_sleep_us(ms * 1000);
}

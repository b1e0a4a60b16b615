/*
 * clock.h - the only place that asks what time it is.
 *
 * Wall time is for records that people read and never for a decision about a
 * lease; monotonic time counts suspended time too (CLOCK_BOOTTIME where there
 * is one), so a laptop that slept knows that it did.
 *
 * GIT_FACTORY_DATE=<unix seconds> in the environment pins the wall clock of
 * clock_system(), for reproducible records as GIT_COMMITTER_DATE is for git.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/def.h"

struct clock {
	int64_t (*wall_s)(const struct clock *);	/* unix seconds */
	int64_t (*mono_ms)(const struct clock *);	/* milliseconds, arbitrary origin */
	int64_t fixed_s;	/* wall time of a pinned clock, 0 for the real one */
};

struct clock clock_system(void);

int64_t clock_wall(const struct clock *c);
int64_t clock_mono(const struct clock *c);

/* The monotonic clock itself in nanoseconds, to put events in order. */
int64_t clock_mono_ns(void);

/* The wall clock itself in nanoseconds, also where the date is pinned: to compare with times of files. */
int64_t clock_wall_ns(void);

/* "2026-11-21T10:12:45Z"; out has CLOCK_TEXT bytes. */
#define CLOCK_TEXT 32
void clock_format(int64_t unix_s, char out[CLOCK_TEXT]);

/* The same form back, exactly; false when it is anything else. */
bool clock_parse(const char *text, int64_t *unix_s);

/* "90s", "20m", "2h", "1d", or "1h30m", into seconds; false when malformed. */
bool clock_parse_span(const char *text, int64_t *seconds);
void clock_format_span(int64_t seconds, char out[CLOCK_TEXT]);

/* Seconds since midnight by this machine's time zone. */
int64_t clock_of_day(int64_t unix_s);

void clock_sleep_ms(int64_t ms);
void clock_sleep_us(int64_t us);

#endif

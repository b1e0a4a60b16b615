#include "base/str.h"
#include "plant/schedule.h"

#define DAY_S (24 * 3600)
/* After a lost race or a dead worker: not at once again. */
#define SOON_MS 200
/* More at once would only take the same task from each other. */
#define ASKED_MAX 4

/* "06:00" or "6:00"; "24:00" is midnight. */
static bool
time_parse(struct str text, int64_t *out)
{
	ptrdiff_t colon = str_find(text, STR(":"));
	int64_t h, m;

	if (colon < 1 || colon > 2 || text.n != (size_t)colon + 3 ||
	    !str_int(str_take(text, (size_t)colon), 0, 24, &h) ||
	    !str_int(str_skip(text, (size_t)colon + 1), 0, 59, &m) || (h == 24 && m != 0))
		return false;
	*out = (h * 60 + m) * 60 % DAY_S;
	return true;
}

bool
hours_parse(const char *text, struct hours *out)
{
	struct str s = str_trim(str_of(text));
	ptrdiff_t dash = str_find(s, STR("-"));
	struct hours h = {0, 0};

	if (s.n > 0 && (dash < 0 || !time_parse(str_trim(str_take(s, (size_t)dash)), &h.from) ||
	    !time_parse(str_trim(str_skip(s, (size_t)dash + 1)), &h.to)))
		return false;
	*out = h;
	return true;
}

bool
hours_open(const struct hours *h, int64_t of_day)
{
	if (h->from == h->to)
		return true;
	if (h->from < h->to)
		return of_day >= h->from && of_day < h->to;
	return of_day >= h->from || of_day < h->to;
}

int64_t
hours_wait(const struct hours *h, int64_t of_day)
{
	if (hours_open(h, of_day))
		return 0;
	return (h->from - of_day + DAY_S) % DAY_S;
}

void
schedule_init(struct schedule *s, const struct schedule_opts *o, const struct clock *clock)
{
	*s = (struct schedule){.o = *o, .clock = *clock};
	s->began = s->cycle = clock_mono(&s->clock);
	if (s->o.once && s->o.max == 0)
		s->o.max = s->o.slots;
}

/* The next cycle, if this one's time is over. */
static void
turn_over(struct schedule *s, int64_t now)
{
	if (s->o.every_ms == 0 || s->o.once || now - s->cycle < s->o.every_ms)
		return;
	/* Cycles that were slept through are not made up for. */
	s->cycle += (now - s->cycle) / s->o.every_ms * s->o.every_ms;
	s->started = 0;
	s->not_before = 0;
	s->left = LEFT_SOON;
}

static bool
cycle_full(const struct schedule *s)
{
	return s->o.max > 0 && s->started + s->asked >= s->o.max;
}

/* No run will ever be started again. */
static bool
is_over(const struct schedule *s, int64_t now, int64_t closed_ms)
{
	if (s->draining || (s->o.for_ms > 0 && now - s->began >= s->o.for_ms))
		return true;
	if (s->o.once && s->started >= s->o.max)
		return true;
	/* What runs may make another ready: only when nothing does is it empty. */
	if (s->running > 0 || s->asked > 0)
		return false;
	return (s->o.until_empty && s->left == LEFT_NOTHING) || (s->o.once && (s->left != LEFT_SOON || closed_ms > 0));
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || b < a ? b : a;
}

/* How long nothing changes by time alone. */
static int64_t
time_left(const struct schedule *s, int64_t now, int64_t closed_ms)
{
	int64_t wait = -1;

	if (s->o.for_ms > 0)
		wait = sooner(wait, s->began + s->o.for_ms - now);
	if (cycle_full(s))
		return s->o.every_ms > 0 && !s->o.once ? sooner(wait, s->cycle + s->o.every_ms - now) : wait;
	if (s->running + s->asked >= s->o.slots)
		return wait;
	if (closed_ms > 0)
		return sooner(wait, closed_ms);
	return s->not_before > now ? sooner(wait, s->not_before - now) : wait;
}

enum schedule_say
schedule_next(struct schedule *s, int64_t *wait_ms)
{
	int64_t now = clock_mono(&s->clock);
	int64_t closed_ms = hours_wait(&s->o.hours, clock_of_day(clock_wall(&s->clock))) * 1000;

	turn_over(s, now);
	if (is_over(s, now, closed_ms)) {
		*wait_ms = -1;
		return s->running + s->asked > 0 ? SCHEDULE_WAIT : SCHEDULE_END;
	}
	if (s->running + s->asked < s->o.slots && !cycle_full(s) && closed_ms == 0 && s->not_before <= now &&
	    s->asked < (s->probing ? 1 : ASKED_MAX))
		return SCHEDULE_START;
	*wait_ms = time_left(s, now, closed_ms);
	return SCHEDULE_WAIT;
}

void
schedule_asked(struct schedule *s)
{
	s->asked++;
	s->alone = s->asked == 1 && s->running == 0;
}

void
schedule_claimed(struct schedule *s)
{
	s->asked--;
	s->running++;
	s->started++;
	s->probing = false;
	s->left = LEFT_SOON;
}

static void
not_before(struct schedule *s, int64_t wait_ms)
{
	s->not_before = clock_mono(&s->clock) + wait_ms;
}

void
schedule_lost(struct schedule *s)
{
	s->asked--;
	not_before(s, SOON_MS);
}

void
schedule_idle(struct schedule *s, int64_t wait_ms, enum schedule_left left)
{
	s->asked--;
	s->probing = true;
	/* What it saw may have been another's of this node, which has let it go since. */
	if (left == LEFT_NOTHING && !s->alone) {
		left = LEFT_SOON;
		if (s->running == 0)
			wait_ms = SOON_MS;
	}
	s->left = left;
	not_before(s, wait_ms > 0 && wait_ms < s->o.interval_ms ? wait_ms : s->o.interval_ms);
}

void
schedule_ended(struct schedule *s, int64_t wait_ms)
{
	s->running--;
	s->left = LEFT_SOON;
	s->not_before = 0;
	if (wait_ms > 0)
		not_before(s, wait_ms);
}

bool
schedule_full(const struct schedule *s)
{
	return s->running + s->asked >= s->o.slots;
}

void
schedule_poke(struct schedule *s)
{
	s->left = LEFT_SOON;
	s->not_before = 0;
}

void
schedule_drain(struct schedule *s)
{
	s->draining = true;
}

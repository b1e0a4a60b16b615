/*
 * schedule.h - when a node starts a run, and when it is done for today.
 *
 * A rhythm of cycles: each may start so many runs, within the hours of the
 * day, on no more slots than there are.  It holds no process and asks no time
 * but that of the clock it is given, so every rule can be tested.
 *
 *	while ((say = schedule_next(&s, &wait_ms)) == SCHEDULE_START) {
 *		ask a worker; schedule_asked(&s);
 *	}
 *	... schedule_claimed(), schedule_idle() or schedule_lost() as it answers,
 *	schedule_ended() when its run is over.
 */
#ifndef PLANT_SCHEDULE_H
#define PLANT_SCHEDULE_H

#include "base/clock.h"
#include "base/def.h"

/* A part of the day, which may pass midnight; from == to is all of it. */
struct hours {
	int64_t from, to;	/* seconds since midnight */
};

/* "06:00-22:00"; "" is always.  False when malformed. */
bool hours_parse(const char *text, struct hours *out);
bool hours_open(const struct hours *h, int64_t of_day);
/* Seconds until they open; 0 when they are. */
int64_t hours_wait(const struct hours *h, int64_t of_day);

struct schedule_opts {
	int64_t slots;		/* at least 1; never exceeded */
	int64_t every_ms;	/* from one cycle's start to the next; 0: one endless cycle */
	int64_t max;		/* runs that one cycle may start; 0: any number */
	int64_t for_ms;		/* start nothing after that; 0: no end */
	int64_t interval_ms;	/* with nothing to do, ask again after this */
	bool once;		/* one cycle, now or never; without max, as many runs as slots */
	bool until_empty;	/* end when nothing is left to do */
	struct hours hours;
};

/* What there is besides what runs, when nothing can be started now. */
enum schedule_left {
	LEFT_SOON,	/* others are at it, or were a moment ago */
	LEFT_LATER,	/* what waits for a time after a failure */
	LEFT_NOTHING	/* unless people act */
};

struct schedule {
	struct schedule_opts o;
	struct clock clock;
	int64_t began;		/* monotonic ms, as all below */
	int64_t cycle;		/* start of this cycle */
	int64_t started;	/* runs that this cycle started */
	int64_t asked;		/* workers that were asked and have not answered */
	int64_t running;
	int64_t not_before;	/* nothing to do until then; 0: unknown */
	bool probing;		/* the last answer was no: ask one at a time */
	bool alone;		/* whoever was asked last, was when nothing else was at work */
	enum schedule_left left;	/* said the last answer */
	bool draining;
};

enum schedule_say {
	SCHEDULE_START,		/* ask a worker to claim one */
	SCHEDULE_WAIT,		/* nothing to start for *wait_ms; -1: until something happens */
	SCHEDULE_END		/* nothing runs, and nothing will */
};

void schedule_init(struct schedule *s, const struct schedule_opts *o, const struct clock *clock);
enum schedule_say schedule_next(struct schedule *s, int64_t *wait_ms);

void schedule_asked(struct schedule *s);
void schedule_claimed(struct schedule *s);	/* it runs one */
void schedule_lost(struct schedule *s);		/* it died, or lost every race: ask again soon */
void schedule_idle(struct schedule *s, int64_t wait_ms, enum schedule_left left);	/* there is nothing for it now */
/* A run is over; another may have become ready by it.  wait_ms: start none before. */
void schedule_ended(struct schedule *s, int64_t wait_ms);
bool schedule_full(const struct schedule *s);	/* every slot is taken */
void schedule_poke(struct schedule *s);		/* something has changed: ask again */
void schedule_drain(struct schedule *s);	/* start no more */

#endif

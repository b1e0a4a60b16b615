/*
 * race.h - how long who loses a race for a ref goes on trying.
 *
 * Others that are faster (ERR_STALE) are waited out up to a limit of the
 * caller's.  A lock (ERR_LOCKED, which itself is waited for: see ref.h) that
 * is met again and again for RACE_LOCKED_MS is no race: some git was killed
 * with it in hand, and a person has to remove it.
 */
#ifndef GIT_RACE_H
#define GIT_RACE_H

#include "base/clock.h"
#include "base/def.h"

struct err;

#define RACE_LOCKED_MS 15000

struct race {
	struct clock clock;
	int64_t until, tried, locked;	/* monotonic, ms; locked 0: the last try met no lock */
	int lost;
};

/* From now on, for 'most' milliseconds. */
struct race race_start(struct clock clock, int64_t most);

/*
 * Is another try worth it, after one that ended with 'e' (borrowed; NULL: it
 * went well, and is not all)?  Not after any other error than those two.
 */
bool race_goes_on(struct race *r, const struct err *e);

/* A pause before it, each loser's own, longer with each time; 64 ms at most. */
void race_pause(const struct race *r);

#endif

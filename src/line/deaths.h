/*
 * deaths.h - how often the process of a run died at one step, and how long
 * the run has worked over all its starts.
 *
 * A run that was killed goes on where it was.  One that dies again and again
 * without getting any further (a crash, no memory) would do so for ever, and
 * one that dies now and then would never come to its deadline: its starts and
 * ends are written down beside its journal, with the number of steps that were
 * on record and the time that each start took.
 */
#ifndef LINE_DEATHS_H
#define LINE_DEATHS_H

#include "base/def.h"

struct err;

struct deaths {
	int64_t n;		/* starts before this one, in a row, that had as many steps and did not end */
	int64_t used_ms;	/* by all starts before this one; a wait between two of them is no use */
};

/*
 * A start of the run in folder 'dir', with so many steps on record.  Of a
 * start that died, the time counts until it last wrote to the journal or the
 * transcript.
 */
struct err *deaths_start(const char *dir, size_t steps, struct deaths *out) MUST_USE;

/* It ends, whichever way, after so long. */
void deaths_end(const char *dir, int64_t used_ms);

#endif

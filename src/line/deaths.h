/*
 * deaths.h - how often the process of a run died at one step.
 *
 * A run that was killed goes on where it was.  One that dies again and again
 * without getting any further (a crash, no memory) would do so for ever:
 * its starts and ends are written down beside its journal, with the number of
 * steps that were on record, and who starts it next can tell.
 */
#ifndef LINE_DEATHS_H
#define LINE_DEATHS_H

#include "base/def.h"

struct err;

/*
 * A start of the run in folder 'dir', with so many steps on record.  *deaths
 * is how many starts before it, in a row, had as many and did not end.
 */
struct err *deaths_start(const char *dir, size_t steps, int64_t *deaths) MUST_USE;

/* It ends, whichever way. */
void deaths_end(const char *dir);

#endif

/*
 * hunk.h - which lines of a change belong together: those that were deleted
 * and added at one spot, with no unchanged line between them.
 *
 * A hunk is named by the last line of the candidate before it (0 at the top
 * of the file).
 */
#ifndef GATE_HUNK_H
#define GATE_HUNK_H

#include "base/def.h"
#include "base/map.h"

struct change_file;

#define HUNK_NONE (-1)	/* the line is unchanged */
#define HUNK_WHOLE (-2)	/* nobody knows the file's lines: it is one hunk */

/* Computed once for each file that is asked about.  {0} is empty. */
struct hunks {
	struct map files;
};

void hunks_free(struct hunks *h);

/* Of a line of the base that is gone. */
int64_t hunk_of_base(struct hunks *h, const struct change_file *f, int64_t line);

/* Of a line of the candidate; *moved as change.h has it. */
int64_t hunk_of_now(struct hunks *h, const struct change_file *f, int64_t line, bool *moved);

#endif

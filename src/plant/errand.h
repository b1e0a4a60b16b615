/*
 * errand.h - a child that talks to others for all runs: to the remote, or to
 * the forge.
 *
 * It says with one FRAME_ENDED how it went, and one that takes too long is
 * killed with all that came from it.
 */
#ifndef PLANT_ERRAND_H
#define PLANT_ERRAND_H

#include <stdint.h>

#include "base/def.h"
#include "base/err.h"

struct proc;

/* Times are ms of one monotonic clock. */
struct errand {
	struct proc *proc;	/* under way; NULL: none is */
	int64_t at;		/* its last start */
	int64_t most_ms;	/* that it may take */
	enum err_code said;	/* what the last one met, ERR_CODES for nothing, and to begin with */
};

void errand_start(struct errand *a, const char *const *argv, int64_t now);

/* Is one over that was under way? */
bool errand_ended(struct errand *a, int64_t now) MUST_USE;

/* Whatever still lives of it goes now; fine when none is under way. */
void errand_stop(struct errand *a);

/* How long until errand_ended() may say so without a sign at errand_fd(); -1: none is under way. */
int64_t errand_wait(const struct errand *a, int64_t now);
int errand_fd(const struct errand *a);	/* for poll(2); -1 */

#endif

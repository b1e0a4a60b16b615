/*
 * keeper.h - the heartbeat of a lease that is shared through a remote.
 *
 * A run waits for models, tools and gates for minutes on end, and a beat waits
 * for the network, so a child of the run beats for it: git-factory itself,
 * started anew.  It ends with the run (its stdin ends).  When the lease is
 * lost, or could not be moved for so long that others may soon take it over,
 * it says so, sends the run SIGTERM, and ends: the run then stops all effects.
 * It does not beat for a run that is stopped (SIGSTOP): such a run shall lose
 * its lease, and everything that it publishes later is fenced.
 */
#ifndef LINE_KEEPER_H
#define LINE_KEEPER_H

#include <sys/types.h>

#include "base/def.h"

struct err;
struct id;
struct keeper;
struct lease_info;
struct state;

/* For the lease of this process. */
struct err *keeper_start(struct state *s, const struct lease_info *l, struct keeper **out) MUST_USE;

/*
 * Does it still beat?  ERR_STALE when the lease is lost, ERR_NETWORK and kin
 * when it could not be kept, for good: the same again at every call.
 */
struct err *keeper_check(struct keeper *k) MUST_USE;

/*
 * Let a beat that is under way come to its end, then end it: what that beat
 * met, as keeper_check() would say it.  'k' is freed in any case.
 */
struct err *keeper_end(struct keeper *k) MUST_USE;
void keeper_stop(struct keeper *k);	/* whatever it met; NULL is fine */

/* The child's side: beat for the lease of process 'holder' until 'in_fd' ends. */
struct err *keeper_main(struct state *s, const struct id *task, const struct id *run, pid_t holder,
    int in_fd) MUST_USE;

#endif

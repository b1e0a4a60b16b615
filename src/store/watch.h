/*
 * watch.h - for how long leases on a remote were seen unchanged.
 *
 * Nobody's wall clock can be trusted about somebody else's lease.  What can
 * be: this machine saw a lease with one object id, and later, by its own
 * monotonic clock, the same id still.  Each heartbeat makes a new id, so in
 * between there was none.  Suspended time counts (base/clock.h).
 *
 * Short-lived processes see one moment each, so what they saw is kept in
 * $GIT_COMMON_DIR/factory/watch.  It is worth nothing after a restart of the
 * machine, whose clock then starts anew, nor when the file is damaged or
 * deleted: watching then begins again, and leases are respected for longer.
 * Two processes that write at once lose one's sightings, with the same effect.
 */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "base/def.h"

struct err;
struct oid;
struct refs;
struct state;
struct watch;

#define WATCH_FILE_MAX (16 * MIB)

/*
 * The leases that the remote has, all of them, as a look that began at
 * 'began_ms' of the state's monotonic clock has just shown.  What is not
 * among them is forgotten.  A lease counts as first seen now, when the look
 * has ended, and as last seen at the moment when it began.
 */
struct err *watch_look(struct state *s, const struct refs *leases, int64_t began_ms) MUST_USE;

/* What was seen so far, read once for many questions; watch_free() it. */
struct watch *watch_open(struct state *s) MUST_USE;
void watch_free(struct watch *w);
void watch_free_p(struct watch **w);	/* for AUTO */

/* How long exactly this id was seen, in milliseconds; 0 when it was not, or cannot be told. */
int64_t watch_seen(const struct watch *w, const struct oid *lease);

#endif

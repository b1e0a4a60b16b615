/*
 * publish.h - deliveries where several clones share a remote: out of a run
 * into the remote, and from there into the state.
 *
 * A run delivers in one atomic push of refs that nobody else writes: the
 * task's branch, the attempt, the parcel (parcel.h) and the lease, which is
 * moved to an ended one from the id that this run knows.  Who lost the lease
 * publishes nothing.  What everybody writes, the state, the notes and the
 * pull requests, follows when somebody publishes: the run's own node, or any
 * other when that one died.  Then all parcels that wait are folded in one
 * commit of the state, in one push that deletes them and their leases.  Doing
 * it twice does nothing the second time, and the order does not matter.
 */
#ifndef LINE_PUBLISH_H
#define LINE_PUBLISH_H

#include "base/def.h"

struct err;
struct ident;
struct lease;
struct oid;
struct parcel;
struct state;
struct sync_result;

/*
 * The push of a run's end.  'branch_old' is what the remote's branch is to
 * hold.  With 'file' it is written there (git/bundle.h) instead of pushed, for
 * 'git factory sync --apply'.  On success this clone has no lease any more.  ERR_STALE: *again says
 * whether only the branch was another's (look at it, and decide again), or
 * the lease is lost, for good.
 */
struct err *publish_parcel(struct state *s, const struct parcel *p, const struct oid *branch_old,
    const struct ident *who, struct lease *l, const char *file, bool *again) MUST_USE;

/*
 * Bring this clone and the remote together (store/sync.h) and fold what waits
 * there: *folded counts the runs that became part of the state.  Errors and
 * 'out' as of state_publish(); what of the folding a person should hear is
 * among the remarks.
 */
struct err *publish(struct state *s, struct sync_result *out, size_t *folded) MUST_USE;

/* The same, but who loses the race for the state is told so: ERR_STALE or ERR_LOCKED. */
struct err *publish_once(struct state *s, struct sync_result *out, size_t *folded) MUST_USE;

#endif

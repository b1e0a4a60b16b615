/*
 * lease.h - who works on a task: at most one run at a time.
 *
 * A lease is the ref refs/factory/leases/<id>, a commit without parent whose
 * message names the holder.  Its object id is the fencing token: each
 * heartbeat makes a new object and moves the ref from the old id, so a holder
 * that lost it notices at its next move, and a step that deletes the lease
 * with lease_end() in its transaction publishes nothing once it is lost.
 *
 * Taking is behind a table of functions.  lease_local is for a repository on
 * its own: a holder on the same host whose boot is over or whose process is
 * gone (pid and start time) is proven dead and taken over at once, any other
 * is respected.  lease_remote is for several clones of one remote: the local
 * lease first, so that the processes of one clone never ask the remote about
 * each other, then the same ref there.  Over there a holder has until its
 * lease's time to live is over: who has watched the same id for that long, on
 * its own clock (watch.h), takes it over with the next attempt.
 *
 * A delivery on a remote moves the lease to one that is 'ended', and whoever
 * folds what was delivered into the state deletes it.  So as long as the
 * remote has a lease, nobody else may start the task, and when it has none,
 * all that the task's runs left behind is in the state.
 */
#ifndef STORE_LEASE_H
#define STORE_LEASE_H

#include "base/def.h"
#include "base/id.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct lease;
struct state;
struct state_step;
struct txn;

struct lease_info {
	struct id task;
	struct id run;
	int64_t attempt;
	char *node;		/* its name; "" when the lease cannot be read */
	char *host;		/* host name */
	char *boot;		/* boot id and space of process ids; "" where unknown */
	int64_t pid;
	int64_t started;	/* of the process, in the kernel's ticks since boot */
	int64_t since, beat;	/* wall clock, for people */
	int64_t ttl;		/* seconds it is to be respected without a heartbeat */
	char *job;		/* the CI's run that it was lent to, "github:owner/name#123"; "" */
	bool ended;		/* its run is delivered and waits to be folded */
	bool remote;		/* it was seen on the remote, and is not of this clone */
	bool lost;		/* the CI said that its run is over: may be taken over */
	bool expired;		/* watched for its whole time to live: likewise */
	struct oid oid;		/* fencing token */
};

struct lease_infos {
	VEC_FIELDS(struct lease_info);
};

struct lease_kind {
	const char *name;
	bool lazy;	/* no other machine reads it, and the run ends with this one (see git/txn.h) */
	struct err *(*claim)(struct lease *l);	/* ERR_TAKEN naming the holder */
	struct err *(*beat)(struct lease *l);	/* ERR_STALE when it was lost */
	struct err *(*release)(struct lease *l);
};

extern const struct lease_kind lease_local;
extern const struct lease_kind lease_remote;	/* for a state with a remote */
/*
 * For a process without the right to push: the lease on the remote that
 * lease_lend() took for its run.  It is neither moved nor given back there;
 * who applies the run's end does the first, and its time the second.
 */
extern const struct lease_kind lease_lent;

/*
 * ERR_TAKEN naming the holder.  'attempt' counts from 1; a run that takes
 * over from a lost one gets the next number, see lease_info().
 */
struct err *lease_claim(struct state *s, const struct lease_kind *kind, const struct id *task,
    const struct id *run, int64_t attempt, struct lease **out) MUST_USE;

/*
 * Take the lease on the remote for a run of another process, which claims it
 * with lease_lent: nobody beats for it, so it lasts 'ttl' seconds, or until
 * lease_lose().  *attempt becomes the next when another's is taken over.  'job'
 * (may be NULL) as in lease_info.  ERR_TAKEN as of lease_claim().
 */
struct err *lease_lend(struct state *s, const struct id *task, const struct id *run, int64_t *attempt,
    int64_t ttl, const char *job, struct oid *out) MUST_USE;

/*
 * Who was lent this lease, as it was seen on the remote, is gone: mark it so
 * there, and the next claim takes it over as the next attempt.  ERR_STALE when
 * it has moved since.
 */
struct err *lease_lose(struct state *s, const struct lease_info *i) MUST_USE;

/*
 * Move it; ERR_STALE when another holds it: stop all effects.  Call it as
 * often as you like: a beat that is young yet is not written again.
 */
struct err *lease_beat(struct lease *l) MUST_USE;

/*
 * A step that goes through only while the lease is this run's, and leaves it
 * where it is.  ERR_STALE when it is known to be lost.
 */
struct err *lease_fence(struct lease *l, struct state_step *t) MUST_USE;

/* Delete the ref as part of a step: the step fails with ERR_STALE when lost. */
void lease_end(struct lease *l, struct state_step *t);

/*
 * For a delivery on the remote: add the move of the lease to an ended one to
 * a push.  When that push found the lease at another id, lease_reclaim() says
 * whether it is still this run's (its answer to a beat was lost) and may be
 * tried again, or lost (ERR_STALE).  Once the push is done, this repository's
 * own ref is to be deleted with lease_drop().
 */
struct err *lease_ending(struct lease *l, struct txn *t) MUST_USE;
struct err *lease_reclaim(struct lease *l) MUST_USE;
void lease_drop(struct lease *l, struct txn *t);

/*
 * The lease that this process's parent holds, to beat for it: 'pid' is the
 * holder.  ERR_STALE when it holds none.
 */
struct err *lease_keep(struct state *s, const struct lease_kind *kind, const struct id *task,
    const struct id *run, int64_t pid, struct lease **out) MUST_USE;

/* Give it back now; fine when it is gone already. */
struct err *lease_release(struct lease *l) MUST_USE;

const struct lease_info *lease_info(const struct lease *l);

/* Free the memory only; the ref stays. */
void lease_free(struct lease *l);
void lease_free_p(struct lease **l);	/* for AUTO */

/*
 * All leases of this clone, and those that were last seen on the remote;
 * dead_too false leaves out those whose holder is proven dead or expired.
 */
struct err *lease_list(struct state *s, bool dead_too, struct lease_infos *out) MUST_USE;
void lease_infos_free(struct lease_infos *l);	/* also for AUTO */

/* See what leases the remote has now; nothing to do without one. */
struct err *lease_look(struct state *s) MUST_USE;

/* May it be taken over: lost, expired, or the holder's process is proven dead. */
bool lease_dead(const struct lease_info *i);

#endif

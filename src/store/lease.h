/*
 * lease.h - who works on a task: at most one run at a time.
 *
 * A lease is the ref refs/factory/leases/<id>, a commit without parent whose
 * message names the holder.  Its object id is the fencing token: each
 * heartbeat makes a new object and moves the ref from the old id, so a holder
 * that lost it notices at its next move, and a step that deletes the lease
 * with lease_end() in its transaction publishes nothing once it is lost.
 *
 * Taking is behind a table of functions, since leases of several nodes live
 * on a remote; lease_local is the one for a single repository: a holder on
 * the same host whose boot is over or whose process is gone (pid and start
 * time) is proven dead and taken over at once, any other is respected.
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

struct lease_info {
	struct id task;
	struct id run;
	int64_t attempt;
	char *node;		/* host name; "" when the lease cannot be read */
	char *boot;		/* boot id and space of process ids; "" where unknown */
	int64_t pid;
	int64_t started;	/* of the process, in the kernel's ticks since boot */
	int64_t since, beat;	/* wall clock, for people */
	struct oid oid;		/* fencing token */
};

struct lease_infos {
	VEC_FIELDS(struct lease_info);
};

struct lease_kind {
	const char *name;
	struct err *(*claim)(struct lease *l);	/* ERR_LOCKED naming the holder */
	struct err *(*beat)(struct lease *l);	/* ERR_STALE when it was lost */
	struct err *(*release)(struct lease *l);
};

extern const struct lease_kind lease_local;

/* ERR_LOCKED naming the holder.  'attempt' counts from 1. */
struct err *lease_claim(struct state *s, const struct lease_kind *kind, const struct id *task,
    const struct id *run, int64_t attempt, struct lease **out) MUST_USE;

/* Move it; ERR_STALE when another holds it: stop all effects. */
struct err *lease_beat(struct lease *l) MUST_USE;

/* Delete the ref as part of a step: the step fails with ERR_STALE when lost. */
void lease_end(struct lease *l, struct state_step *t);

/* Give it back now; fine when it is gone already. */
struct err *lease_release(struct lease *l) MUST_USE;

const struct lease_info *lease_info(const struct lease *l);

/* Free the memory only; the ref stays. */
void lease_free(struct lease *l);
void lease_free_p(struct lease **l);	/* for AUTO */

/* All leases; dead_too false leaves out those whose holder is proven dead. */
struct err *lease_list(struct state *s, bool dead_too, struct lease_infos *out) MUST_USE;
void lease_infos_free(struct lease_infos *l);	/* also for AUTO */

/* Proven dead: same node, and an earlier boot or no such process any more. */
bool lease_dead(const struct lease_info *i);

#endif

/*
 * lease_kind.h - what the kinds of leases share: for lease*.c, and permit.c.
 */
#ifndef STORE_LEASE_KIND_H
#define STORE_LEASE_KIND_H

#include "store/lease.h"

struct repo;
struct watch;

struct lease {
	struct state *state;
	const struct lease_kind *kind;
	char *ref;
	struct lease_info info;
	int64_t beaten;		/* monotonic ms of the last beat */
	struct oid ending;	/* what lease_ending() made last */
	struct oid taken;	/* what a claim found and replaced; zero: nothing */
};

void lease_info_free(struct lease_info *i);	/* also for AUTO */

/* Nobody's yet, of this process. */
struct lease *lease_make(struct state *s, const struct lease_kind *kind, const struct id *task,
    const struct id *run, int64_t attempt) MUST_USE;

/* 'ref' names the task in its last part.  ERR_SYNTAX when the object is no lease. */
struct err *lease_read(struct repo *r, const char *ref, const struct oid *oid,
    struct lease_info *out) MUST_USE;

/* A new object of what the lease says now: its nonce makes its id new. */
struct err *lease_write(struct lease *l, struct oid *out) MUST_USE;

/* A new object, and this repository's ref moved to it. */
struct err *lease_swap(struct lease *l, const struct oid *from, const char *why) MUST_USE;

/*
 * Take over what another process of the same run (its keeper) has moved this
 * repository's ref to; lease_lost() when it is of no such process.
 */
struct err *lease_follow(struct lease *l) MUST_USE;

/* Was it watched for its whole time to live? */
bool lease_expired(const struct watch *seen, const struct lease_info *i);

/* ERR_STALE. */
struct err *lease_lost(const struct lease *l) MUST_USE;

/* What happened, for base/trace.h; either id may be NULL. */
void lease_trace(const struct lease *l, const char *event, const struct oid *from,
    const struct oid *to);

/* ERR_TAKEN naming the holder. */
struct err *lease_held(const struct lease_info *i) MUST_USE;

#endif

/*
 * deliveries.h - what webhooks brought, in order, until it is dealt with.
 *
 * One process writes (it holds a lock), one reads.  What was committed outlives
 * a kill and a power loss; what was read and not settled is read again after a
 * restart, so whoever deals with a delivery must bear to do it twice.
 *
 * $GIT_COMMON_DIR/factory/deliveries/ holds segments, each named by the number
 * of its first delivery in hex, with a checksum per delivery; 'settled', how
 * far the reader got; and 'seen', keys of the last deliveries: 8,192 sets of 8,
 * so it stays at a megabyte, and of a million at least the last 10,000 are
 * still known.  Segments that were read through are deleted.
 */
#ifndef STORE_DELIVERIES_H
#define STORE_DELIVERIES_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct deliveries;
struct delivery_reader;

#define DELIVERY_KEY 16			/* bytes */
#define DELIVERY_KEYS 2
#define DELIVERY_BODY_MAX (32 * MIB)
#define DELIVERY_NAME_MAX 256

struct delivery {
	uint64_t number;	/* from 1, given when it is added */
	int64_t when;		/* unix seconds */
	uint32_t from;		/* the sender's kind: the caller's own number */
	/* Digests by which a repeated one is known, of its id and of its content. */
	unsigned char key[DELIVERY_KEYS][DELIVERY_KEY];
	struct str name;	/* of the event */
	struct str body;
};

/* ERR_LOCKED when another process writes there. */
struct err *deliveries_open(const char *dir, struct deliveries **out) MUST_USE;
void deliveries_close(struct deliveries *d);	/* NULL is fine; what is not committed is lost */
void deliveries_close_p(struct deliveries **d);	/* for AUTO */

/*
 * Take one; it is copied.  *fresh: no key of it was seen before.  One that is
 * not fresh is not kept, but may be answered only after the next commit, since
 * the first of its kind may be waiting for it.  ERR_LIMIT for one too large.
 */
struct err *deliveries_add(struct deliveries *d, struct delivery *in, bool *fresh) MUST_USE;

/* To the disk, all that was added; when it fails, none of it is kept. */
struct err *deliveries_commit(struct deliveries *d) MUST_USE;
size_t deliveries_pending(const struct deliveries *d);	/* bytes that wait for the commit */
uint64_t deliveries_last(const struct deliveries *d);	/* number of the newest that is committed */

/* How many are not settled, by the files: for whoever does not read. */
struct err *deliveries_waiting(const struct deliveries *d, uint64_t *out) MUST_USE;

struct err *delivery_reader_open(const char *dir, struct delivery_reader **out) MUST_USE;
void delivery_reader_close(struct delivery_reader *r);
void delivery_reader_close_p(struct delivery_reader **r);	/* for AUTO */

/*
 * The next one; *got false when there is none (yet).  Its strings live until
 * the next call.  A damaged segment is left at the damage for the next one:
 * *skipped then is true.
 */
struct err *delivery_next(struct delivery_reader *r, struct delivery *out, bool *got,
    bool *skipped) MUST_USE;

/* All that delivery_next() gave is dealt with. */
struct err *delivery_settle(struct delivery_reader *r) MUST_USE;

#endif

/*
 * tally.h - what a server counts, and how Prometheus reads it (text format
 * 0.0.4).  Names begin with "git_factory_"; nothing from outside is a label.
 */
#ifndef FACE_TALLY_H
#define FACE_TALLY_H

#include "base/buf.h"
#include "base/def.h"

enum tally_result {
	TALLY_ACCEPTED,		/* on the disk */
	TALLY_REPEATED,		/* known already */
	TALLY_FORGED,		/* no key of ours made its signature */
	TALLY_MALFORMED,	/* of no forge */
	TALLY_BUSY,		/* too many at once: told to come again */
	TALLY_FAILED,		/* could not be stored: likewise */
	TALLY_RESULTS
};

#define TALLY_SENDERS 8
#define TALLY_BUCKETS 10

struct tally_of_server {
	uint64_t results[TALLY_SENDERS][TALLY_RESULTS];
	uint64_t buckets[TALLY_BUCKETS + 1];	/* of answers, by the time they took */
	uint64_t answer_us;			/* all of it */
	uint64_t commits;
	int64_t began;				/* unix seconds */
};

/* From its end until it was answered. */
void tally_answer(struct tally_of_server *t, int64_t us);

/* 'sender' names number i, NULL for one that does not exist. */
void tally_print(const struct tally_of_server *t, const char *(*sender)(size_t i), struct buf *out);

/* One gauge or counter: "# TYPE git_factory_NAME KIND", and its value. */
void tally_line(struct buf *out, const char *name, const char *kind, const char *help, double value);

#endif

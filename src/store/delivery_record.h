/*
 * delivery_record.h - how deliveries lie in segments: what the writer and the
 * reader of deliveries.h share, and nobody else.
 */
#ifndef STORE_DELIVERY_RECORD_H
#define STORE_DELIVERY_RECORD_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"
#include "store/deliveries.h"

struct err;

/* In front of each delivery, in the machine's own byte order; name and body follow. */
struct record_head {
	uint32_t magic;
	uint32_t name;		/* bytes */
	uint32_t body;
	uint32_t from;
	uint64_t number;
	int64_t when;
	unsigned char key[DELIVERY_KEYS][DELIVERY_KEY];
	uint64_t sum;		/* of all the others, and what follows */
};

void record_add(struct buf *out, const struct delivery *d);

/*
 * The record at an offset.  *whole false: there is none, or it is torn or
 * damaged.  'rest' holds its name and body.
 */
struct err *record_read(int fd, uint64_t at, struct record_head *h, struct buf *rest,
    bool *whole) MUST_USE;
uint64_t record_size(const struct record_head *h);

/* Numbers of the first delivery of each segment, in order; none when there is no folder. */
struct segments {
	VEC_FIELDS(uint64_t);
};
struct err *segments_list(const char *dir, struct segments *out) MUST_USE;
void segments_free(struct segments *s);		/* also for AUTO */
char *segment_path(const char *dir, uint64_t first) MUST_USE;

/* Up to which number all is settled; 0 when that is not known. */
struct err *settled_read(const char *dir, uint64_t *number) MUST_USE;
struct err *settled_write(const char *dir, uint64_t number) MUST_USE;

#endif

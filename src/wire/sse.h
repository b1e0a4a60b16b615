/*
 * sse.h - event streams (WHATWG HTML, "Server-sent events"), fed in pieces.
 *
 * Any split gives the same events. An event that the stream's end cuts off
 * is never reported: only the blank line after it makes it one.
 */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct err;

#define SSE_MAX (8 * MIB)	/* bytes of one event or line */

/* type is "message" where the stream names none. Borrowed for the call. */
typedef struct err *sse_fn(void *arg, const char *type, struct str data);

struct sse {
	sse_fn *fn;
	void *arg;
	struct buf line;	/* what has come of the current line */
	struct buf type;
	struct buf data;
	bool has_data;
	bool after_cr;
	bool started;		/* past a byte order mark */
};

void sse_init(struct sse *s, sse_fn *fn, void *arg);
void sse_free(struct sse *s);	/* also for AUTO */

/* ERR_LIMIT over SSE_MAX, or the first error of fn; the stream is dead then. */
struct err *sse_feed(struct sse *s, struct str bytes) MUST_USE;

/* Bytes of an event have come that no blank line has ended. */
bool sse_pending(const struct sse *s);

#endif

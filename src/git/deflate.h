/*
 * deflate.h - zlib streams (RFC 1950), one after another in the same memory.
 *
 *	deflate_begin(d, true, sink, arg);
 *	TRY(deflate_add(d, head, n));
 *	TRY(deflate_end(d, data, n));
 *
 * zlib is opened at first use: ERR_COMMAND where there is none, or it fails; an
 * error of the sink ends the stream and is handed on.
 */
#ifndef GIT_DEFLATE_H
#define GIT_DEFLATE_H

#include "base/def.h"

struct deflate;
struct err;

/* Takes the next bytes of a stream. */
typedef struct err *deflate_sink(void *arg, const void *p, size_t n);

struct err *deflate_new(struct deflate **out) MUST_USE;
void deflate_free(struct deflate *d);	/* NULL is fine */
void deflate_free_p(struct deflate **d);	/* for AUTO */

/* 'plain': stored as it is, which is a stream all the same; else deflated at zlib's best speed. */
void deflate_begin(struct deflate *d, bool plain, deflate_sink *sink, void *arg);
struct err *deflate_add(struct deflate *d, const void *p, size_t n) MUST_USE;

/* The last bytes, which may be none. */
struct err *deflate_end(struct deflate *d, const void *p, size_t n) MUST_USE;

#endif

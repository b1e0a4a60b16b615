/*
 * buf.h - one growing buffer of bytes; it states its ceiling at birth.
 *
 * The bytes are always followed by a NUL that does not count.  What would
 * pass the ceiling is not added at all and sets 'over', which stays set:
 * build first, ask once with buf_check().  Arguments may not point into the
 * buffer itself.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/def.h"
#include "base/str.h"

struct err;

struct buf {
	char *p;	/* NULL until the first byte */
	size_t n;
	size_t cap;
	size_t max;	/* ceiling in bytes */
	bool over;	/* something was refused */
};

/* For text whose size our own code bounds. */
#define BUF_TEXT (64 * MIB)

#define BUF_INIT(ceiling) {.max = (ceiling)}

void buf_init(struct buf *b, size_t ceiling);
void buf_free(struct buf *b);		/* also the cleanup for AUTO; keeps max */
void buf_clear(struct buf *b);		/* empties, keeps memory and max, resets over */
void buf_trunc(struct buf *b, size_t n);	/* n at most b->n */
void buf_reserve(struct buf *b, size_t n);	/* n more bytes, or up to the ceiling, will move nothing */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addstr(struct buf *b, struct str s);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_addv(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);
void buf_insert(struct buf *b, size_t at, const void *p, size_t n);
void buf_cut(struct buf *b, size_t at, size_t n); /* remove n bytes at 'at' */

const char *buf_cstr(const struct buf *b);	/* never NULL; borrowed */
struct str buf_str(const struct buf *b);	/* borrowed */
char *buf_steal(struct buf *b) MUST_USE;	/* never NULL; the buffer is empty after */

/* ERR_LIMIT naming 'what' when something was refused. */
struct err *buf_check(const struct buf *b, const char *what) MUST_USE;

#endif

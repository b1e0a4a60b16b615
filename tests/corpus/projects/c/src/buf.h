/* buf.h - bytes that grow. {0} is empty; buf_free() makes it so again. */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>

#define BUF_MAX ((size_t)64 << 20)	/* more is refused */

struct buf {
	char *p;
	size_t n, cap;
};

/* False, and nothing changed, when memory or BUF_MAX ends. */
bool buf_add(struct buf *b, const char *p, size_t n);
bool buf_addc(struct buf *b, char c);
void buf_clear(struct buf *b);	/* keeps the memory */
void buf_free(struct buf *b);

#endif

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static bool
reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap;
	char *p;

	if (n > BUF_MAX - b->n)
		return false;
	if (cap >= b->n + n)
		return true;
	if (cap == 0)
		cap = 64;
	while (cap < b->n + n)
		cap *= 2;
	p = realloc(b->p, cap);
	if (p == NULL)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

bool
buf_add(struct buf *b, const char *p, size_t n)
{
	if (n == 0)
		return true;
	if (!reserve(b, n))
		return false;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return true;
}

bool
buf_addc(struct buf *b, char c)
{
	if (b->n == b->cap && !reserve(b, 1))
		return false;
	b->p[b->n++] = c;
	return true;
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

void
buf_init(struct buf *b, size_t ceiling)
{
	*b = (struct buf)BUF_INIT(ceiling);
}

void
buf_free(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->over = false;
	buf_trunc(b, 0);
}

void
buf_trunc(struct buf *b, size_t n)
{
	if (n > b->n)
		return;
	b->n = n;
	if (b->p != NULL)
		b->p[n] = '\0';
}

/* Room for n more bytes and a NUL, or false with 'over' set. */
static bool
room(struct buf *b, size_t n)
{
	size_t need, cap;

	if (b->over || n > b->max || b->n > b->max - n) {
		b->over = true;
		return false;
	}
	need = b->n + n + 1;
	if (need <= b->cap)
		return true;
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap *= 2;
	b->p = mem_grow(b->p, cap, 1);
	b->cap = cap;
	return true;
}

void
buf_reserve(struct buf *b, size_t n)
{
	size_t left = b->n < b->max ? b->max - b->n : 0;

	if (room(b, n < left ? n : left))
		b->p[b->n] = '\0';
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!room(b, n))
		return;
	if (n != 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_addc(struct buf *b, char c)
{
	if (!room(b, 1))
		return;
	b->p[b->n++] = c;
	b->p[b->n] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addstr(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void
buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !room(b, (size_t)n))
		return;
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

void
buf_insert(struct buf *b, size_t at, const void *p, size_t n)
{
	if (at > b->n || n == 0 || !room(b, n))
		return;
	memmove(b->p + at + n, b->p + at, b->n - at + 1);
	memcpy(b->p + at, p, n);
	b->n += n;
}

void
buf_cut(struct buf *b, size_t at, size_t n)
{
	if (at >= b->n)
		return;
	if (n > b->n - at)
		n = b->n - at;
	memmove(b->p + at, b->p + at + n, b->n - at - n + 1);
	b->n -= n;
}

const char *
buf_cstr(const struct buf *b)
{
	return b->p == NULL ? "" : b->p;
}

struct str
buf_str(const struct buf *b)
{
	return str_mk(buf_cstr(b), b->n);
}

char *
buf_steal(struct buf *b)
{
	char *p = b->p == NULL ? mem_strdup("") : b->p;

	buf_init(b, b->max);
	return p;
}

struct err *
buf_check(const struct buf *b, const char *what)
{
	if (!b->over)
		return NULL;
	return err_new(ERR_LIMIT, "%s is larger than %zu bytes", what, b->max);
}

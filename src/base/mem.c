#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/mem.h"

void
mem_exhausted(void)
{
	static const char msg[] = "fatal: out of memory\n";

	if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
		_exit(128);
	_exit(128);
}

void
mem_tune(void)
{
#ifdef __GLIBC__
	mallopt(M_TOP_PAD, 1 * MIB);
	mallopt(M_TRIM_THRESHOLD, 8 * MIB);
#endif
}

void *
mem_calloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *
mem_alloc(size_t n)
{
	return mem_calloc(1, n);
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	void *q;

	if (size != 0 && n > SIZE_MAX / size)
		mem_exhausted();
	n *= size;
	q = realloc(p, n == 0 ? 1 : n);
	if (q == NULL)
		mem_exhausted();
	return q;
}

void *
mem_dup(const void *p, size_t n)
{
	void *q = mem_alloc(n);

	if (n != 0)
		memcpy(q, p, n);
	return q;
}

char *
mem_strndup(const char *s, size_t n)
{
	char *q = mem_alloc(n + 1);

	if (n != 0)
		memcpy(q, s, n);
	return q;
}

char *
mem_strdup(const char *s)
{
	return s == NULL ? NULL : mem_strndup(s, strlen(s));
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		mem_exhausted();
	return s;
}

void
mem_free_p(void *p)
{
	void **pp = p;

	free(*pp);
	*pp = NULL;
}

void
mem_wipe(void *p, size_t n)
{
	if (n != 0)
		memset(p, 0, n);
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

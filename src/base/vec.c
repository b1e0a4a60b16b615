#include <stdarg.h>
#include <stdio.h>

#include "base/vec.h"

void
strs_addn(struct strs *s, const char *p, size_t n)
{
	char *copy = mem_strndup(p, n);

	vec_push(s, copy);
}

void
strs_add(struct strs *s, const char *p)
{
	strs_addn(s, p, strlen(p));
}

void
strs_addf(struct strs *s, const char *fmt, ...)
{
	AUTO(mem_free_p) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		mem_exhausted();
	va_end(ap);
	strs_add(s, text);
}

bool
strs_has(const struct strs *s, const char *p)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i], p) == 0)
			return true;
	return false;
}

static int
cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strs_sort(struct strs *s)
{
	vec_sort(s, cmp_str);
}

void
strs_free(struct strs *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->v[i]);
	vec_free(s);
}

const char **
strs_list(const struct strs *s)
{
	const char **v = mem_calloc(s->n + 1, sizeof(*v));
	size_t i;

	for (i = 0; i < s->n; i++)
		v[i] = s->v[i];
	return v;
}

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct str
str_of(const char *s)
{
	return (struct str){s, s == NULL ? 0 : strlen(s)};
}

struct str
str_mk(const char *p, size_t n)
{
	return (struct str){p, n};
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_is(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

bool
str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool
str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && (n == 0 || memcmp(s.p + s.n - n, suffix, n) == 0);
}

ptrdiff_t
str_chr(struct str s, char c)
{
	const char *q = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return q == NULL ? -1 : q - s.p;
}

bool
str_has(struct str s, char c)
{
	return str_chr(s, c) >= 0;
}

struct str
str_skip(struct str s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct str){n == 0 ? s.p : s.p + n, s.n - n};
}

struct str
str_take(struct str s, size_t n)
{
	return (struct str){s.p, n < s.n ? n : s.n};
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

ptrdiff_t
str_find(struct str s, struct str needle)
{
	const char *q;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
	q = memmem(s.p, s.n, needle.p, needle.n);
	return q == NULL ? -1 : q - s.p;
}

bool
str_next(struct str *rest, char sep, struct str *piece)
{
	ptrdiff_t at;

	if (rest->n == 0)
		return false;
	at = str_chr(*rest, sep);
	if (at < 0) {
		*piece = *rest;
		*rest = str_skip(*rest, rest->n);
	} else {
		*piece = str_take(*rest, (size_t)at);
		*rest = str_skip(*rest, (size_t)at + 1);
	}
	return true;
}

bool
str_line(struct str *rest, struct str *line)
{
	if (!str_next(rest, '\n', line))
		return false;
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool
str_int(struct str s, int64_t lo, int64_t hi, int64_t *out)
{
	bool neg = s.n > 0 && s.p[0] == '-';
	int64_t v = 0;
	size_t i;

	if (s.n == (size_t)neg || s.n > 20)
		return false;
	for (i = neg; i < s.n; i++) {
		int d = s.p[i] - '0';

		if (d < 0 || d > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, d, &v))
			return false;
	}
	if (!neg && __builtin_sub_overflow(0, v, &v))
		return false;
	if (v < lo || v > hi)
		return false;
	*out = v;
	return true;
}

char *
str_dup(struct str s)
{
	return mem_strndup(s.p, s.n);
}

#define DISTANCE_MAX 64

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t
str_distance(struct str a, struct str b)
{
	size_t d[3][DISTANCE_MAX + 1], i, j;

	if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX)
		return SIZE_MAX;
	for (j = 0; j <= b.n; j++)
		d[0][j] = j;
	for (i = 1; i <= a.n; i++) {
		size_t *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= b.n; j++) {
			row[j] = min3(up[j] + 1, row[j - 1] + 1,
			    up[j - 1] + (a.p[i - 1] != b.p[j - 1]));
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1] && up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
		}
	}
	return d[a.n % 3][b.n];
}

#include <inttypes.h>
#include <stdio.h>

#include "sum.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
trim(const char **p, size_t *n)
{
	while (*n > 0 && **p == ' ') {
		(*p)++;
		(*n)--;
	}
	while (*n > 0 && (*p)[*n - 1] == ' ')
		(*n)--;
}

enum sum_status
sum_parse(const char *p, size_t n, int64_t *hundredths)
{
	bool negative = false;
	int64_t v = 0;
	size_t i = 0, digits = 0, decimals = 0;

	trim(&p, &n);
	*hundredths = 0;
	if (n == 0)
		return SUM_OK;
	if (p[0] == '-' || p[0] == '+') {
		negative = p[0] == '-';
		i++;
	}
	for (; i < n && is_digit(p[i]); i++, digits++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, p[i] - '0', &v))
			return SUM_RANGE;
	if (i < n && p[i] == '.')
		for (i++; i < n && is_digit(p[i]) && decimals < 2; i++, decimals++)
			if (__builtin_mul_overflow(v, 10, &v) ||
			    __builtin_add_overflow(v, p[i] - '0', &v))
				return SUM_RANGE;
	if (i != n || digits == 0)
		return SUM_NUMBER;
	for (; decimals < 2; decimals++)
		if (__builtin_mul_overflow(v, 10, &v))
			return SUM_RANGE;
	*hundredths = negative ? -v : v;
	return SUM_OK;
}

enum sum_status
sum_add(int64_t *total, int64_t hundredths)
{
	return __builtin_add_overflow(*total, hundredths, total) ? SUM_RANGE : SUM_OK;
}

void
sum_format(int64_t hundredths, char *out, size_t size)
{
	uint64_t v = hundredths < 0 ? -(uint64_t)hundredths : (uint64_t)hundredths;

	snprintf(out, size, "%s%" PRIu64 ".%02u", hundredths < 0 ? "-" : "", v / 100,
	    (unsigned)(v % 100));
}

/* sum.h - exact sums of numbers with at most two decimals, in hundredths. */
#ifndef SUM_H
#define SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sum_status {
	SUM_OK,
	SUM_NUMBER,	/* not a number with at most two decimals */
	SUM_RANGE	/* leaves 64 bits */
};

/* "12", "-3.5", "+0.25", blanks around it; an empty field is 0. */
enum sum_status sum_parse(const char *p, size_t n, int64_t *hundredths);
enum sum_status sum_add(int64_t *total, int64_t hundredths);

/* "-3.50"; at least 24 bytes. */
void sum_format(int64_t hundredths, char *out, size_t size);

#endif

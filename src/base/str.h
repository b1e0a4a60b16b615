/*
 * str.h - read-only slices of bytes, for parsing without copies.
 *
 * A slice borrows: it owns nothing and is valid as long as the bytes are.
 * It need not end in NUL and may hold NULs.  {NULL, 0} is an empty slice.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/def.h"

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

struct str str_of(const char *s);	/* NULL gives the empty slice */
struct str str_mk(const char *p, size_t n);

bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *b);
int str_cmp(struct str a, struct str b); /* bytewise, shorter first */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
bool str_has(struct str s, char c);
struct str str_skip(struct str s, size_t n); /* n may exceed s.n */
struct str str_take(struct str s, size_t n);
struct str str_trim(struct str s);	/* ASCII white space at both ends */

/* Offset of the first needle, or -1. */
ptrdiff_t str_find(struct str s, struct str needle);
ptrdiff_t str_chr(struct str s, char c);

/*
 * Take the next piece up to sep (without it) off *rest.  false when *rest is
 * exhausted.  "a,,b" gives "a", "", "b"; a trailing sep gives no empty piece.
 */
bool str_next(struct str *rest, char sep, struct str *piece);

/* Next line without its "\n" or "\r\n". */
bool str_line(struct str *rest, struct str *line);

/* Whole slice as a decimal integer within [lo, hi]; false otherwise. */
bool str_int(struct str s, int64_t lo, int64_t hi, int64_t *out);

char *str_dup(struct str s) MUST_USE;	/* NUL-terminated copy */

/* Edit distance (insert, delete, replace, swap), for "did you mean". */
size_t str_distance(struct str a, struct str b);

#endif

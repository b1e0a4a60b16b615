/*
 * vec.h - a typed vector.
 *
 *	VEC(int) v = {0};
 *	vec_push(&v, 42);
 *	for (size_t i = 0; i < v.n; i++) use(v.v[i]);
 *	vec_free(&v);
 *
 * Name a type once where several functions share it:
 *	struct ids { VEC_FIELDS(char *); };
 * Elements are moved by realloc: keep no pointer to one across a push.  The
 * elements' own memory is the owner's to free.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define VEC_FIELDS(T) \
	T *v;         \
	size_t n;     \
	size_t cap
#define VEC(T)                 \
	struct {               \
		VEC_FIELDS(T); \
	}

#define vec_reserve(vec, more)                                                \
	do {                                                                  \
		size_t need_ = (vec)->n + (more);                             \
		if (need_ > (vec)->cap) {                                     \
			size_t cap_ = (vec)->cap < 8 ? 8 : (vec)->cap * 2;    \
			if (cap_ < need_)                                     \
				cap_ = need_;                                 \
			(vec)->v = mem_grow((vec)->v, cap_, sizeof(*(vec)->v)); \
			(vec)->cap = cap_;                                    \
		}                                                             \
	} while (0)

#define vec_push(vec, ...)                       \
	do {                                     \
		vec_reserve(vec, 1);             \
		(vec)->v[(vec)->n++] = (__VA_ARGS__); \
	} while (0)

/* Remove element i, keeping the order. */
#define vec_drop(vec, i)                                                   \
	do {                                                               \
		size_t i_ = (i);                                           \
		memmove(&(vec)->v[i_], &(vec)->v[i_ + 1],                  \
		    ((vec)->n - i_ - 1) * sizeof(*(vec)->v));              \
		(vec)->n--;                                                \
	} while (0)

#define vec_sort(vec, cmp)                                                 \
	do {                                                               \
		if ((vec)->n > 1)                                          \
			qsort((vec)->v, (vec)->n, sizeof(*(vec)->v), cmp); \
	} while (0)

#define vec_clear(vec) ((vec)->n = 0)

#define vec_free(vec)                      \
	do {                               \
		free((vec)->v);            \
		(vec)->v = NULL;           \
		(vec)->n = (vec)->cap = 0; \
	} while (0)

/* The vector that turns up everywhere: strings that it owns. */
struct strs {
	VEC_FIELDS(char *);
};

void strs_add(struct strs *s, const char *p);		/* copies */
void strs_addn(struct strs *s, const char *p, size_t n);
void strs_addf(struct strs *s, const char *fmt, ...) PRINTF(2, 3);
bool strs_has(const struct strs *s, const char *p);
/* The strings, borrowed, with a NULL behind them, for execve() and kin; the caller frees the list alone. */
const char **strs_list(const struct strs *s) MUST_USE;
void strs_sort(struct strs *s);				/* bytewise */
void strs_free(struct strs *s);				/* also for AUTO */

#endif

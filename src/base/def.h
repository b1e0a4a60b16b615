/*
 * def.h - the few macros that every file may lean on.
 *
 * AUTO(fn)   run fn(&var) when var leaves its scope (declare with a cleanup,
 *            hand over with STEAL, jump only forward)
 * STEAL(p)   the pointer's value; p itself becomes NULL
 * NITEMS(a)  number of elements of an array (never of a pointer)
 * MUST_USE   the result may not be dropped
 * PRINTF(f, a)  check a format at argument f with its arguments from a
 */
#ifndef BASE_DEF_H
#define BASE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define AUTO(fn) __attribute__((cleanup(fn)))
#define STEAL(p)                                 \
	__extension__({                          \
		__typeof__(p) stolen_ = (p);     \
		(p) = NULL;                      \
		stolen_;                         \
	})
#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

#define KIB ((size_t)1024)
#define MIB (KIB * 1024)

/* Banned, as in git's banned.h: each has a replacement in buf.h or str.h. */
/* <stdio.h> and <string.h> declare them, so they come before. */
/* glibc's hardening makes macros of some for clang. */
#if !defined(__cplusplus)
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#endif

#endif

/*
 * mem.h - memory.
 *
 * Allocation never returns NULL.  When memory is exhausted the process ends
 * with one line on stderr and status 128: every step of the factory is
 * durable and every process disposable, so there is nothing to unwind that a
 * restart does not put right, and no caller needs a path that is never run.
 * Whatever is sized by the outside goes through a ceiling first (buf.h).
 *
 * mem_free_p() is the cleanup for AUTO: AUTO(mem_free_p) char *s = NULL;
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdlib.h>

#include "base/def.h"

/*
 * Once, at the start: let the heap grow in steps of 1 MiB and keep up to 8
 * that are free, so that it is not handed back and asked for again at each
 * turn.  Pages that nothing touched cost nothing.
 */
void mem_tune(void);

/* What a library's lack of memory comes to as well. */
NORETURN void mem_exhausted(void);

void *mem_alloc(size_t n) MUST_USE;		/* zeroed */
void *mem_calloc(size_t n, size_t size) MUST_USE; /* zeroed; overflow ends the process */
void *mem_grow(void *p, size_t n, size_t size) MUST_USE;
void *mem_dup(const void *p, size_t n) MUST_USE;
char *mem_strdup(const char *s) MUST_USE;	/* NULL gives NULL */
char *mem_strndup(const char *s, size_t n) MUST_USE; /* NUL-terminated copy */
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) MUST_USE;

/* Free what *p (a pointer to a pointer) points to. */
void mem_free_p(void *p);

/* Overwrite memory that held a secret; the compiler may not drop it. */
void mem_wipe(void *p, size_t n);

#endif

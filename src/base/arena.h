/*
 * arena.h - memory that is released all at once: one per request, parsed
 * document or run.  Nothing in it is freed singly.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/def.h"
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *head;
};

void *arena_alloc(struct arena *a, size_t n) MUST_USE;	/* zeroed, aligned for any type */
char *arena_str(struct arena *a, struct str s) MUST_USE;	/* NUL-terminated copy */
char *arena_strdup(struct arena *a, const char *s) MUST_USE;	/* NULL gives NULL */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3) MUST_USE;
void arena_free(struct arena *a);	/* also for AUTO; the arena is empty and usable after */

#endif

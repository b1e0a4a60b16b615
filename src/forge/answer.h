/*
 * answer.h - members of a forge's answer into the strings of forge.h.
 *
 * Strict: a member of another kind than promised is ERR_SYNTAX at its place.
 * What is taken replaces *out, which must be NULL or owned.
 */
#ifndef FORGE_ANSWER_H
#define FORGE_ANSWER_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct node;

/* A string that must be there; "" is one.  Longer than max: ERR_LIMIT. */
struct err *answer_str(const struct node *map, const char *key, size_t max, char **out) MUST_USE;

/* The same, "" when it is missing or null. */
struct err *answer_text(const struct node *map, const char *key, size_t max, char **out) MUST_USE;

/* The same, cut at a whole character where it is longer: for lists that others write into. */
struct err *answer_cut(const struct node *map, const char *key, size_t max, char **out) MUST_USE;

/* A number from 0 on that must be there; as digits for an id (a string is taken, too). */
struct err *answer_int(const struct node *map, const char *key, int64_t *out) MUST_USE;
struct err *answer_id(const struct node *map, const char *key, char **out) MUST_USE;

/* false when it is missing or null. */
struct err *answer_bool(const struct node *map, const char *key, bool *out) MUST_USE;

/* Is it one of these words?  They end with NULL. */
struct err *answer_among(const struct node *map, const char *key, const char *const *words, bool *out) MUST_USE;

/* RFC 3339, with any offset and fraction; 0 when it is missing or null. */
struct err *answer_time(const struct node *map, const char *key, int64_t *out) MUST_USE;

/*
 * When it was changed last, as finely as it is written, and how many comments
 * it has, where 'count' is there: forges that write whole seconds do not tell
 * by the time alone of what happened within the second of another change.
 */
struct err *answer_stamp(const struct node *map, const char *updated, const char *count, char **out) MUST_USE;

/* A full object id in lower-case hex, or "" when it is missing, null or "". */
struct err *answer_sha(const struct node *map, const char *key, char **out) MUST_USE;

/*
 * The list's elements: strings, or (name not NULL) that member of each.  A
 * missing list is empty.  At most 1,000, each under FORGE_LINE_MAX.
 */
struct err *answer_strs(const struct node *map, const char *key, const char *name,
    struct strs *out) MUST_USE;

#endif

/*
 * map.h - a map from strings to pointers that remembers insertion order.
 *
 * Keys are copied, but for those of map_set_kept(); values are the caller's.
 * map_free() frees the keys, and each value with free_value when that is not NULL.  Hashing is seeded per
 * process, so keys from outside cannot be chosen to collide.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/def.h"
#include "base/str.h"

struct map_entry {
	const char *key;
	void *value;
};

struct map {
	struct map_entry *entries;	/* in order of insertion */
	size_t n;
	size_t cap;
	uint32_t *slots;		/* index + 1, 0 is free */
	size_t nslots;
	bool kept;			/* keys live elsewhere */
};

/* The value, or NULL. */
void *map_get(const struct map *m, const char *key);
void *map_get_str(const struct map *m, struct str key);

/* Sets or replaces; the replaced value (or NULL) comes back to the caller. */
void *map_set(struct map *m, const char *key, void *value);
void *map_set_str(struct map *m, struct str key, void *value);

/* The same with a key that outlives the map, all of whose keys are such: for very many. */
void *map_set_kept(struct map *m, const char *key, void *value);

void map_free(struct map *m, void (*free_value)(void *));

#endif

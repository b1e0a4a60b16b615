#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fnv.h"
#include "base/map.h"
#include "base/mem.h"

static uint64_t
seed(void)
{
	static uint64_t s;

	if (s == 0 && getentropy(&s, sizeof(s)) != 0)
		s = (uintptr_t)&s;
	return s |= 1;
}

/* FNV-1a over a per-process seed, finished by a multiply-shift. */
static uint32_t
hash(struct str key)
{
	return (uint32_t)((fnv64(FNV64_BASIS ^ seed(), key.p, key.n) * seed()) >> 32);
}

static uint32_t *
slot_of(const struct map *m, struct str key)
{
	size_t i = hash(key) & (m->nslots - 1);

	while (m->slots[i] != 0 &&
	    !str_is(key, m->entries[m->slots[i] - 1].key))
		i = (i + 1) & (m->nslots - 1);
	return &m->slots[i];
}

static void
rehash(struct map *m)
{
	size_t i;

	free(m->slots);
	m->nslots = m->nslots == 0 ? 16 : m->nslots * 2;
	m->slots = mem_calloc(m->nslots, sizeof(*m->slots));
	for (i = 0; i < m->n; i++)
		*slot_of(m, str_of(m->entries[i].key)) = (uint32_t)i + 1;
}

void *
map_get_str(const struct map *m, struct str key)
{
	uint32_t at;

	if (m->n == 0)
		return NULL;
	at = *slot_of(m, key);
	return at == 0 ? NULL : m->entries[at - 1].value;
}

void *
map_get(const struct map *m, const char *key)
{
	return map_get_str(m, str_of(key));
}

/* 'kept' is the key itself, or NULL: it is copied. */
static void *
set(struct map *m, struct str key, const char *kept, void *value)
{
	uint32_t *slot;
	void *old;

	if ((m->n + 1) * 2 > m->nslots)
		rehash(m);
	slot = slot_of(m, key);
	if (*slot != 0) {
		old = m->entries[*slot - 1].value;
		m->entries[*slot - 1].value = value;
		return old;
	}
	if (m->n == m->cap) {
		m->cap = m->cap == 0 ? 8 : m->cap * 2;
		m->entries = mem_grow(m->entries, m->cap, sizeof(*m->entries));
	}
	m->entries[m->n++] = (struct map_entry){kept == NULL ? str_dup(key) : kept, value};
	*slot = (uint32_t)m->n;
	return NULL;
}

void *
map_set_str(struct map *m, struct str key, void *value)
{
	return set(m, key, NULL, value);
}

void *
map_set_kept(struct map *m, const char *key, void *value)
{
	m->kept = true;
	return set(m, str_of(key), key, value);
}

void *
map_set(struct map *m, const char *key, void *value)
{
	return map_set_str(m, str_of(key), value);
}

void
map_free(struct map *m, void (*free_value)(void *))
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (!m->kept)
			free((char *)m->entries[i].key);
		if (free_value != NULL)
			free_value(m->entries[i].value);
	}
	free(m->entries);
	free(m->slots);
	*m = (struct map){0};
}

#include "store/circle.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "model/after.h"
#include "model/graph.h"
#include "store/cache.h"

#define NAMED_MAX 12	/* members that a message names */

/* Ids by number. */
struct names {
	struct map map;		/* to the number + 1 */
};

static size_t
number_of(struct names *n, const char *id)
{
	void *known = map_get(&n->map, id);

	if (known != NULL)
		return (size_t)(uintptr_t)known - 1;
	(void)map_set(&n->map, id, (void *)(uintptr_t)(n->map.n + 1));
	return n->map.n - 1;
}

static const char *
name_of(const struct names *n, size_t number)
{
	return n->map.entries[number].key;
}

static void
names_free(struct names *n)
{
	map_free(&n->map, NULL);
}

/* "a after b after c after a" */
static char *
words(const struct strs *way)
{
	struct buf b = BUF_INIT(4 * KIB);
	size_t i;

	for (i = 0; i < way->n && i < NAMED_MAX; i++)
		buf_addf(&b, "%s after ", way->v[i]);
	if (i < way->n)
		buf_addf(&b, "... (%zu in all) after ", way->n);
	buf_adds(&b, way->v[0]);
	return buf_steal(&b);
}

/* ---- circles that are there ---- */

struct edge {
	size_t from, to;
};

struct edges {
	struct names names;
	VEC(struct edge) list;
};

static void
edges_free(struct edges *e)
{
	names_free(&e->names);
	vec_free(&e->list);
}

static struct err *
take_edge(const char *id, const char *other, void *ctx)
{
	struct edges *e = ctx;
	size_t from = number_of(&e->names, id), to = number_of(&e->names, other);

	vec_push(&e->list, (struct edge){from, to});
	return NULL;
}

/* One circle through this node; every member that has no words yet gets them. */
static struct err *
put_circle(struct cache *c, struct graph *g, const struct names *names, size_t node, bool in[])
{
	AUTO(strs_free) struct strs way = {0};
	AUTO(mem_free_p) char *text = NULL;
	struct graph_path path = {0};
	struct err *e = NULL;
	size_t i;

	graph_circle(g, node, &path);
	for (i = 0; i < path.n; i++)
		strs_add(&way, name_of(names, path.v[i]));
	text = words(&way);
	for (i = 0; i < path.n && e == NULL; i++) {
		if (in[path.v[i]])
			e = cache_put_circle(c, way.v[i], text);
		in[path.v[i]] = false;
	}
	vec_free(&path);
	return e;
}

static struct err *
find_circles(struct cache *c)
{
	AUTO(edges_free) struct edges e = {0};
	AUTO(graph_free_p) struct graph *g = NULL;
	AUTO(mem_free_p) bool *in = NULL;
	size_t i, n;

	TRY(cache_waits(c, take_edge, &e));
	n = e.names.map.n;
	if (n == 0)
		return NULL;
	g = graph_new(n);
	in = mem_alloc(n * sizeof(*in));
	for (i = 0; i < e.list.n; i++)
		graph_add(g, e.list.v[i].from, e.list.v[i].to);
	if (graph_circles(g, in) == 0)
		return NULL;
	for (i = 0; i < n; i++)
		if (in[i])
			TRY(put_circle(c, g, &e.names, i, in));
	return NULL;
}

struct err *
circle_watch(struct cache *c)
{
	bool moved;

	TRY(cache_circles_moved(c, &moved));
	if (!moved)
		return NULL;
	TRY(cache_clear_circles(c));
	return find_circles(c);
}

static struct err *
add_remark(const char *id UNUSED, const char *way, void *ctx)
{
	struct strs *ways = ctx;

	if (!strs_has(ways, way))
		strs_add(ways, way);
	return NULL;
}

struct err *
circle_tell(struct cache *c, struct strs *remarks)
{
	AUTO(strs_free) struct strs ways = {0};
	const char *way;
	size_t i;

	TRY(cache_circles(c, add_remark, &ways));
	for (i = 0; i < ways.n; i++) {
		/* It begins "ID after ID". */
		way = ways.v[i];
		strs_addf(remarks, "tasks wait for each other in a circle: %s; end it with 'git factory task dep -r %.*s %.*s'",
		    way, ID_LEN, way, ID_LEN, way + ID_LEN + strlen(" after "));
	}
	return NULL;
}

/* ---- circles that are not to be ---- */

/* Breadth first from what a task is to come after. */
struct search {
	struct names seen;
	VEC(size_t) from;	/* for each seen: its number there, or itself for a start */
	size_t at;
};

static void
search_free(struct search *s)
{
	names_free(&s->seen);
	vec_free(&s->from);
}

static void
reach(struct search *s, const char *id, size_t from)
{
	if (map_get(&s->seen.map, id) != NULL)
		return;
	(void)number_of(&s->seen, id);
	vec_push(&s->from, from);
}

static struct err *
reach_edge(const char *id UNUSED, const char *other, void *ctx)
{
	struct search *s = ctx;

	reach(s, other, s->at);
	return NULL;
}

/* From the task back along the way by which it was reached, and turned round. */
static struct err *
refusal(const struct search *s, const char *id)
{
	AUTO(strs_free) struct strs back = {0}, way = {0};
	AUTO(mem_free_p) char *text = NULL;
	size_t i = s->at;

	for (;; i = s->from.v[i]) {
		if (strcmp(name_of(&s->seen, i), id) != 0)
			strs_add(&back, name_of(&s->seen, i));
		if (s->from.v[i] == i)
			break;
	}
	strs_add(&way, id);
	for (i = back.n; i-- > 0;)
		strs_add(&way, back.v[i]);
	text = words(&way);
	return err_hint(err_new(ERR_CONFLICT, "that would be a circle, where each would wait for the other: %s", text),
	    "take one of these away first with 'git factory task dep -r ID AFTER'");
}

struct err *
circle_refuse(struct cache *c, const char *id, const struct strs *after)
{
	AUTO(search_free) struct search s = {0};
	struct after a;
	size_t i;

	for (i = 0; i < after->n; i++)
		if (after_parse(str_of(after->v[i]), &a))
			reach(&s, a.id.s, s.from.n);
	for (s.at = 0; s.at < s.from.n; s.at++) {
		/* The walk adds to the names, which move. */
		AUTO(mem_free_p) char *here = mem_strdup(name_of(&s.seen, s.at));

		if (strcmp(here, id) == 0)
			return refusal(&s, id);
		TRY(cache_ahead(c, here, reach_edge, &s));
	}
	return NULL;
}

struct wanted {
	const char *id;
	char *way;
};

static struct err *
take_way(const char *id, const char *way, void *ctx)
{
	struct wanted *w = ctx;

	if (w->way == NULL && strcmp(id, w->id) == 0)
		w->way = mem_strdup(way);
	return NULL;
}

struct err *
circle_of(struct cache *c, const char *id, char **way)
{
	struct wanted w = {.id = id};

	TRY(cache_circles(c, take_way, &w));
	*way = w.way != NULL ? w.way : mem_strdup("");
	return NULL;
}

#include "model/graph.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NONE ((size_t)-1)

struct edge {
	size_t from, to;
};

/* Neighbours of all nodes in one array: those of i are at to[start[i]] up to to[start[i + 1]]. */
struct rows {
	size_t *start;
	size_t *to;
};

struct graph {
	size_t n;
	VEC(struct edge) edges;
	bool built;
	struct rows ahead, behind;
};

struct graph *
graph_new(size_t n)
{
	struct graph *g = mem_alloc(sizeof(*g));

	g->n = n;
	return g;
}

static void
rows_free(struct rows *r)
{
	free(r->start);
	free(r->to);
	*r = (struct rows){0};
}

void
graph_free(struct graph *g)
{
	if (g == NULL)
		return;
	rows_free(&g->ahead);
	rows_free(&g->behind);
	vec_free(&g->edges);
	free(g);
}

void
graph_free_p(struct graph **g)
{
	graph_free(*g);
}

void
graph_add(struct graph *g, size_t node, size_t ahead)
{
	assert(node < g->n && ahead < g->n);
	vec_push(&g->edges, (struct edge){node, ahead});
	g->built = false;
}

/* ---- neighbours ---- */

static int
by_ends(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static void *
room(size_t n, size_t size)
{
	return mem_alloc((n + 1) * size);
}

/* From edges in order. */
static void
rows_build(struct rows *r, const struct graph *g)
{
	size_t i, node = 0;

	rows_free(r);
	r->start = room(g->n + 1, sizeof(*r->start));
	r->to = room(g->edges.n, sizeof(*r->to));
	for (i = 0; i < g->edges.n; i++) {
		while (node <= g->edges.v[i].from)
			r->start[node++] = i;
		r->to[i] = g->edges.v[i].to;
	}
	while (node <= g->n)
		r->start[node++] = i;
}

static void
turn(struct graph *g)
{
	size_t i;

	for (i = 0; i < g->edges.n; i++)
		g->edges.v[i] = (struct edge){g->edges.v[i].to, g->edges.v[i].from};
	vec_sort(&g->edges, by_ends);
}

static void
build(struct graph *g)
{
	size_t i, kept = 0;

	if (g->built)
		return;
	vec_sort(&g->edges, by_ends);
	for (i = 0; i < g->edges.n; i++)
		if (kept == 0 || by_ends(&g->edges.v[kept - 1], &g->edges.v[i]) != 0)
			g->edges.v[kept++] = g->edges.v[i];
	g->edges.n = kept;
	rows_build(&g->ahead, g);
	turn(g);
	rows_build(&g->behind, g);
	turn(g);
	g->built = true;
}

static const size_t *
row(const struct rows *r, size_t node, size_t *n)
{
	*n = r->start[node + 1] - r->start[node];
	return r->to + r->start[node];
}

const size_t *
graph_ahead(struct graph *g, size_t node, size_t *n)
{
	build(g);
	return row(&g->ahead, node, n);
}

const size_t *
graph_behind(struct graph *g, size_t node, size_t *n)
{
	build(g);
	return row(&g->behind, node, n);
}

/* ---- circles: Tarjan's strongly connected components, with a stack of our own ---- */

struct tarjan {
	struct graph *g;
	size_t next;		/* number of the next node to be seen */
	size_t *seen, *low;	/* 0: not seen */
	size_t *at;		/* which neighbour comes next */
	bool *open;		/* on the stack of its component */
	struct graph_path way, stack;
	bool *in;
	size_t found;
};

static void
enter(struct tarjan *t, size_t node)
{
	t->seen[node] = t->low[node] = ++t->next;
	t->open[node] = true;
	vec_push(&t->way, node);
	vec_push(&t->stack, node);
}

static bool
is_after_itself(struct graph *g, size_t node)
{
	size_t i, n;
	const size_t *to = row(&g->ahead, node, &n);

	for (i = 0; i < n; i++)
		if (to[i] == node)
			return true;
	return false;
}

/* The node's component is complete: it is all that lies on the stack above it. */
static void
close_component(struct tarjan *t, size_t node)
{
	size_t top = t->stack.n, first = top, each;

	while (t->stack.v[--first] != node)
		;
	for (; top-- > first;) {
		each = t->stack.v[top];
		t->open[each] = false;
		t->in[each] = t->stack.n - first > 1 || is_after_itself(t->g, each);
		t->found += t->in[each];
	}
	t->stack.n = first;
}

static void
leave(struct tarjan *t, size_t node)
{
	size_t parent;

	t->way.n--;
	if (t->low[node] == t->seen[node])
		close_component(t, node);
	if (t->way.n == 0)
		return;
	parent = t->way.v[t->way.n - 1];
	if (t->low[node] < t->low[parent])
		t->low[parent] = t->low[node];
}

static void
visit(struct tarjan *t, size_t root)
{
	enter(t, root);
	while (t->way.n > 0) {
		size_t node = t->way.v[t->way.n - 1], n, next;
		const size_t *to = row(&t->g->ahead, node, &n);

		if (t->at[node] == n) {
			leave(t, node);
			continue;
		}
		next = to[t->at[node]++];
		if (t->seen[next] == 0)
			enter(t, next);
		else if (t->open[next] && t->seen[next] < t->low[node])
			t->low[node] = t->seen[next];
	}
}

size_t
graph_circles(struct graph *g, bool in[])
{
	struct tarjan t = {.g = g, .in = in};
	size_t i;

	build(g);
	t.seen = room(g->n, sizeof(*t.seen));
	t.low = room(g->n, sizeof(*t.low));
	t.at = room(g->n, sizeof(*t.at));
	t.open = room(g->n, sizeof(*t.open));
	for (i = 0; i < g->n; i++)
		if (t.seen[i] == 0)
			visit(&t, i);
	free(t.seen);
	free(t.low);
	free(t.at);
	free(t.open);
	vec_free(&t.way);
	vec_free(&t.stack);
	return t.found;
}

/* ---- ways ---- */

/* Breadth first towards what is ahead: from[] names for each node whence it was reached. */
static bool
search(struct graph *g, size_t node, size_t from[], struct graph_path *queue)
{
	size_t i, k, n;

	vec_push(queue, node);
	for (i = 0; i < queue->n; i++) {
		size_t here = queue->v[i];
		const size_t *to = row(&g->ahead, here, &n);

		for (k = 0; k < n; k++) {
			if (from[to[k]] != NONE)
				continue;
			from[to[k]] = here;
			if (to[k] == node)
				return true;
			vec_push(queue, to[k]);
		}
	}
	return false;
}

static void
reverse(struct graph_path *p)
{
	size_t i, other;

	for (i = 0; i < p->n / 2; i++) {
		other = p->v[p->n - 1 - i];
		p->v[p->n - 1 - i] = p->v[i];
		p->v[i] = other;
	}
}

void
graph_circle(struct graph *g, size_t node, struct graph_path *out)
{
	size_t *from = room(g->n, sizeof(*from));
	struct graph_path queue = {0};
	size_t i;

	build(g);
	vec_clear(out);
	for (i = 0; i < g->n; i++)
		from[i] = NONE;
	if (search(g, node, from, &queue)) {
		for (i = from[node]; i != node; i = from[i])
			vec_push(out, i);
		vec_push(out, node);
		reverse(out);
	}
	vec_free(&queue);
	free(from);
}

void
graph_reach(struct graph *g, size_t node, bool ahead, bool marked[])
{
	const struct rows *r = ahead ? &g->ahead : &g->behind;
	struct graph_path todo = {0};
	size_t i, k, n;

	build(g);
	marked[node] = true;
	vec_push(&todo, node);
	for (i = 0; i < todo.n; i++) {
		const size_t *to = row(r, todo.v[i], &n);

		for (k = 0; k < n; k++)
			if (!marked[to[k]]) {
				marked[to[k]] = true;
				vec_push(&todo, to[k]);
			}
	}
	vec_free(&todo);
}

/* ---- order: Kahn's, the lowest number first by a heap ---- */

static void
heap_push(struct graph_path *h, size_t value)
{
	size_t i = h->n, up;

	vec_push(h, value);
	for (; i > 0 && h->v[up = (i - 1) / 2] > value; i = up) {
		h->v[i] = h->v[up];
		h->v[up] = value;
	}
}

static size_t
heap_pop(struct graph_path *h)
{
	size_t top = h->v[0], last = h->v[--h->n], i = 0, down;

	for (;;) {
		down = 2 * i + 1;
		if (down >= h->n)
			break;
		if (down + 1 < h->n && h->v[down + 1] < h->v[down])
			down++;
		if (h->v[down] >= last)
			break;
		h->v[i] = h->v[down];
		i = down;
	}
	h->v[i] = last;
	return top;
}

struct ordering {
	struct graph *g;
	size_t *order, *depth, *open;	/* open: how many are still ahead; NONE when it is placed */
	bool *in;			/* in a circle; NULL while that does not matter */
	size_t placed, cut;
	struct graph_path heap;
};

static void
place(struct ordering *o, size_t node)
{
	size_t i, n;
	const size_t *to = row(&o->g->behind, node, &n);

	o->open[node] = NONE;
	o->order[o->placed++] = node;
	for (i = 0; i < n; i++) {
		if (o->open[to[i]] == NONE)
			continue;
		if (o->depth[to[i]] < o->depth[node] + 1)
			o->depth[to[i]] = o->depth[node] + 1;
		if (--o->open[to[i]] == 0)
			heap_push(&o->heap, to[i]);
	}
}

/* Only circles and what waits for them is left. */
static size_t
next_cut(struct ordering *o)
{
	if (o->in == NULL) {
		o->in = room(o->g->n, sizeof(*o->in));
		(void)graph_circles(o->g, o->in);
	}
	while (!o->in[o->cut] || o->open[o->cut] == NONE)
		o->cut++;
	return o->cut;
}

static void
place_all(struct ordering *o)
{
	size_t i, n;

	for (i = 0; i < o->g->n; i++) {
		(void)row(&o->g->ahead, i, &n);
		o->open[i] = n;
		if (n == 0)
			heap_push(&o->heap, i);
	}
	while (o->placed < o->g->n) {
		i = o->heap.n > 0 ? heap_pop(&o->heap) : next_cut(o);
		if (o->open[i] != NONE)
			place(o, i);
	}
}

void
graph_order(struct graph *g, size_t order[], size_t depth[])
{
	struct ordering o = {.g = g};

	build(g);
	o.order = room(g->n, sizeof(size_t));
	o.depth = room(g->n, sizeof(size_t));
	o.open = room(g->n, sizeof(size_t));
	place_all(&o);
	if (order != NULL)
		memcpy(order, o.order, g->n * sizeof(size_t));
	if (depth != NULL)
		memcpy(depth, o.depth, g->n * sizeof(size_t));
	free(o.order);
	free(o.depth);
	free(o.open);
	free(o.in);
	vec_free(&o.heap);
}

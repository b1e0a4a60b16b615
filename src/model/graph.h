/*
 * graph.h - what comes after what: a graph of tasks, by number.
 *
 * Nodes are 0 to n - 1, and are the caller's to name.  An edge says that one
 * node comes after another, which is ahead of it.  Every walk is a loop: a
 * chain of 100,000 is no deeper than one of two.  Answers depend on the
 * numbers alone, never on the order in which edges were added.
 */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "base/def.h"
#include "base/vec.h"

struct graph;

struct graph_path {
	VEC_FIELDS(size_t);
};

struct graph *graph_new(size_t n) MUST_USE;
void graph_free(struct graph *g);	/* NULL is fine */
void graph_free_p(struct graph **g);	/* for AUTO */

/* 'node' comes after 'ahead'; saying it twice is fine, and so is a node after itself. */
void graph_add(struct graph *g, size_t node, size_t ahead);

/* What a node comes directly after, in order of number; lives until the next graph_add(). */
const size_t *graph_ahead(struct graph *g, size_t node, size_t *n);

/* What comes directly after a node, likewise. */
const size_t *graph_behind(struct graph *g, size_t node, size_t *n);

/*
 * For each node whether it is in a circle: whether it comes, over any number
 * of others, after itself.  in[] has room for n.  How many are.
 */
size_t graph_circles(struct graph *g, bool in[]);

/*
 * A shortest circle through a node, each one coming after the next, the last
 * after the first: "a after b after c after a" is {a, b, c}.  Empty when there
 * is none.
 */
void graph_circle(struct graph *g, size_t node, struct graph_path *out);

/*
 * Every node after all that it comes after, of several possible ones the
 * lowest number first; where only circles are left, the lowest number in one
 * goes first.  And how long the longest way to each is.  order[] and depth[]
 * have room for n; either may be NULL.
 */
void graph_order(struct graph *g, size_t order[], size_t depth[]);

/* Mark what can be reached from 'node' (which is marked too) towards what is ahead, or behind. */
void graph_reach(struct graph *g, size_t node, bool ahead, bool marked[]);

#endif

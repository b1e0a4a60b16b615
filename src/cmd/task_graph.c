/*
 * git factory task graph - what comes after what, drawn.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "model/after.h"
#include "model/graph.h"
#include "model/task.h"
#include "store/queue.h"
#include "wire/json.h"

#define INDENT_MAX 16	/* levels that are moved to the right */
#define NONE ((size_t)-1)

const struct opt graph_table[] = {
	OPT_FLAG('a', "all", struct graph_opts, all, "landed and closed ones too"),
	OPT_FLAG(0, "dot", struct graph_opts, dot, "print it for Graphviz"),
	OPT_FLAG(0, "mermaid", struct graph_opts, mermaid, "print it for Mermaid"),
	OPT_FLAG(0, "json", struct graph_opts, json, "print JSON"),
	OPT_END,
};

struct tie {
	size_t node, ahead;
	bool delivered;
};

struct box {
	char *id;
	const char *word;	/* "ready", "waiting", ...; "missing" when there is no such task */
	int64_t priority;
	char *title;
	size_t first, last;	/* its ties, as a range of picture.ties */
	bool shown;
	bool in;		/* in a circle */
};

struct picture {
	VEC(struct box) nodes;
	VEC(struct tie) ties;
	struct map index;	/* ids to the number + 1 */
	struct graph *g;
	size_t *order, *depth;
};

static void
picture_free(struct picture *p)
{
	size_t i;

	for (i = 0; i < p->nodes.n; i++) {
		free(p->nodes.v[i].id);
		free(p->nodes.v[i].title);
	}
	vec_free(&p->nodes);
	vec_free(&p->ties);
	map_free(&p->index, NULL);
	graph_free(p->g);
	free(p->order);
	free(p->depth);
}

/* ---- reading ---- */

static size_t
find(const struct picture *p, const char *id)
{
	void *at = map_get(&p->index, id);

	return at != NULL ? (size_t)(uintptr_t)at - 1 : NONE;
}

static size_t
add_node(struct picture *p, const char *id, const char *word, int64_t priority, const char *title)
{
	vec_push(&p->nodes, (struct box){.id = mem_strdup(id), .word = word, .priority = priority,
	    .title = mem_strdup(title), .shown = true});
	(void)map_set(&p->index, id, (void *)(uintptr_t)p->nodes.n);
	return p->nodes.n - 1;
}

struct reading {
	struct picture *p;
	VEC(struct strs) after;	/* of each node */
};

static struct err *
take_row(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	struct reading *r = ctx;
	struct strs after = {0};
	size_t i;

	if (row->task == NULL) {
		(void)add_node(r->p, row->id.s, "broken", TASK_PRIORITY, row->broken);
	} else {
		(void)add_node(r->p, row->id.s, row_word(row), row->task->priority, row->task->title);
		for (i = 0; i < row->task->after.n; i++)
			strs_add(&after, row->task->after.v[i]);
	}
	vec_push(&r->after, after);
	return NULL;
}

/* What is done and not shown is in nobody's way; what does not exist is. */
static void
tie(struct picture *p, struct queue *q, size_t node, const struct after *a)
{
	size_t ahead = find(p, a->id.s);
	enum task_state state;

	if (ahead == NONE && queue_lookup(q, a->id.s, &state))
		return;
	if (ahead == NONE)
		ahead = add_node(p, a->id.s, "missing", TASK_PRIORITY, "there is no such task");
	vec_push(&p->ties, (struct tie){node, ahead, a->delivered});
}

static void
tie_all(struct reading *r, struct queue *q)
{
	struct picture *p = r->p;
	struct after a;
	size_t i, k;

	for (i = 0; i < r->after.n; i++) {
		p->nodes.v[i].first = p->ties.n;
		for (k = 0; k < r->after.v[i].n; k++)
			if (after_parse(str_of(r->after.v[i].v[k]), &a))
				tie(p, q, i, &a);
		p->nodes.v[i].last = p->ties.n;
	}
}

static void
lay_out(struct picture *p)
{
	size_t i, n = p->nodes.n;
	AUTO(mem_free_p) bool *in = mem_alloc((n + 1) * sizeof(*in));

	p->g = graph_new(n);
	for (i = 0; i < p->ties.n; i++)
		graph_add(p->g, p->ties.v[i].node, p->ties.v[i].ahead);
	p->order = mem_alloc((n + 1) * sizeof(*p->order));
	p->depth = mem_alloc((n + 1) * sizeof(*p->depth));
	graph_order(p->g, p->order, p->depth);
	(void)graph_circles(p->g, in);
	for (i = 0; i < n; i++)
		p->nodes.v[i].in = in[i];
}

static struct err *
read_picture(struct queue *q, bool all, struct picture *p)
{
	struct reading r = {.p = p};
	struct err *e = queue_each(q, all ? QUEUE_ALL : QUEUE_OPEN, take_row, &r);
	size_t i;

	if (e == NULL) {
		tie_all(&r, q);
		lay_out(p);
	}
	for (i = 0; i < r.after.n; i++)
		strs_free(&r.after.v[i]);
	vec_free(&r.after);
	return e;
}

/* Of these tasks only, what they come after and what comes after them. */
static struct err *
keep_around(struct queue *q, const struct args *args, struct picture *p)
{
	AUTO(mem_free_p) bool *kept = mem_alloc((p->nodes.n + 1) * sizeof(*kept));
	size_t i, way, node;
	struct id id;

	for (i = 0; i < args->n; i++) {
		TRY(queue_find(q, args->v[i], &id));
		node = find(p, id.s);
		if (node == NONE)
			return err_hint(err_new(ERR_STATE, "task '%s' is done", id.s), "it is drawn with --all");
		for (way = 0; way < 2; way++) {
			AUTO(mem_free_p) bool *marked = mem_alloc(p->nodes.n * sizeof(*marked));
			size_t k;

			graph_reach(p->g, node, way == 0, marked);
			for (k = 0; k < p->nodes.n; k++)
				kept[k] |= marked[k];
		}
	}
	for (i = 0; i < p->nodes.n; i++)
		p->nodes.v[i].shown = kept[i];
	return NULL;
}

/* ---- text: a forest, each task below the last of those that it waits for ---- */

static bool
is_drawn(const struct picture *p, const struct tie *t)
{
	return p->nodes.v[t->node].shown && p->nodes.v[t->ahead].shown;
}

/* The one ahead that is placed before it and farthest from the roots. */
static size_t
parent_of(const struct picture *p, size_t node, const size_t place[])
{
	const struct box *n = &p->nodes.v[node];
	size_t i, ahead, best = NONE;

	for (i = n->first; i < n->last; i++) {
		ahead = p->ties.v[i].ahead;
		if (!p->nodes.v[ahead].shown || place[ahead] >= place[node])
			continue;
		if (best == NONE || p->depth[ahead] > p->depth[best])
			best = ahead;
	}
	return best;
}

static void
print_node(struct app *app, const struct picture *p, size_t node, size_t parent, size_t level)
{
	const struct box *n = &p->nodes.v[node];
	const char *lead = "  after ";
	struct out *o = &app->out;
	size_t i;

	out_printf(o, "%*s%s  ", (int)(2 * (level < INDENT_MAX ? level : INDENT_MAX)), "", n->id);
	out_style(o, word_style(n->word));
	out_printf(o, "%-9s", n->word);
	out_style(o, STYLE_RESET);
	out_printf(o, "  ");
	out_line(o, str_of(n->title));
	out_style(o, STYLE_DIM);
	if (n->in)
		out_printf(o, "  in a circle");
	for (i = n->first; i < n->last; i++) {
		const struct tie *t = &p->ties.v[i];

		/* The indentation says the rest. */
		if (!is_drawn(p, t) || (t->ahead == parent && !t->delivered && n->last - n->first == 1))
			continue;
		out_printf(o, "%s%s%s", lead, p->nodes.v[t->ahead].id, t->delivered ? AFTER_DELIVERED : "");
		lead = ", ";
	}
	out_style(o, STYLE_RESET);
	out_printf(o, "\n");
}

struct forest {
	size_t *parent, *child, *next;	/* first child, next sibling; NONE ends */
};

static void
plant(const struct picture *p, struct forest *f, size_t *root)
{
	size_t i, node, *place = mem_alloc((p->nodes.n + 1) * sizeof(*place));

	for (i = 0; i < p->nodes.n; i++) {
		place[p->order[i]] = i;
		f->child[i] = NONE;
	}
	*root = NONE;
	/* From the last to the first, so that each list is in the order of the queue. */
	for (node = p->nodes.n; node-- > 0;) {
		f->parent[node] = p->nodes.v[node].shown ? parent_of(p, node, place) : NONE;
		if (!p->nodes.v[node].shown)
			continue;
		if (f->parent[node] == NONE) {
			f->next[node] = *root;
			*root = node;
		} else {
			f->next[node] = f->child[f->parent[node]];
			f->child[f->parent[node]] = node;
		}
	}
	free(place);
}

static void
print_text(struct app *app, const struct picture *p)
{
	size_t bytes = (p->nodes.n + 1) * sizeof(size_t), node, level = 0;
	struct forest f = {mem_alloc(bytes), mem_alloc(bytes), mem_alloc(bytes)};

	plant(p, &f, &node);
	while (node != NONE) {
		print_node(app, p, node, f.parent[node], level);
		if (f.child[node] != NONE) {
			node = f.child[node];
			level++;
			continue;
		}
		while (f.next[node] == NONE && f.parent[node] != NONE) {
			node = f.parent[node];
			level--;
		}
		node = f.next[node];
	}
	free(f.parent);
	free(f.child);
	free(f.next);
}

/* ---- for other programs ---- */

/* Inside of double quotes, for Graphviz. */
static void
add_dot(struct buf *b, const char *text)
{
	AUTO(buf_free) struct buf safe = BUF_INIT(64 * KIB);
	size_t i;

	text_visible(&safe, str_of(text), true);
	for (i = 0; i < safe.n; i++) {
		if (safe.p[i] == '"' || safe.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, safe.p[i]);
	}
}

static void
add_dot_nodes(struct buf *b, const struct picture *p)
{
	size_t i;

	for (i = 0; i < p->nodes.n; i++) {
		const struct box *n = &p->nodes.v[i];

		if (!n->shown)
			continue;
		buf_addf(b, "\t\"%s\" [label=\"%s %s\\n", n->id, n->id, n->word);
		add_dot(b, n->title);
		buf_addf(b, "\"%s];\n", n->in ? ", color=red" : "");
	}
}

static void
add_dot_ties(struct buf *b, const struct picture *p)
{
	size_t i;

	for (i = 0; i < p->ties.n; i++) {
		const struct tie *t = &p->ties.v[i];

		if (is_drawn(p, t))
			buf_addf(b, "\t\"%s\" -> \"%s\"%s;\n", p->nodes.v[t->ahead].id,
			    p->nodes.v[t->node].id, t->delivered ? " [style=dashed]" : "");
	}
}

static void
make_dot(struct buf *b, const struct picture *p)
{
	buf_adds(b, "digraph tasks {\n\trankdir=LR;\n\tnode [shape=box];\n");
	add_dot_nodes(b, p);
	add_dot_ties(b, p);
	buf_adds(b, "}\n");
}

/* Inside of ["..."]: what Mermaid could take for its own becomes an entity code. */
static void
add_mermaid(struct buf *b, const char *text)
{
	AUTO(buf_free) struct buf safe = BUF_INIT(64 * KIB);
	size_t i;

	text_visible(&safe, str_of(text), true);
	for (i = 0; i < safe.n; i++) {
		if (strchr("\"#<>&;`\\", safe.p[i]) != NULL)
			buf_addf(b, "#%d;", safe.p[i]);
		else
			buf_addc(b, safe.p[i]);
	}
}

/* An id may be a word of Mermaid ("subgraph"), so none stands alone. */
static void
make_mermaid(struct buf *b, const struct picture *p)
{
	size_t i;

	buf_adds(b, "flowchart LR\n");
	for (i = 0; i < p->nodes.n; i++) {
		const struct box *n = &p->nodes.v[i];

		if (!n->shown)
			continue;
		buf_addf(b, "    t_%s[\"%s %s<br/>", n->id, n->id, n->word);
		add_mermaid(b, n->title);
		buf_adds(b, "\"]\n");
	}
	for (i = 0; i < p->ties.n; i++) {
		const struct tie *t = &p->ties.v[i];

		if (is_drawn(p, t))
			buf_addf(b, "    t_%s %s t_%s\n", p->nodes.v[t->ahead].id,
			    t->delivered ? "-.->" : "-->", p->nodes.v[t->node].id);
	}
}

static void
put_ties(struct jw *w, const struct picture *p, const struct box *n)
{
	size_t i;

	jw_key(w, "after");
	jw_list(w);
	for (i = n->first; i < n->last; i++) {
		if (!is_drawn(p, &p->ties.v[i]))
			continue;
		jw_obj(w);
		jw_kstr(w, "id", p->nodes.v[p->ties.v[i].ahead].id);
		jw_kstr(w, "until", p->ties.v[i].delivered ? "delivered" : "landed");
		jw_end(w);
	}
	jw_end(w);
}

static void
put_node(struct jw *w, const struct picture *p, size_t node)
{
	const struct box *n = &p->nodes.v[node];

	jw_obj(w);
	jw_kstr(w, "id", n->id);
	jw_kstr(w, "state", n->word);
	jw_kint(w, "priority", n->priority);
	jw_kstr(w, "title", n->title);
	jw_kint(w, "depth", (int64_t)p->depth[node]);
	jw_kbool(w, "circle", n->in);
	put_ties(w, p, n);
	jw_end(w);
}

static void
make_json(struct buf *b, const struct picture *p)
{
	struct jw w;
	size_t i;

	jw_init(&w, b, true);
	jw_list(&w);
	for (i = 0; i < p->nodes.n; i++)
		if (p->nodes.v[p->order[i]].shown)
			put_node(&w, p, p->order[i]);
	jw_end(&w);
}

struct err *
task_graph(struct app *app, const void *opts, const struct args *args)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(picture_free) struct picture p = {0};
	AUTO(desk_close) struct desk d = {0};
	const struct graph_opts *o = opts;

	if (o->dot + o->mermaid + o->json > 1)
		return err_new(ERR_USAGE, "one form at a time: --dot, --mermaid or --json");
	TRY(desk_queue(app, &d));
	TRY(read_picture(d.queue, o->all, &p));
	if (args->n > 0)
		TRY(keep_around(d.queue, args, &p));
	if (o->dot)
		make_dot(&text, &p);
	else if (o->mermaid)
		make_mermaid(&text, &p);
	else if (o->json)
		make_json(&text, &p);
	else
		print_text(app, &p);
	TRY(buf_check(&text, "the graph"));
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

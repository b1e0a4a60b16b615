/*
 * git factory node - the machines that work on this repository.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "model/task.h"
#include "store/lease.h"
#include "store/nodes.h"
#include "store/queue.h"
#include "store/state.h"
#include "wire/json.h"

struct node_opts {
	bool json;
};

static const struct opt list_table[] = {
	OPT_FLAG(0, "json", struct node_opts, json, "print JSON"),
	OPT_END,
};

/* "alive" and "gone" are known of this host only; of others, when they were seen. */
static const char *
node_word(const struct node_info *n)
{
	return node_dead(n) ? "gone" : n->remote ? "seen" : "alive";
}

/* A run by hand is on a machine that does not say that it is a node. */
static struct err *
all_nodes(struct desk *d, struct node_infos *out)
{
	const struct lease_infos *l = queue_leases(d->queue);
	size_t i, k;

	TRY(node_list(d->state, out));
	for (i = 0; i < l->n; i++) {
		for (k = 0; k < out->n; k++)
			if (strcmp(out->v[k].name, l->v[i].node) == 0)
				break;
		if (k == out->n && *l->v[i].node != '\0')
			vec_push(out, ((struct node_info){.name = mem_strdup(l->v[i].node),
			    .host = mem_strdup(l->v[i].host), .boot = mem_strdup(""), .hours = mem_strdup(""),
			    .version = mem_strdup(""), .beat = l->v[i].beat, .since = l->v[i].since,
			    .remote = l->v[i].remote}));
	}
	return NULL;
}

static int64_t
count_runs(const struct lease_infos *l, const char *node)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		n += strcmp(l->v[i].node, node) == 0;
	return n;
}

static char *
title_of(struct queue *q, const struct id *task)
{
	struct queue_row row;
	struct err *e = queue_peek(q, task, &row);
	char *title = e == NULL && row.task != NULL ? mem_strdup(row.task->title) : mem_strdup("");

	err_free(e);
	return title;
}

static void
print_runs(struct app *app, struct queue *q, const char *node)
{
	const struct lease_infos *l = queue_leases(q);
	char since[CLOCK_TEXT];
	size_t i;

	for (i = 0; i < l->n; i++) {
		AUTO(mem_free_p) char *title = NULL;

		if (strcmp(l->v[i].node, node) != 0)
			continue;
		title = title_of(q, &l->v[i].task);
		clock_format(l->v[i].since, since);
		out_printf(&app->out, "  %s  run %s, attempt %" PRId64 ", since %s  ", l->v[i].task.s, l->v[i].run.s,
		    l->v[i].attempt, since);
		out_line(&app->out, str_of(title));
		out_printf(&app->out, "\n");
	}
}

static void
print_node(struct app *app, struct queue *q, const struct node_info *n)
{
	const char *word = node_word(n);
	char since[CLOCK_TEXT], beat[CLOCK_TEXT];
	size_t i;

	clock_format(n->since, since);
	clock_format(n->beat, beat);
	out_style(&app->out, STYLE_BOLD);
	out_line(&app->out, str_of(n->name));
	out_style(&app->out, strcmp(word, "alive") == 0 ? STYLE_GREEN : STYLE_DIM);
	out_printf(&app->out, "  %s", word);
	out_style(&app->out, STYLE_RESET);
	if (n->slots > 0)
		out_printf(&app->out, "  %" PRId64 " of %" PRId64 " slots", count_runs(queue_leases(q), n->name), n->slots);
	if (*n->hours != '\0')
		out_printf(&app->out, "  %s", n->hours);
	out_printf(&app->out, "  since %s", since);
	if (n->remote)
		out_printf(&app->out, ", last sign %s", beat);
	out_printf(&app->out, "\n");
	for (i = 0; i < n->labels.n; i++)
		out_printf(&app->out, "%s%s%s", i == 0 ? "  has " : ", ", n->labels.v[i], i + 1 == n->labels.n ? "\n" : "");
	print_runs(app, q, n->name);
}

static void
put_runs(struct jw *w, struct queue *q, const char *node)
{
	const struct lease_infos *l = queue_leases(q);
	char text[CLOCK_TEXT];
	size_t i;

	jw_key(w, "runs");
	jw_list(w);
	for (i = 0; i < l->n; i++) {
		AUTO(mem_free_p) char *title = NULL;

		if (strcmp(l->v[i].node, node) != 0)
			continue;
		title = title_of(q, &l->v[i].task);
		jw_obj(w);
		jw_kstr(w, "task", l->v[i].task.s);
		jw_kstr(w, "title", title);
		jw_kstr(w, "run", l->v[i].run.s);
		jw_kint(w, "attempt", l->v[i].attempt);
		clock_format(l->v[i].since, text);
		jw_kstr(w, "since", text);
		clock_format(l->v[i].beat, text);
		jw_kstr(w, "beat", text);
		jw_end(w);
	}
	jw_end(w);
}

static void
put_node(struct jw *w, struct queue *q, const struct node_info *n)
{
	char text[CLOCK_TEXT];
	size_t i;

	jw_obj(w);
	jw_kstr(w, "name", n->name);
	jw_kstr(w, "state", node_word(n));
	jw_kstr(w, "host", n->host);
	jw_kint(w, "pid", n->pid);
	jw_kint(w, "slots", n->slots);
	jw_kstr(w, "hours", n->hours);
	jw_kstr(w, "version", n->version);
	clock_format(n->since, text);
	jw_kstr(w, "since", text);
	clock_format(n->beat, text);
	jw_kstr(w, "beat", text);
	jw_key(w, "labels");
	jw_list(w);
	for (i = 0; i < n->labels.n; i++)
		jw_str(w, n->labels.v[i]);
	jw_end(w);
	put_runs(w, q, n->name);
	jw_end(w);
}

static struct err *
list(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(node_infos_free) struct node_infos all = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const struct node_opts *o = opts;
	struct jw w;
	size_t i;

	TRY(desk_queue(app, &d));
	TRY(all_nodes(&d, &all));
	jw_init(&w, &text, true);
	jw_list(&w);
	for (i = 0; i < all.n; i++) {
		if (o->json)
			put_node(&w, d.queue, &all.v[i]);
		else
			print_node(app, d.queue, &all.v[i]);
	}
	jw_end(&w);
	if (o->json)
		out_raw(&app->out, buf_str(&text));
	else if (all.n == 0)
		out_printf(&app->out, "No node is at work: 'git factory work' makes this machine one.\n");
	return NULL;
}

const struct verb cmd_node[] = {
	{.noun = "node", .name = "list", .args = "", .doc = "show who is at work, and on what", .opts = list_table,
	    .opts_size = sizeof(struct node_opts), .flags = VERB_PAGER, .run = list},
	VERB_END,
};

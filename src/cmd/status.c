/*
 * git factory status - where everything stands, at a glance.
 */
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
#include "wire/json.h"

struct status_opts {
	bool json;
};

static const struct opt status_table[] = {
	OPT_FLAG(0, "json", struct status_opts, json, "print JSON"),
	OPT_END,
};

struct count {
	const char *word;
	size_t n;
};

#define COUNTS 9

static void
name_counts(const struct queue_counts *c, struct count out[COUNTS])
{
	const struct count all[COUNTS] = {
	    {"ready", c->ready}, {"running", c->running}, {"waiting", c->waiting}, {"held", c->held},
	    {"escalated", c->escalated}, {"delivered", c->delivered}, {"broken", c->broken},
	    {"landed", c->landed}, {"closed", c->closed}};

	memcpy(out, all, sizeof(all));
}

struct noting {
	struct app *app;
	struct queue *q;
	struct jw *w;	/* NULL for text */
};

static void
note_line(struct app *app, enum out_style style, const char *word, const char *id, const char *text)
{
	out_style(&app->out, style);
	out_printf(&app->out, "%-10s", word);
	out_style(&app->out, STYLE_RESET);
	out_printf(&app->out, " %s  ", id);
	out_line(&app->out, str_of(text));
	out_printf(&app->out, "\n");
}

static struct err *
note_row(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	AUTO(buf_free) struct buf next = BUF_INIT(BUF_TEXT);
	struct noting *n = ctx;

	if (n->w != NULL) {
		row_json(n->w, n->q, row, false, NULL);
		return NULL;
	}
	if (row->running)
		return NULL;
	if (row->broken != NULL) {
		note_line(n->app, STYLE_RED, "broken", row->id.s, row->broken);
		return NULL;
	}
	note_line(n->app, row->task->state == TASK_ESCALATED ? STYLE_YELLOW : STYLE_GREEN,
	    row_word(row), row->id.s, row->task->title);
	if (row->task->pull != 0)
		out_printf(&n->app->out, "%-10s pull request #%lld\n", "", (long long)row->task->pull);
	next_text(row->task->class, row->task->next, row->task->retry_at, &next);
	if (next.n > 0) {
		out_printf(&n->app->out, "%-10s ", "");
		out_line(&n->app->out, buf_str(&next));
		out_printf(&n->app->out, "\n");
	}
	if (*row->task->question != '\0') {
		out_printf(&n->app->out, "%-10s ", "");
		out_line(&n->app->out, str_of(row->task->question));
		out_printf(&n->app->out, "\n");
	}
	return NULL;
}

/* Ready but for this machine: how many, and the first of them. */
#define UNMET_SHOWN 20

struct unmet {
	struct noting *n;	/* NULL only counts */
	size_t count;
};

static struct err *
unmet_row(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	AUTO(mem_free_p) char *why = NULL;
	struct unmet *u = ctx;

	if (u->count++ >= UNMET_SHOWN || u->n == NULL)
		return NULL;
	if (u->n->w != NULL) {
		row_json(u->n->w, u->n->q, row, false, NULL);
		return NULL;
	}
	why = needs_why(queue_state(u->n->q), needs_missing(queue_state(u->n->q), row->task));
	note_line(u->n->app, STYLE_DIM, "waiting", row->id.s, row->task->title);
	out_printf(&u->n->app->out, "%-10s ", "");
	out_line(&u->n->app->out, str_of(why));
	out_printf(&u->n->app->out, "\n");
	return NULL;
}

static struct err *
print_running(struct app *app, struct queue *q)
{
	const struct lease_infos *l = queue_leases(q);
	struct queue_row row;
	char since[CLOCK_TEXT];
	struct err *e;
	size_t i;

	for (i = 0; i < l->n; i++) {
		e = queue_peek(q, &l->v[i].task, &row);
		if (e != NULL) {
			err_free(e);
			continue;
		}
		note_line(app, STYLE_BLUE, "running", row.id.s, row.task != NULL ? row.task->title : row.broken);
		clock_format(l->v[i].since, since);
		if (*l->v[i].node == '\0')
			out_printf(&app->out, "%-10s its lease cannot be read\n", "");
		else
			out_printf(&app->out, "%-10s run %s on %s since %s\n", "", l->v[i].run.s, l->v[i].node,
			    since);
	}
	return NULL;
}

static struct err *
print_text(struct app *app, struct queue *q, const struct count counts[COUNTS], const struct id *next)
{
	struct noting n = {.app = app, .q = q};
	struct unmet unmet = {.n = &n};
	struct queue_row row;
	bool any = false;
	size_t i;

	for (i = 0; i < COUNTS; i++)
		if (counts[i].n > 0) {
			out_printf(&app->out, "%s%zu %s", any ? ", " : "", counts[i].n, counts[i].word);
			any = true;
		}
	out_printf(&app->out, any ? "\n" : "No task yet: write one with 'git factory task add TITLE'.\n");
	TRY(print_running(app, q));
	TRY(queue_each(q, QUEUE_NOTED, note_row, &n));
	TRY(queue_each(q, QUEUE_UNMET, unmet_row, &unmet));
	if (next == NULL)
		return NULL;
	TRY(queue_peek(q, next, &row));
	note_line(app, STYLE_BOLD, "next", next->s, row.task->title);
	return NULL;
}

static void
put_running(struct jw *w, const struct lease_infos *l)
{
	char text[CLOCK_TEXT];
	size_t i;

	jw_key(w, "running");
	jw_list(w);
	for (i = 0; i < l->n; i++) {
		jw_obj(w);
		jw_kstr(w, "task", l->v[i].task.s);
		jw_kstr(w, "run", l->v[i].run.s);
		jw_kstr(w, "node", l->v[i].node);
		clock_format(l->v[i].since, text);
		jw_kstr(w, "since", text);
		clock_format(l->v[i].beat, text);
		jw_kstr(w, "beat", text);
		jw_end(w);
	}
	jw_end(w);
}

static struct err *
print_json(struct app *app, struct queue *q, const struct count counts[COUNTS], const struct id *next)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const struct strs *remarks = queue_remarks(q);
	struct jw w;
	struct noting n = {.app = app, .q = q, .w = &w};
	struct unmet unmet = {.n = &n};
	size_t i;

	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_key(&w, "counts");
	jw_obj(&w);
	for (i = 0; i < COUNTS; i++)
		jw_kint(&w, counts[i].word, (int64_t)counts[i].n);
	jw_end(&w);
	jw_kstr(&w, "next", next != NULL ? next->s : NULL);
	put_running(&w, queue_leases(q));
	jw_key(&w, "noted");
	jw_list(&w);
	TRY(queue_each(q, QUEUE_NOTED, note_row, &n));
	TRY(queue_each(q, QUEUE_UNMET, unmet_row, &unmet));
	jw_end(&w);
	jw_key(&w, "remarks");
	jw_list(&w);
	for (i = 0; i < remarks->n; i++)
		jw_str(&w, remarks->v[i]);
	jw_end(&w);
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

static struct err *
status(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(err_free_p) struct err *none = NULL;
	const struct status_opts *o = opts;
	struct count counts[COUNTS];
	struct queue_counts c;
	struct unmet unmet = {0};
	struct id next;

	TRY(desk_queue(app, &d));
	TRY(queue_count(d.queue, &c));
	TRY(queue_each(d.queue, QUEUE_UNMET, unmet_row, &unmet));
	c.ready -= unmet.count < c.ready ? unmet.count : c.ready;
	c.waiting += unmet.count;
	name_counts(&c, counts);
	none = queue_next(d.queue, &next);
	if (none != NULL && !err_is(none, ERR_NOTHING_READY))
		return STEAL(none);
	return (o->json ? print_json : print_text)(app, d.queue, counts, none == NULL ? &next : NULL);
}

const struct verb cmd_status[] = {
	{.noun = "status", .args = "", .doc = "show where everything stands", .opts = status_table,
	    .opts_size = sizeof(struct status_opts), .run = status},
	VERB_END,
};

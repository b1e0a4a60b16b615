/*
 * git factory task dep - what a task comes after, and what waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "model/after.h"
#include "model/task.h"
#include "store/queue.h"

struct err *
dep_find(struct queue *q, const char *entry, struct after *out)
{
	AUTO(mem_free_p) char *prefix = NULL;
	struct after a;

	prefix = str_dup(after_split(str_of(entry), &a.delivered));
	TRY(queue_find(q, prefix, &a.id));
	*out = a;
	return NULL;
}

struct wish {
	VEC_FIELDS(struct after);
	bool remove;
};

static struct err *
change(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	const struct wish *w = ctx;
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->remove)
			after_drop(&task->after, w->v[i].id.s);
		else
			after_put(&task->after, &w->v[i]);
	return NULL;
}

static struct err *
resolve(struct queue *q, const struct args *args, struct wish *w)
{
	struct after a;
	size_t i;

	for (i = 1; i < args->n; i++) {
		TRY(dep_find(q, args->v[i], &a));
		vec_push(w, a);
	}
	return NULL;
}

struct err *
dep_change(struct queue *q, const struct id *id, const struct args *args, bool remove)
{
	AUTO(mem_free_p) char *message = mem_printf("task %s: change what comes first", id->s);
	struct wish w = {.remove = remove};
	struct err *e = resolve(q, args, &w);

	if (e == NULL)
		e = queue_change(q, id, message, change, &w);
	vec_free(&w);
	return e;
}

struct display {
	struct app *app;
	const char *id;
};

static void
show_one(struct app *app, const char *what, const struct queue_row *row)
{
	out_printf(&app->out, "%-6s ", what);
	row_line(app, row);
}

static struct err *
show_waiting(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	struct display *d = ctx;

	if (row->task != NULL && after_has(&row->task->after, d->id))
		show_one(d->app, "before", row);
	return NULL;
}

struct err *
dep_show(struct app *app, struct queue *q, const struct id *id)
{
	struct display d = {.app = app, .id = id->s};
	AUTO(strs_free) struct strs after = {0};
	struct queue_row row;
	struct after other;
	struct err *e;
	size_t i;

	TRY(queue_peek(q, id, &row));
	for (i = 0; row.task != NULL && i < row.task->after.n; i++)
		strs_add(&after, row.task->after.v[i]);
	for (i = 0; i < after.n; i++) {
		if (!after_parse(str_of(after.v[i]), &other))
			continue;
		e = queue_peek(q, &other.id, &row);
		if (e == NULL)
			show_one(app, other.delivered ? "after (delivered)" : "after", &row);
		else
			out_printf(&app->out, "after  %s  missing\n", after.v[i]);
		err_ignore(e);
	}
	return queue_each(q, QUEUE_OPEN, show_waiting, &d);
}

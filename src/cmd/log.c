/*
 * git factory log - what was run, newest first.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "wire/json.h"

struct log_opts {
	int64_t count;
	bool json;
};

static const struct log_opts defaults = {.count = -1};

static const struct opt log_table[] = {
	OPT_NUMBER('n', "count", "N", struct log_opts, count, 0, INT64_MAX, "at most so many"),
	OPT_FLAG(0, "json", struct log_opts, json, "print the records as JSON"),
	OPT_END,
};

struct logging {
	struct app *app;
	const struct log_opts *o;
	const struct id *only;	/* a task, or NULL for all */
	struct jw w;
	int64_t n;
};

/* A run that waits has no record yet: what the task says of it. */
static struct err *
log_waiting(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	AUTO(buf_free) struct buf next = BUF_INIT(BUF_TEXT);
	struct logging *l = ctx;
	enum failure class;

	if (row->task == NULL || row->task->state != TASK_QUEUED || !failure_parse(row->task->class, &class) ||
	    class == FAILURE_NONE || failure_row(class)->next != NEXT_RESUME ||
	    (l->only != NULL && strcmp(l->only->s, row->id.s) != 0))
		return NULL;
	l->n++;
	next_text(row->task->class, row->task->next, row->task->retry_at, &next);
	out_printf(&l->app->out, "%-8s  %-20s  %s  %-9s  %8s  %6s  ", "-", "-", row->id.s, row_word(row), "", "");
	out_line(&l->app->out, str_of(row->task->title));
	out_printf(&l->app->out, "\n%-8s  ", "");
	out_line(&l->app->out, buf_str(&next));
	out_printf(&l->app->out, "\n");
	return NULL;
}

static struct err *
log_run(const struct run *r, void *ctx, bool *more)
{
	AUTO(buf_free) struct buf record = BUF_INIT(RUN_FILE_MAX);
	struct logging *l = ctx;

	if (l->o->count >= 0 && l->n >= l->o->count) {
		*more = false;
		return NULL;
	}
	l->n++;
	if (!l->o->json) {
		run_line(l->app, r);
		return NULL;
	}
	run_format(r, &record);
	jw_raw(&l->w, str_trim(buf_str(&record)));
	return NULL;
}

static struct err *
show_log(struct app *app, const void *opts, const struct args *args)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4 * BUF_TEXT);
	AUTO(desk_close) struct desk d = {0};
	struct logging l = {.app = app, .o = opts};
	int64_t waiting;
	struct id id;

	TRY(desk_queue(app, &d));
	if (args->n > 0)
		TRY(queue_find(d.queue, args->v[0], &id));
	l.only = args->n > 0 ? &id : NULL;
	if (!l.o->json)
		TRY(queue_each(d.queue, QUEUE_NOTED, log_waiting, &l));
	waiting = l.n;
	l.n = 0;
	jw_init(&l.w, &text, true);
	jw_list(&l.w);
	TRY(ledger_each(d.queue, l.only, log_run, &l));
	jw_end(&l.w);
	TRY(buf_check(&text, "the log"));
	if (l.o->json)
		out_raw(&app->out, buf_str(&text));
	else if (l.n + waiting == 0)
		out_printf(&app->note, "no run is on record\n");
	return NULL;
}

const struct verb cmd_log[] = {
	{.noun = "log", .args = "[ID]", .doc = "list the runs, of all tasks or of one", .opts = log_table,
	    .opts_size = sizeof(struct log_opts), .defaults = &defaults, .max_args = 1,
	    .flags = VERB_PAGER, .run = show_log},
	VERB_END,
};

/*
 * git factory task import, export - many tasks as a file of JSON lines.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "model/after.h"
#include "model/task_line.h"
#include "store/import.h"
#include "store/queue.h"
#include "wire/json.h"

const struct opt import_table[] = {
	OPT_FLAG('n', "dry-run", struct import_opts, dry, "check the file, and file nothing"),
	OPT_FLAG(0, "json", struct import_opts, json, "print JSON"),
	OPT_END,
};

const struct opt export_table[] = {
	OPT_END,
};

static struct err *
read_file(const char *file, struct buf *out)
{
	if (strcmp(file, "-") == 0)
		return file_read_fd(STDIN_FILENO, "standard input", out);
	return file_read(AT_FDCWD, file, out);
}

static void
print_items(struct app *app, const struct import_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		out_printf(&app->out, "%s", items->v[i].id.s);
		if (items->v[i].ref != NULL) {
			out_printf(&app->out, "  ");
			out_line(&app->out, str_of(items->v[i].ref));
		}
		out_printf(&app->out, "\n");
	}
}

static void
put_items(struct app *app, const struct import_items *items, bool filed)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;
	size_t i;

	jw_init(&w, &text, true);
	jw_list(&w);
	for (i = 0; i < items->n; i++) {
		jw_obj(&w);
		jw_kstr(&w, "id", filed ? items->v[i].id.s : NULL);
		jw_kstr(&w, "ref", items->v[i].ref);
		jw_end(&w);
	}
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
}

struct err *
task_import(struct app *app, const void *opts, const struct args *args)
{
	AUTO(import_items_free) struct import_items items = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(IMPORT_FILE_MAX);
	AUTO(desk_close) struct desk d = {0};
	const struct import_opts *o = opts;
	const char *name = strcmp(args->v[0], "-") == 0 ? "<stdin>" : args->v[0];

	TRY(read_file(args->v[0], &text));
	TRY(desk_queue(app, &d));
	TRY(queue_import(d.queue, name, buf_str(&text), o->dry, &items));
	if (o->json)
		put_items(app, &items, !o->dry);
	else if (!o->dry)
		print_items(app, &items);
	out_printf(&app->note, "%zu task%s %s\n", items.n, items.n == 1 ? "" : "s",
	    o->dry ? "could be filed" : "filed");
	return NULL;
}

/* ---- export ---- */

/* What is done is no task of the file, and nothing waits for it any more. */
static void
open_after(struct queue *q, const struct task *t, struct strs *out)
{
	enum task_state state;
	struct after a;
	size_t i;

	for (i = 0; i < t->after.n; i++)
		if (after_parse(str_of(t->after.v[i]), &a) &&
		    !(queue_lookup(q, a.id.s, &state) && task_archived(state)))
			strs_add(out, t->after.v[i]);
}

static struct err *
export_one(struct app *app, struct queue *q, const struct id *id)
{
	AUTO(buf_free) struct buf line = BUF_INIT(8 * TASK_FILE_MAX);
	AUTO(strs_free) struct strs after = {0};
	struct queue_row row;

	TRY(queue_get(q, id, &row));
	if (row.broken != NULL) {
		out_printf(&app->note, "note: left out: %s\n", row.broken);
		return NULL;
	}
	open_after(q, row.task, &after);
	task_line_format(row.task, id->s, &after, &line);
	TRY(buf_check(&line, "the line of a task"));
	out_raw(&app->out, buf_str(&line));
	return NULL;
}

struct err *
task_export(struct app *app, const void *opts UNUSED, const struct args *args UNUSED)
{
	AUTO(ids_free) struct ids ids = {0};
	AUTO(desk_close) struct desk d = {0};
	size_t i;

	TRY(desk_queue(app, &d));
	TRY(queue_ids(d.queue, QUEUE_OPEN, &ids));
	for (i = 0; i < ids.n; i++)
		TRY(export_one(app, d.queue, &ids.v[i]));
	return NULL;
}

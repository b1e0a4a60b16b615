/*
 * git factory task - write down what is to be done, and look at it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "conf/config.h"
#include "line/close.h"
#include "line/kind.h"
#include "line/pulls/mirror.h"
#include "model/after.h"
#include "model/lint.h"
#include "model/spec.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"
#include "sys/sigs.h"
#include "wire/json.h"

/* ---- fields that add and edit set ---- */

struct field_opts {
	const char *title;
	const char *type;
	int64_t priority;	/* -1: not given */
	struct opt_list labels, unlabel, needs, unneed, after;
	const char *estimate;
	const char *dir;
	const char *hold;
	bool release;
	const char *file;
	bool json;
};

static const struct field_opts field_defaults = {.priority = -1};

static void
free_opts(const struct field_opts *o)
{
	struct opt_list lists[] = {o->labels, o->unlabel, o->needs, o->unneed, o->after};
	size_t i;

	for (i = 0; i < NITEMS(lists); i++)
		vec_free(&lists[i]);
}

static void
list_change(struct strs *list, const struct opt_list *add, const struct opt_list *remove)
{
	size_t i, k;

	for (i = 0; i < remove->n; i++)
		for (k = list->n; k-- > 0;)
			if (strcmp(list->v[k], remove->v[i]) == 0) {
				free(list->v[k]);
				vec_drop(list, k);
			}
	for (i = 0; i < add->n; i++)
		if (!strs_has(list, add->v[i]))
			strs_add(list, add->v[i]);
}

/* Abbreviated ids become whole ones. */
static struct err *
resolve_after(struct queue *q, struct task *t, const struct opt_list *more)
{
	struct strs given = t->after;
	struct err *e = NULL;
	struct after a;
	size_t i;

	for (i = 0; i < more->n; i++)
		strs_add(&given, more->v[i]);
	t->after = (struct strs){0};
	for (i = 0; i < given.n && e == NULL; i++) {
		e = dep_find(q, given.v[i], &a);
		if (e == NULL)
			after_put(&t->after, &a);
	}
	strs_free(&given);
	return e;
}

static struct err *
apply_opts(const struct field_opts *o, struct task *t)
{
	if (o->title != NULL) {
		task_set_str(t, &t->title, str_trim(str_of(o->title)));
		t->heading = false;
	}
	if (o->type != NULL)
		task_set(t, &t->type, o->type);
	if (o->priority >= 0)
		t->priority = o->priority;
	if (o->dir != NULL)
		task_set(t, &t->dir, o->dir);
	if (o->hold != NULL || o->release)
		task_set(t, &t->hold, o->release ? "" : o->hold);
	if (o->estimate != NULL && !clock_parse_span(o->estimate, &t->estimate))
		return err_new(ERR_USAGE, "'%s' is no span of time like 20m or 1h30m", o->estimate);
	list_change(&t->labels, &o->labels, &o->unlabel);
	list_change(&t->needs, &o->needs, &o->unneed);
	return task_check(t);
}

/* What messages call it. */
static const char *
file_name(const char *file)
{
	return file == NULL || strcmp(file, "-") == 0 ? "<stdin>" : file;
}

static struct err *
read_input(const char *file, struct buf *out)
{
	if (strcmp(file, "-") == 0)
		return file_read_fd(STDIN_FILENO, "standard input", out);
	return file_read(AT_FDCWD, file, out);
}

static struct err *
print_task(struct app *app, struct queue *q, const struct id *id, bool json)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(config_free) struct config rules = {0};
	AUTO(kind_free) struct kind k = {0};
	struct queue_row row;
	struct jw w;

	if (!json) {
		out_printf(&app->out, "%s\n", id->s);
		return NULL;
	}
	TRY(queue_get(q, id, &row));
	said_config(state_repo(queue_state(q)), &rules);
	if (row.task != NULL)
		kind_of(&rules, row.task, &k);
	jw_init(&w, &text, true);
	row_json(&w, q, &row, true, &k);
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

/* ---- add ---- */

static const struct opt add_table[] = {
	OPT_STRING('t', "type", "TYPE", struct field_opts, type, "kind of work; seen from its signs by default"),
	OPT_NUMBER('p', "priority", "N", struct field_opts, priority, 0, 4, "0 is most urgent (2)"),
	OPT_STRINGS('l', "label", "LABEL", struct field_opts, labels, "a label; may be given again"),
	OPT_STRINGS(0, "need", "WORD", struct field_opts, needs, "what the machine must have; may be given again"),
	OPT_STRINGS(0, "after", "ID", struct field_opts, after, "a task that comes first (ID:delivered: its pull request); may be given again"),
	OPT_STRING(0, "estimate", "SPAN", struct field_opts, estimate, "how long it may take (20m)"),
	OPT_STRING('C', "dir", "PATH", struct field_opts, dir, "working directory in the repository"),
	OPT_STRING(0, "hold", "REASON", struct field_opts, hold, "do not start it yet"),
	OPT_STRING('F', "file", "FILE", struct field_opts, file, "the spec: Markdown, or a structured task in YAML or JSON; - for standard input"),
	OPT_FLAG(0, "json", struct field_opts, json, "print the task as JSON"),
	OPT_END,
};

/* A remark only: the task is filed all the same. */
static void
warn_if_vague(struct app *app, const struct task *t, const struct id *id)
{
	struct lint l = {0};

	lint_task(t, &l);
	if (l.grain == GRAIN_VAGUE)
		out_printf(&app->note, "note: the spec is vague; 'git factory task lint %s' says what to add\n", id->s);
	lint_free(&l);
}

static struct err *
add_with(struct app *app, struct queue *q, const struct field_opts *o, const char *title, struct id *id)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(task_free) struct task t;

	task_init(&t);
	if (o->file != NULL)
		TRY(read_input(o->file, &text));
	if (o->file != NULL && spec_is(buf_str(&text))) {
		TRY(spec_task(file_name(o->file), buf_str(&text), 1, false, &t));
		buf_clear(&text);
	} else if (title != NULL && !str_starts(buf_str(&text), "---")) {
		/* A plain text needs no title of its own then. */
		task_set_str(&t, &t.body, buf_str(&text));
		buf_clear(&text);
	} else {
		TRY(task_parse(file_name(o->file), buf_str(&text), &t));
	}
	if (title != NULL) {
		task_set_str(&t, &t.title, str_trim(str_of(title)));
		t.heading = false;
	}
	TRY(apply_opts(o, &t));
	TRY(resolve_after(q, &t, &o->after));
	TRY(queue_add(q, &t, buf_str(&text), id));
	warn_if_vague(app, &t, id);
	return NULL;
}

static struct err *
add(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	const struct field_opts *o = opts;
	struct err *e;
	struct id id;

	e = args->n == 0 && o->file == NULL ? err_new(ERR_USAGE, "a title or a file is missing") : NULL;
	if (e == NULL)
		e = desk_queue(app, &d);
	if (e == NULL)
		e = add_with(app, d.queue, o, args->n > 0 ? args->v[0] : NULL, &id);
	if (e == NULL)
		e = print_task(app, d.queue, &id, o->json);
	free_opts(o);
	return e;
}

/* ---- list, ready ---- */

struct list_opts {
	bool all;
	bool json;
	const char *state;
	const char *type;
	struct opt_list labels;
};

static const struct opt list_table[] = {
	OPT_FLAG('a', "all", struct list_opts, all, "landed and closed ones too"),
	OPT_STRING('s', "state", "STATE", struct list_opts, state, "only those in this state"),
	OPT_STRING('t', "type", "TYPE", struct list_opts, type, "only those of this type"),
	OPT_STRINGS('l', "label", "LABEL", struct list_opts, labels, "only those with this label; may be given again"),
	OPT_FLAG(0, "json", struct list_opts, json, "print JSON"),
	OPT_END,
};

#define PIECE (64 * KIB)	/* of a list that is printed while it grows */

struct listing {
	struct app *app;
	struct queue *q;
	const struct list_opts *o;
	const char *only;	/* the word of a state, or NULL */
	struct jw w;
	size_t n;
};

static bool
is_listed(const struct listing *l, const struct queue_row *row)
{
	size_t i;

	if (l->only != NULL && strcmp(row_word(row), l->only) != 0 &&
	    !(strcmp(l->only, "queued") == 0 && row->task != NULL && row->task->state == TASK_QUEUED))
		return false;
	if (l->o->type != NULL && (row->task == NULL || strcmp(row->task->type, l->o->type) != 0))
		return false;
	for (i = 0; i < l->o->labels.n; i++)
		if (row->task == NULL || !strs_has(&row->task->labels, l->o->labels.v[i]))
			return false;
	return true;
}

static struct err *
list_row(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	struct listing *l = ctx;

	if (!is_listed(l, row))
		return NULL;
	l->n++;
	if (!l->o->json) {
		row_line(l->app, row);
		return NULL;
	}
	row_json(&l->w, l->q, row, false, NULL);
	if (l->w.out->n >= PIECE) {
		out_raw(&l->app->out, buf_str(l->w.out));
		buf_clear(l->w.out);
	}
	return NULL;
}

static struct err *
check_state(const char *word)
{
	static const char *const words[] = {"queued", "ready", "waiting", "held", "running", "delivered",
	    "escalated", "landed", "closed", "broken"};
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (strcmp(words[i], word) == 0)
			return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' is no state of a task", word),
	    "one of queued, ready, waiting, held, running, delivered, escalated, landed, closed, broken");
}

static struct err *
list_rows(struct app *app, struct queue *q, const struct list_opts *o, const char *only, size_t *n)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct listing l = {.app = app, .q = q, .o = o, .only = only};
	enum queue_which which = o->all ? QUEUE_ALL : QUEUE_OPEN;

	if (only != NULL && (strcmp(only, "landed") == 0 || strcmp(only, "closed") == 0))
		which = QUEUE_ALL;
	if (only != NULL && strcmp(only, "ready") == 0)
		which = QUEUE_READY;
	jw_init(&l.w, &text, true);
	jw_list(&l.w);
	TRY(queue_each(q, which, list_row, &l));
	jw_end(&l.w);
	TRY(buf_check(&text, "the list"));
	if (o->json)
		out_raw(&app->out, buf_str(&text));
	*n = l.n;
	return NULL;
}

static struct err *
list(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	const struct list_opts *o = opts;
	struct opt_list labels = o->labels;
	struct err *e;
	size_t n;

	e = o->state != NULL ? check_state(o->state) : NULL;
	if (e == NULL)
		e = desk_queue(app, &d);
	if (e == NULL)
		e = list_rows(app, d.queue, o, o->state, &n);
	vec_free(&labels);
	return e;
}

static const struct opt json_table[] = {
	OPT_FLAG(0, "json", struct list_opts, json, "print JSON"),
	OPT_END,
};

static struct err *
ready_one(struct app *app, struct queue *q, const char *word, bool json)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct queue_row row;
	struct err *why;
	struct id id;
	struct jw w;

	TRY(queue_find(q, word, &id));
	TRY(queue_get(q, &id, &row));
	if (json) {
		jw_init(&w, &text, true);
		row_json(&w, q, &row, false, NULL);
		out_raw(&app->out, buf_str(&text));
	}
	why = queue_ready(q, &row);
	if (why == NULL && !json)
		out_printf(&app->out, "%s is ready\n", id.s);
	return err_recode(err_wrap(why, "%s is not ready", id.s), ERR_NOTHING_READY);
}

static struct err *
ready(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	const struct list_opts *o = opts;
	struct id id;
	size_t n = 0;

	TRY(desk_queue(app, &d));
	if (args->n > 0)
		return ready_one(app, d.queue, args->v[0], o->json);
	TRY(list_rows(app, d.queue, o, "ready", &n));
	/* Says why there is none. */
	return n == 0 ? queue_next(d.queue, &id) : NULL;
}

static struct err *
next(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	const struct list_opts *o = opts;
	struct id id;

	TRY(desk_queue(app, &d));
	TRY(queue_next(d.queue, &id));
	return print_task(app, d.queue, &id, o->json);
}

/* ---- show ---- */

struct show_opts {
	bool raw;
	bool json;
};

static const struct opt show_table[] = {
	OPT_FLAG(0, "raw", struct show_opts, raw, "the file as it stands, also of a broken task"),
	OPT_FLAG(0, "json", struct show_opts, json, "print JSON"),
	OPT_END,
};

static void
show_list(struct out *o, const char *name, const struct strs *list)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);
	size_t i;

	for (i = 0; i < list->n; i++)
		buf_addf(&b, "%s%s", i > 0 ? ", " : "", list->v[i]);
	field_line(o, name, buf_cstr(&b));
}

static void
show_text(struct app *app, struct queue *q, const struct queue_row *row)
{
	AUTO(err_free_p) struct err *why = queue_ready(q, row);
	AUTO(buf_free) struct buf next = BUF_INIT(BUF_TEXT), type = BUF_INIT(BUF_TEXT);
	AUTO(config_free) struct config rules = {0};
	AUTO(kind_free) struct kind k = {0};
	const struct task *t = row->task;
	struct out *o = &app->out;
	char text[CLOCK_TEXT];

	out_style(o, STYLE_BOLD);
	out_printf(o, "%s  ", row->id.s);
	out_line(o, str_of(t->title));
	out_style(o, STYLE_RESET);
	out_printf(o, "\n");
	field_line(o, "state", row_word(row));
	if (why != NULL && t->state == TASK_QUEUED)
		field_line(o, "why", err_msg(why));
	snprintf(text, sizeof(text), "%lld", (long long)t->priority);
	field_line(o, "priority", text);
	said_config(state_repo(queue_state(q)), &rules);
	kind_of(&rules, t, &k);
	buf_addf(&type, "%s, %s severity: %s", k.name, risk_word(k.severity), k.why);
	field_line(o, "type", buf_cstr(&type));
	show_list(o, "labels", &t->labels);
	show_list(o, "needs", &t->needs);
	show_list(o, "scope", &t->scope);
	show_list(o, "after", &t->after);
	clock_format_span(t->estimate, text);
	field_line(o, "estimate", text);
	field_line(o, "dir", t->dir);
	field_line(o, "close", t->close);
	if (t->created != 0) {
		clock_format(t->created, text);
		field_line(o, "created", text);
	}
	field_line(o, "issue", t->issue);
	field_line(o, "asked by", t->asked_by);
	field_line(o, "run", t->run);
	field_line(o, "branch", t->branch);
	if (t->pull != 0) {
		snprintf(text, sizeof(text), "#%lld", (long long)t->pull);
		field_line(o, "pull", text);
	}
	field_line(o, "commit", t->commit);
	field_line(o, "error", t->error);
	show_list(o, "failures", &t->tries);
	next_text(t->class, t->next, t->retry_at, &next);
	field_line(o, "next", buf_cstr(&next));
	if (*t->question != '\0')
		out_printf(o, "\nA person must decide:\n%s\n", t->question);
	if (*t->body != '\0')
		out_printf(o, "\n%s%s", t->body, t->body[strlen(t->body) - 1] == '\n' ? "" : "\n");
}

static struct err *
show(struct app *app, const void *opts, const struct args *args)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(desk_close) struct desk d = {0};
	const struct show_opts *o = opts;
	struct queue_row row;
	struct id id;

	TRY(desk_queue(app, &d));
	TRY(queue_find(d.queue, args->v[0], &id));
	if (o->raw) {
		TRY(queue_text(d.queue, &id, &text));
		/* Byte for byte for a program; a terminal is not to be steered. */
		if (app->out.tty)
			out_printf(&app->out, "%s", buf_cstr(&text));
		else
			out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	if (o->json)
		return print_task(app, d.queue, &id, true);
	TRY(queue_get(d.queue, &id, &row));
	if (row.broken != NULL)
		return err_hint(err_new(ERR_SYNTAX, "%s", row.broken),
		    "mend it with 'git factory task edit %s', or on the branch", id.s);
	show_text(app, d.queue, &row);
	return NULL;
}

/* ---- edit ---- */

static const struct opt edit_table[] = {
	OPT_STRING(0, "title", "TITLE", struct field_opts, title, "another title"),
	OPT_STRING('t', "type", "TYPE", struct field_opts, type, "kind of work"),
	OPT_NUMBER('p', "priority", "N", struct field_opts, priority, 0, 4, "0 is most urgent"),
	OPT_STRINGS('l', "label", "LABEL", struct field_opts, labels, "add a label; may be given again"),
	OPT_STRINGS(0, "unlabel", "LABEL", struct field_opts, unlabel, "remove a label; may be given again"),
	OPT_STRINGS(0, "need", "WORD", struct field_opts, needs, "add what the machine must have; may be given again"),
	OPT_STRINGS(0, "unneed", "WORD", struct field_opts, unneed, "remove it; may be given again"),
	OPT_STRING(0, "estimate", "SPAN", struct field_opts, estimate, "how long it may take"),
	OPT_STRING('C', "dir", "PATH", struct field_opts, dir, "working directory in the repository"),
	OPT_STRING(0, "hold", "REASON", struct field_opts, hold, "do not start it yet"),
	OPT_FLAG(0, "release", struct field_opts, release, "hold it no longer"),
	OPT_STRING('F', "file", "FILE", struct field_opts, file, "the whole file anew, - for standard input"),
	OPT_FLAG(0, "json", struct field_opts, json, "print the task as JSON"),
	OPT_END,
};

static bool
names_a_field(const struct field_opts *o)
{
	return o->title != NULL || o->type != NULL || o->priority >= 0 || o->labels.n > 0 ||
	    o->unlabel.n > 0 || o->needs.n > 0 || o->unneed.n > 0 || o->estimate != NULL ||
	    o->dir != NULL || o->hold != NULL || o->release;
}

static struct err *
set_fields(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	return apply_opts(ctx, task);
}

static struct err *
replace_text(struct app *app, struct queue *q, const struct id *id, const char *file)
{
	AUTO(buf_free) struct buf old = BUF_INIT(TASK_FILE_MAX);
	AUTO(buf_free) struct buf new = BUF_INIT(TASK_FILE_MAX);
	AUTO(strs_free) struct strs conflicts = {0};
	AUTO(mem_free_p) char *kept = edit_path(queue_state(q), id);
	struct err *e;
	size_t i;

	TRY(queue_text(q, id, &old));
	if (file != NULL)
		TRY(read_input(file, &new));
	else
		TRY(edit_text(app, queue_state(q), id, buf_str(&old), &new));
	e = str_eq(buf_str(&old), buf_str(&new)) ? NULL :
	    queue_edit(q, id, buf_str(&old), buf_str(&new), &conflicts);
	if (e != NULL && file == NULL)
		return err_hint(e, "your text is kept in '%s'; edit the task again to go on", kept);
	TRY(e);
	for (i = 0; i < conflicts.n; i++)
		out_printf(&app->note, "note: '%s' was changed meanwhile: your version stays\n", conflicts.v[i]);
	if (file == NULL)
		edit_done(queue_state(q), id);
	return NULL;
}

static struct err *
edit_with(struct app *app, struct queue *q, const struct field_opts *o, const char *word, struct id *id)
{
	AUTO(mem_free_p) char *message = NULL;
	struct field_opts fields = *o;

	TRY(queue_find(q, word, id));
	if (o->file != NULL || !names_a_field(o))
		TRY(replace_text(app, q, id, o->file));
	if (!names_a_field(o))
		return NULL;
	message = mem_printf("edit task %s", id->s);
	return queue_change(q, id, message, set_fields, &fields);
}

static struct err *
edit(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	const struct field_opts *o = opts;
	struct err *e;
	struct id id;

	e = desk_queue(app, &d);
	if (e == NULL)
		e = edit_with(app, d.queue, o, args->v[0], &id);
	if (e == NULL)
		e = print_task(app, d.queue, &id, o->json);
	free_opts(o);
	return e;
}

/* ---- lint ---- */

struct lint_opts {
	const char *file;
	bool json;
};

static const struct opt lint_opts_table[] = {
	OPT_STRING('F', "file", "FILE", struct lint_opts, file, "a file that is not filed yet, - for standard input"),
	OPT_FLAG(0, "json", struct lint_opts, json, "print JSON"),
	OPT_END,
};

static struct err *
lint(struct app *app, const void *opts, const struct args *args)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(desk_close) struct desk d = {0};
	const struct lint_opts *o = opts;

	if (o->file != NULL) {
		if (args->n > 0)
			return err_new(ERR_USAGE, "either ids or a file, not both");
		TRY(read_input(o->file, &text));
		return lint_file(app, file_name(o->file), buf_str(&text), o->json);
	}
	TRY(desk_queue(app, &d));
	return lint_queue(app, d.queue, args, o->json);
}

/* ---- dep, close ---- */

struct dep_opts {
	bool remove;
	bool json;
};

static const struct opt dep_table[] = {
	OPT_FLAG('r', "remove", struct dep_opts, remove, "take the others away"),
	OPT_FLAG(0, "json", struct dep_opts, json, "print the task as JSON"),
	OPT_END,
};

struct close_opts {
	const char *message;
	bool reopen;
	bool json;
};

static const struct opt close_table[] = {
	OPT_STRING('m', "message", "REASON", struct close_opts, message, "why"),
	OPT_FLAG(0, "reopen", struct close_opts, reopen, "open it again"),
	OPT_FLAG(0, "json", struct close_opts, json, "print the task as JSON"),
	OPT_END,
};

static struct err *
dep(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	const struct dep_opts *o = opts;
	struct id id;

	TRY(desk_queue(app, &d));
	TRY(queue_find(d.queue, args->v[0], &id));
	if (args->n > 1)
		TRY(dep_change(d.queue, &id, args, o->remove));
	if (o->json)
		return print_task(app, d.queue, &id, true);
	return dep_show(app, d.queue, &id);
}

/* The task is closed here, whatever the forge says to it. */
static struct err *
close_one(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0}, after = {0};
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = line_remark, .arg = app};
	const struct close_opts *o = opts;
	const char *why = o->message != NULL ? o->message : "closed by hand";
	struct mirrored seen;
	int64_t pull = 0;
	struct id id;

	TRY(desk_queue(app, &d));
	TRY(queue_find(d.queue, args->v[0], &id));
	line.state = d.state;
	TRY(o->reopen ? reopen_task(&line, &id) : close_task(&line, &id, why, &pull));
	TRY(desk_queue(app, &after));
	TRY(print_task(app, after.queue, &id, o->json));
	if (pull == 0)
		return NULL;
	out_printf(&app->note, "pull request %" PRId64 " is closed, too; its branch stays\n", pull);
	return mirror_here(&line, &seen);
}

#define VERB(word, synopsis, text, table, type, least, most, call) \
	{.noun = "task", .name = word, .args = synopsis, .doc = text, .opts = table, \
	    .opts_size = sizeof(type), .min_args = least, .max_args = most, .run = call}

const struct verb cmd_task[] = {
	{.noun = "task", .name = "add", .args = "[TITLE]", .doc = "file a task and print its id",
	    .opts = add_table, .opts_size = sizeof(struct field_opts), .defaults = &field_defaults,
	    .min_args = 0, .max_args = 1, .run = add},
	VERB("list", "", "list the tasks, most urgent first", list_table, struct list_opts, 0, 0, list),
	VERB("show", "ID", "show one task", show_table, struct show_opts, 1, 1, show),
	{.noun = "task", .name = "edit", .args = "ID", .doc = "change a task, in the editor or by options",
	    .opts = edit_table, .opts_size = sizeof(struct field_opts), .defaults = &field_defaults,
	    .min_args = 1, .max_args = 1, .run = edit},
	VERB("ready", "[ID]", "list what can be started, or say why not", json_table, struct list_opts, 0, 1, ready),
	VERB("next", "", "print the id of the next task to start", json_table, struct list_opts, 0, 0, next),
	VERB("lint", "[ID]...", "judge whether specs are good enough to start on", lint_opts_table,
	    struct lint_opts, 0, -1, lint),
	VERB("dep", "ID [AFTER]...", "show or change what a task comes after", dep_table, struct dep_opts, 1, -1, dep),
	VERB("graph", "[ID]...", "draw what comes after what", graph_table, struct graph_opts, 0, -1, task_graph),
	VERB("import", "FILE", "file many tasks at once, all or none", import_table, struct import_opts, 1, 1, task_import),
	VERB("export", "", "print the open tasks in the form that import takes", export_table, struct import_opts, 0, 0,
	    task_export),
	VERB("close", "ID", "end a task by hand", close_table, struct close_opts, 1, 1, close_one),
	VERB_END,
};

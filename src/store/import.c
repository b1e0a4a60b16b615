#include "store/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/pack.h"
#include "git/tree.h"
#include "model/after.h"
#include "model/graph.h"
#include "model/task.h"
#include "model/task_line.h"
#include "store/circle.h"
#include "store/inside.h"
#include "store/queue.h"
#include "store/settle.h"
#include "store/state.h"

#define NAMED_MAX 12	/* members of a circle that a message names */

/* An entry of 'after', found: a line of the file, or a task that is there. */
struct ahead {
	struct after after;
	size_t index;	/* of the line; NONE for a task that is there */
	unsigned column;
};
#define NONE ((size_t)-1)

struct line {
	struct str text;
	unsigned number;
	char *ref;	/* NULL for none */
	struct id id;
	VEC(struct ahead) ahead;
};

struct import {
	struct queue *q;
	const char *file;
	VEC_FIELDS(struct line);
	struct map refs;	/* to the index + 1 */
};

static void
import_free(struct import *im)
{
	size_t i;

	for (i = 0; i < im->n; i++) {
		free(im->v[i].ref);
		vec_free(&im->v[i].ahead);
	}
	vec_free(im);
	map_free(&im->refs, NULL);
}

void
import_items_free(struct import_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++)
		free(items->v[i].ref);
	vec_free(items);
}

PRINTF(5, 6) static struct err *
err_at(const struct import *im, enum err_code code, const struct line *l, unsigned column, const char *fmt, ...)
{
	struct err *e;
	va_list ap;

	va_start(ap, fmt);
	e = err_newv(code, fmt, ap);
	va_end(ap);
	return err_wrap(e, "%s:%u:%u", im->file, l->number, column);
}

/* ---- what the lines call themselves ---- */

static struct err *
take_ref(struct import *im, const struct task_line *parsed, struct line *l)
{
	void *other;

	if (parsed->ref == NULL)
		return NULL;
	other = map_get(&im->refs, parsed->ref);
	if (other != NULL)
		return err_at(im, ERR_SYNTAX, l, parsed->ref_column,
		    "the ref '%s' is that of line %u already: give each line its own", parsed->ref,
		    im->v[(size_t)(uintptr_t)other - 1].number);
	l->ref = mem_strdup(parsed->ref);
	(void)map_set(&im->refs, l->ref, (void *)(uintptr_t)(im->n + 1));
	return NULL;
}

static struct err *
read_lines(struct import *im, struct str text)
{
	struct str rest = text, line;
	unsigned number;

	for (number = 1; str_line(&rest, &line); number++) {
		AUTO(task_line_free) struct task_line parsed = {0};
		struct line l = {.text = line, .number = number};

		if (str_trim(line).n == 0)
			continue;
		TRY(task_line_parse(im->file, number, line, &parsed));
		TRY(take_ref(im, &parsed, &l));
		vec_push(im, l);
	}
	return NULL;
}

/* ---- ids ---- */

static int
by_letters(const void *a, const void *b)
{
	return strcmp(((const struct id *)a)->s, ((const struct id *)b)->s);
}

/* Fresh ones, ascending. */
static void
draw_ids(struct import *im)
{
	AUTO(mem_free_p) struct id *ids = mem_alloc((im->n + 1) * sizeof(*ids));
	enum task_state state;
	size_t i, have = 0;

	while (have < im->n) {
		while (have < im->n) {
			ids[have] = id_new();
			have += !queue_lookup(im->q, ids[have].s, &state);
		}
		qsort(ids, have, sizeof(*ids), by_letters);
		for (i = 1; i < have; i++)
			if (strcmp(ids[i - 1].s, ids[i].s) == 0)
				ids[i--] = ids[--have];
	}
	for (i = 0; i < im->n; i++)
		im->v[i].id = ids[i];
}

/* ---- what comes first ---- */

static struct err *
find_ahead(struct import *im, const struct line *l, const struct task_line_after *a, struct ahead *out)
{
	void *index = map_get(&im->refs, a->name);
	struct ahead found = {.after.delivered = a->delivered, .index = NONE, .column = a->column};
	AUTO(mem_free_p) char *way = NULL;
	struct err *e;

	if (index != NULL) {
		found.index = (size_t)(uintptr_t)index - 1;
		found.after.id = im->v[found.index].id;
		*out = found;
		return NULL;
	}
	e = queue_find(im->q, a->name, &found.after.id);
	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		return err_at(im, ERR_SYNTAX, l, a->column,
		    "'%s' is neither a ref of this file nor the id of a task: name one of these", a->name);
	}
	if (e != NULL)
		return err_wrap(e, "%s:%u:%u", im->file, l->number, a->column);
	TRY(circle_of(queue_cache(im->q), found.after.id.s, &way));
	if (*way != '\0')
		return err_at(im, ERR_CONFLICT, l, a->column,
		    "'%s' waits in a circle: %s; end that first with 'git factory task dep -r'", a->name, way);
	*out = found;
	return NULL;
}

static struct err *
find_all_ahead(struct import *im)
{
	size_t i, k;

	for (i = 0; i < im->n; i++) {
		AUTO(task_line_free) struct task_line parsed = {0};
		struct line *l = &im->v[i];

		TRY(task_line_parse(im->file, l->number, l->text, &parsed));
		for (k = 0; k < parsed.after.n; k++) {
			struct ahead a;

			TRY(find_ahead(im, l, &parsed.after.v[k], &a));
			vec_push(&l->ahead, a);
		}
	}
	return NULL;
}

static void
add_name(struct buf *b, const struct line *l)
{
	if (l->ref != NULL)
		buf_addf(b, "'%s'", l->ref);
	else
		buf_addf(b, "line %u", l->number);
}

static struct err *
circle_err(const struct import *im, const struct graph_path *way)
{
	AUTO(buf_free) struct buf words = BUF_INIT(64 * KIB);
	const struct line *l = &im->v[way->v[0]];
	unsigned column = 1;
	size_t i;

	for (i = l->ahead.n; i-- > 0;)
		if (l->ahead.v[i].index == way->v[1 % way->n])
			column = l->ahead.v[i].column;
	for (i = 0; i < way->n && i < NAMED_MAX; i++) {
		add_name(&words, &im->v[way->v[i]]);
		buf_adds(&words, " after ");
	}
	if (i < way->n)
		buf_addf(&words, "... (%zu in all) after ", way->n);
	add_name(&words, l);
	return err_at(im, ERR_CONFLICT, l, column, "a circle, in which each waits for the other: %s; take one 'after' away",
	    buf_cstr(&words));
}

static struct err *
check_circles(struct import *im)
{
	AUTO(graph_free_p) struct graph *g = graph_new(im->n);
	AUTO(mem_free_p) bool *in = mem_alloc((im->n + 1) * sizeof(*in));
	struct graph_path way = {0};
	struct err *e;
	size_t i, k;

	for (i = 0; i < im->n; i++)
		for (k = 0; k < im->v[i].ahead.n; k++)
			if (im->v[i].ahead.v[k].index != NONE)
				graph_add(g, i, im->v[i].ahead.v[k].index);
	if (graph_circles(g, in) == 0)
		return NULL;
	for (i = 0; !in[i]; i++)
		;
	graph_circle(g, i, &way);
	e = circle_err(im, &way);
	vec_free(&way);
	return e;
}

/* ---- writing ---- */

static struct err *
put_line(struct state_step *t, const struct import *im, const struct line *l, int64_t now)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(task_line_free) struct task_line parsed = {0};
	AUTO(mem_free_p) char *place = NULL;
	AUTO(task_free) struct task again;
	struct task *task = &parsed.task;
	size_t i;

	task_init(&again);
	TRY(task_line_parse(im->file, l->number, l->text, &parsed));
	for (i = 0; i < l->ahead.n; i++)
		after_put(&task->after, &l->ahead.v[i].after);
	task_begin(task, &l->id, now);
	task_settle(NULL, task);
	task_format(task, &text);
	place = task_place(task);
	/* What is written is what the next reader can read. */
	TRY(err_wrap(task_parse(place, buf_str(&text), &again), "%s:%u:1", im->file, l->number));
	return step_put(t, place, buf_str(&text));
}

static struct err *
build_import(struct state_step *t, void *ctx)
{
	const struct import *im = ctx;
	int64_t now = clock_wall(state_clock(step_state(t)));
	enum task_state state;
	size_t i, k;

	/* As the state stands now: ids may be taken, and tasks gone. */
	TRY(queue_again(im->q));
	if (im->n >= PACK_WORTH)
		TRY(step_pack(t));
	for (i = 0; i < im->n; i++) {
		const struct line *l = &im->v[i];

		if (queue_lookup(im->q, l->id.s, &state))
			return err_new(ERR_STALE, "the id '%s' was taken meanwhile", l->id.s);
		for (k = 0; k < l->ahead.n; k++)
			if (l->ahead.v[k].index == NONE && !queue_lookup(im->q, l->ahead.v[k].after.id.s, &state))
				return err_at(im, ERR_SYNTAX, l, l->ahead.v[k].column, "the task '%s' is gone",
				    l->ahead.v[k].after.id.s);
		TRY(put_line(t, im, l, now));
	}
	return NULL;
}

static struct err *
file_all(struct import *im)
{
	AUTO(mem_free_p) char *message = mem_printf("import %zu task%s", im->n, im->n == 1 ? "" : "s");

	TRY(state_update(queue_state(im->q), message, build_import, im));
	return queue_again(im->q);
}

static void
give_items(const struct import *im, struct import_items *out)
{
	size_t i;

	for (i = 0; i < im->n; i++) {
		struct import_item item = {.id = im->v[i].id, .ref = mem_strdup(im->v[i].ref)};

		vec_push(out, item);
	}
}

struct err *
queue_import(struct queue *q, const char *file, struct str text, bool dry, struct import_items *out)
{
	AUTO(import_free) struct import im = {.q = q, .file = file};

	TRY(read_lines(&im, text));
	draw_ids(&im);
	TRY(find_all_ahead(&im));
	TRY(check_circles(&im));
	if (im.n > 0 && !dry)
		TRY(file_all(&im));
	give_items(&im, out);
	return NULL;
}

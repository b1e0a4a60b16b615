#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/repo.h"
#include "git/tree.h"
#include "model/after.h"
#include "store/inside.h"
#include "store/queue.h"
#include "store/settle.h"
#include "store/state.h"
#include "store/write.h"

/* ---- a new task ---- */

struct addition {
	const struct task *want;
	struct str text;
	struct id id;
};

static struct err *
check_after(struct state_step *t, const struct task *want)
{
	struct repo *r = state_repo(step_state(t));
	struct after a;
	size_t i;

	for (i = 0; i < want->after.n; i++) {
		AUTO(mem_free_p) char *path = NULL;

		if (after_parse(str_of(want->after.v[i]), &a))
			TRY(task_locate(r, step_tree(t), a.id.s, &path));
		if (path == NULL)
			return err_new(ERR_NOT_FOUND, "there is no task '%s' to come after",
			    want->after.v[i]);
	}
	return NULL;
}

/* What is written is what the next reader can read. */
static struct err *
check_readable(const char *path, struct str text)
{
	AUTO(task_free) struct task t;

	task_init(&t);
	return task_parse(path, text, &t);
}

static struct err *
build_addition(struct state_step *t, void *ctx)
{
	AUTO(buf_free) struct buf out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(mem_free_p) char *place = NULL;
	AUTO(task_free) struct task task;
	struct state *s = step_state(t);
	struct addition *a = ctx;

	task_init(&task);
	task_copy(&task, a->want);
	TRY(check_after(t, &task));
	TRY(task_new_id(state_repo(s), step_tree(t), &a->id));
	task_begin(&task, &a->id, clock_wall(state_clock(s)));
	task_settle(NULL, &task);
	if (a->text.n > 0)
		TRY(task_splice("the task", a->text, &task, &out));
	else
		task_format(&task, &out);
	TRY(buf_check(&out, "the task"));
	place = task_place(&task);
	TRY(check_readable(place, buf_str(&out)));
	return step_put(t, place, buf_str(&out));
}

struct err *
queue_add(struct queue *q, const struct task *want, struct str text, struct id *out)
{
	struct addition a = {.want = want, .text = text};
	AUTO(mem_free_p) char *message = NULL;

	TRY(task_check(want));
	message = mem_printf("add task: %s", want->title);
	TRY(state_update(queue_state(q), message, build_addition, &a));
	TRY(queue_again(q));
	*out = a.id;
	return NULL;
}

/* ---- a change of one ---- */

/* Where the task is, what its file says, and what that means. */
static struct err *
read_task(struct repo *r, const struct oid *tree, const char *id, char **path, struct buf *text,
    struct task *task)
{
	AUTO(mem_free_p) char *found = NULL;

	TRY(task_locate(r, tree, id, &found));
	if (found == NULL)
		return err_new(ERR_NOT_FOUND, "there is no task '%s'", id);
	TRY(tree_read(r, tree, found, text));
	TRY(task_parse(found, buf_str(text), task));
	task_set(task, &task->id, id);
	*path = STEAL(found);
	return NULL;
}

static struct err *
write_task(struct state_step *t, const char *was, struct str old, const struct task *task)
{
	AUTO(buf_free) struct buf out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(mem_free_p) char *place = task_place(task);

	assert(was != NULL);
	TRY(task_splice(was, old, task, &out));
	TRY(buf_check(&out, was));
	TRY(check_readable(place, buf_str(&out)));
	if (strcmp(place, was) != 0)
		step_drop(t, was);
	return step_put(t, place, buf_str(&out));
}

/* Only what is new is asked: a task in a circle that is there may be mended bit by bit. */
static struct err *
check_circle(struct queue *q, const struct task *before, const struct task *after)
{
	AUTO(strs_free) struct strs more = {0};
	struct after a;
	size_t i;

	for (i = 0; i < after->after.n; i++)
		if (after_parse(str_of(after->after.v[i]), &a) &&
		    (before == NULL || !after_has(&before->after, a.id.s)))
			strs_add(&more, after->after.v[i]);
	return more.n > 0 ? queue_may_follow(q, after->id, &more) : NULL;
}

struct alteration {
	struct queue *q;	/* NULL: no circle can come of it */
	const struct id *id;
	task_change *change;
	void *ctx;
};

static struct err *
build_change(struct state_step *t, void *ctx)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(task_free) struct task before;
	AUTO(task_free) struct task after;
	AUTO(mem_free_p) char *path = NULL;
	struct alteration *a = ctx;

	task_init(&before);
	task_init(&after);
	TRY(read_task(state_repo(step_state(t)), step_tree(t), a->id->s, &path, &text, &before));
	task_copy(&after, &before);
	TRY(a->change(t, &after, a->ctx));
	TRY(task_check(&after));
	if (a->q != NULL)
		TRY(check_circle(a->q, &before, &after));
	task_settle(&before, &after);
	return write_task(t, path, buf_str(&text), &after);
}

struct err *
step_change(struct state_step *t, const struct id *id, task_change *change, void *ctx)
{
	struct alteration a = {.id = id, .change = change, .ctx = ctx};

	return build_change(t, &a);
}

struct err *
state_change(struct state *s, const struct id *id, const char *message, task_change *change, void *ctx)
{
	struct alteration a = {.id = id, .change = change, .ctx = ctx};

	return state_update(s, message, build_change, &a);
}

static struct err *
build_taking(struct state_step *t, void *ctx)
{
	AUTO(buf_free) struct buf out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(mem_free_p) char *path = NULL;
	AUTO(task_free) struct task task;
	struct alteration *a = ctx;

	task_init(&task);
	TRY(task_locate(state_repo(step_state(t)), step_tree(t), a->id->s, &path));
	if (path != NULL)
		return build_change(t, ctx);
	task_begin(&task, a->id, clock_wall(state_clock(step_state(t))));
	TRY(a->change(t, &task, a->ctx));
	if (task.title[0] == '\0')
		return NULL;
	TRY(task_check(&task));
	task_settle(NULL, &task);
	task_format(&task, &out);
	TRY(buf_check(&out, "the task"));
	path = task_place(&task);
	TRY(check_readable(path, buf_str(&out)));
	return step_put(t, path, buf_str(&out));
}

struct err *
state_take(struct state *s, const struct id *id, const char *message, task_change *change, void *ctx)
{
	struct alteration a = {.id = id, .change = change, .ctx = ctx};

	return state_update(s, message, build_taking, &a);
}

struct err *
queue_change(struct queue *q, const struct id *id, const char *message, task_change *change, void *ctx)
{
	struct alteration a = {.q = q, .id = id, .change = change, .ctx = ctx};

	TRY(state_update(queue_state(q), message, build_change, &a));
	return queue_again(q);
}

struct err *
state_task(struct state *s, const struct id *id, struct task *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(mem_free_p) char *path = NULL;
	struct oid tip, tree;

	TRY(state_tip(s, &tip));
	TRY(commit_tree(state_repo(s), &tip, &tree));
	return read_task(state_repo(s), &tree, id->s, &path, &text, out);
}

/* ---- a person's edit of the whole file ---- */

struct edit {
	struct queue *q;
	const struct id *id;
	struct str base;
	struct str text;
	struct strs *conflicts;
};

/*
 * The task as it is; when it is broken, as it was, which is then also what
 * the edit began from.  *was is false when it never could be read.
 */
static struct err *
read_good(struct state_step *t, const char *path, struct buf *text, struct str *base,
    struct task *task, bool *was)
{
	struct err *e;

	TRY(step_read(t, path, text));
	e = task_parse(path, buf_str(text), task);
	*was = true;
	if (e == NULL)
		return NULL;
	err_free(e);
	buf_clear(text);
	TRY(task_last_good(state_repo(step_state(t)), step_tip(t), path, text));
	*was = text->n > 0;
	*base = buf_str(text);
	return *was ? task_parse(path, buf_str(text), task) : NULL;
}

static struct err *
build_edit(struct state_step *t, void *ctx)
{
	AUTO(buf_free) struct buf ours = BUF_INIT(TASK_FILE_MAX);
	AUTO(buf_free) struct buf merged = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(task_free) struct task before;
	AUTO(task_free) struct task after;
	AUTO(mem_free_p) char *path = NULL;
	struct repo *r = state_repo(step_state(t));
	struct edit *edit = ctx;
	struct str base = edit->base;
	bool was;

	task_init(&before);
	task_init(&after);
	TRY(task_locate(r, step_tree(t), edit->id->s, &path));
	if (path == NULL)
		return err_new(ERR_NOT_FOUND, "there is no task '%s'", edit->id->s);
	strs_free(edit->conflicts);
	TRY(read_good(t, path, &ours, &base, &before, &was));
	if (was)
		TRY(task_merge(path, base, buf_str(&ours), edit->text, &merged, edit->conflicts));
	else
		buf_addstr(&merged, edit->text);
	TRY(task_parse(path, buf_str(&merged), &after));
	if (was)
		task_set(&after, &after.id, edit->id->s);
	else
		task_begin(&after, edit->id, clock_wall(state_clock(step_state(t))));
	TRY(check_circle(edit->q, was ? &before : NULL, &after));
	task_settle(was ? &before : NULL, &after);
	return write_task(t, path, buf_str(&merged), &after);
}

struct err *
queue_edit(struct queue *q, const struct id *id, struct str base, struct str text,
    struct strs *conflicts)
{
	struct edit edit = {.q = q, .id = id, .base = base, .text = text, .conflicts = conflicts};
	AUTO(mem_free_p) char *message = mem_printf("edit task %s", id->s);

	TRY(state_update(queue_state(q), message, build_edit, &edit));
	return queue_again(q);
}

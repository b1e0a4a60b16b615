#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/diff.h"
#include "git/tree.h"
#include "model/lines.h"
#include "model/task.h"
#include "store/combine.h"
#include "store/settle.h"

struct side {
	struct oid tree;
	struct diff diff;	/* from the base */
	struct map by_path;	/* path -> struct diff_file */
	struct map by_task;	/* id of each task that a change touches -> itself */
};

struct combine {
	struct repo *repo;
	struct oid base;
	struct side a, b;	/* the result is a's tree, edited */
	struct tree_edit edit;
	struct strs *remarks;
};

static void
side_free(struct side *s)
{
	diff_free(&s->diff);
	map_free(&s->by_path, NULL);
	map_free(&s->by_task, NULL);
}

static void
combine_free(struct combine *c)
{
	side_free(&c->a);
	side_free(&c->b);
	tree_edit_free(&c->edit);
}

/* The id, if this is where a task of that id lies. */
static bool
task_of(const char *path, struct id *id)
{
	struct str name = str_of(path_base(path));
	AUTO(buf_free) struct buf open = BUF_INIT(TREE_PATH_MAX), done = BUF_INIT(TREE_PATH_MAX);

	if (!str_ends(name, ".md") || !id_parse(str_take(name, name.n - 3), id))
		return false;
	task_path(id->s, false, &open);
	task_path(id->s, true, &done);
	return str_is(buf_str(&open), path) || str_is(buf_str(&done), path);
}

static struct err *
side_init(struct repo *r, const struct oid *base, const struct oid *tree, struct side *s)
{
	struct id id;
	size_t i;

	s->tree = *tree;
	TRY(diff_trees(r, base, tree, false, &s->diff));
	for (i = 0; i < s->diff.n; i++) {
		struct diff_file *d = &s->diff.v[i];

		(void)map_set(&s->by_path, d->path, d);
		if (task_of(d->path, &id))
			(void)map_set(&s->by_task, id.s, s);
	}
	return NULL;
}

/* ---- one task that both sides changed ---- */

struct version {
	char *path;	/* NULL: not there */
	struct buf text;
	struct task task;
	struct err *broken;
};

#define VERSION_INIT {.text = BUF_INIT(TASK_FILE_MAX)}

static void
version_free(struct version *v)
{
	free(v->path);
	buf_free(&v->text);
	task_free(&v->task);
	err_free(v->broken);
}

static struct err *
version_read(struct combine *c, const struct oid *tree, const char *id, struct version *v)
{
	task_init(&v->task);
	if (oid_is_zero(tree))
		return NULL;
	TRY(task_locate(c->repo, tree, id, &v->path));
	if (v->path == NULL)
		return NULL;
	TRY(tree_read(c->repo, tree, v->path, &v->text));
	v->broken = task_parse(v->path, buf_str(&v->text), &v->task);
	if (v->broken != NULL)
		task_init(&v->task);
	return NULL;
}

/* The bytes that carry what people wrote beside the fields: comments, order. */
static void
pick_carrier(const struct version *base, const struct version *a, const struct version *b,
    struct buf *out)
{
	AUTO(task_free) struct task t;
	bool touched;
	struct err *e;

	task_init(&t);
	if (lines_merge(buf_str(&base->text), buf_str(&a->text), buf_str(&b->text), out)) {
		e = task_parse(b->path, buf_str(out), &t);
		if (e == NULL)
			return;
		err_free(e);
		task_init(&t);
	}
	buf_clear(out);
	touched = base->path != NULL && task_touched(&base->task, &a->task) && !task_touched(&base->task, &b->task);
	buf_addstr(out, buf_str(touched ? &a->text : &b->text));
}

static void
remark_clashes(struct combine *c, const struct task *t, const struct strs *clashes)
{
	size_t i;

	for (i = 0; i < clashes->n; i++) {
		if (strcmp(clashes->v[i], "body") == 0)
			strs_addf(c->remarks, "task %s: both versions of some lines of its text stand in it now: choose",
			    t->id);
		else
			strs_addf(c->remarks, "task %s: '%s' was changed on both sides: see which one stayed",
			    t->id, clashes->v[i]);
	}
}

static struct err *
put_task(struct combine *c, const struct version *a, const char *place, struct str text)
{
	if (strcmp(a->path, place) != 0)
		tree_edit_delete(&c->edit, a->path);
	return tree_edit_write(c->repo, &c->edit, place, text);
}

/* 'a' is where the file lies in our tree; 'x' and 'y' are both versions in order. */
static struct err *
unite_versions(struct combine *c, const struct version *base, const struct version *x,
    const struct version *y, const struct version *a)
{
	AUTO(buf_free) struct buf carrier = BUF_INIT(2 * TASK_FILE_MAX), out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(strs_free) struct strs clashes = {0};
	AUTO(task_free) struct task t, again;
	AUTO(mem_free_p) char *place = NULL;
	bool known = base->path != NULL && base->broken == NULL;
	enum task_side story = task_unite(known ? &base->task : NULL, &x->task, &y->task, &t, &clashes);
	struct err *e;

	task_init(&again);
	task_settle(story == TASK_A ? &x->task : &y->task, &t);
	pick_carrier(base, x, y, &carrier);
	TRY(task_splice(y->path, buf_str(&carrier), &t, &out));
	e = buf_check(&out, y->path);
	if (e == NULL)
		e = task_parse(y->path, buf_str(&out), &again);
	if (e != NULL) {
		strs_addf(c->remarks, "%s: both sides together cannot be read (%s): one side's stays", y->path, err_msg(e));
		err_free(e);
		task_init(&again);
		return put_task(c, a, y->path, buf_str(&y->text));
	}
	remark_clashes(c, &t, &clashes);
	place = task_place(&t);
	return put_task(c, a, place, buf_str(&out));
}

/* What cannot be read stays as somebody wrote it; its factory's fields are in the history. */
static struct err *
keep_broken(struct combine *c, const struct version *x, const struct version *y, const struct version *a)
{
	const struct version *keep = y->broken != NULL ? y : x;

	strs_addf(c->remarks, "%s", err_msg(keep->broken));
	return put_task(c, a, keep->path, buf_str(&keep->text));
}

static struct err *
unite_task(struct combine *c, const char *id)
{
	AUTO(version_free) struct version base = VERSION_INIT, a = VERSION_INIT, b = VERSION_INIT;
	const struct version *x = &a, *y = &b;
	struct err *e;

	task_init(&a.task);
	task_init(&b.task);
	e = version_read(c, &c->base, id, &base);
	if (e == NULL)
		e = version_read(c, &c->a.tree, id, &a);
	if (e == NULL)
		e = version_read(c, &c->b.tree, id, &b);
	if (e != NULL)
		return err_wrap(e, "task %s", id);
	if (b.path == NULL)
		return NULL;
	if (a.path == NULL)
		return tree_edit_write(c->repo, &c->edit, b.path, buf_str(&b.text));
	if (str_cmp(buf_str(&a.text), buf_str(&b.text)) > 0) {
		x = &b;
		y = &a;
	}
	if (x->broken != NULL || y->broken != NULL)
		return keep_broken(c, x, y, &a);
	return unite_versions(c, &base, x, y, &a);
}

/* ---- all other files ---- */

static struct err *
unite_lines(struct combine *c, const struct diff_file *a, const struct diff_file *b)
{
	AUTO(buf_free) struct buf base = BUF_INIT(BUF_TEXT), x = BUF_INIT(BUF_TEXT);
	AUTO(buf_free) struct buf y = BUF_INIT(BUF_TEXT), out = BUF_INIT(2 * BUF_TEXT);
	bool swap = oid_cmp(&a->new_oid, &b->new_oid) > 0;
	struct oid made;

	if (a->old_mode != 0)
		TRY(blob_read(c->repo, &a->old_oid, &base));
	TRY(blob_read(c->repo, swap ? &b->new_oid : &a->new_oid, &x));
	TRY(blob_read(c->repo, swap ? &a->new_oid : &b->new_oid, &y));
	if (!lines_unite(buf_str(&base), buf_str(&x), buf_str(&y), &out))
		strs_addf(c->remarks, "'%s' was changed on both sides: the lines of both stand in it", a->path);
	TRY(blob_write(c->repo, buf_str(&out), &made));
	tree_edit_put(&c->edit, a->path, a->new_mode > b->new_mode ? a->new_mode : b->new_mode, &made);
	return NULL;
}

static struct err *
unite_file(struct combine *c, const struct diff_file *a, const struct diff_file *b)
{
	if (b->status == 'D')
		return NULL;
	if (a->status == 'D' || (oid_eq(&a->new_oid, &b->new_oid) && b->new_mode > a->new_mode)) {
		tree_edit_put(&c->edit, b->path, b->new_mode, &b->new_oid);
		return NULL;
	}
	if (oid_eq(&a->new_oid, &b->new_oid))
		return NULL;
	if (!str_starts(str_of(a->path), "runs/"))
		return unite_lines(c, a, b);
	strs_addf(c->remarks, "'%s' is a record and should never change: the first one stays", a->path);
	if (a->old_mode != 0)
		tree_edit_put(&c->edit, a->path, a->old_mode, &a->old_oid);
	else if (oid_cmp(&b->new_oid, &a->new_oid) < 0)
		tree_edit_put(&c->edit, b->path, b->new_mode, &b->new_oid);
	return NULL;
}

/* ---- all of it ---- */

/* May it stand in a state at all?  Whoever pushed it need not be a factory. */
static bool
is_fit(struct combine *c, const struct diff_file *d)
{
	AUTO(err_free_p) struct err *e = path_check(str_of(d->path));

	if (e != NULL)
		strs_addf(c->remarks, "left out: %s", err_msg(e));
	else if (d->status != 'D' && d->new_mode != MODE_FILE && d->new_mode != MODE_EXEC)
		strs_addf(c->remarks, "'%s' is no regular file: left out", d->path);
	else
		return true;
	return false;
}

static void
take(struct combine *c, const struct diff_file *d)
{
	if (d->status == 'D')
		tree_edit_delete(&c->edit, d->path);
	else
		tree_edit_put(&c->edit, d->path, d->new_mode, &d->new_oid);
}

/* What side 'b' changed, in one pass; a deletion never undoes a move of the same task. */
static struct err *
add_change(struct combine *c, const struct diff_file *d)
{
	const struct diff_file *ours = map_get(&c->a.by_path, d->path);
	struct id id;

	if (!is_fit(c, d))
		return NULL;
	if (task_of(d->path, &id) && map_get(&c->a.by_task, id.s) != NULL)
		return NULL;	/* by unite_task() */
	if (ours != NULL)
		return unite_file(c, ours, d);
	take(c, d);
	return NULL;
}

struct err *
state_combine(struct repo *r, const struct oid *base, const struct oid *a, const struct oid *b,
    struct oid *out, struct strs *remarks)
{
	AUTO(combine_free) struct combine c = {.repo = r, .base = *base, .remarks = remarks};
	size_t i;

	TRY(side_init(r, base, a, &c.a));
	TRY(side_init(r, base, b, &c.b));
	for (i = 0; i < c.b.diff.n; i++)
		TRY(add_change(&c, &c.b.diff.v[i]));
	for (i = 0; i < c.b.by_task.n; i++)
		if (map_get(&c.a.by_task, c.b.by_task.entries[i].key) != NULL)
			TRY(unite_task(&c, c.b.by_task.entries[i].key));
	return tree_apply(r, a, &c.edit, out);
}

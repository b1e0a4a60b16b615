#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/ref.h"
#include "git/tip.h"
#include "git/tree.h"
#include "model/run.h"
#include "model/task.h"
#include "model/task_pack.h"
#include "store/cache.h"
#include "store/circle.h"
#include "store/refresh.h"

static bool
id_of(const char *path, const char *ending, struct id *id)
{
	struct str name = str_of(path_base(path));
	size_t n = strlen(ending);

	return str_ends(name, ending) && id_parse(str_take(name, name.n - n), id);
}

static enum cache_kind
kind_of(const struct task *t, bool archived)
{
	static const enum cache_kind kinds[TASK_STATES] = {
	    [TASK_QUEUED] = CACHE_READY, [TASK_DELIVERED] = CACHE_DELIVERED, [TASK_LANDED] = CACHE_LANDED,
	    [TASK_ESCALATED] = CACHE_ESCALATED, [TASK_CLOSED] = CACHE_CLOSED};

	if (t->state != TASK_QUEUED)
		return kinds[t->state];
	if (*t->hold != '\0' || archived)
		return CACHE_HELD;
	return t->after.n > 0 ? CACHE_WAITING : CACHE_READY;
}

static struct err *
put_task(struct cache *c, struct cache_task *row, struct task *t)
{
	AUTO(buf_free) struct buf data = BUF_INIT(2 * TASK_FILE_MAX);

	task_pack(t, &data);
	row->title = t->title;
	row->kind = kind_of(t, row->archived);
	row->noted = !row->archived && (t->state != TASK_QUEUED || *t->class != '\0');
	row->needy = t->needs.n > 0;
	row->due = t->retry_at;
	row->priority = t->priority;
	row->created = t->created;
	row->after = &t->after;
	row->data = buf_str(&data);
	/* Of what is done, few ask for the text. */
	row->body = row->archived ? NULL : t->body;
	return cache_put_task(c, row);
}

static struct err *
index_task(struct cache *c, struct repo *r, const char *path, const struct oid *blob)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(task_free) struct task t;
	AUTO(err_free_p) struct err *broken = NULL;
	struct oid_hex hex = oid_hex(blob);
	struct cache_task row = {.path = path, .blob = hex.s, .title = "", .kind = CACHE_BROKEN,
	    .priority = TASK_PRIORITY, .archived = str_starts(str_of(path), "archive/")};
	struct id id;

	task_init(&t);
	if (!id_of(path, ".md", &id))
		return NULL;
	row.id = id.s;
	broken = blob_read(r, blob, &text);
	if (broken == NULL)
		broken = task_parse(path, buf_str(&text), &t);
	if (broken == NULL) {
		task_set(&t, &t.id, id.s);
		return put_task(c, &row, &t);
	}
	if (!err_is(broken, ERR_SYNTAX) && !err_is(broken, ERR_LIMIT))
		return STEAL(broken);
	row.broken = err_msg(broken);
	row.noted = !row.archived;
	return cache_put_task(c, &row);
}

static struct err *
index_run(struct cache *c, struct repo *r, const char *path, const struct oid *blob)
{
	AUTO(buf_free) struct buf text = BUF_INIT(RUN_FILE_MAX);
	AUTO(run_free) struct run run;
	struct oid_hex hex = oid_hex(blob);
	struct cache_run row = {.path = path, .blob = hex.s, .task = ""};
	struct err *e;
	struct id id;

	run_init(&run);
	if (!id_of(path, ".json", &id))
		return NULL;
	row.id = id.s;
	e = blob_read(r, blob, &text);
	if (e == NULL)
		e = run_parse(path, buf_str(&text), &run);
	if (e == NULL) {
		row.task = run.task;
		row.started = run.started;
	} else if (!err_is(e, ERR_SYNTAX) && !err_is(e, ERR_LIMIT)) {
		return e;
	}
	/* A record that cannot be read is listed; reading it says why. */
	err_ignore(e);
	return cache_put_run(c, &row);
}

static struct err *
index_file(struct cache *c, struct repo *r, const struct diff_file *f)
{
	struct str path = str_of(f->path);

	if (f->status == 'D' || (f->new_mode != MODE_FILE && f->new_mode != MODE_EXEC))
		return cache_drop(c, f->path);
	if (str_starts(path, "tasks/") || str_starts(path, "archive/"))
		return index_task(c, r, f->path, &f->new_oid);
	if (str_starts(path, "runs/"))
		return index_run(c, r, f->path, &f->new_oid);
	return NULL;
}

/* The tree that the cache was read from; the empty one after clearing it. */
static struct err *
old_tree(struct cache *c, struct repo *r, const struct oid *was, struct oid *tree)
{
	struct err *e;

	if (!oid_is_zero(was)) {
		e = commit_tree(r, was, tree);
		if (e == NULL)
			return NULL;
		err_ignore(e);
	}
	*tree = oid_zero;
	return cache_clear(c);
}

/* Somebody, here or on another machine, took history back. */
static void
watch_history(struct repo *r, const struct oid *was, const struct oid *tip, struct strs *remarks)
{
	bool grows = true;

	if (oid_is_zero(was))
		return;
	err_ignore(commit_is_ancestor(r, was, tip, &grows));
	if (!grows)
		strs_addf(remarks, "refs/factory/state was rewound or replaced: it no longer holds %.12s, which was seen last",
		    oid_hex(was).s);
}

static struct err *
bring_to(struct cache *c, struct repo *r, struct oid *tip, struct strs *remarks)
{
	AUTO(mem_free_p) char *seen = NULL;
	AUTO(diff_free) struct diff d = {0};
	struct oid was = oid_zero, from, to;
	struct oid_hex hex;
	size_t i;

	TRY(tip_read(r, REF_STATE, &to));
	if (!oid_is_zero(&to))
		*tip = to;
	hex = oid_hex(tip);
	TRY(cache_meta(c, "tip", &seen));
	if (strcmp(seen, hex.s) == 0)
		return NULL;
	(void)oid_parse(str_of(seen), &was);
	TRY(old_tree(c, r, &was, &from));
	TRY(commit_tree(r, tip, &to));
	TRY(diff_trees(r, &from, &to, false, &d));
	for (i = 0; i < d.n; i++)
		TRY(index_file(c, r, &d.v[i]));
	TRY(cache_settle(c));
	TRY(circle_watch(c));
	watch_history(r, &was, tip, remarks);
	return cache_set_meta(c, "tip", hex.s);
}

struct err *
cache_refresh(struct cache *c, struct repo *r, struct oid *tip, struct strs *remarks)
{
	AUTO(mem_free_p) char *was = NULL;
	struct oid_hex hex = oid_hex(tip);
	struct err *e;

	TRY(cache_meta(c, "tip", &was));
	if (strcmp(was, hex.s) == 0)
		return NULL;
	TRY(cache_begin(c));
	e = bring_to(c, r, tip, remarks);
	if (e != NULL) {
		cache_rollback(c);
		return e;
	}
	return cache_commit(c);
}

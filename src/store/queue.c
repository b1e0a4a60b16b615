#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"
#include "model/task_pack.h"
#include "store/cache.h"
#include "store/circle.h"
#include "store/inbox.h"
#include "store/inside.h"
#include "store/lease.h"
#include "store/nodes.h"
#include "store/queue.h"
#include "store/refresh.h"
#include "store/settle.h"
#include "store/state.h"

struct queue {
	struct state *state;
	struct cache *cache;
	bool on_disk;
	struct oid tip;
	struct lease_infos leases;
	struct strs remarks;
	/* What queue_get() lent last. */
	char *path;
	char *broken;
	struct task task;
};

/* ---- opening ---- */

/*
 * The view is compared with the state on each opening; that it has nothing
 * new is remembered, so that it costs no object read while it is behind.
 */
static struct err *
fold_if_new(struct queue *q)
{
	AUTO(mem_free_p) char *seen = NULL;
	const char *name = state_view(q->state);
	struct oid_hex hex;
	struct oid view;

	if (name == NULL)
		return NULL;
	TRY(tip_read(state_repo(q->state), name, &view));
	if (oid_is_zero(&view) || oid_eq(&view, &q->tip))
		return NULL;
	hex = oid_hex(&view);
	TRY(cache_meta(q->cache, "view", &seen));
	if (strcmp(seen, hex.s) == 0)
		return NULL;
	TRY(inbox_fold(q->state, &q->remarks));
	TRY(cache_set_meta(q->cache, "view", hex.s));
	return state_tip(q->state, &q->tip);
}

/* What cannot be taken in now is told, and hinders nobody from reading. */
static struct err *
fold(struct queue *q)
{
	struct err *e = fold_if_new(q);

	if (e != NULL && !cache_damaged(q->cache)) {
		strs_addf(&q->remarks, "what was written on '%s' is not taken in: %s",
		    state_view(q->state), err_msg(e));
		err_free(e);
		return NULL;
	}
	return e;
}

static struct err *
fill(struct queue *q, const char *dir)
{
	struct cache **spare = state_spare(q->state);

	q->on_disk = dir != NULL;
	if (q->on_disk && *spare != NULL) {
		q->cache = *spare;
		*spare = NULL;
		if (!cache_wake(q->cache)) {
			cache_close(q->cache);
			q->cache = NULL;
		}
	}
	if (q->cache == NULL)
		TRY(cache_open(dir, &q->cache));
	TRY(fold(q));
	TRY(cache_refresh(q->cache, state_repo(q->state), &q->tip, &q->remarks));
	return circle_tell(q->cache, &q->remarks);
}

/* A cache that fails is made anew; one that cannot be written lives in memory. */
static struct err *
open_cache(struct queue *q)
{
	const char *dir = NULL;
	struct err *e;
	bool damaged;

	e = repo_factory_dir(state_repo(q->state), &dir);
	if (e == NULL)
		e = fill(q, dir);
	if (e == NULL)
		return NULL;
	damaged = q->cache != NULL && cache_damaged(q->cache);
	err_ignore(e);
	cache_close(q->cache);
	q->cache = NULL;
	if (damaged) {
		e = fill(q, dir);
		if (e == NULL)
			return NULL;
		err_ignore(e);
		cache_close(q->cache);
		q->cache = NULL;
	}
	return fill(q, NULL);
}

struct err *
queue_open(struct state *s, struct queue **out)
{
	AUTO(queue_close_p) struct queue *q = mem_alloc(sizeof(*q));

	task_init(&q->task);
	q->state = s;
	TRY(state_tip(s, &q->tip));
	TRY(open_cache(q));
	TRY(lease_list(s, false, &q->leases));
	*out = STEAL(q);
	return NULL;
}

void
queue_close(struct queue *q)
{
	struct cache **spare;

	if (q == NULL)
		return;
	spare = state_spare(q->state);
	if (q->cache != NULL && q->on_disk && *spare == NULL && !cache_damaged(q->cache)) {
		cache_rest(q->cache);
		*spare = q->cache;
	} else {
		cache_close(q->cache);
	}
	lease_infos_free(&q->leases);
	strs_free(&q->remarks);
	task_free(&q->task);
	free(q->path);
	free(q->broken);
	free(q);
}

void
queue_close_p(struct queue **q)
{
	queue_close(*q);
}

const struct strs *
queue_remarks(const struct queue *q)
{
	return &q->remarks;
}

struct state *
queue_state(const struct queue *q)
{
	return q->state;
}

struct cache *
queue_cache(const struct queue *q)
{
	return q->cache;
}

const struct lease_infos *
queue_leases(const struct queue *q)
{
	return &q->leases;
}

const struct lease_info *
queue_lease(const struct queue *q, const struct id *id)
{
	size_t i;

	for (i = 0; i < q->leases.n; i++)
		if (strcmp(q->leases.v[i].task.s, id->s) == 0)
			return &q->leases.v[i];
	return NULL;
}

struct err *
queue_again(struct queue *q)
{
	TRY(state_tip(q->state, &q->tip));
	return cache_refresh(q->cache, state_repo(q->state), &q->tip, &q->remarks);
}

struct err *
queue_may_follow(struct queue *q, const char *id, const struct strs *after)
{
	TRY(queue_again(q));
	return circle_refuse(q->cache, id, after);
}

/* ---- rows ---- */

static struct err *
read_data(const struct cache_task *t, struct task *out)
{
	if (!task_unpack(t->data, out))
		return err_hint(err_new(ERR_IO, "the cache's row of '%s' cannot be read", t->path),
		    "delete the file 'factory/cache.db' in the git folder: nothing is lost");
	task_set(out, &out->id, t->id);
	return NULL;
}

struct row_call {
	struct queue *q;
	bool ready_only;
	bool unmet;	/* of these, those that this machine may not run */
	int64_t now;
	queue_fn *fn;
	void *ctx;
};

static struct err *
row_from_cache(const struct cache_task *t, void *ctx, bool *more)
{
	AUTO(task_free) struct task task;
	struct row_call *call = ctx;
	struct queue_row row = {.path = t->path, .archived = t->archived, .broken = t->broken,
	    .waits = t->kind == CACHE_WAITING, .later = t->kind == CACHE_READY && t->due > call->now};

	task_init(&task);
	if (!id_parse(str_of(t->id), &row.id))
		return NULL;
	row.running = queue_lease(call->q, &row.id) != NULL;
	if (call->ready_only && (row.running || row.later))
		return NULL;
	if (t->broken == NULL) {
		TRY(read_data(t, &task));
		row.task = &task;
		row.unmet = needs_missing(call->q->state, &task) != NULL;
	}
	if (call->ready_only && row.unmet != call->unmet)
		return NULL;
	return call->fn(&row, call->ctx, more);
}

struct err *
queue_each(struct queue *q, enum queue_which which, queue_fn *fn, void *ctx)
{
	static const enum cache_which rows[] = {[QUEUE_OPEN] = CACHE_OPEN, [QUEUE_NOTED] = CACHE_NOTED,
	    [QUEUE_READY] = CACHE_STARTS, [QUEUE_UNMET] = CACHE_NEEDY, [QUEUE_ALL] = CACHE_ALL};
	struct row_call call = {.q = q, .ready_only = which == QUEUE_READY || which == QUEUE_UNMET,
	    .unmet = which == QUEUE_UNMET,
	    .now = clock_wall(state_clock(q->state)), .fn = fn, .ctx = ctx};

	return cache_each(q->cache, rows[which], row_from_cache, &call);
}

static struct err *
keep_id(const struct queue_row *row, void *ctx, bool *more)
{
	struct ids *ids = ctx;

	(void)more;
	vec_push(ids, row->id);
	return NULL;
}

struct err *
queue_ids(struct queue *q, enum queue_which which, struct ids *out)
{
	return queue_each(q, which, keep_id, out);
}

void
ids_free(struct ids *ids)
{
	vec_free(ids);
}

/* ---- one task ---- */

static struct err *
collect_id(const struct cache_task *t, void *ctx, bool *more)
{
	(void)more;
	found_add(ctx, t->id, t->title);
	return NULL;
}

struct err *
queue_find(struct queue *q, const char *prefix, struct id *out)
{
	AUTO(found_free) struct found f = FOUND_INIT;
	AUTO(mem_free_p) char *lower = NULL;

	TRY(found_prefix("task", prefix, &lower));
	TRY(cache_prefix(q->cache, lower, collect_id, &f));
	return found_one(&f, "task", lower, out);
}

struct copy {
	struct queue *q;
	struct id id;
	struct oid blob;
	bool archived;
	bool waits;
	int64_t due;
	bool parse;	/* what the cache knows of it, into q->task */
	bool found;
};

static struct err *
copy_row(const struct cache_task *t, void *ctx, bool *more)
{
	struct copy *c = ctx;

	if (strcmp(t->id, c->id.s) != 0)
		return NULL;
	free(c->q->path);
	free(c->q->broken);
	c->q->path = mem_strdup(t->path);
	c->q->broken = mem_strdup(t->broken);
	c->archived = t->archived;
	c->waits = t->kind == CACHE_WAITING;
	c->due = t->kind == CACHE_READY ? t->due : 0;
	c->found = oid_parse(str_of(t->blob), &c->blob);
	*more = t->archived;
	task_free(&c->q->task);
	task_init(&c->q->task);
	return c->parse && t->broken == NULL ? read_data(t, &c->q->task) : NULL;
}

static struct err *
find_row(struct copy *c)
{
	TRY(cache_prefix(c->q->cache, c->id.s, copy_row, c));
	if (!c->found)
		return err_new(ERR_NOT_FOUND, "there is no task '%s'", c->id.s);
	return NULL;
}

static void
lend_row(const struct copy *c, struct queue_row *out)
{
	struct queue *q = c->q;

	if (q->broken == NULL)
		task_set(&q->task, &q->task.id, c->id.s);
	*out = (struct queue_row){.id = c->id, .path = q->path, .broken = q->broken,
	    .archived = c->archived, .waits = c->waits,
	    .later = c->due > clock_wall(state_clock(q->state)), .running = queue_lease(q, &c->id) != NULL,
	    .task = q->broken == NULL ? &q->task : NULL};
	out->unmet = out->task != NULL && needs_missing(q->state, out->task) != NULL;
}

struct err *
queue_text(struct queue *q, const struct id *id, struct buf *out)
{
	struct copy c = {.q = q, .id = *id};

	TRY(find_row(&c));
	return blob_read(state_repo(q->state), &c.blob, out);
}

struct err *
queue_get(struct queue *q, const struct id *id, struct queue_row *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	struct copy c = {.q = q, .id = *id, .parse = true};
	bool kept = false;

	TRY(find_row(&c));
	if (q->broken == NULL)
		TRY(cache_body(q->cache, q->path, &text, &kept));
	if (kept) {
		task_set_str(&q->task, &q->task.body, buf_str(&text));
	} else if (q->broken == NULL) {
		task_free(&q->task);
		task_init(&q->task);
		TRY(blob_read(state_repo(q->state), &c.blob, &text));
		TRY(task_parse(q->path, buf_str(&text), &q->task));
	}
	lend_row(&c, out);
	return NULL;
}

struct err *
queue_peek(struct queue *q, const struct id *id, struct queue_row *out)
{
	struct copy c = {.q = q, .id = *id, .parse = true};

	TRY(find_row(&c));
	lend_row(&c, out);
	return NULL;
}

/* ---- what is ready ---- */

bool
queue_lookup(void *ctx, const char *id, enum task_state *state)
{
	static const enum task_state states[CACHE_KINDS] = {
	    [CACHE_READY] = TASK_QUEUED, [CACHE_WAITING] = TASK_QUEUED, [CACHE_HELD] = TASK_QUEUED,
	    [CACHE_DELIVERED] = TASK_DELIVERED, [CACHE_ESCALATED] = TASK_ESCALATED,
	    [CACHE_LANDED] = TASK_LANDED, [CACHE_CLOSED] = TASK_CLOSED,
	    /* A broken task exists, and is not done. */
	    [CACHE_BROKEN] = TASK_QUEUED};
	enum cache_kind kind;
	struct queue *q = ctx;
	bool found = false;

	err_ignore(cache_kind(q->cache, id, &kind, &found));
	if (found)
		*state = states[kind];
	return found;
}

/* As far as the task itself goes. */
static bool
may_start(const struct task *t)
{
	return t->state == TASK_QUEUED && *t->hold == '\0' && *t->close == '\0';
}

struct err *
queue_ready(struct queue *q, const struct queue_row *row)
{
	return queue_ready_at(q, row, clock_wall(state_clock(q->state)));
}

struct err *
queue_ready_at(struct queue *q, const struct queue_row *row, int64_t now)
{
	char until[CLOCK_TEXT];
	AUTO(buf_free) struct buf why = BUF_INIT(64 * KIB);
	AUTO(mem_free_p) char *circle = NULL;
	AUTO(mem_free_p) char *needs = NULL;
	const struct lease_info *l = queue_lease(q, &row->id);
	const char *missing;

	if (row->broken != NULL)
		return err_new(ERR_STATE, "cannot be read: %s", row->broken);
	if (l != NULL && *l->node == '\0')
		return err_new(ERR_STATE, "its lease '" REF_LEASES "%s' cannot be read", row->id.s);
	if (l != NULL)
		return err_new(ERR_STATE, "run '%s' works on it on '%s'", l->run.s, l->node);
	if ((row->waits || !may_start(row->task)) && task_ready(row->task, queue_lookup, q, &why) != READY_YES) {
		TRY(circle_of(q->cache, row->id.s, &circle));
		if (*circle != '\0')
			return err_new(ERR_STATE, "waits in a circle: %s", circle);
		return err_new(ERR_STATE, "%s", buf_cstr(&why));
	}
	missing = needs_missing(q->state, row->task);
	if (missing != NULL) {
		needs = needs_why(q->state, missing);
		return err_new(ERR_STATE, "%s", needs);
	}
	if (row->task->retry_at <= now)
		return NULL;
	clock_format(row->task->retry_at, until);
	return err_new(ERR_STATE, "waits until %s after a failure (%s)", until, row->task->class);
}

struct choice {
	struct id id;
	bool found;
};

static struct err *
choose(const struct queue_row *row, void *ctx, bool *more)
{
	struct choice *c = ctx;

	c->id = row->id;
	c->found = true;
	*more = false;
	return NULL;
}

static void
add_reason(struct buf *b, size_t n, const char *what)
{
	if (n > 0)
		buf_addf(b, "%s%zu %s", b->n > 0 ? ", " : "", n, what);
}

static struct err *
count_row(const struct queue_row *row UNUSED, void *ctx, bool *more UNUSED)
{
	++*(size_t *)ctx;
	return NULL;
}

static struct err *
nothing_ready(struct queue *q)
{
	AUTO(buf_free) struct buf why = BUF_INIT(4 * KIB);
	struct queue_counts n;
	size_t unmet = 0;

	TRY(queue_count(q, &n));
	TRY(queue_each(q, QUEUE_UNMET, count_row, &unmet));
	add_reason(&why, unmet, "in need of another node");
	add_reason(&why, n.waiting, "waiting for others");
	add_reason(&why, n.held, "held");
	add_reason(&why, n.running, "running");
	add_reason(&why, n.escalated, "escalated");
	add_reason(&why, n.delivered, "delivered");
	add_reason(&why, n.broken, "broken");
	if (why.n == 0)
		return err_hint(err_new(ERR_NOTHING_READY, "no task is ready: there is none to do"),
		    "write one with 'git factory task add TITLE'");
	return err_new(ERR_NOTHING_READY, "no task is ready: %s", buf_cstr(&why));
}

struct err *
queue_next(struct queue *q, struct id *out)
{
	struct choice c = {0};

	TRY(queue_each(q, QUEUE_READY, choose, &c));
	if (!c.found)
		return nothing_ready(q);
	*out = c.id;
	return NULL;
}

/* ---- counts ---- */

static void
count_running(struct queue *q, struct queue_counts *n)
{
	enum task_state state;
	size_t i;

	for (i = 0; i < q->leases.n; i++) {
		if (!queue_lookup(q, q->leases.v[i].task.s, &state))
			continue;
		n->running++;
		if (state == TASK_QUEUED && n->ready > 0)
			n->ready--;
	}
}

struct err *
queue_count(struct queue *q, struct queue_counts *out)
{
	int64_t kinds[CACHE_KINDS], later;
	struct queue_counts n;

	TRY(cache_count(q->cache, clock_wall(state_clock(q->state)), kinds, &later));
	n = (struct queue_counts){.ready = (size_t)(kinds[CACHE_READY] - later),
	    .waiting = (size_t)(kinds[CACHE_WAITING] + later), .held = (size_t)kinds[CACHE_HELD],
	    .delivered = (size_t)kinds[CACHE_DELIVERED], .escalated = (size_t)kinds[CACHE_ESCALATED],
	    .landed = (size_t)kinds[CACHE_LANDED], .closed = (size_t)kinds[CACHE_CLOSED],
	    .broken = (size_t)kinds[CACHE_BROKEN]};
	count_running(q, &n);
	*out = n;
	return NULL;
}

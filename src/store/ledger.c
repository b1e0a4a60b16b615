#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "model/run.h"
#include "store/cache.h"
#include "store/inside.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/write.h"

struct err *
ledger_put(struct state_step *t, const struct run *r)
{
	AUTO(buf_free) struct buf path = BUF_INIT(TREE_PATH_MAX);
	AUTO(buf_free) struct buf new = BUF_INIT(RUN_FILE_MAX);
	AUTO(buf_free) struct buf old = BUF_INIT(RUN_FILE_MAX);
	bool has;

	run_path(r->id, &path);
	run_format(r, &new);
	TRY(buf_check(&new, "the run record"));
	TRY(step_has(t, buf_cstr(&path), &has));
	if (!has)
		return step_put(t, buf_cstr(&path), buf_str(&new));
	TRY(step_read(t, buf_cstr(&path), &old));
	if (!str_eq(buf_str(&old), buf_str(&new)))
		return err_new(ERR_STATE, "run '%s' is on record already, and differs", r->id);
	return NULL;
}

struct err *
ledger_has(struct state_step *t, const char *run, bool *has)
{
	AUTO(buf_free) struct buf path = BUF_INIT(TREE_PATH_MAX);

	run_path(run, &path);
	return step_has(t, buf_cstr(&path), has);
}

struct err *
ledger_read(struct state *s, const char *run, bool *has, struct run *out)
{
	AUTO(buf_free) struct buf path = BUF_INIT(TREE_PATH_MAX);
	AUTO(buf_free) struct buf text = BUF_INIT(RUN_FILE_MAX);
	struct tree_entry entry;
	struct oid tip, tree;

	run_path(run, &path);
	TRY(state_tip(s, &tip));
	TRY(commit_tree(state_repo(s), &tip, &tree));
	TRY(tree_find(state_repo(s), &tree, buf_cstr(&path), &entry));
	*has = entry.mode != 0;
	if (!*has)
		return NULL;
	TRY(blob_read(state_repo(s), &entry.oid, &text));
	return run_parse(buf_cstr(&path), buf_str(&text), out);
}

static struct err *
collect_id(const struct cache_run *r, void *ctx, bool *more)
{
	(void)more;
	found_add(ctx, r->id, r->task);
	return NULL;
}

struct err *
ledger_find(struct queue *q, const char *prefix, struct id *out)
{
	AUTO(found_free) struct found f = FOUND_INIT;
	AUTO(mem_free_p) char *lower = NULL;

	TRY(found_prefix("run", prefix, &lower));
	TRY(cache_runs_prefix(queue_cache(q), lower, collect_id, &f));
	return found_one(&f, "run", lower, out);
}

static struct err *
read_run(struct queue *q, const char *path, const char *blob, struct run *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(RUN_FILE_MAX);
	struct oid oid;

	if (!oid_parse(str_of(blob), &oid))
		return err_new(ERR_BUG, "the cache names no blob for '%s'", path);
	TRY(blob_read(state_repo(queue_state(q)), &oid, &text));
	return run_parse(path, buf_str(&text), out);
}

struct fetch {
	struct queue *q;
	struct run *out;
};

static struct err *
fetch_run(const struct cache_run *r, void *ctx, bool *more)
{
	struct fetch *f = ctx;

	*more = false;
	return read_run(f->q, r->path, r->blob, f->out);
}

struct err *
ledger_get(struct queue *q, const char *prefix, struct run *out)
{
	struct fetch f = {.q = q, .out = out};
	struct id id;

	TRY(ledger_find(q, prefix, &id));
	return cache_runs_prefix(queue_cache(q), id.s, fetch_run, &f);
}

struct walk {
	struct queue *q;
	ledger_fn *fn;
	void *ctx;
};

static struct err *
visit_run(const struct cache_run *row, void *ctx, bool *more)
{
	AUTO(run_free) struct run r;
	struct walk *w = ctx;

	run_init(&r);
	TRY(read_run(w->q, row->path, row->blob, &r));
	return w->fn(&r, w->ctx, more);
}

struct err *
ledger_each(struct queue *q, const struct id *task, ledger_fn *fn, void *ctx)
{
	struct walk w = {.q = q, .fn = fn, .ctx = ctx};

	return cache_runs(queue_cache(q), task != NULL ? task->s : NULL, visit_run, &w);
}

struct err *
ledger_note(struct state *s, const struct oid *commit, struct str line)
{
	struct note_line note = {.commit = *commit, .line = str_trim(line)};

	return ledger_note_all(s, &note, 1);
}

struct err *
ledger_note_all(struct state *s, const struct note_line *lines, size_t n)
{
	AUTO(ident_free) struct ident who = {0};

	if (n == 0)
		return NULL;
	TRY(state_ident(s, &who));
	return note_add(state_repo(s), REF_NOTES, lines, n, &who);
}

struct err *
ledger_note_in(struct state_step *t, const struct note_line *lines, size_t n)
{
	AUTO(ident_free) struct ident who = {0};
	struct state *s = step_state(t);
	struct oid old, new;

	TRY(state_ident(s, &who));
	TRY(note_prepare(state_repo(s), REF_NOTES, lines, n, &who, &old, &new));
	if (!oid_eq(&old, &new))
		step_ref(t, REF_NOTES, &old, &new);
	return NULL;
}

struct err *
ledger_notes(struct state *s, const struct oid *commit, struct buf *out)
{
	return note_read(state_repo(s), REF_NOTES, commit, out);
}

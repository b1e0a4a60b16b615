#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/merge.h"
#include "git/race.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"
#include "git/txn.h"
#include "model/task.h"
#include "store/inbox.h"
#include "store/settle.h"
#include "store/state.h"
#include "store/write.h"

#define HISTORY_MAX 10000	/* commits looked at to find how a file was filed */
#define FILED "Filed: "

/* One fold: their changes since the base, applied to our tree. */
struct fold {
	struct state *state;
	struct repo *repo;
	struct oid tip;
	struct oid tree;	/* ours */
	struct diff theirs;
	struct tree_edit edit;
	struct strs *remarks;
	struct buf message;
};

static void
fold_free(struct fold *f)
{
	diff_free(&f->theirs);
	tree_edit_free(&f->edit);
	buf_free(&f->message);
}

PRINTF(2, 3) static void
remark(struct fold *f, const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);
	va_list ap;

	if (f->remarks == NULL)
		return;
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	strs_add(f->remarks, buf_cstr(&b));
}

static bool
is_task_path(const char *path)
{
	struct str s = str_of(path);

	return (str_starts(s, "tasks/") || str_starts(s, "archive/")) && str_ends(s, ".md");
}

/* The id that the file's name says, if it is one. */
static bool
id_of_path(const char *path, struct id *id)
{
	struct str name = str_of(path_base(path));

	return str_ends(name, ".md") && id_parse(str_take(name, name.n - 3), id);
}

/* ---- old versions ---- */

struct search {
	const char *path;
	size_t seen;
	struct id *id;
	bool found;
};

static struct err *
visit_filing(void *arg, const struct commit *c, bool *more)
{
	struct search *s = arg;
	struct str rest = str_of(c->message), line, path = str_of(s->path);

	while (!s->found && str_line(&rest, &line)) {
		if (!str_starts(line, FILED))
			continue;
		line = str_skip(line, strlen(FILED));
		if (line.n == path.n + 4 + ID_LEN && str_eq(str_take(line, path.n), path))
			s->found = id_parse(str_skip(line, path.n + 4), s->id);
	}
	*more = !s->found && ++s->seen < HISTORY_MAX;
	return NULL;
}

/* The id under which a file of this name was taken in before. */
static struct err *
filed_as(struct fold *f, const char *path, struct id *id, bool *found)
{
	struct search s = {.path = path, .id = id};

	TRY(commit_walk(f->repo, &f->tip, NULL, visit_filing, &s));
	*found = s.found;
	return NULL;
}

/* ---- tasks ---- */

static struct err *
put(struct fold *f, const char *path, struct str text)
{
	return tree_edit_write(f->repo, &f->edit, path, text);
}

/* Kept as it was written, so that nothing of it is lost: it blocks only itself. */
static struct err *
put_broken(struct fold *f, const char *path, struct str text, struct err *why)
{
	remark(f, "%s", err_msg(why));
	err_free(why);
	return put(f, path, text);
}

static struct err *
file_new_task(struct fold *f, const char *from, const struct id *id, struct str text)
{
	AUTO(buf_free) struct buf out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(buf_free) struct buf path = BUF_INIT(TREE_PATH_MAX);
	AUTO(task_free) struct task t;
	AUTO(mem_free_p) char *place = NULL;
	struct err *e;

	task_init(&t);
	task_path(id->s, false, &path);
	if (strcmp(buf_cstr(&path), from) != 0)
		buf_addf(&f->message, FILED "%s as %s\n", from, id->s);
	e = task_parse(from, text, &t);
	if (e != NULL)
		return put_broken(f, buf_cstr(&path), text, e);
	task_begin(&t, id, clock_wall(state_clock(f->state)));
	task_settle(NULL, &t);
	TRY(task_splice(from, text, &t, &out));
	TRY(buf_check(&out, from));
	place = task_place(&t);
	if (strcmp(place, from) != 0)
		remark(f, "'%s' is now task %s", from, id->s);
	return put(f, place, buf_str(&out));
}

/* What follows from the merged file: its state, and so its place. */
static struct err *
put_merged(struct fold *f, const char *was, const struct task *before, struct str merged)
{
	AUTO(buf_free) struct buf out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(mem_free_p) char *place = NULL;
	AUTO(task_free) struct task t;

	task_init(&t);
	TRY(task_parse(was, merged, &t));
	task_settle(before, &t);
	TRY(task_splice(was, merged, &t, &out));
	TRY(buf_check(&out, was));
	place = task_place(&t);
	if (strcmp(place, was) != 0)
		tree_edit_delete(&f->edit, was);
	return put(f, place, buf_str(&out));
}

/* A file that was never readable begins when it is. */
static struct err *
mend_new_task(struct fold *f, const char *path, const char *from, struct str text)
{
	struct id id;

	if (!id_of_path(path, &id))
		return put(f, path, text);
	tree_edit_delete(&f->edit, path);
	return file_new_task(f, from, &id, text);
}

static struct err *
merge_task(struct fold *f, const char *path, const struct diff_file *d, struct str theirs)
{
	AUTO(buf_free) struct buf base = BUF_INIT(TASK_FILE_MAX);
	AUTO(buf_free) struct buf ours = BUF_INIT(TASK_FILE_MAX);
	AUTO(buf_free) struct buf out = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(strs_free) struct strs conflicts = {0};
	AUTO(task_free) struct task before;
	struct err *e;
	size_t i;

	task_init(&before);
	if (d->status != 'A')
		TRY(blob_read(f->repo, &d->old_oid, &base));
	TRY(tree_read(f->repo, &f->tree, path, &ours));
	e = task_parse(path, buf_str(&ours), &before);
	if (e != NULL) {
		err_free(e);
		buf_clear(&ours);
		TRY(task_last_good(f->repo, &f->tip, path, &ours));
		if (ours.n == 0)
			return mend_new_task(f, path, d->path, theirs);
		TRY(task_parse(path, buf_str(&ours), &before));
		buf_clear(&base);
		buf_addstr(&base, buf_str(&ours));
	}
	e = task_merge(path, buf_str(&base), buf_str(&ours), theirs, &out, &conflicts);
	if (err_is(e, ERR_SYNTAX) || err_is(e, ERR_LIMIT))
		return put_broken(f, path, theirs, e);
	TRY(e);
	for (i = 0; i < conflicts.n; i++)
		remark(f, "%s: '%s' was changed on both sides: the branch's stays", path, conflicts.v[i]);
	return put_merged(f, path, &before, buf_str(&out));
}

static bool
deleted_too(const struct fold *f, const struct oid *blob, const struct id *id)
{
	const struct diff_file *d;
	struct id other;

	for (d = f->theirs.v; d < f->theirs.v + f->theirs.n; d++)
		if (d->status == 'D' && (oid_eq(&d->old_oid, blob) ||
		    (id != NULL && id_of_path(d->path, &other) && strcmp(other.s, id->s) == 0)))
			return true;
	return false;
}

/* A file that was only moved keeps the id that its front matter says. */
static bool
moved_id(const struct fold *f, const struct diff_file *d, struct str text, struct id *id)
{
	AUTO(task_free) struct task t;
	struct err *e;
	bool moved;

	task_init(&t);
	e = task_parse(d->path, text, &t);
	moved = e == NULL && id_parse(str_of(t.id), id) && deleted_too(f, &d->new_oid, id);
	err_ignore(e);
	return moved;
}

static struct err *
fold_task(struct fold *f, const struct diff_file *d)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(mem_free_p) char *path = NULL;
	struct err *e;
	struct id id;
	bool known;

	e = blob_read(f->repo, &d->new_oid, &text);
	if (err_is(e, ERR_LIMIT)) {
		remark(f, "%s: too large for a task: left out", d->path);
		err_free(e);
		return NULL;
	}
	TRY(e);
	known = id_of_path(d->path, &id) || moved_id(f, d, buf_str(&text), &id);
	if (!known && d->status == 'M')
		TRY(filed_as(f, d->path, &id, &known));
	if (known)
		TRY(task_locate(f->repo, &f->tree, id.s, &path));
	else
		TRY(task_new_id(f->repo, &f->tree, &id));
	if (path == NULL)
		return file_new_task(f, d->path, &id, buf_str(&text));
	return merge_task(f, path, d, buf_str(&text));
}

static void
fold_deleted_task(struct fold *f, const struct diff_file *d)
{
	struct id id;
	size_t i;

	if (!id_of_path(d->path, &id))
		return;
	for (i = 0; i < f->theirs.n; i++) {
		const struct diff_file *other = &f->theirs.v[i];
		struct id there;

		if (other->status == 'A' && (oid_eq(&other->new_oid, &d->old_oid) ||
		    (id_of_path(other->path, &there) && strcmp(there.s, id.s) == 0)))
			return;
	}
	remark(f, "'%s' was deleted on the branch and is restored; to end a task, give it a 'close:' line",
	    d->path);
}

/* ---- all other files ---- */

/* Notes for people and the factory: theirs, or both where lines do not clash. */
static struct err *
fold_other(struct fold *f, const struct diff_file *d)
{
	AUTO(buf_free) struct buf base = BUF_INIT(BUF_TEXT), ours = BUF_INIT(BUF_TEXT);
	AUTO(buf_free) struct buf theirs = BUF_INIT(BUF_TEXT), out = BUF_INIT(BUF_TEXT);
	struct tree_entry mine;
	bool clean;

	TRY(tree_find(f->repo, &f->tree, d->path, &mine));
	if (d->status == 'D') {
		if (mine.mode != 0 && oid_eq(&mine.oid, &d->old_oid))
			tree_edit_delete(&f->edit, d->path);
		return NULL;
	}
	if (mine.mode == 0 || oid_eq(&mine.oid, &d->old_oid) || d->status == 'A') {
		tree_edit_put(&f->edit, d->path, d->new_mode, &d->new_oid);
		return NULL;
	}
	TRY(blob_read(f->repo, &d->old_oid, &base));
	TRY(blob_read(f->repo, &mine.oid, &ours));
	TRY(blob_read(f->repo, &d->new_oid, &theirs));
	TRY(merge_text(buf_str(&base), buf_str(&ours), buf_str(&theirs), &out, &clean));
	if (!clean)
		remark(f, "'%s' was changed on both sides: the branch's version stays", d->path);
	return put(f, d->path, buf_str(clean ? &out : &theirs));
}

static struct err *
fold_file(struct fold *f, const struct diff_file *d)
{
	struct err *e = path_check(str_of(d->path));

	if (e != NULL) {
		remark(f, "left out: %s", err_msg(e));
		err_free(e);
		return NULL;
	}
	if (d->status != 'D' && d->new_mode != MODE_FILE && d->new_mode != MODE_EXEC) {
		remark(f, "'%s' is no regular file: left out", d->path);
		return NULL;
	}
	if (str_starts(str_of(d->path), "runs/")) {
		remark(f, "'%s' is a record and stays as it was", d->path);
		return NULL;
	}
	if (!is_task_path(d->path))
		return fold_other(f, d);
	if (d->status == 'D') {
		fold_deleted_task(f, d);
		return NULL;
	}
	return fold_task(f, d);
}

static struct err *
fold_make(struct state *s, const struct oid *tip, const struct oid *view, const struct oid *base,
    struct oid *out, struct strs *remarks)
{
	AUTO(fold_free) struct fold f = {.state = s, .repo = state_repo(s), .tip = *tip,
	    .remarks = remarks, .message = BUF_INIT(BUF_TEXT)};
	struct oid their_tree, base_tree, tree, parents[2] = {*tip, *view};
	size_t i;

	TRY(commit_tree(f.repo, tip, &f.tree));
	TRY(commit_tree(f.repo, view, &their_tree));
	TRY(commit_tree(f.repo, base, &base_tree));
	TRY(diff_trees(f.repo, &base_tree, &their_tree, false, &f.theirs));
	buf_addf(&f.message, "Take in what people wrote on '%s'\n\n",
	    state_view(s) + strlen("refs/heads/"));
	for (i = 0; i < f.theirs.n; i++)
		TRY(fold_file(&f, &f.theirs.v[i]));
	TRY(tree_apply(f.repo, &f.tree, &f.edit, &tree));
	return state_commit(s, &tree, parents, NITEMS(parents), buf_cstr(&f.message), out);
}

static struct err *
fold_once(struct state *s, const struct oid *tip, const struct oid *view, const struct oid *base,
    struct strs *remarks)
{
	AUTO(txn_free) struct txn txn = {0};
	struct oid new;

	TRY(fold_make(s, tip, view, base, &new, remarks));
	txn_add(&txn, REF_STATE, tip, &new);
	TRY(state_add_view(s, view, &new, &txn));
	return txn_commit(state_repo(s), &txn, "fold the inbox");
}

/* Idle: nothing to take in, the view is where the state is, or was before. */
static struct err *
find_base(struct repo *r, const struct oid *tip, const struct oid *view, struct oid *base, bool *idle)
{
	*idle = oid_is_zero(view) || oid_eq(view, tip);
	if (*idle)
		return NULL;
	TRY(commit_is_ancestor(r, view, tip, idle));
	if (!*idle)
		TRY(commit_merge_base(r, tip, view, base));
	return NULL;
}

static void
remark_stranger(struct state *s, struct strs *remarks)
{
	if (remarks != NULL)
		strs_addf(remarks, "the branch '%s' shares no history with refs/factory/state and is not read; rename it",
		    state_view(s) + strlen("refs/heads/"));
}

struct err *
inbox_take(struct state *s, const struct oid *tip, const struct oid *view, struct oid *new,
    struct strs *remarks)
{
	struct oid base, made = *tip;
	bool idle;

	TRY(find_base(state_repo(s), tip, view, &base, &idle));
	if (!idle && oid_is_zero(&base))
		remark_stranger(s, remarks);
	else if (!idle)
		TRY(fold_make(s, tip, view, &base, &made, remarks));
	*new = made;
	return NULL;
}

struct err *
inbox_fold(struct state *s, struct strs *remarks)
{
	struct race race = race_start(clock_system(), STATE_RACE_MS);
	struct oid tip, view, base;
	struct err *e;
	bool idle;

	if (state_view(s) == NULL)
		return NULL;
	for (;;) {
		AUTO(strs_free) struct strs said = {0};
		size_t i;

		TRY(state_tip(s, &tip));
		TRY(tip_read(state_repo(s), state_view(s), &view));
		TRY(find_base(state_repo(s), &tip, &view, &base, &idle));
		if (idle)
			return NULL;
		if (oid_is_zero(&base)) {
			remark_stranger(s, remarks);
			return NULL;
		}
		e = fold_once(s, &tip, &view, &base, &said);
		if (e == NULL) {
			for (i = 0; remarks != NULL && i < said.n; i++)
				strs_add(remarks, said.v[i]);
			return NULL;
		}
		if (!race_goes_on(&race, e))
			return e;
		err_free(e);
		race_pause(&race);
	}
}

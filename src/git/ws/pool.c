/*
 * ws/pool.c - a workspace as a checkout that is kept: locked for one run,
 * restored at the next one's start, never removed, since creating files where
 * many were just removed is slow (ext4).
 *
 * What was changed is seen by comparing each file with what it looked like
 * when it was written; the kernel sets a file's ctime, so nobody forges that.
 */
#include "git/ws/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/repo.h"
#include "git/ws/attr.h"
#include "sys/userns.h"

/* ---- comparing the files with the index ---- */

struct scan {
	struct workspace *ws;
	const struct ws_index *ix;
	bool *seen;		/* one per row of the index */
	void *arg;
	/* A file that the index has, and that does not look the same. */
	struct err *(*changed)(struct scan *s, size_t row, int dirfd, const char *name,
	    const struct stat *st);
	/* Not in the index; for a folder, *descend false leaves its content out. */
	struct err *(*added)(struct scan *s, int dirfd, const char *name, const char *path,
	    const struct stat *st, bool *descend);
	struct err *(*gone)(struct scan *s, size_t row);
};

/* The first row that is not less than the path. */
static size_t
lower_bound(const struct ws_index *ix, const char *path)
{
	size_t lo = 0, hi = ix->rows.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(ix->rows.v[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
row_at(const struct ws_index *ix, const char *path, size_t *row)
{
	*row = lower_bound(ix, path);
	return *row < ix->rows.n && strcmp(ix->rows.v[*row].path, path) == 0;
}

static bool
folder_at(const struct ws_index *ix, const char *path)
{
	AUTO(mem_free_p) char *prefix = mem_printf("%s/", path);
	size_t row = lower_bound(ix, prefix);

	return row < ix->rows.n && str_starts(str_of(ix->rows.v[row].path), prefix);
}

static bool
same(const struct ws_row *row, const struct stat *st)
{
	struct ws_stat now = ws_stat_of(st);
	bool type = row->mode == MODE_LINK ? S_ISLNK(st->st_mode) : S_ISREG(st->st_mode);

	return type && ws_stat_same(&row->st, &now);
}

static struct err *scan_dir(struct scan *s, int dirfd, const char *prefix, int depth);

static struct err *
scan_folder(struct scan *s, int dirfd, const char *name, const char *path,
    const struct stat *st, int depth)
{
	AUTO(fd_close_p) int fd = -1;
	bool descend = true;
	size_t row;

	if (row_at(s->ix, path, &row) && s->ix->rows.v[row].mode == MODE_GITLINK)
		s->seen[row] = true;
	else if (!folder_at(s->ix, path))
		TRY(s->added(s, dirfd, name, path, st, &descend));
	if (!descend || depth > WS_DEPTH_MAX)
		return NULL;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0755, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys("cannot open the folder '%s'", path);
	return scan_dir(s, fd, path, depth + 1);
}

static struct err *
scan_dir(struct scan *s, int dirfd, const char *prefix, int depth)
{
	AUTO(strs_free) struct strs names = {0};

	TRY(ws_dir_names(dirfd, &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *path = depth > 0 ? path_join(prefix, names.v[i]) :
		    mem_strdup(names.v[i]);
		bool ignored = true;
		struct stat st;
		size_t row;

		if ((depth == 0 && strcmp(path, ".git") == 0) ||
		    fstatat(dirfd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			TRY(scan_folder(s, dirfd, names.v[i], path, &st, depth));
		} else if (row_at(s->ix, path, &row)) {
			s->seen[row] = true;
			if (!same(&s->ix->rows.v[row], &st))
				TRY(s->changed(s, row, dirfd, names.v[i], &st));
		} else {
			TRY(s->added(s, dirfd, names.v[i], path, &st, &ignored));
		}
	}
	return NULL;
}

static struct err *
scan_all(struct scan *s)
{
	struct err *e;

	s->seen = mem_calloc(s->ix->rows.n + 1, sizeof(bool));
	e = scan_dir(s, s->ws->slot.files, "", 0);
	for (size_t i = 0; e == NULL && i < s->ix->rows.n; i++)
		if (!s->seen[i])
			e = s->gone(s, i);
	free(s->seen);
	return e;
}

/* ---- restoring ---- */

struct restore {
	struct ws_writer writer;
	VEC_FIELDS(size_t);	/* rows to write again */
};

static struct err *
restore_changed(struct scan *s, size_t row, int dirfd UNUSED, const char *name UNUSED,
    const struct stat *st UNUSED)
{
	struct restore *r = s->arg;

	vec_push(r, row);
	return NULL;
}

static struct err *
restore_added(struct scan *s UNUSED, int dirfd, const char *name, const char *path UNUSED,
    const struct stat *st UNUSED, bool *descend)
{
	*descend = false;
	return tree_remove(dirfd, name);
}

static struct err *
restore_gone(struct scan *s, size_t row)
{
	struct restore *r = s->arg;

	vec_push(r, row);
	return NULL;
}

static struct err *
restore_rows(struct workspace *ws, const struct ws_index *ix, struct restore *r)
{
	struct ws_rows rows = {0};
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < r->n; i++) {
		const struct ws_row *was = &ix->rows.v[r->v[i]];
		struct ws_row row;

		e = writer_put(&r->writer, was->path, was->mode, &was->oid, &row);
		if (e == NULL)
			vec_push(&rows, row);
	}
	if (e == NULL && rows.n > 0) {
		index_sort(&rows);
		e = index_replace(ws->slot.dir, slot_index(true), ix->bytes, &rows);
	}
	vec_free(&rows);
	return e;
}

/* The slot's files as its index has them: no more, no less. */
static struct err *
restore(struct workspace *ws)
{
	AUTO(index_free) struct ws_index ix = {0};
	struct ws_attr *attrs = ws_attr_new(ws->terms.repo, &ws->slot.tree);
	struct clock clock = clock_system();
	struct restore r = {.n = 0};
	struct scan s = {.ws = ws, .ix = &ix, .arg = &r, .changed = restore_changed,
	    .added = restore_added, .gone = restore_gone};
	struct err *e = index_load(ws->slot.dir, slot_index(true), &ix);

	writer_init(&r.writer, &ws->terms, attrs, ws->slot.files);
	r.writer.fresh = true;
	r.writer.full = true;
	r.writer.mtime = clock_wall(&clock) - 1;
	if (e == NULL) {
		e = scan_all(&s);
		if (e == NULL)
			e = restore_rows(ws, &ix, &r);
	} else {
		/* Without an index slot_move() starts from nothing. */
		err_ignore(e);
		e = NULL;
	}
	vec_free(&r);
	writer_free(&r.writer);
	ws_attr_free(attrs);
	return e;
}

/* ---- setup's results ---- */

static struct err *
take_added(void *arg, const char *path, const struct stat *st, bool *take)
{
	struct workspace *ws = arg;
	size_t row;

	*take = S_ISDIR(st->st_mode) || !row_at(&ws->index, path, &row);
	return NULL;
}

static void
note_added(void *arg, const char *path, int dirfd, const char *name)
{
	struct workspace *ws = arg;
	struct ws_stat *was;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	was = mem_alloc(sizeof(*was));
	*was = ws_stat_of(&st);
	free(map_set(&ws->added, path, was));
}

static struct err *
copy_setup(struct workspace *ws)
{
	AUTO(fd_close_p) int from = open(ws->setup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (from < 0)
		return err_sys("cannot open '%s'", ws->setup_dir);
	return ws_copy(&ws->terms, from, ws->slot.files, take_added, note_added, ws);
}

/* ---- making it ---- */

static struct err *
write_git(struct workspace *ws, const struct ws_objects *objects, bool direct)
{
	struct userns_self self;
	struct err *e;

	TRY(tree_remove(ws->slot.files, ".git"));
	TRY(ws_git_write(ws, ws->slot.files, objects, direct));
	self = userns_become(ws->terms.uid, ws->terms.gid);
	e = file_replace(ws->slot.files, ".git/index", ws->index.bytes, 0644, false);
	userns_return(self);
	return e;
}

/*
 * Even without overlays a mount namespace is worth having: the objects appear
 * in it, and root's closed folders are not in the way of the mapped user.
 */
static struct err *
show(struct workspace *ws, const struct ws_objects *objects, const char *files)
{
	const char *lowers[] = {files, NULL};
	struct userns_opts o = {.lowers = lowers, .plain = true, .bytes = MIB,
	    .binds = objects->binds, .nbinds = objects->n};
	struct err *e = userns_open(&o, &ws->ns);

	if (e == NULL) {
		ws->view = ws->ns.view;
		return NULL;
	}
	if (!err_is(e, ERR_SANDBOX))
		return e;
	err_ignore(e);
	ws->ns.path = mem_strdup(files);
	ws->view = (struct view){.path = ws->ns.path, .userns_fd = -1, .mntns_fd = -1,
	    .uid = ws->terms.uid, .gid = ws->terms.gid};
	return write_git(ws, objects, true);
}

static struct err *
pool_open(struct workspace *ws)
{
	AUTO(ws_objects_free) struct ws_objects objects = {.n = 0};
	AUTO(mem_free_p) char *files = NULL;

	TRY(slot_pool(&ws->terms, &ws->slot));
	if (defence_on(DEFENCE_LAYERS))
		TRY(restore(ws));
	TRY(slot_move(&ws->terms, &ws->slot, true, &ws->tree));
	TRY(slot_check(&ws->terms, &ws->slot, &ws->tree));
	TRY(index_load(ws->slot.dir, slot_index(true), &ws->index));
	if (ws->setup_dir != NULL)
		TRY(copy_setup(ws));
	ws_objects_find(ws->terms.repo, &objects);
	TRY(write_git(ws, &objects, false));
	files = path_join(ws->slot.path, "files");
	ws->root = ws->slot.files;
	return show(ws, &objects, files);
}

static void
pool_close(struct workspace *ws)
{
	userns_close(&ws->ns);
	slot_close(&ws->slot);
	index_free(&ws->index);
	map_free(&ws->added, free);
	ws->added = (struct map){0};
	ws->root = -1;
}

/* ---- reading the change ---- */

static struct err *
pool_base(struct workspace *ws, const char *path, struct tree_entry *e)
{
	size_t row;

	*e = (struct tree_entry){.path = path};
	if (row_at(&ws->index, path, &row)) {
		e->mode = ws->index.rows.v[row].mode;
		e->oid = ws->index.rows.v[row].oid;
	} else if (folder_at(&ws->index, path)) {
		e->mode = MODE_TREE;
	}
	return NULL;
}

static int
pool_added(struct workspace *ws)
{
	return ws->slot.files;
}

static struct err *
change_changed(struct scan *s, size_t row, int dirfd, const char *name, const struct stat *st)
{
	const struct ws_row *was = &s->ix->rows.v[row];
	struct tree_entry base = {.path = was->path, .mode = was->mode, .oid = was->oid};

	return collect_file(s->arg, dirfd, name, was->path, st, &base);
}

/* New in a folder that the base has, though its rules ignore the folder. */
static struct err *
ignored_above(struct ws_collect *c, const char *path, bool is_dir, bool *ignored)
{
	AUTO(mem_free_p) char *at = mem_strdup(path);

	*ignored = false;
	for (char *p = strchr(at, '/'); p != NULL && !*ignored; p = strchr(p + 1, '/')) {
		*p = '\0';
		TRY(ws_attr_ignored(c->ws->attrs, at, true, ignored));
		*p = '/';
	}
	if (*ignored)
		strs_addf(&c->rep->ignored, "%s%s", path, is_dir ? "/" : "");
	return NULL;
}

static struct err *
change_added(struct scan *s, int dirfd, const char *name, const char *path,
    const struct stat *st, bool *descend)
{
	struct ws_collect *c = s->arg;
	const struct ws_stat *setup = map_get(&s->ws->added, path);
	struct tree_entry none = {.path = path};
	struct ws_stat now = ws_stat_of(st);
	bool ignored;

	if (setup != NULL && !S_ISDIR(st->st_mode) && ws_stat_same(setup, &now))
		return NULL;
	*descend = false;
	if (!collect_named(c, path))
		return NULL;
	TRY(ignored_above(c, path, S_ISDIR(st->st_mode), &ignored));
	if (!ignored)
		TRY(collect_ignored(c, path, S_ISDIR(st->st_mode), &ignored));
	*descend = !ignored;
	if (ignored || S_ISDIR(st->st_mode))
		return NULL;
	return collect_file(c, dirfd, name, path, st, &none);
}

static struct err *
change_gone(struct scan *s, size_t row)
{
	struct ws_collect *c = s->arg;
	const char *path = s->ix->rows.v[row].path;

	if (collect_named(c, path))
		tree_edit_delete(c->edit, path);
	return NULL;
}

/* Where a file took a folder's place its put is all: nothing is deleted below it. */
static void
drop_covered(struct tree_edit *edit)
{
	struct map put = {0};
	size_t to = 0;

	for (size_t i = 0; i < edit->n; i++)
		if (edit->v[i].mode != 0)
			map_set(&put, edit->v[i].path, edit);
	for (size_t i = 0; i < edit->n; i++) {
		bool covered = false;

		for (const char *p = strchr(edit->v[i].path, '/'); p != NULL && !covered;
		     p = strchr(p + 1, '/'))
			covered = map_get_str(&put, str_mk(edit->v[i].path,
			    (size_t)(p - edit->v[i].path))) != NULL;
		if (covered)
			free(edit->v[i].path);
		else
			edit->v[to++] = edit->v[i];
	}
	edit->n = to;
	map_free(&put, NULL);
}

static struct err *
pool_changes(struct workspace *ws, struct ws_collect *c)
{
	struct scan s = {.ws = ws, .ix = &ws->index, .arg = c, .changed = change_changed,
	    .added = change_added, .gone = change_gone};

	TRY(scan_all(&s));
	drop_covered(c->edit);
	return NULL;
}

const struct ws_ops ws_pool_ops = {
	.kind = WS_POOL,
	.open = pool_open,
	.close = pool_close,
	.changes = pool_changes,
	.base = pool_base,
	.added = pool_added,
};

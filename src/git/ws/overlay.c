/*
 * ws/overlay.c - a workspace as an overlay: a slot's files and setup's results
 * below, what is written in memory above.  The upper layer is the change.
 *
 * Layers, topmost first: upper; fill (the throw-away .git and, when the
 * slot's tree is another one, the files that differ); the slot's index; the
 * slot's files; setup's results, which never hide a file of the base.
 *
 * Facts: Documentation/filesystems/overlayfs.rst: a character device 0:0 is
 * a deleted name, user.overlay.opaque = "y" a folder that hides those below
 * (userxattr); without redirect_dir a renamed lower folder is EXDEV, so a
 * renamed folder is a copy here.
 */
#include "git/ws/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/repo.h"
#include "git/ws/attr.h"
#include "sys/userns.h"

/* ---- making it ---- */

struct fill {
	struct workspace *ws;
	const struct ws_objects *objects;
	const struct tree_edit *delta;
};

/*
 * Hide a path that the slot has and the tree has not: at the highest folder
 * that is not there any more, since git knows no empty folders.
 */
static struct err *
hide(struct workspace *ws, struct ws_writer *w, const char *path)
{
	AUTO(mem_free_p) char *at = mem_strdup(path);
	struct tree_entry e;

	for (;;) {
		char *slash = strrchr(at, '/');

		if (slash == NULL)
			break;
		*slash = '\0';
		TRY(tree_find(ws->terms.repo, &ws->tree, at, &e));
		if (e.mode != 0 && e.mode != MODE_TREE)
			return NULL;	/* a file took the folder's place, and hides all */
		if (e.mode == MODE_TREE) {
			*slash = '/';
			break;
		}
	}
	return writer_whiteout(w, at);
}

static struct err *
fill_files(struct workspace *ws, struct ws_writer *w, const struct tree_edit *delta,
    struct ws_rows *rows)
{
	TRY(writer_put_all(w, delta, rows));
	for (size_t i = 0; i < delta->n; i++) {
		if (delta->v[i].mode != 0)
			continue;
		TRY(hide(ws, w, delta->v[i].path));
		vec_push(rows, (struct ws_row){.path = delta->v[i].path});
	}
	return NULL;
}

static struct err *
fill_index(struct workspace *ws, int dirfd, struct ws_rows *rows)
{
	AUTO(index_free) struct ws_index old = {0};
	struct userns_self self;
	struct err *e;

	TRY(index_map(ws->slot.dir, slot_index(false), &old));
	index_sort(rows);
	self = userns_become(ws->terms.uid, ws->terms.gid);
	e = index_replace(dirfd, ".git/index", old.bytes, rows);
	userns_return(self);
	return e;
}

static struct err *
fill(void *arg, int dirfd)
{
	struct fill *f = arg;
	struct clock clock = clock_system();
	struct ws_rows rows = {0};
	struct ws_writer w;
	struct err *e;

	TRY(ws_git_write(f->ws, dirfd, f->objects, false));
	if (f->delta->n == 0)
		return NULL;
	writer_init(&w, &f->ws->terms, f->ws->attrs, dirfd);
	w.fresh = true;
	w.mtime = clock_wall(&clock) - 1;
	e = fill_files(f->ws, &w, f->delta, &rows);
	writer_free(&w);
	if (e == NULL)
		e = fill_index(f->ws, dirfd, &rows);
	vec_free(&rows);
	return e;
}

/* A file that the delta hides would hide setup's file of that name as well. */
static bool
hides_setup(const struct workspace *ws, const struct tree_edit *delta)
{
	struct stat st;
	bool hides = false;
	int fd;

	if (ws->setup_dir == NULL)
		return false;
	fd = open(ws->setup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && !hides && i < delta->n; i++)
		hides = delta->v[i].mode == 0 &&
		    fstatat(fd, delta->v[i].path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	fd_close_p(&fd);
	return hides;
}

static struct err *
take_slot(struct workspace *ws, struct tree_edit *delta)
{
	TRY(slot_base(&ws->terms, &ws->tree, false, &ws->slot, delta));
	if (!hides_setup(ws, delta))
		return NULL;
	slot_close(&ws->slot);
	tree_edit_free(delta);
	return slot_base(&ws->terms, &ws->tree, true, &ws->slot, delta);
}

static struct err *
overlay_open(struct workspace *ws)
{
	AUTO(tree_edit_free) struct tree_edit delta = {0};
	AUTO(ws_objects_free) struct ws_objects objects = {.n = 0};
	AUTO(mem_free_p) char *git = NULL;
	AUTO(mem_free_p) char *files = NULL;
	struct fill f = {.ws = ws, .objects = &objects, .delta = &delta};
	struct userns_opts o = {.bytes = ws->bytes, .fill = fill, .arg = &f};
	const char *lowers[4] = {NULL};

	TRY(take_slot(ws, &delta));
	ws_objects_find(ws->terms.repo, &objects);
	git = path_join(ws->slot.path, "git");
	files = path_join(ws->slot.path, "files");
	lowers[0] = git;
	lowers[1] = files;
	lowers[2] = ws->setup_dir;
	o.lowers = lowers;
	o.binds = objects.binds;
	o.nbinds = objects.n;
	TRY(userns_open(&o, &ws->ns));
	ws->view = ws->ns.view;
	ws->root = ws->ns.root;
	ws->delta = delta.n;
	return NULL;
}

static void
overlay_close(struct workspace *ws)
{
	userns_close(&ws->ns);
	if (slot_is_worn(&ws->slot, ws->delta))
		slot_follow(&ws->terms, &ws->slot, &ws->tree);
	ws->delta = 0;
	slot_close(&ws->slot);
	ws->root = -1;
}

/* ---- reading the change ---- */

static struct err *
overlay_base(struct workspace *ws, const char *path, struct tree_entry *e)
{
	return tree_find(ws->terms.repo, &ws->tree, path, e);
}

static int
overlay_added(struct workspace *ws)
{
	return ws->ns.upper;
}

static bool
opaque(int dirfd)
{
#ifdef __linux__
	char value = 0;

	return fgetxattr(dirfd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
#else
	(void)dirfd;
	return false;
#endif
}

struct walk {
	struct ws_collect *c;
	char *path;		/* of the folder, "" for the root */
	int dirfd;
	int depth;
	bool ignored;		/* new files are not taken */
	bool opaque;		/* what is not here is deleted */
};

static struct err *walk_dir(struct walk *w);

/* One entry of the base's folder that the upper layer replaced as a whole. */
static struct err *
missing_entry(void *arg, const struct tree_entry *e, bool *descend)
{
	struct walk *w = arg;
	const char *name = path_base(e->path);
	struct stat st;

	*descend = false;
	if (fstatat(w->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !(S_ISCHR(st.st_mode) && st.st_rdev == 0))
		return NULL;
	if (collect_named(w->c, e->path))
		tree_edit_delete(w->c->edit, e->path);
	return NULL;
}

static struct err *
walk_folder(struct walk *w, const char *name, char *path, const struct tree_entry *base)
{
	struct walk below = {.c = w->c, .path = path, .depth = w->depth + 1, .ignored = w->ignored};
	AUTO(fd_close_p) int fd = -1;
	size_t before = w->c->edit->n;

	if (base->mode == MODE_GITLINK)
		return NULL;
	if (base->mode != MODE_TREE && w->ignored) {
		strs_addf(&w->c->rep->ignored, "%s/", path);
		return NULL;
	}
	if (!w->ignored) {
		bool ignored;

		TRY(ws_attr_ignored(w->c->ws->attrs, path, true, &ignored));
		if (ignored && base->mode != MODE_TREE)
			return collect_ignored(w->c, path, true, &ignored);
		below.ignored = ignored;
	}
	fd = openat(w->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		collect_refuse(w->c, path, strerror(errno));
		return NULL;
	}
	below.dirfd = fd;
	below.opaque = w->opaque || opaque(fd);
	if (below.opaque && base->mode == MODE_TREE)
		TRY(tree_walk(w->c->ws->terms.repo, &w->c->ws->tree, path, missing_entry, &below));
	TRY(walk_dir(&below));
	/* A folder in a file's place, with nothing in it that a tree can hold. */
	if (base->mode != 0 && base->mode != MODE_TREE && w->c->edit->n == before &&
	    collect_named(w->c, path))
		tree_edit_delete(w->c->edit, path);
	return NULL;
}

static struct err *
walk_entry(struct walk *w, const char *name, char *path)
{
	struct tree_entry base;
	struct stat st;
	bool ignored;

	if (fstatat(w->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;	/* gone meanwhile */
	TRY(overlay_base(w->c->ws, path, &base));
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		if (base.mode != 0 && collect_named(w->c, path))
			tree_edit_delete(w->c->edit, path);
		return NULL;
	}
	if (base.mode == 0 && !collect_named(w->c, path))
		return NULL;
	if (S_ISDIR(st.st_mode))
		return walk_folder(w, name, path, &base);
	if (base.mode == 0 && w->ignored) {
		strs_add(&w->c->rep->ignored, path);
		return NULL;
	}
	if (base.mode == 0) {
		TRY(collect_ignored(w->c, path, false, &ignored));
		if (ignored)
			return NULL;
	}
	return collect_file(w->c, w->dirfd, name, path, &st, &base);
}

static struct err *
walk_dir(struct walk *w)
{
	AUTO(strs_free) struct strs names = {0};

	if (w->depth > WS_DEPTH_MAX) {
		collect_refuse(w->c, w->path, "too deep");
		return NULL;
	}
	TRY(ws_dir_names(w->dirfd, &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *path = w->depth > 0 ? path_join(w->path, names.v[i]) :
		    mem_strdup(names.v[i]);

		if (w->depth > 0 || strcmp(names.v[i], ".git") != 0)
			TRY(walk_entry(w, names.v[i], path));
	}
	return NULL;
}

static struct err *
overlay_changes(struct workspace *ws, struct ws_collect *c)
{
	char root[] = "";
	struct walk w = {.c = c, .path = root, .dirfd = ws->ns.upper, .depth = 0};

	return walk_dir(&w);
}

const struct ws_ops ws_overlay_ops = {
	.kind = WS_OVERLAY,
	.open = overlay_open,
	.close = overlay_close,
	.changes = overlay_changes,
	.base = overlay_base,
	.added = overlay_added,
};

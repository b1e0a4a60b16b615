/*
 * ws/priv.h - what the files of the workspace share.  In git/ only.
 */
#ifndef GIT_WS_PRIV_H
#define GIT_WS_PRIV_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/map.h"
#include "git/workspace.h"
#include "git/ws/base.h"
#include "git/ws/index.h"
#include "git/ws/write.h"

struct ws_attr;
struct ws_collect;

/* One way of having a workspace. */
struct ws_ops {
	enum ws_kind kind;
	/* Build it from terms, commit, tree and setup_dir. */
	struct err *(*open)(struct workspace *ws);
	void (*close)(struct workspace *ws);
	/* Feed all that is not as it was to the collector. */
	struct err *(*changes)(struct workspace *ws, struct ws_collect *c);
	/* What the base has at a path: mode 0, or MODE_TREE for a folder. */
	struct err *(*base)(struct workspace *ws, const char *path, struct tree_entry *e);
	/* The folder that setup's results are found in: everything not in the base. */
	int (*added)(struct workspace *ws);
};

extern const struct ws_ops ws_overlay_ops;
extern const struct ws_ops ws_pool_ops;

struct workspace {
	struct ws_terms terms;
	const struct ws_ops *ops;
	char *reason;			/* why not the overlay */
	struct oid commit, tree;	/* now */
	struct oid commit0, tree0;	/* as opened */
	size_t bytes;
	char *setup_dir;		/* absolute, NULL: none */
	int setup_lock;			/* shared while in use */
	struct ws_attr *attrs;		/* of 'tree' */
	struct ws_slot slot;
	size_t delta;			/* overlay: files laid over the slot */
	struct userns ns;
	struct view view;
	int root;			/* borrowed from ns or slot */
	struct ws_index index;		/* pool: the files as we wrote them */
	struct map added;		/* pool: setup's files, path -> struct ws_stat */
};

/* ---- the throw-away .git (ws/git.c) ---- */

#define WS_OBJECTS_MAX 8

/* Where the repository's objects are: its own and its alternates. */
struct ws_objects {
	char *from[WS_OBJECTS_MAX];	/* absolute */
	char *to[WS_OBJECTS_MAX];	/* mount point, relative to the workspace */
	struct userns_bind binds[WS_OBJECTS_MAX];
	size_t n;
};
void ws_objects_find(struct repo *r, struct ws_objects *out);
void ws_objects_free(struct ws_objects *o);	/* also for AUTO */

/*
 * Write .git below dirfd, without the index: HEAD detached at the commit (or
 * unborn), objects by way of the mount points, or with 'direct' of the
 * repository's own path.
 */
struct err *ws_git_write(const struct workspace *ws, int dirfd,
    const struct ws_objects *objects, bool direct) MUST_USE;

/* ---- collecting (ws/collect.c) ---- */

struct ws_collect {
	struct workspace *ws;
	struct tree_edit *edit;
	struct ws_report *rep;
	struct buf raw, conv;
	struct ws_writer writer;	/* for what the base's blobs looked like */
};

/*
 * A file, link or special file at dirfd/name that may differ from the base's
 * entry there.
 */
struct err *collect_file(struct ws_collect *c, int dirfd, const char *name, const char *path,
    const struct stat *st, const struct tree_entry *base) MUST_USE;

/* May new files below (or at) this path be taken?  Reports it when not. */
struct err *collect_ignored(struct ws_collect *c, const char *path, bool is_dir,
    bool *ignored) MUST_USE;
/* false, and reported, for names that may not be in a tree. */
bool collect_named(struct ws_collect *c, const char *path);
void collect_refuse(struct ws_collect *c, const char *path, const char *why);

#define WS_DEPTH_MAX 128

/* The names in a folder but . and .., sorted; closes nothing. */
struct err *ws_dir_names(int dirfd, struct strs *names) MUST_USE;

/* ---- setup layers (ws/setup.c) ---- */

/* Take the layer of that key for use; ERR_NOT_FOUND. */
struct err *ws_setup_take(struct workspace *ws, const char *key) MUST_USE;
struct err *ws_setup_sweep(const struct ws_terms *t, int64_t before) MUST_USE;

/* Copy a tree of files; sizes and times stay, special files are left out. */
typedef struct err *ws_copy_fn(void *arg, const char *path, const struct stat *st, bool *take);
typedef void ws_copied_fn(void *arg, const char *path, int dirfd, const char *name);
struct err *ws_copy(const struct ws_terms *t, int from, int to, ws_copy_fn *fn,
    ws_copied_fn *done, void *arg) MUST_USE;

/*
 * The hostile tests' naive way of looking at the agent's files (ws/naive.c);
 * nothing in a released binary.
 */
#ifdef FACTORY_TESTING
void ws_naive(const struct workspace *ws);
#else
static inline void
ws_naive(const struct workspace *ws UNUSED)
{
}
#endif

#endif

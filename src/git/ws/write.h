/*
 * ws/write.h - put files of a tree into a folder: a slot, a pool's checkout,
 * or the layer that makes a slot's tree another tree.
 *
 * Nothing below the folder is trusted: no link is followed, and what is in
 * the way of a path is removed.  In git/ only.
 */
#ifndef GIT_WS_WRITE_H
#define GIT_WS_WRITE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/def.h"
#include "git/oid.h"
#include "git/tree.h"
#include "git/ws/index.h"

struct err;
struct repo;
struct ws_attr;

/* What the repository and its user allow. */
struct ws_terms {
	struct repo *repo;
	uid_t uid;		/* who is to own the files */
	gid_t gid;
	bool links_ok;		/* submodules: leave their folders empty */
	bool lfs_ok;		/* Git LFS: leave the pointers */
};

struct ws_writer {
	const struct ws_terms *terms;
	struct ws_attr *attrs;	/* of the tree that is written */
	int root;		/* borrowed */
	int64_t mtime;		/* of every file, unix seconds; 0: leave */
	bool fresh;		/* never write over a file: remove and create */
	bool full;		/* rows carry the whole stat, not only size and mtime */
	bool special;		/* out: a submodule or an LFS pointer was met */
	char *dir;		/* the open folder */
	int dirfd;
	struct git_odb *odb;
	struct git_odb_object *object;	/* the last blob */
	struct str raw;		/* its bytes */
	struct buf conv;
};

void writer_init(struct ws_writer *w, const struct ws_terms *t, struct ws_attr *attrs, int root);
void writer_free(struct ws_writer *w);	/* also for AUTO */

/*
 * Write one entry and describe it in *row (row->path is borrowed from
 * 'path').  ERR_REPOSITORY for what the terms do not allow and for paths that
 * no checkout may have.
 */
struct err *writer_put(struct ws_writer *w, const char *path, unsigned mode,
    const struct oid *oid, struct ws_row *row) MUST_USE;

/*
 * Write every change of the edit that is no deletion, and push its row (rows
 * borrow the edit's paths).  Many are shared between two processes.
 */
struct err *writer_put_all(struct ws_writer *w, const struct tree_edit *edit,
    struct ws_rows *rows) MUST_USE;

/* Remove a file or folder, and the folders above that become empty. */
struct err *writer_remove(struct ws_writer *w, const char *path) MUST_USE;

/* Hide what a lower layer has at this path. */
struct err *writer_whiteout(struct ws_writer *w, const char *path) MUST_USE;

/* The bytes that the workspace gets for a blob, until the next question. */
struct err *writer_content(struct ws_writer *w, const char *path, const struct oid *oid,
    struct str *out) MUST_USE;

/* As path_check(), but names that are merely awkward pass: they are there already. */
struct err *ws_path_check(const char *path) MUST_USE;

struct err *ws_refuse_link(const char *path) MUST_USE;

/*
 * Open a folder below root, component by component, following nothing; with
 * make, what is missing or in the way is replaced by a folder.  *fd is -1
 * when it is not there.
 */
struct err *ws_dir_open(int root, const char *path, size_t n, bool make, int *fd) MUST_USE;

#endif

/*
 * tree.h - blobs and trees, without an index or a checkout.
 *
 * Paths are relative, '/'-separated bytes (not always UTF-8).  What is
 * written passes path_check() first; what is read from a tree that somebody
 * else made does not, so check a path before it reaches a file system.
 */
#ifndef GIT_TREE_H
#define GIT_TREE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

/* Modes of a tree's entries, as git writes them. */
#define MODE_TREE 0040000u
#define MODE_FILE 0100644u
#define MODE_EXEC 0100755u
#define MODE_LINK 0120000u
#define MODE_GITLINK 0160000u	/* a submodule's commit */

#define TREE_PATH_MAX 4096	/* bytes of a path */
#define TREE_DEPTH_MAX 128	/* folders deep */
/*
 * Entries that one walk or comparison visits: a tree that holds itself many
 * times over (ten folders, ten deep) is ERR_REPOSITORY.
 */
#define TREE_ENTRIES_MAX ((size_t)2 << 20)

/*
 * May this path be written into a tree and checked out anywhere?  ERR_DENIED
 * naming the reason: empty, absolute, "." or "..", doubled slash, a control
 * character, a backslash, a name that some file system takes for ".git"
 * (.GIT, git~1, ".git " and ".git.", NTFS streams, HFS+ ignorable code
 * points), or over the ceilings.  Pure.
 */
struct err *path_check(struct str path) MUST_USE;

/* ---- blobs ---- */

struct err *blob_write(struct repo *r, struct str data, struct oid *out) MUST_USE;

/* Appends.  ERR_LIMIT over the buffer's ceiling, before it is read. */
struct err *blob_read(struct repo *r, const struct oid *oid, struct buf *out) MUST_USE;
struct err *blob_size(struct repo *r, const struct oid *oid, size_t *out) MUST_USE;

/* The id that the bytes would have as a blob; writes nothing. */
struct err *blob_hash(struct str data, struct oid *out) MUST_USE;

/* ---- reading ---- */

struct tree_entry {
	const char *path;	/* borrowed, from the walked tree's root */
	unsigned mode;
	struct oid oid;
};

/* Mode 0 when there is nothing at that path; out->path is 'path'. */
struct err *tree_find(struct repo *r, const struct oid *tree, const char *path,
    struct tree_entry *out) MUST_USE;

/* The bytes of the file at path; ERR_NOT_FOUND when there is none (or no file). */
struct err *tree_read(struct repo *r, const struct oid *tree, const char *path,
    struct buf *out) MUST_USE;

/*
 * Visit what is below 'prefix' ("" or NULL: all; a folder without trailing
 * slash) in git's order.  Folders come before their content; *descend starts
 * true for them and the callback may say no.  A missing prefix visits
 * nothing.  The callback's error ends the walk and is returned.
 */
typedef struct err *tree_fn(void *arg, const struct tree_entry *e, bool *descend);
struct err *tree_walk(struct repo *r, const struct oid *tree, const char *prefix,
    tree_fn *fn, void *arg) MUST_USE;

/* The error of a walk that met TREE_ENTRIES_MAX at 'path'; in git/ only. */
struct err *tree_too_large(const char *path) MUST_USE;

/* ---- changing ---- */

struct tree_change {
	char *path;
	unsigned mode;		/* 0: delete whatever is there, folder or file */
	struct oid oid;
};

/* A list of changes; {0} is empty.  A later change of a path replaces an earlier. */
struct tree_edit {
	VEC_FIELDS(struct tree_change);
	bool lenient;	/* paths that a commit has already: only libgit2's own check */
};

void tree_edit_put(struct tree_edit *e, const char *path, unsigned mode, const struct oid *oid);
void tree_edit_delete(struct tree_edit *e, const char *path);
void tree_edit_free(struct tree_edit *e);	/* also for AUTO */

/* Write the bytes as a blob and put it as MODE_FILE. */
struct err *tree_edit_write(struct repo *r, struct tree_edit *e, const char *path,
    struct str data) MUST_USE;

/*
 * Apply the edit to 'base' (zero: the empty tree) and write the new trees:
 * only those on the way to a named path.  Deleting what is missing is fine;
 * a folder that becomes empty goes away; a file in the way of a folder is
 * replaced, and a folder by a file.  ERR_DENIED for a path that fails
 * path_check() and is not in 'base' already, ERR_BUG when the edit puts both "a" and "a/b".
 */
struct err *tree_apply(struct repo *r, const struct oid *base, const struct tree_edit *e,
    struct oid *out) MUST_USE;

#endif

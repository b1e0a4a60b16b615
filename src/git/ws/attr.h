/*
 * ws/attr.h - what a tree's own .gitattributes and .gitignore say.
 *
 * Read from the tree and from nowhere else: not the workspace, not
 * info/attributes, not the user's or the system's files, so two machines
 * agree.  Files are read once per folder and kept.
 *
 * Facts: gitattributes(5), gitignore(5); links in their place are not
 * followed, files over 1 MiB are ignored with an error (ERR_LIMIT).
 */
#ifndef GIT_WS_ATTR_H
#define GIT_WS_ATTR_H

#include "base/def.h"
#include "git/oid.h"
#include "git/ws/eol.h"

struct err;
struct repo;
struct ws_attr;

/* What of the attributes matters to the bytes of a file. */
struct ws_conv {
	enum ws_eol eol;
	bool lfs;		/* filter=lfs */
};

/* 'r' must outlive it.  A zero tree has no rules. */
struct ws_attr *ws_attr_new(struct repo *r, const struct oid *tree);
void ws_attr_free(struct ws_attr *a);	/* NULL is fine */

/* 'path' is of a file, relative to the root. */
struct err *ws_attr_conv(struct ws_attr *a, const char *path, struct ws_conv *out) MUST_USE;

/*
 * Do the rules name this path itself?  The caller asks folder by folder from
 * the top: what is in an ignored folder is ignored, whatever rules follow.
 */
struct err *ws_attr_ignored(struct ws_attr *a, const char *path, bool is_dir,
    bool *out) MUST_USE;

#endif

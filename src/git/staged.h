/*
 * staged.h - what a person has in the index, as a tree.
 */
#ifndef GIT_STAGED_H
#define GIT_STAGED_H

#include "base/def.h"
#include "git/oid.h"

struct err;
struct repo;

#define STAGED_MAX ((size_t)1 << 30)	/* bytes of an index file */

/*
 * The tree that a commit of the index would have, by the git program on a
 * copy: neither the index nor its lock is touched.  'file' is the index that
 * git names to its hooks (an absolute path, or one relative to the top of the
 * work tree); NULL: the repository's own.  ERR_COMMAND when it has unmerged
 * paths, ERR_REPOSITORY in a bare repository.
 */
struct err *staged_tree(struct repo *r, const char *file, struct oid *tree) MUST_USE;

#endif

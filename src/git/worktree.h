/*
 * worktree.h - where a linked worktree is, from its git folder's side.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include "base/def.h"

struct err;

/*
 * The folder whose .git file leads to $GIT_COMMON_DIR/worktrees/<name>
 * ('gitdir'); NULL when somebody deleted it.  Free it.
 */
struct err *worktree_path(const char *gitdir, char **path) MUST_USE;

#endif

/*
 * renamed.h - a base branch that the remote has no more.
 *
 * A forge that renames a branch moves its open pull requests along; git is told
 * nothing, and the old name is gone.  So nothing is begun for such a base, and
 * none is made anew by a push; what was delivered for it goes on for the branch
 * that policy names by then.  A remote without a default branch is one for the
 * state alone, and says nothing about a base.
 */
#ifndef LINE_RENAMED_H
#define LINE_RENAMED_H

#include "base/def.h"

struct err;
struct repo;
struct state;

/*
 * Ask the remote, a name in the user's git configuration.  ERR_CONFIG, with
 * the remedy, when it has a default branch and not 'base' (without
 * refs/heads/).  'cancel_fd' as in remote_opts.
 */
struct err *renamed_check(struct repo *r, const char *remote, const char *base, int cancel_fd) MUST_USE;

/*
 * *now: the branch that policy names, for a change that was made for 'base'
 * when that is gone where the change is to land; else NULL.  The caller frees.
 */
struct err *renamed_to(struct state *s, const char *base, int cancel_fd, char **now) MUST_USE;

#endif

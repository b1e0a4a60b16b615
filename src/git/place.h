/*
 * place.h - where a repository lives, found by git's own rules without git.
 *
 * Facts: gitrepository-layout(5), git(1) on GIT_CEILING_DIRECTORIES and
 * GIT_DISCOVERY_ACROSS_FILESYSTEM.
 */
#ifndef GIT_PLACE_H
#define GIT_PLACE_H

#include "base/def.h"

struct err;

/* Absolute paths without links or a trailing slash; place_free() ends it. */
struct place {
	char *gitdir;		/* of this worktree */
	char *commondir;	/* what all worktrees share */
	char *workdir;		/* NULL when the git folder stands alone (bare) */
};

/*
 * Go up from 'start' (NULL: the current folder) to a folder that holds .git
 * (a folder, or a file "gitdir: elsewhere") or is a git folder itself.
 * ERR_REPOSITORY when there is none below the root, a ceiling or the border
 * of the file system.
 */
struct err *place_discover(const char *start, struct place *out) MUST_USE;

/* The place of a given git folder (GIT_DIR); 'workdir' may be NULL. */
struct err *place_of_gitdir(const char *gitdir, const char *workdir, struct place *out) MUST_USE;
void place_free(struct place *p);	/* also for AUTO */

#endif

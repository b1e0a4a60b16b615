/*
 * tip.h - what a ref holds, read from the files without libgit2 (whose start
 * alone costs milliseconds): a loose file, else packed-refs, symbolic refs
 * followed up to 5 deep.
 *
 * Facts: gitrepository-layout(5), git-pack-refs(1).  Only for the files
 * back end; repo_open() refuses reftable.
 */
#ifndef GIT_TIP_H
#define GIT_TIP_H

#include "base/def.h"
#include "git/oid.h"

struct err;
struct repo;

/* Where a repository lives; place_free() ends it. */
struct place {
	char *gitdir;		/* of this worktree, absolute, no trailing slash */
	char *commondir;
	char *workdir;		/* NULL when bare */
};

/*
 * Go up from 'start' (NULL: the current folder) to a folder that holds .git
 * (folder or "gitdir:" file) or is a git folder itself.  ERR_REPOSITORY when
 * there is none up to the root of the file system.
 */
struct err *place_find(const char *start, struct place *out) MUST_USE;

/* The place of a given git folder. */
struct err *place_of_gitdir(const char *gitdir, struct place *out) MUST_USE;
void place_free(struct place *p);	/* also for AUTO */

/*
 * The id that a full ref name leads to; the zero id when it does not exist
 * (or is a branch without commit).  Not peeled: a tag gives the tag object.
 * ERR_REPOSITORY for a file that is no ref.
 */
struct err *tip_read(const struct repo *r, const char *name, struct oid *out) MUST_USE;
struct err *tip_read_at(const struct place *p, const char *name, struct oid *out) MUST_USE;

/*
 * What a symbolic ref names, unresolved (free it); NULL when it is missing or
 * no symbolic ref.
 */
struct err *tip_symbolic(const struct place *p, const char *name, char **target) MUST_USE;

#endif

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
#include "base/str.h"
#include "git/oid.h"

struct err;
struct place;
struct repo;

/*
 * The id that a full ref name leads to; the zero id when it does not exist
 * (or is a branch without commit).  Not peeled: a tag gives the tag object.
 * ERR_REPOSITORY for a file that is no ref.  The name is not checked.
 */
struct err *tip_read(const struct repo *r, const char *name, struct oid *out) MUST_USE;
struct err *tip_read_at(const struct place *p, const char *name, struct oid *out) MUST_USE;

/*
 * What a symbolic ref names, unresolved (free it); NULL when it is missing or
 * no symbolic ref.
 */
struct err *tip_symbolic(const struct place *p, const char *name, char **target) MUST_USE;

/* Refs that each worktree has for itself (git-worktree(1), REFS). */
bool tip_per_worktree(const char *name);

/* Visit every ref that is packed and starts with prefix, in order of name. */
typedef struct err *tip_fn(void *arg, struct str name, const struct oid *oid);
struct err *tip_packed(const struct place *p, const char *prefix, tip_fn *fn, void *arg) MUST_USE;

#endif

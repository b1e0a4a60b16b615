/*
 * repo.h - the repository that the factory works in.
 *
 * repo_open() finds it by the rules of git itself, without libgit2: a warm
 * verb that only reads a ref never pays for loading that.  libgit2 is opened
 * by the first operation on an object (lg2.h, repo_lg2()).
 *
 * Opening refuses, each with one line and a remedy (ERR_REPOSITORY):
 * no repository; one of another owner without safe.directory; sha256;
 * reftable; a format or extension that libgit2 cannot read.  Bare
 * repositories, linked worktrees, detached or unborn HEADs, shallow clones
 * and a split index are fine to open: the factory never reads the index.
 *
 * Facts: gitrepository-layout(5), git-config(1) safe.directory,
 * Documentation/technical/repository-version.txt.
 */
#ifndef GIT_REPO_H
#define GIT_REPO_H

#include "base/def.h"
#include "git/oid.h"

struct err;
struct git_repository;
struct objsync;
struct settings;
struct strs;
struct place;
struct repo;

/*
 * Find and open the repository at or above 'path'.  NULL: the current folder,
 * or what GIT_DIR (and GIT_WORK_TREE) in the environment name.  The caller
 * owns *out and ends it with repo_close().
 */
struct err *repo_open(const char *path, struct repo **out) MUST_USE;
void repo_close(struct repo *r);	/* NULL is fine */
void repo_close_p(struct repo **r);	/* for AUTO */

/* Absolute paths without a trailing slash, as long as the repository is open. */
const char *repo_gitdir(const struct repo *r);	  /* of this worktree */
const char *repo_commondir(const struct repo *r); /* what all worktrees share */
const char *repo_workdir(const struct repo *r);	  /* NULL in a bare repository */

const struct place *repo_place(const struct repo *r);

bool repo_is_bare(const struct repo *r);
bool repo_is_linked(const struct repo *r);	/* a worktree made by git worktree add */
bool repo_is_shallow(const struct repo *r);	/* asked of the disk each time */
bool repo_is_partial(const struct repo *r);	/* a clone with a filter: objects may be missing */
bool repo_has_worktree_config(const struct repo *r);	/* extensions.worktreeConfig */

/*
 * A missing object in a shallow or partial clone is no answer but a fault:
 * the operations of this room then fail with ERR_REPOSITORY and the command
 * that completes the clone.
 */

/*
 * $GIT_COMMON_DIR/factory, where this machine keeps what is not shared
 * (cache, transcripts, workspaces).  Made on the first call, mode 0700.
 */
struct err *repo_factory_dir(struct repo *r, const char **path) MUST_USE;

/*
 * HEAD.  *branch is the full ref name or NULL when detached (free it); *tip
 * is the zero id when no commit exists yet.
 */
struct err *repo_head(struct repo *r, char **branch, struct oid *tip) MUST_USE;

/*
 * The commit that a person means by 'rev' (branch, tag, id, "main~2"): tags
 * are peeled.  ERR_NOT_FOUND, ERR_AMBIGUOUS for an abbreviation of several;
 * in a repository without any commit the message says so.
 */
struct err *repo_resolve(struct repo *r, const char *rev, struct oid *commit) MUST_USE;

/*
 * The worktree that has the branch (full ref name) checked out, main or
 * linked: its absolute path in *path (free it), NULL when there is none.  A
 * branch that is being rebased or bisected there counts as checked out.
 */
struct err *repo_checked_out(struct repo *r, const char *ref, char **path) MUST_USE;

/*
 * Unset the variables by which git tells a hook about its repository
 * (git rev-parse --local-env-vars), so that no child takes them for its own.
 * Call it once, after what is of use of them was kept.
 */
void repo_env_clear(void);

/* The names of those variables, NULL-terminated, static. */
const char *const *repo_env_names(void);

/*
 * For who is asked before refs move (pre-receive, githooks(5)), where what is
 * pushed is not a part of the repository yet: read objects from this folder,
 * too, and take a ref for what it would be.  Before the first object is read;
 * nothing is written there.
 */
void repo_read_too(struct repo *r, const char *folder);
void repo_suppose(struct repo *r, const char *ref, const struct oid *oid);

/* For odb.c, cli.h's users and tip.c. */
const struct strs *repo_folders(const struct repo *r);
const char *const *repo_folders_env(struct repo *r);	/* for cli_opts.env; NULL: none */
bool repo_supposed(const struct repo *r, const char *ref, struct oid *out);

/*
 * What git tells a hook about where objects are (GIT_OBJECT_DIRECTORY, and
 * GIT_ALTERNATE_OBJECT_DIRECTORIES: separated by ':', in C's quotes where a
 * name has one), as a list; either may be NULL.  Pure.
 */
void repo_folders_told(const char *folder, const char *others, struct strs *out);

/* The objects that are written but not yet synced, for objsync.c. */
struct objsync *repo_objsync(struct repo *r);

/* Where new files are made, for apart.c. */
struct apart *repo_apart(struct repo *r);

/* The last patch id that was computed, for diff.c: one step asks for it many times. */
struct patch_kept {
	struct oid from, to, id;	/* all zero: none */
};
struct patch_kept *repo_patch(struct repo *r);

/* Where userconf.c keeps what it read. */
struct settings **repo_settings(struct repo *r);

/* libgit2's handle, for git/ only.  Loads libgit2 on the first call. */
struct err *repo_lg2(struct repo *r, struct git_repository **out) MUST_USE;

#endif

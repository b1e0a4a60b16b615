/*
 * lg2.h - libgit2, opened at its first use.
 *
 * For git/ only.  Every function that this room calls has one line in
 * lg2.tbl.h and is called as lg2.git_thing(...), after repo_lg2() or
 * lg2_open() succeeded; a call that bypasses the table does not link.
 *
 * Settings, made once: objects are verified before they are written (strict
 * object creation).  Objects are synced by objsync.h, refs by libgit2 itself.
 * The owner of a repository is checked by repo_open() with a better message.
 */
#ifndef GIT_LG2_H
#define GIT_LG2_H

#include <string.h>

#include <git2.h>
#include <git2/sys/alloc.h>
#if __has_include(<git2/sys/errors.h>) /* from 1.8 */
#include <git2/sys/errors.h>
#endif
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include "base/def.h"
#include "git/oid.h"

struct err;
struct repo;

struct lg2_table {
#define LG2(name) __typeof__(name) *name;
#include "git/lg2.tbl.h"
#undef LG2
};

extern struct lg2_table lg2;

/*
 * Its memory is ours (mem.h): without any, libgit2 1.5 calls itself until the
 * stack is full.  An object that claims to be larger than 1 GiB is refused by
 * libgit2 where there is no room for it, and does not end the process.
 */
extern const git_allocator lg2_allocator;

/* Load libgit2 and initialise it; at once when that is done already. */
struct err *lg2_open(void) MUST_USE;

/*
 * Does libgit2 fsync the objects that it writes from here on?  Not at first:
 * see objsync.h.
 */
void lg2_fsync(bool on);

/*
 * The error behind a negative return code: "<what was tried>: <why>".  r may
 * be NULL; with it, an object that is missing in a shallow or partial clone
 * comes with the command that gets it.
 */
struct err *lg2_err(const struct repo *r, int rc, const char *fmt, ...) PRINTF(3, 4) MUST_USE;

static inline git_oid
lg2_oid(const struct oid *o)
{
	git_oid id = {{0}};

	memcpy(id.id, o->id, OID_RAW);
	return id;
}

static inline struct oid
lg2_oid_back(const git_oid *id)
{
	struct oid o;

	memcpy(o.id, id->id, OID_RAW);
	return o;
}

/* Cleanups for AUTO. */
void lg2_object_free_p(git_object **p);
void lg2_tree_free_p(git_tree **p);
void lg2_commit_free_p(git_commit **p);
void lg2_blob_free_p(git_blob **p);
void lg2_odb_free_p(git_odb **p);
void lg2_odb_object_free_p(git_odb_object **p);
void lg2_treebuilder_free_p(git_treebuilder **p);
void lg2_signature_free_p(git_signature **p);
void lg2_index_free_p(git_index **p);
void lg2_diff_free_p(git_diff **p);
void lg2_config_free_p(git_config **p);
void lg2_revwalk_free_p(git_revwalk **p);

#endif

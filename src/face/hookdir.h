/*
 * hookdir.h - git's hooks of a repository: which are the factory's, what else
 * is there, and who looks after the folder.
 *
 * A hook of ours is a small script (hooks/).  One that was there before lives
 * on beside it as NAME.chained and is asked first, unless it could not work
 * under another name, or the program that wrote it would write it again: then
 * its own file is the place for a line that calls us.
 *
 * Facts: githooks(5); husky 9 (its hooks source a file that goes by $0),
 * lefthook 2, the pre-commit framework 4 and overcommit, by what they write.
 */
#ifndef FACE_HOOKDIR_H
#define FACE_HOOKDIR_H

#include "base/def.h"

struct err;
struct repo;

struct hook_kind {
	const char *name;	/* "pre-commit" */
	bool server;		/* for a repository that is pushed to */
	const char *what;	/* it does, for a person: "gates what is committed" */
	const char *line;	/* what to add to another's hook: "git factory hook run ..." */
};

extern const struct hook_kind hook_kinds[];	/* ends in a row without a name */

const struct hook_kind *hook_kind_of(const char *name);	/* NULL when there is none */

enum hook_state {
	HOOK_MISSING,
	HOOK_INSTALLED,	/* ours */
	HOOK_CALLED,	/* another's, or its manager's file, that calls us */
	HOOK_FOREIGN,	/* another's, that does not */
	HOOK_BROKEN	/* there, and git would not run it, or it could not run: 'why' */
};

const char *hook_state_word(enum hook_state s);

/* The folder that git takes hooks from. */
struct hookdir {
	char *path;		/* absolute */
	const char *manager;	/* "husky", "lefthook", "pre-commit", "overcommit"; NULL: nobody */
	char *top;		/* of the work tree, NULL in a bare repository */
	char *common;		/* $GIT_COMMON_DIR */
	bool tracked;		/* it is a part of the project */
	bool outside;		/* of the repository: others may use it */
};

struct err *hookdir_open(struct repo *r, struct hookdir *out) MUST_USE;
void hookdir_free(struct hookdir *d);	/* also for AUTO */

struct hook_found {
	enum hook_state state;
	char *path, *chained;	/* where it is or would be, and the one that is asked first */
	bool chains;		/* the second is there */
	char *why;		/* BROKEN: with the remedy; else NULL */
};

struct err *hook_find(const struct hookdir *d, const struct hook_kind *k, struct hook_found *out) MUST_USE;
void hook_found_free(struct hook_found *f);	/* also for AUTO */

/*
 * May the hook be put there, in place of what is there or before it?  'force'
 * also where the folder is tracked, outside, or written by a manager.
 * ERR_STATE, with what to do instead.
 */
struct err *hook_check(const struct hookdir *d, const struct hook_kind *k, bool force) MUST_USE;

/* Put it there, after hook_check(); nothing is done to one that calls us.  Safe to repeat. */
struct err *hook_install(const struct hookdir *d, const struct hook_kind *k) MUST_USE;

/* Take ours out and put back what was there; *removed stays as it is when there is none. */
struct err *hook_remove(const struct hookdir *d, const struct hook_kind *k, bool *removed) MUST_USE;

#endif

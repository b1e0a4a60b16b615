/*
 * commit.h - commits and their history.
 */
#ifndef GIT_COMMIT_H
#define GIT_COMMIT_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

struct ident {
	char *name;
	char *email;
	int64_t when;		/* unix seconds */
	int offset;		/* minutes east of UTC */
};

void ident_free(struct ident *i);	/* also for AUTO */

/*
 * Who commits here: name and email when both are given (policy's
 * commit.name, commit.email), else the user's user.name and user.email.
 * ERR_CONFIG with the two git config lines to type when there is none.
 * 'when' is taken over; the time zone is the machine's.
 */
struct err *ident_user(struct repo *r, const char *name, const char *email,
    int64_t when, struct ident *out) MUST_USE;

struct commit_spec {
	struct oid tree;
	const struct oid *parents;
	size_t nparents;
	const struct ident *author;
	const struct ident *committer;	/* NULL: the author */
	const char *message;		/* UTF-8; a final newline is added */
};

/*
 * Writes the object; moves no ref.  It is on disk when txn_commit() has moved
 * one to it (objsync.h).
 */
struct err *commit_create(struct repo *r, const struct commit_spec *spec,
    struct oid *out) MUST_USE;

struct commit {
	struct oid oid, tree;
	struct {
		VEC_FIELDS(struct oid);
	} parents;
	struct ident author, committer;
	char *message;		/* whole, as stored */
};

/* ERR_NOT_FOUND when there is no such object or it is no commit. */
struct err *commit_read(struct repo *r, const struct oid *oid, struct commit *out) MUST_USE;
void commit_free(struct commit *c);	/* also for AUTO */

/* Only the tree: cheaper.  A zero commit gives the empty tree's id. */
struct err *commit_tree(struct repo *r, const struct oid *oid, struct oid *tree) MUST_USE;

bool commit_exists(struct repo *r, const struct oid *oid);

/*
 * The best common ancestor; zero when the histories are unrelated.  In a
 * shallow clone that was cut too early: ERR_REPOSITORY with how to deepen it.
 */
struct err *commit_merge_base(struct repo *r, const struct oid *a, const struct oid *b,
    struct oid *out) MUST_USE;

/* A commit is its own ancestor here. */
struct err *commit_is_ancestor(struct repo *r, const struct oid *ancestor,
    const struct oid *of, bool *out) MUST_USE;

/*
 * Visit commits reachable from 'from' and not from 'hide' (NULL: none),
 * children before parents, newest first.  *more starts true; the callback
 * ends the walk by clearing it.
 */
typedef struct err *commit_fn(void *arg, const struct commit *c, bool *more);
struct err *commit_walk(struct repo *r, const struct oid *from, const struct oid *hide,
    commit_fn *fn, void *arg) MUST_USE;

#endif

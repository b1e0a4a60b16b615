/*
 * pull.h - pull requests inside the repository, for when there is no forge.
 *
 * refs/factory/pulls/<n> is a commit whose tree holds pull.json and body.md;
 * its parent is the pull request as it was before, so 'git log' of the ref is
 * its history.  Numbers start at 1 and are never given twice: a new one is a
 * ref that must not exist yet.  A pull request is identified by its task:
 * whoever delivers the task again finds it and reuses it.
 *
 * A forge, where there is one, is a mirror of it (line/pulls/mirror.h): what
 * the two have told each other is on record here as well.
 *
 * Nothing here moves a ref.  pull_prepare() writes the objects and says which
 * ref is to move from what to what, so that it is one part of the step that
 * delivers or lands.
 */
#ifndef FORGE_PULL_H
#define FORGE_PULL_H

#include "base/def.h"
#include "base/id.h"
#include "base/vec.h"
#include "git/commit.h"
#include "git/oid.h"

struct err;
struct repo;
struct tree_edit;

enum pull_state {
	PULL_OPEN,
	PULL_MERGED,
	PULL_CLOSED
};

/* Owns its strings. */
struct pull {
	int64_t number;		/* 0: not filed yet */
	enum pull_state state;
	struct id task;
	struct id run;		/* that delivered the head */
	char *title;
	char *body;		/* Markdown */
	char *base;		/* branch name, without refs/heads/ */
	char *branch;		/* likewise */
	struct oid head;	/* what was delivered */
	struct oid tested;	/* tree that passed the gates: head merged with the base */
	struct oid landed;	/* commit on the base, zero before */
	int64_t created, updated;	/* unix seconds */
	char *closed_by;	/* who closed or merged, NULL while open */
	struct oid ref;		/* what the pull request's ref held when it was read */

	/* how much of people's attention it takes (model/level.h) */
	char *type;		/* of its task, NULL when nobody looked */
	int64_t level;
	struct strs reasons;	/* a line each; none: not judged */

	/* where a forge mirrors it */
	int64_t outside;	/* its number there, 0: not there */
	char *url;		/* there, NULL */
	struct oid told;	/* hash of the text as last written there; zero: the text is not ours */
	struct oid pushed;	/* what was last pushed to the branch there */
	struct oid marked;	/* head whose status, label and reviewers are told there */
	struct oid theirs;	/* head that a person pushed there; zero: none did */
	struct oid armed;	/* head that the forge itself is to merge once its checks are green; zero: none */
	char *taken_by;		/* who took the branch: nothing is written to it any more; NULL */
	int64_t asked;		/* when a review was asked for, 0 */
	int64_t reminded;	/* when it was asked for once more, 0 */
	int64_t heard;		/* when the last word of a review was said that was taken in, 0 */
	int64_t revisions;	/* attempts that reviews asked for */
};

struct pulls {
	VEC_FIELDS(struct pull);
};

const char *pull_state_name(enum pull_state s);

/* ERR_NOT_FOUND; ERR_SYNTAX when the ref holds something else. */
struct err *pull_read(struct repo *r, int64_t number, struct pull *out) MUST_USE;
struct err *pull_read_at(struct repo *r, const char *name, const struct oid *commit,
    struct pull *out) MUST_USE;		/* as it was then; 'name' is its ref, for messages */
void pull_free(struct pull *p);		/* also for AUTO */

/* Is that one (0: none) in this state?  Not when its ref is gone. */
struct err *pull_is(struct repo *r, int64_t number, enum pull_state state, bool *is) MUST_USE;

/*
 * All, by number: those below REF_PULLS, or below where a remote's are
 * mirrored (REMOTE_PULLS).  ERR_SYNTAX for the first that cannot be read.
 */
struct err *pull_list(struct repo *r, const char *where, struct pulls *out) MUST_USE;
void pulls_free(struct pulls *p);	/* also for AUTO */

/*
 * The files of a pull request as part of a tree, and back: for what carries
 * one that has no number yet (0).  'name' is for messages.
 */
struct err *pull_put(struct repo *r, const struct pull *p, struct tree_edit *edit) MUST_USE;
struct err *pull_take(struct repo *r, const struct oid *tree, const char *name,
    struct pull *out) MUST_USE;

/*
 * One that was made anew from an older version: what the forge and people have
 * come to since is taken from the version that is there now.
 */
void pull_inherit(struct pull *p, const struct pull *now);

/* Is what the forge and people have come to the same in both? */
bool pull_same_outside(const struct pull *a, const struct pull *b);

/* The next free number. */
struct err *pull_number(struct repo *r, int64_t *out) MUST_USE;

/* What to move: owned by the caller, pull_move_free(). */
struct pull_move {
	char *name;
	struct oid from;	/* zero: must not exist */
	struct oid to;		/* equal to from: nothing changed */
};

/*
 * Write the pull request's objects.  With number 0 the next free one is
 * chosen (and set; a number that the caller chose for a new one is taken); whoever loses that race gets ERR_STALE from the step and
 * comes again.  p->ref is what the ref must still hold.
 */
struct err *pull_prepare(struct repo *r, struct pull *p, const struct ident *who,
    struct pull_move *out) MUST_USE;
void pull_move_free(struct pull_move *m);	/* also for AUTO */

#endif

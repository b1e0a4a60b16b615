/*
 * state.h - the factory's state: one tree behind refs/factory/state.
 *
 *	tasks/k/3/k3xq7abc.md		one task (model/task.h)
 *	archive/k/3/k3xq7abc.md		a finished one
 *	runs/k/3/k3yz....json		one run record, immutable (model/run.h)
 *	memory/...			notes
 *
 * refs/factory/state is the authority and its log the audit trail: one commit
 * per command.  The branch factory-state is its view and people's inbox
 * (inbox.h).  A write reads the tip, applies its edits to the paths it names
 * and swaps the ref; on a lost race it is applied again to the new tip, so
 * the builder of a step must be a function of the tree that it is shown.
 *
 * A struct state is a handle that costs nothing to open: where the repository
 * is gets found without libgit2, which is opened by the first call that needs
 * an object.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "base/clock.h"
#include "base/def.h"
#include "base/id.h"
#include "base/str.h"

#define STATE_REF "refs/factory/state"
#define STATE_BRANCH "factory-state"	/* the view's default name */

struct buf;
struct cache;
struct err;
struct oid;
struct repo;
struct state;
struct txn;

struct state_opts {
	const char *path;	/* where to look for the repository, NULL: here */
	struct repo *repo;	/* one that is open already, borrowed; or NULL */
	struct clock clock;
	const char *branch;	/* the view, "" or "none" for none, NULL: STATE_BRANCH */
};

/* ERR_REPOSITORY when there is none.  Whether there is a state is not asked. */
struct err *state_open(const struct state_opts *o, struct state **out) MUST_USE;
void state_close(struct state *s);	/* NULL is fine */
void state_close_p(struct state **s);	/* for AUTO */

/* Borrowed; opened at the first call. */
struct err *state_repo(struct state *s, struct repo **out) MUST_USE;
const struct clock *state_clock(const struct state *s);
const char *state_branch(const struct state *s);	/* full ref name, NULL for none */
const char *state_commondir(const struct state *s);

/* The tip, without libgit2.  ERR_STATE with the hint to run init when absent. */
struct err *state_tip(struct state *s, struct oid *tip) MUST_USE;

/*
 * Make an empty state, and its view where a branch is wanted and free.
 * Safe to repeat; *created tells whether this call did it.
 */
struct err *state_init(struct state *s, bool *created) MUST_USE;

/*
 * What a builder works on.  Reading sees the tree before the step; what is
 * put is written all at once with the step.
 */
struct state_step;

/*
 * A file of the state before the step, ERR_NOT_FOUND when absent.  The
 * buffer's ceiling bounds it.
 */
struct err *step_read(struct state_step *t, const char *path, struct buf *out) MUST_USE;
bool step_has(struct state_step *t, const char *path);
struct err *step_put(struct state_step *t, const char *path, struct str data) MUST_USE;
void step_drop(struct state_step *t, const char *path);
struct state *step_state(struct state_step *t);

/*
 * Another ref to move in the same transaction: 'from' zero means 'must not
 * exist', 'to' zero means 'delete'.  When it no longer is at 'from' the whole
 * step fails with ERR_STALE and nothing has moved.
 */
struct err *step_ref(struct state_step *t, const char *name, const struct oid *from,
    const struct oid *to) MUST_USE;

typedef struct err *state_build(struct state_step *t, void *ctx);

/*
 * One commit: fold what people left in the inbox, run 'build', commit, swap
 * all refs.  'build' runs again on each lost race of the state itself
 * (bounded, with jittered pauses; then ERR_STALE).  A build that changes no
 * file makes no commit, but moves the refs that it named.  The message's
 * first line is what 'git log refs/factory/state' shows.
 */
struct err *state_update(struct state *s, const char *message, state_build *build,
    void *ctx) MUST_USE;

/* "tasks/k/3/k3xq7abc.md" for a folder and an ending; the caller frees. */
char *state_path(const char *folder, const struct id *id, const char *ending) MUST_USE;

#endif

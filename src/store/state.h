/*
 * state.h - the factory's state: one tree behind refs/factory/state.
 *
 *	tasks/k/3/k3xq7abc.md		one task (model/task.h)
 *	archive/k/3/k3xq7abc.md		a finished one
 *	runs/k/3/k3yzabcd.json		one run record, immutable (model/run.h)
 *	memory/...			notes
 *
 * refs/factory/state is the authority and its log the audit trail: one commit
 * per command.  The branch factory-state is its view and people's inbox
 * (inbox.h).  A write reads the tip, applies its edits to the paths it names
 * and swaps the ref; on a lost race it is applied again to the new tip, so
 * the builder of a step must be a function of the tree that it is shown.
 *
 * A struct state is a handle that costs nothing to make; libgit2 is loaded by
 * the first call that needs an object (git/repo.h).
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "base/clock.h"
#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct oid;
struct repo;
struct state;
struct state_step;
struct strs;

struct state_opts {
	struct repo *repo;	/* borrowed */
	struct clock clock;
	const char *branch;	/* policy's state.branch: the view, "none" for none, NULL: the default */
	const char *name;	/* who commits; NULL: the user's git identity */
	const char *email;
	const char *remote;	/* the git remote to share the state through; NULL or "": none */
	const char *base;	/* full name of the branch that changes are made for, fetched too; NULL: none */
	const char *node;	/* this clone's name among nodes; NULL: the host's, with a remote and four letters more */
	int64_t lease_ttl;	/* policy's lease.ttl in seconds; 0: STATE_LEASE_TTL */
	const struct strs *labels;	/* what this machine has (model/match.h); NULL: unknown, no need stops a task */
};

#define STATE_LEASE_TTL (15 * 60)

/* Copies the options' strings.  Whether there is a state is not asked. */
struct err *state_open(const struct state_opts *o, struct state **out) MUST_USE;
void state_close(struct state *s);	/* NULL is fine */
void state_close_p(struct state **s);	/* for AUTO */

struct repo *state_repo(const struct state *s);
const struct clock *state_clock(const struct state *s);
const char *state_view(const struct state *s);	/* full name of the branch, NULL for none */
const char *state_remote(const struct state *s);	/* NULL for none: this repository on its own */
const char *state_base(const struct state *s);	/* full name of the base branch, or NULL */
const char *state_node(const struct state *s);
int64_t state_lease_ttl(const struct state *s);
const struct strs *state_labels(const struct state *s);	/* NULL when unknown */

/* The tip, without libgit2.  ERR_STATE with the hint to run init when absent. */
struct err *state_tip(const struct state *s, struct oid *tip) MUST_USE;

/*
 * Make an empty state, and its view where a branch is wanted and free.
 * Safe to repeat; *created tells whether this call did it.
 */
struct err *state_init(struct state *s, bool *created) MUST_USE;

/*
 * What a builder works on.  Reading sees the tree before the step and not
 * what the step has put; what is put is written all at once.
 */
struct state *step_state(const struct state_step *t);
const struct oid *step_tip(const struct state_step *t);	/* before the step */
const struct oid *step_tree(const struct state_step *t);

/*
 * Append a file of the state, ERR_NOT_FOUND when absent.  The buffer's
 * ceiling bounds it.
 */
struct err *step_read(struct state_step *t, const char *path, struct buf *out) MUST_USE;
struct err *step_has(struct state_step *t, const char *path, bool *has) MUST_USE;
struct err *step_put(struct state_step *t, const char *path, struct str data) MUST_USE;
void step_drop(struct state_step *t, const char *path);

/* What the step makes from here on, its trees and its commit too, is many objects: they become one pack. */
struct err *step_pack(struct state_step *t) MUST_USE;

/*
 * Another ref to move in the same transaction: 'from' zero means 'must not
 * exist', 'to' zero means 'delete'.  When it no longer is at 'from' the whole
 * step fails with ERR_STALE naming it, and nothing has moved.  Refs are
 * written in this order, then the state, then what is deleted.
 */
void step_ref(struct state_step *t, const char *name, const struct oid *from,
    const struct oid *to);

/*
 * Run 'fn' when every object of the step is made, before any ref is looked at:
 * to wait for what goes on beside it.  Its error ends the step, and nothing
 * has moved.
 */
void step_await(struct state_step *t, struct err *(*fn)(void *ctx), void *ctx);

typedef struct err *state_build(struct state_step *t, void *ctx);

/*
 * One commit: fold what people left in the inbox, run 'build', commit, swap
 * all refs.  'build' runs again on each lost race of the state itself
 * (bounded, with jittered pauses; then ERR_STALE).  A build that changes no
 * file makes no commit, but moves the refs that it named.  The message's
 * first line is what 'git log refs/factory/state' shows.  ERR_STATE when there
 * is no state yet, ERR_CONFIG when nobody is known to commit as.
 */
struct err *state_update(struct state *s, const char *message, state_build *build,
    void *ctx) MUST_USE;

#endif

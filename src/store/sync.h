/*
 * sync.h - the state and the notes of this clone and of the remote that it
 * shares with others become one.
 *
 * One fetch shows what the remote has.  State and notes there only ever grow:
 * when one no longer holds what was seen before, that is ERR_REWOUND, and
 * nothing is written anywhere.  Else the two states are merged (combine.h),
 * commits that people made on the view over there are taken in (inbox.h),
 * notes are united, and what the remote lacks goes there in one atomic push
 * that is guarded by what was seen.  Whoever loses that race to another clone
 * starts again from what is there now, after a pause.  Only then do the refs
 * of this clone move.  Doing it twice does nothing the second time.
 *
 * Along with it: attempts of this clone go to the remote (and go away here
 * when they were cleaned away there), pull requests follow the newer side,
 * leases are watched (watch.h), and all that was seen is mirrored below
 * refs/factory/remote/.  Without a remote (state_remote() is NULL) each of
 * these is ERR_CONFIG.
 *
 * Offline work needs no queue: commits of the state wait in git until the
 * next sync.
 */
#ifndef STORE_SYNC_H
#define STORE_SYNC_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"
#include "git/ref.h"
#include "store/state.h"

struct err;
struct id;

struct sync_opts {
	bool dry_run;	/* fetch and compute, but move neither state nor notes */
	const char *export;	/* write what would be pushed to this file (git/bundle.h), and push nothing; NULL */
};

struct sync_result {
	struct refs seen;	/* the remote's refs at the last fetch, sorted by name */
	struct oid state;	/* what this clone's state is now; zero: none */
	size_t received;	/* commits of the state that this clone did not have */
	size_t sent;		/* that the remote did not have */
	bool notes_received, notes_sent;
	size_t refs_sent;	/* other refs that the push moved */
	size_t pulls_received;
	int rounds;		/* fetches; more than one after a lost race */
	struct strs remarks;	/* what a person should hear, a line each */
};

void sync_result_free(struct sync_result *r);	/* also for AUTO */

/*
 * 'out' is filled as far as it came also on failure, so that its remarks can
 * be shown.  ERR_REWOUND, ERR_STATE when there is no state on either side,
 * ERR_STALE after minutes of losing every race, ERR_SERVER where a lock there
 * is not given back, and what remote.h says.  When only sending failed, this
 * clone has what the remote had all the same.
 */
struct err *state_sync(struct state *s, const struct sync_opts *o, struct sync_result *out) MUST_USE;

/*
 * The same with a step on top, for what must become true on the remote before
 * it is true here: 'build' works on the merged state, as in state_update(),
 * and may call ledger_note().  The refs that it names with step_ref() are
 * those of the remote; they move in the same push, and none of ours follows
 * but pull requests.  When one of them is not at its expected id, ERR_STALE
 * names it, and nothing moved; a lost race for state, notes or view runs
 * 'build' again.  A push that fails leaves nothing behind in this clone.
 */
struct err *state_publish(struct state *s, const char *message, state_build *build, void *ctx,
    struct sync_result *out) MUST_USE;

/*
 * The same, but a lost race is ERR_STALE (or ERR_LOCKED) at once: for who
 * would rather see first whether another has done it.
 */
struct err *state_publish_once(struct state *s, const char *message, state_build *build, void *ctx,
    struct sync_result *out) MUST_USE;

/*
 * Where many nodes fold, the first one does it for all, and the others are in
 * its way if they come at once.  Wait for a part of the time that lets each
 * have a little of its own, but not over 20 seconds; ERR_INTERRUPTED.
 */
struct err *sync_apart(struct state *s) MUST_USE;

/*
 * Apply a transaction that another process wrote to a file, as far as
 * store/permit.h allows it: to the remote, or to this repository where there
 * is none.  'run' is whose step it must be; NULL: a sync.
 */
struct err *state_apply(struct state *s, const char *path, const struct id *run,
    struct sync_result *out) MUST_USE;

/* Only look: one fetch, mirrors, leases watched, ERR_REWOUND.  seen and rounds are filled. */
struct err *state_look(struct state *s, struct sync_result *out) MUST_USE;

#endif

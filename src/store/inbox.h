/*
 * inbox.h - the branch that people see and edit.
 *
 * The branch follows refs/factory/state by fast-forward, in the transaction
 * of each step, and is never moved while a work tree has it checked out.
 * Commits that people make on it are truly merged (a commit of two parents):
 * the body and the fields that people own come from them, the factory's own
 * fields and whole files that they dropped are restored, a new file anywhere
 * under tasks/ is moved to the place of its id and gets one when it has none.
 * A task that no longer parses is kept as they wrote it, is reported with
 * file:line:column, and blocks only itself; run records cannot be changed.
 */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct oid;
struct state;

/*
 * Fold the inbox into the state.  Nothing is written when nobody wrote.
 * Remarks for the person (a restored file, a task that got an id) are added
 * to 'remarks', one line each, when it is not NULL.  ERR_CONFLICT when the
 * branch shares no history with the state.
 */
struct err *inbox_fold(struct state *s, struct strs *remarks) MUST_USE;

/*
 * Take the commits of 'view' (another clone's branch) that 'tip' does not
 * have into a state commit, and move nothing: *new is 'tip' when there are
 * none, or the two share no history (then it is remarked on).
 */
struct err *inbox_take(struct state *s, const struct oid *tip, const struct oid *view,
    struct oid *new, struct strs *remarks) MUST_USE;

#endif

/*
 * parcel.h - what a run leaves behind: its record, the commit, the pull
 * request that it wants and the evidence, before all that is part of the
 * state.
 *
 * A repository on its own applies the parcel in the one transaction that ends
 * the run (deliver.h).
 */
#ifndef LINE_PARCEL_H
#define LINE_PARCEL_H

#include "base/def.h"
#include "forge/pull.h"
#include "git/oid.h"

struct err;
struct run;
struct state;
struct state_step;
struct task;

struct parcel {
	struct run *rec;	/* borrowed */
	struct oid commit;	/* the change; zero: nothing changed */
	struct oid attempt;	/* keeps all that a replay needs reachable; zero likewise */
	bool has_pull;
	struct pull pull;	/* as it is to be */
};

void parcel_free(struct parcel *p);	/* also for AUTO */

/* Has the task's state taken this run in already? */
bool parcel_applied(const struct parcel *p, const struct task *task);

/*
 * In the step that ends the run: the task's fields, the record, the attempt
 * and the move of the pull request ('move' is pull_prepare()'s, and not looked
 * at without a pull request).
 */
struct err *parcel_apply(const struct parcel *p, const struct pull_move *move,
    struct state_step *t, struct task *task) MUST_USE;

/* The evidence of the attempt on its commit; nothing without a commit. */
struct err *parcel_note(const struct parcel *p, struct state *s) MUST_USE;

#endif

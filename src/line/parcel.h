/*
 * parcel.h - what a run leaves behind: its record, the commit, the pull
 * request that it wants and the evidence, before all that is part of the
 * state.
 *
 * A repository on its own applies the parcel in the one transaction that ends
 * the run (deliver.h).  Where several share a remote it travels as a commit,
 * refs/factory/runs/<run>, until somebody folds it into the state (publish.h):
 *
 *	record.json		the record, without a pull request's number
 *	note.json		the line of evidence on the commit
 *	proofs.jsonl		what the gates found out, lines for the same note
 *	pull.json, body.md	the pull request, with number 0 where it is new
 *
 * Its parent is the attempt, so one ref keeps all of it.
 */
#ifndef LINE_PARCEL_H
#define LINE_PARCEL_H

#include "base/def.h"
#include "base/vec.h"
#include "forge/pull.h"
#include "git/oid.h"

struct err;
struct ident;
struct note_lines;
struct ref;
struct repo;
struct run;
struct state;
struct state_step;
struct task;

struct parcel {
	struct run *rec;	/* borrowed, unless 'owned' */
	bool owned;
	struct oid commit;	/* the change; zero: nothing changed */
	struct oid attempt;	/* keeps all that a replay needs reachable; zero likewise */
	bool has_pull;
	struct pull pull;	/* as it is to be */
	char *note;		/* of a parcel that was read; NULL for none */
	struct strs proofs;	/* lines of the commit's note, beside that */
};

void parcel_free(struct parcel *p);	/* also for AUTO */

/* Has the task's state taken this run in already? */
bool parcel_applied(const struct parcel *p, const struct task *task);

/* In a step of this repository: its own ref to the attempt. */
struct err *parcel_keep(const struct parcel *p, struct state_step *t) MUST_USE;

/*
 * In the step that ends the run: the task's fields, the record and the move of
 * the pull request ('move' is pull_prepare()'s, and not looked at without a
 * pull request).
 */
struct err *parcel_apply(const struct parcel *p, const struct pull_move *move,
    struct state_step *t, struct task *task) MUST_USE;

/*
 * In the same step: the evidence of the attempt on its commit, with the
 * lines that are in 'lines' already; it is added there, for this call only.
 * Nothing without a commit.
 */
struct err *parcel_note(const struct parcel *p, struct note_lines *lines, struct state_step *t) MUST_USE;

/* The commit; moves no ref. */
struct err *parcel_write(struct repo *r, const struct parcel *p, const struct ident *who,
    struct oid *out) MUST_USE;

/* ERR_SYNTAX when what the ref holds does not hang together. */
struct err *parcel_read(struct repo *r, const struct ref *ref, struct parcel *out) MUST_USE;

#endif

/*
 * journal.h - what a run has done so far, so that a killed run goes on.
 *
 * A run is written as if nothing could go wrong: before each step it asks the
 * journal for the step's recorded outcome, and only when there is none it
 * does the step and records it.  A restart therefore walks through the
 * recorded steps without effects and goes on live behind the last one.  The
 * steps of a run are a function of their recorded outcomes, so a name that
 * does not match means that the program changed: ERR_STATE, and the run is
 * to be started anew.
 *
 * $GIT_COMMON_DIR/factory/runs/<run>/journal.jsonl: one JSON object a line,
 * {"step": name, "out": value}, fsynced before journal_put() returns.  On ext4
 * and XFS this also commits the names of all files made before.  A torn
 * last line, from a kill in the middle of a write, is cut off at opening.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct journal;
struct node;

#define JOURNAL_MAX (256 * MIB)	/* bytes of one journal */

/* Reads what is there; creates the file when missing.  One process at a time. */
struct err *journal_open(const char *path, struct journal **out) MUST_USE;
void journal_close(struct journal *j);	/* NULL is fine */
void journal_close_p(struct journal **j);	/* for AUTO */

/*
 * The recorded outcome of the next step, or NULL when the journal ends here.
 * The node lives as long as the journal.
 */
struct err *journal_next(struct journal *j, const char *step, const struct node **out) MUST_USE;

/* Record the outcome of a step that was done; 'json' is one value. */
struct err *journal_put(struct journal *j, const char *step, struct str json) MUST_USE;

/* ... which reaches the disk before any ref that moves after it. */
struct err *journal_order(struct journal *j, const char *step, struct str json) MUST_USE;

/*
 * ... which reaches the disk with the next journal_put(): for a step that may
 * be done again after a power failure, since that put is near or little was
 * done.  A kill of the process does not lose it.
 */
struct err *journal_note(struct journal *j, const char *step, struct str json) MUST_USE;

/*
 * End a run that is not walked through any more: go to the last step if it is
 * of this name, else behind it.  The last "tree" that an outcome named is
 * what the run had got to; NULL for none, and it lives as long as the journal.
 */
const char *journal_skip(struct journal *j, const char *last);

/* Steps on record, walked through or not. */
size_t journal_count(const struct journal *j);

/* Is everything that is recorded walked through? */
bool journal_live(const struct journal *j);

#endif

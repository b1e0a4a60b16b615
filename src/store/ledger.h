/*
 * ledger.h - what happened: run records in the state, evidence on commits.
 *
 * A run record (model/run.h) is written once, as runs/k/3/<run>.json, in the
 * step that ends the run.  Evidence is JSON lines in refs/notes/factory, each
 * with its time, so that notes of several writers merge by cat_sort_uniq.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "base/def.h"
#include "base/id.h"
#include "base/str.h"
#include "base/vec.h"

struct buf;
struct err;
struct note_line;
struct oid;
struct queue;
struct run;
struct state;
struct state_step;

/*
 * Write a record in a step.  The same record again is fine (a repeated
 * step); another one under the same id is ERR_STATE.
 */
struct err *ledger_put(struct state_step *t, const struct run *r) MUST_USE;

/* Is the record of a run in the state that the step works on; and what it says, in the state as it is. */
struct err *ledger_has(struct state_step *t, const char *run, bool *has) MUST_USE;
struct err *ledger_read(struct state *s, const char *run, bool *has, struct run *out) MUST_USE;

/* The run whose id starts with 'prefix'; ERR_NOT_FOUND, ERR_AMBIGUOUS. */
struct err *ledger_find(struct queue *q, const char *prefix, struct id *out) MUST_USE;

/* By full or abbreviated id, into a run after run_init(); run_free() it. */
struct err *ledger_get(struct queue *q, const char *prefix, struct run *out) MUST_USE;

/* Records of a task (or all with NULL), newest first; *more starts true. */
typedef struct err *ledger_fn(const struct run *r, void *ctx, bool *more);
struct err *ledger_each(struct queue *q, const struct id *task, ledger_fn *fn, void *ctx) MUST_USE;

/*
 * Append one JSON line to the note of a commit.  None is lost with several
 * writers, and a line that is there already is not added again.
 */
struct err *ledger_note(struct state *s, const struct oid *commit, struct str line) MUST_USE;

/* Lines on many commits, as one change of the notes. */
struct err *ledger_note_all(struct state *s, const struct note_line *lines, size_t n) MUST_USE;

/*
 * The same lines as part of a step, which is built again when another writer's note
 * came between.  Once in a step.
 */
struct err *ledger_note_in(struct state_step *t, const struct note_line *lines, size_t n) MUST_USE;

/* The note's lines, appended to 'out'; none is fine. */
struct err *ledger_notes(struct state *s, const struct oid *commit, struct buf *out) MUST_USE;

#endif

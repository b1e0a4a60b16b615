/*
 * run.h - the immutable record of one run, and the evidence line in the
 * notes of a commit.
 *
 * The record is one JSON object, "version": 1, written once when the run has
 * ended.  Readers ignore keys that they do not know (a newer factory may
 * have written them) and refuse a higher version.  Strings live in the
 * record's arena or are literals, and are never NULL.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/budget.h"
#include "model/verdict.h"

struct err;

#define RUN_FILE_MAX (16 * MIB)

enum run_outcome {
	RUN_DELIVERED,	/* gates passed, pull request open */
	RUN_ESCALATED,	/* needs a person: 'question' */
	RUN_FAILED,	/* ended by an error: 'error', 'message' */
	RUN_CANCELLED	/* stopped by a person */
};

const char *run_outcome_word(enum run_outcome outcome);	/* "delivered" */

/* One durable step of the walk: "workspace", "agent", "gates", "deliver". */
struct run_step {
	const char *name;
	int64_t started;	/* unix seconds */
	int64_t ms;
	const char *note;	/* one line, "" when there is nothing to say */
};

struct run {
	struct arena mem;
	const char *id;		/* 8 letters, as a task's */
	const char *task;	/* the task's id */
	const char *title;
	int64_t attempt;	/* from 1 */
	const char *base;	/* commit that it started from, hex; also policy's */
	const char *tree;	/* the change's tree, "" when there is no change */
	const char *commit;	/* the attempt's commit, "" */
	const char *branch;
	int64_t pull;		/* 0 for none */
	const char *agent;	/* name in the config */
	const char *model;	/* model id as sent, "" for an outside agent */
	const char *provider;	/* "anthropic", "openai", "recorded", "command" */
	const char *sandbox;	/* "bwrap", "bwrap, network: host", "none" */
	const char *node;	/* host name */
	int64_t started;	/* unix seconds */
	int64_t ended;
	int64_t iterations;	/* generate, gate, evidence, change */
	struct use use;
	enum run_outcome outcome;
	const char *error;	/* err.tbl.h's word, "" */
	const char *message;	/* its one line, "" */
	const char *question;	/* what a person must decide, "" */
	const char *class;	/* of the failure (failure.h), "" */
	const char *next;	/* what happens next, one line, "" */
	int64_t retry_at;	/* unix seconds, 0: at once or never */
	const char *noreplay;	/* why it cannot be replayed, "" when it can */
	struct { VEC_FIELDS(struct run_step); } steps;
	struct verdicts gates;	/* the last full set */
};

void run_init(struct run *r);
void run_free(struct run *r);	/* also for AUTO */
void run_set(struct run *r, const char **field, const char *value);	/* copies */
void run_step(struct run *r, const char *name, int64_t started, int64_t ms, const char *note);

/* The file's bytes: indented, fixed order of keys, ends in a newline. */
void run_format(const struct run *r, struct buf *out);
struct err *run_parse(const char *file, struct str text, struct run *out) MUST_USE;

/* "runs/a/b/<id>.json" in the state tree. */
void run_path(const char *id, struct buf *out);

/*
 * One line of JSON for refs/notes/factory, with its newline: time, event,
 * run, task, commit, tree, patch id, gates with their verdicts, model and
 * cost.  'event' says what happened: "attempt", "landed".
 */
void run_evidence(const struct run *r, const char *event, int64_t time,
    const char *commit, const char *tree, const char *patch_id, struct buf *out);

#endif

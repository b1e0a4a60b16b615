/*
 * failure.h - why a run was not delivered, and what happens next.
 *
 * Every failure has a class, and each class a policy: go on after a wait, try
 * anew with changed parameters, or ask a person; with a cap on the tries of
 * the class and one on those of all classes together.  What was counted
 * starts from nothing when a run is delivered, or a person answers: by
 * changing the spec, or by starting an escalated task again.
 *
 * Pure: the caller brings the time, and jitter comes from the run's id, so
 * that a restart in the middle of a step decides the same.
 */
#ifndef MODEL_FAILURE_H
#define MODEL_FAILURE_H

#include "base/def.h"

struct buf;
struct err;
struct run;
struct strs;
struct task;

enum failure {
	FAILURE_NONE,	/* none of the task or the machine: start it again */
#define FAILURE_ROW(code, word, next, max, wait, ceiling, deadline, prose) code,
#include "model/failure.tbl.h"
#undef FAILURE_ROW
	FAILURES
};

enum failure_next {
	NEXT_RESUME,	/* the same run goes on where it was */
	NEXT_ANEW,	/* another attempt, told what became of the last one */
	NEXT_ASK,	/* escalated: a person decides */
	NEXT_MEND	/* nothing is the task's fault: it stays as it is */
};

struct failure_policy {
	int64_t max;		/* tries before a person is asked */
	int64_t wait;		/* seconds before the first, doubled for each further one */
	int64_t ceiling;	/* seconds at most, before jitter */
	int64_t deadline;	/* of the next attempt, in percent of the last one's */
	const char *agent;	/* who makes the next attempt, "" for the same */
};

struct failure_row {
	const char *word;	/* "" for FAILURE_NONE */
	enum failure_next next;	/* what another try is; NEXT_ASK in no row */
	struct failure_policy policy;
	const char *prose;
};

const struct failure_row *failure_row(enum failure f);

/* false when there is no such class; "" is none. */
bool failure_parse(const char *word, enum failure *out);

/* Every code has a class; those that fault nobody (interrupted, taken) have FAILURE_NONE. */
enum failure failure_of(const struct err *e);

/* Counts as a task keeps them: "network:2".  What is no count is none. */
int64_t failure_tries(const struct strs *tries, enum failure f);
int64_t failure_total(const struct strs *tries);
void failure_count(struct strs *tries, const char *word);

/* One failure that has just happened. */
struct failure_case {
	enum failure class;
	const struct failure_policy *policy;
	const struct strs *tries;	/* before this one */
	int64_t most;			/* tries of all classes before a person is asked */
	int64_t now;			/* unix seconds */
	int64_t asked;			/* seconds that a server asks to wait, 0 */
	const char *run;		/* its id: what jitter comes from */
	bool hopeless;			/* another try would end in the same place */
};

struct failure_plan {
	enum failure_next next;
	int64_t retry_at;	/* unix seconds; 0: at once, or never */
	int64_t nth;		/* which try of the class the next one is */
	bool capped;		/* a cap asks, and not the class */
};

/*
 * Seconds before the nth try (from 1): wait * 2^(n-1) up to the ceiling, at
 * least 'asked', and up to a quarter of that longer.  0 where the class does
 * not wait and nobody asks to.
 */
int64_t failure_wait(const struct failure_policy *p, int64_t nth, int64_t asked, const char *run);

void failure_decide(const struct failure_case *c, struct failure_plan *out);

/* One line for people, without the time: "it goes on where it was: 2 of 12 for network". */
void failure_line(const struct failure_case *c, const struct failure_plan *plan, struct buf *out);

/*
 * What becomes of a task by a run that has ended.  Delivered: counts and class
 * are cleared.  Failed: it is queued again, with the record's class, next
 * step and time.  Escalated: the same, and a person is asked.  What asking for
 * the task's type cost is on the run's record, then, and no longer the task's.
 */
void task_take_run(struct task *t, const struct run *r);

/* What asking a model for the task's type cost, where no run has it on record; micro-dollars. */
int64_t task_guess_cost(const struct task *t);

/* What becomes of it by a run that waits and goes on: no record, no attempt. */
void task_take_wait(struct task *t, enum failure class, const char *error, int64_t retry_at,
    const char *next);

/* A new start: a person answered, or it was delivered. */
void task_forgive(struct task *t);

#endif

/*
 * queue.h - the tasks of the state, and what may happen to them.
 *
 * A queue is a snapshot of one tip: opening it folds the inbox and brings the
 * cache (cache.h) up to date by what changed since, so that listing and
 * choosing read no object.  It shows its own changes: each successful
 * queue_add() and queue_change() refreshes it.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "base/def.h"
#include "base/id.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/task.h"

struct buf;
struct err;
struct lease_info;
struct lease_infos;
struct queue;
struct state;
struct state_step;

/* A task as the queue knows it. */
struct queue_row {
	struct id id;
	const char *path;	/* in the state tree */
	bool archived;
	bool running;		/* somebody holds its lease */
	bool waits;		/* queued and not held, but not all that it comes after is far enough */
	bool later;		/* it could start, but not before task->retry_at */
	bool unmet;		/* this machine lacks something that it needs */
	const char *broken;	/* "tasks/k/3/k3xq7abc.md:3:5: what", else NULL */
	const struct task *task;	/* all but the body; NULL when broken */
};

struct err *queue_open(struct state *s, struct queue **out) MUST_USE;
void queue_close(struct queue *q);	/* NULL is fine */
void queue_close_p(struct queue **q);	/* for AUTO */

struct state *queue_state(const struct queue *q);

/* What a person should hear: from folding the inbox, or of a rewound history.  Borrowed. */
const struct strs *queue_remarks(const struct queue *q);

/*
 * The task whose id starts with 'prefix' (at least ID_MIN letters, any case).
 * ERR_NOT_FOUND; ERR_AMBIGUOUS listing the candidates.
 */
struct err *queue_find(struct queue *q, const char *prefix, struct id *out) MUST_USE;

/*
 * One task with its body.  The row and what it points to live until the next
 * queue_get(), queue_peek() or change, or the close.  ERR_NOT_FOUND.
 */
struct err *queue_get(struct queue *q, const struct id *id, struct queue_row *out) MUST_USE;

/* The same without the body, and without reading an object. */
struct err *queue_peek(struct queue *q, const struct id *id, struct queue_row *out) MUST_USE;

/* A task_lookup (model/task.h) over the queue 'q': a broken task counts as queued. */
bool queue_lookup(void *q, const char *id, enum task_state *state);

/* The file's bytes as they stand, also of a broken one. */
struct err *queue_text(struct queue *q, const struct id *id, struct buf *out) MUST_USE;

/*
 * Call fn for each task, most urgent first (priority, then age, then id),
 * until it fails or clears *more.  The row lives for the call.
 */
enum queue_which {
	QUEUE_OPEN,	/* not landed, not closed */
	QUEUE_NOTED,	/* of these, the ones that are not simply queued: broken, escalated, queued after a failure, ... */
	QUEUE_READY,	/* what queue_ready() has no objection to */
	QUEUE_UNMET,	/* what it has none to but that this machine lacks what the task needs */
	QUEUE_ALL
};
typedef struct err *queue_fn(const struct queue_row *row, void *ctx, bool *more);
struct err *queue_each(struct queue *q, enum queue_which which, queue_fn *fn, void *ctx) MUST_USE;

/* Only their ids, appended, to be asked for one by one with queue_get(). */
struct ids {
	VEC_FIELDS(struct id);
};

struct err *queue_ids(struct queue *q, enum queue_which which, struct ids *out) MUST_USE;
void ids_free(struct ids *ids);	/* also for AUTO */

/*
 * Why a task cannot run now (held, waits for another, running, broken, ...):
 * NULL when it can.  Owned by the caller, as an error of code ERR_STATE.
 */
struct err *queue_ready(struct queue *q, const struct queue_row *row) MUST_USE;

/*
 * The same at another time than now: after a failure a task waits for its
 * retry_at.  INT64_MAX for one that a person names, who need not wait.
 */
struct err *queue_ready_at(struct queue *q, const struct queue_row *row, int64_t now) MUST_USE;

/* The first ready task; ERR_NOTHING_READY, with what stands in the way. */
struct err *queue_next(struct queue *q, struct id *out) MUST_USE;

/* Who works at what; those proven dead are not among them. */
const struct lease_infos *queue_leases(const struct queue *q);

/* Who works on the task; NULL when nobody does.  Borrowed from the queue. */
const struct lease_info *queue_lease(const struct queue *q, const struct id *id);

struct queue_counts {
	size_t ready, waiting, held, running, delivered, escalated, landed, closed, broken;
};
struct err *queue_count(struct queue *q, struct queue_counts *out) MUST_USE;

/*
 * File a new task.  'want' (without id, state and the factory's other fields,
 * which are set here) is checked and written; 'text', when not empty, is the
 * file that it was parsed from, so that a person's comments stay.  The chosen
 * id collides with none.  ERR_USAGE as task_check(), ERR_NOT_FOUND when it is
 * to come after a task that does not exist.
 */
struct err *queue_add(struct queue *q, const struct task *want, struct str text,
    struct id *out) MUST_USE;

/*
 * Change one task: 'change' edits the task as it is at the moment of the
 * write (again after a lost race), and may add refs and files to the step.
 * What differs is spliced into the file; nothing different makes no commit,
 * but moves the refs.  A task that ends up landed or closed moves to
 * archive/.  ERR_NOT_FOUND; ERR_SYNTAX for a broken one; ERR_CONFLICT naming
 * the circle when it would come after itself.
 */
typedef struct err *task_change(struct state_step *t, struct task *task, void *ctx);
struct err *queue_change(struct queue *q, const struct id *id, const char *message,
    task_change *change, void *ctx) MUST_USE;

/* The same without a queue at hand, for the walk of one task, which leaves 'after' alone. */
struct err *state_change(struct state *s, const struct id *id, const char *message,
    task_change *change, void *ctx) MUST_USE;

/*
 * The same for a task whose id follows from something outside, as an issue's
 * does: when there is none yet, 'change' gets one that was just begun, without
 * a title, and leaves it so where none is to be filed.
 */
struct err *state_take(struct state *s, const struct id *id, const char *message,
    task_change *change, void *ctx) MUST_USE;

/* The same as a part of a step that does more; one task may be changed once in a step. */
struct err *step_change(struct state_step *t, const struct id *id, task_change *change, void *ctx) MUST_USE;

/* One task with its body, as it stands in the state.  ERR_NOT_FOUND, ERR_SYNTAX. */
struct err *state_task(struct state *s, const struct id *id, struct task *out) MUST_USE;

/* Replace the whole file of a task by a person's edit (people's fields only).  Fails likewise. */
struct err *queue_edit(struct queue *q, const struct id *id, struct str base, struct str text,
    struct strs *conflicts) MUST_USE;

#endif

/*
 * task.h - a task: one Markdown file with YAML front matter, whose body is
 * the spec.
 *
 *	---
 *	id: k3xq7abc
 *	title: Retry a fetch that timed out
 *	priority: 1
 *	---
 *	When the server does not answer within ...
 *
 * Two parties write it, and each field has one owner: people own what they
 * want, the factory owns what became of it.  A file is edited by splicing
 * the bytes of the fields that change, so comments, order and spelling of
 * everything else stay as the person left them.
 *
 * Nothing here reads a file or a clock.  Strings of a task live in its arena
 * (or are literals) and are never NULL but where it says so.
 */
#ifndef MODEL_TASK_H
#define MODEL_TASK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;

#define TASK_FILE_MAX (1 * MIB)		/* bytes of one task's file */
#define TASK_TITLE_MAX 200		/* code points */
#define TASK_LIST_MAX 100		/* labels, needs, after: entries each */
#define TASK_PRIORITY 2			/* default; 0 is most urgent, 4 least */
#define TASK_ESTIMATE_S (20 * 60)	/* default */

/* 'running' is not a state: it is derived from the lease. */
enum task_state {
	TASK_QUEUED,	/* waits for a run */
	TASK_DELIVERED,	/* its pull request is open */
	TASK_LANDED,	/* its change is on the base branch */
	TASK_ESCALATED,	/* a run ended with a question to a person */
	TASK_CLOSED	/* a person closed it */
};
#define TASK_STATES 5

const char *task_state_word(enum task_state state);	/* "queued" */
bool task_state_parse(struct str word, enum task_state *out);

struct task {
	struct arena mem;

	/* people's */
	const char *title;	/* one line; front matter, or the first "# " heading */
	const char *body;	/* the spec: UTF-8 after the front matter, without blank
				   lines around it */
	const char *type;	/* a word, [a-z][a-z0-9_-]*; "": by its signs (classify.h) */
	int64_t priority;	/* 0..4 */
	struct strs labels;
	struct strs needs;	/* what the machine must have, as words */
	struct strs after;	/* what comes first: entries of model/after.h */
	int64_t estimate;	/* seconds */
	struct strs scope;	/* patterns of paths that it may change, none: all */
	const char *dir;	/* working directory in the repository, "" for its top */
	const char *hold;	/* not "": do not start it, for this reason */
	const char *close;	/* not "": closed by a person, for this reason */

	/* the factory's */
	const char *id;		/* "" in a file that has none yet */
	enum task_state state;
	int64_t created;	/* unix seconds, 0 when unknown */
	int64_t attempts;	/* runs that were started */
	const char *run;	/* the last run's id, "" for none */
	const char *branch;	/* frozen at first delivery, "" before */
	int64_t pull;		/* pull request, 0 for none */
	const char *commit;	/* the landed commit, 40 hex digits, "" before */
	const char *error;	/* err.tbl.h's word for how the last run failed, "" */
	const char *question;	/* what a person must decide, "" */
	const char *issue;	/* that it was made from, "github:owner/name#42"; "" */
	const char *asked_by;	/* login of who asked for it there, "" */
	int64_t asked_at;	/* unix seconds, 0 */
	const char *pinned;	/* SHA-256 of the issue's text that was asked for, hex; "" */
	const char *guess;	/* "TYPE MICRO": what a model says of its type, and what of asking no run has on record; "" */
	const char *heard;	/* of the issue's orders, the last that were followed (line/intake); "" */

	/* the factory's, of failures since a run or a person last answered (failure.h) */
	const char *class;	/* of the last one, "" for none */
	struct strs tries;	/* how many of each class: "network:2" */
	int64_t retry_at;	/* unix seconds: not to be started before; 0: at once */
	const char *next;	/* what happens next, one line, "" */

	bool heading;		/* the title came from the first heading of the body */
	int64_t body_line;	/* of the body's first line in its file, from 1 */
};

/* Every default in place, all strings "", title "". */
void task_init(struct task *t);
void task_free(struct task *t);		/* also for AUTO; usable after task_init */
void task_copy(struct task *to, const struct task *from);

/* A person's word, as a label, against landing without anybody's look. */
#define TASK_ASKS "no-auto-merge"
bool task_asks(const struct task *t);

/* Copies the string into the task's arena: task_set(t, &t->title, "..."). */
void task_set(struct task *t, const char **field, const char *value);
void task_set_str(struct task *t, const char **field, struct str value);

/*
 * Parse one file's bytes.  'file' is only for messages.  ERR_SYNTAX with
 * "file:line:column: what" for broken YAML, an unknown key (naming the
 * nearest known one), a wrong type or value, a missing title, text that is
 * not UTF-8; ERR_LIMIT over TASK_FILE_MAX.  A file without front matter is
 * all body, titled by its first heading.  CRLF is accepted.
 */
struct err *task_parse(const char *file, struct str text, struct task *out) MUST_USE;

/* What a person may not have typed on a command line: ERR_USAGE naming it. */
struct err *task_check(const struct task *t) MUST_USE;

/* A new file: fields that differ from their defaults, then the body. */
void task_format(const struct task *t, struct buf *out);

/*
 * The old file's bytes with the fields in which 'want' differs spliced in;
 * identical bytes when nothing differs.  Fails as task_parse does.
 */
struct err *task_splice(const char *file, struct str old, const struct task *want,
    struct buf *out) MUST_USE;

/*
 * Three versions of one file, field by field, by owner: people's fields are
 * merged (lists as sets, the body by lines; where both sides changed one
 * field differently, 'theirs' stays and the field's name goes into
 * 'conflicts'), the factory's fields are always those of 'ours'.  'ours' is
 * the factory's state, 'theirs' what a person committed, 'base' their common
 * ancestor, empty when there is none.  The result is 'theirs' with splices.
 * Fails as task_parse does for 'theirs'; broken 'base' counts as none.
 */
struct err *task_merge(const char *file, struct str base, struct str ours,
    struct str theirs, struct buf *out, struct strs *conflicts) MUST_USE;

/*
 * What one task became in two clones that went on from 'base' (NULL: none),
 * neither of which owns more of it than the other.  What one side changed is
 * taken; what both changed differently:
 *	- lists are sets: what either added is in, what either removed is out;
 *	- lines of the body of both sides stay, one after the other;
 *	- of a person's other fields the more urgent priority, the longer
 *	  estimate, else the text that sorts last (so a reason to hold or close
 *	  stays) is taken, and the field's name goes into 'clashes';
 *	- the factory's fields stay together, as one story: those of the side
 *	  that is landed or closed, else has more attempts, else is further
 *	  along; attempts of both sides count.
 * Nothing depends on which side is called 'a'.  The result says which side's
 * story it is.
 */
enum task_side { TASK_A, TASK_B };
enum task_side task_unite(const struct task *base, const struct task *a, const struct task *b,
    struct task *out, struct strs *clashes);

/* Did this side change what people own? */
bool task_touched(const struct task *base, const struct task *t);

/* Looks another task up: false when there is none with this id. */
typedef bool task_lookup(void *ctx, const char *id, enum task_state *state);

enum task_ready {
	READY_YES,
	READY_STATE,	/* not queued (delivered, landed, escalated, closed) */
	READY_HELD,
	READY_WAITS,	/* a task in 'after' is not as far as it must be */
	READY_MISSING,	/* a task in 'after' does not exist */
	READY_LOOP	/* it is in its own 'after' */
};

/* 'why' (may be NULL) gets one line, lower case: "waits for k3xq7abc". */
enum task_ready task_ready(const struct task *t, task_lookup *lookup, void *ctx,
    struct buf *why);

/* The queue's order: priority, then age, then id. For qsort over struct task *. */
int task_order(const struct task *a, const struct task *b);

/*
 * Where a task's file lives in the state tree: "tasks/k/3/k3xq7abc.md", or
 * below "archive/" once it is landed or closed.
 */
void task_path(const char *id, bool archived, struct buf *out);
bool task_archived(enum task_state state);

/* "factory/<id>-<slug>" from id and title. */
void task_branch(const struct task *t, struct buf *out);

#endif

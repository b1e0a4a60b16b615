/*
 * agent.h - whoever changes the files: our own loop on a model, or a program
 * from outside, behind one table of functions.
 *
 * An agent works on one workspace in turns.  A turn ends with a claim: "done"
 * or "a person must decide".  The claim is worth nothing; the caller proves
 * the files with its gates and, when they fail, starts another turn with the
 * evidence.  All that an agent does goes through the run's journal, so a
 * killed run is walked through again without asking or running anything twice.
 *
 * Nothing here holds a credential but the model's key, inside llm/.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct agent;
struct budget;
struct clock;
struct err;
struct jail_policy;
struct journal;
struct llm;
struct redactor;
struct repo;
struct strs;
struct workspace;

enum agent_event {
	AGENT_SAYS,	/* text of the model, or output of an outside agent */
	AGENT_CALLS,	/* a tool and what it is called with, one line */
	AGENT_ANSWER,	/* what a tool answered, one line */
	AGENT_WAITS	/* a retry: why and how long */
};

/* What an agent is given.  Borrowed until agent_close(). */
struct agent_job {
	struct repo *repo;
	struct workspace *ws;
	struct oid base_tree;		/* what the workspace was opened with */
	const struct jail_policy *jail;
	struct journal *journal;
	struct budget *budget;
	struct redactor *redact;	/* secrets that may not come through; or NULL */
	const struct clock *clock;
	const char *cwd;		/* where commands start, relative; NULL: the root */
	const char *system;		/* role and conventions */
	const char *prompt;		/* the task */
	int64_t deadline;		/* clock_mono() by which the agent must have ended; 0: none */
	int cancel_fd;			/* sigs_fd(), or 0 */
	/*
	 * Do the recorded run over: file tools are called again and must leave
	 * the recorded tree (ERR_STATE), what commands left is put in place.
	 */
	bool replay;
	struct llm *llm;		/* of the built-in agent */
	const char *const *command;	/* of an outside agent, NULL-terminated */
	const struct strs *env;		/* "KEY=value" for the outside agent; NULL: none */
	int64_t turn_ms;		/* longest turn of an outside agent; 0: the deadline */
	int64_t command_ms;		/* longest command of the built-in agent; 0: the tool's */
	void (*on_event)(void *arg, enum agent_event event, struct str text);	/* or NULL */
	void *arg;
};

struct agent_turn {
	bool gave_up;	/* a person must decide */
	bool broke;	/* gave up because it failed itself: the program, not the task */
	char *text;	/* the summary, or the question to a person; owned */
};

void agent_turn_free(struct agent_turn *t);	/* also for AUTO */

struct agent_type {
	const char *name;	/* as in agents.<name>.kind */
	struct err *(*open)(struct agent *a, void **self);
	struct err *(*turn)(struct agent *a, void *self, const char *evidence,
	    struct agent_turn *out);
	void (*rest)(void *self);	/* or NULL */
	void (*close)(void *self);
};

extern const struct agent_type agent_loop;	/* loop.c */
extern const struct agent_type agent_outside;	/* outside.c */

struct err *agent_open(const struct agent_type *type, const struct agent_job *job,
    struct agent **out) MUST_USE;

/*
 * Work until the agent claims to be done.  'evidence' is NULL in the first
 * turn and says why the last one was not good enough in every later.
 * ERR_BUDGET, ERR_TIMEOUT, ERR_INTERRUPTED, ERR_REFUSED and the model's
 * errors end the run; the files stay as they are.
 */
struct err *agent_turn(struct agent *a, const char *evidence, struct agent_turn *out) MUST_USE;

/* No more turns: what the agent keeps running ends while the caller goes on. */
void agent_rest(struct agent *a);
void agent_close(struct agent *a);	/* NULL is fine */
void agent_close_p(struct agent **a);	/* for AUTO */

struct oids {
	VEC_FIELDS(struct oid);
};

/*
 * The trees that a replay needs: what each command left behind, in order.
 * Borrowed, until the next turn.
 */
const struct oids *agent_trees(const struct agent *a);

/* The files as the agent's last effect left them. */
const struct oid *agent_tree(const struct agent *a);

/* ---- for the types ---- */

/*
 * Effects on the workspace, journalled.  While the journal is walked through
 * the workspace stays as it is; agent_live() then brings it to the last
 * recorded tree before anything touches it.
 */
const struct agent_job *agent_job_of(const struct agent *a);
struct err *agent_live(struct agent *a) MUST_USE;

/* Collect the workspace's tree after an effect, and remember it. */
struct err *agent_collect(struct agent *a, bool by_command, struct oid *tree) MUST_USE;

/* What a recorded effect left: to be restored when the walk is over. */
void agent_recorded(struct agent *a, bool by_command, const struct oid *tree);

/* The same for a replay: restored at once. */
struct err *agent_put(struct agent *a, const struct oid *tree) MUST_USE;

/* A text from the sandbox, without the secrets that this process knows. */
char *agent_redact(const struct agent *a, const char *text) MUST_USE;

void agent_tell(const struct agent *a, enum agent_event event, struct str text);

/* Milliseconds until the deadline, at least 1; ERR_TIMEOUT when it has passed. */
struct err *agent_time_left(const struct agent *a, int64_t *ms) MUST_USE;

#endif

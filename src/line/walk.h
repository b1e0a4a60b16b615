/*
 * walk.h - one run under way: what its steps share.  Only line/ uses it.
 */
#ifndef LINE_WALK_H
#define LINE_WALK_H

#include "base/clock.h"
#include "base/def.h"
#include "base/id.h"
#include "conf/secrets.h"
#include "git/oid.h"
#include "line/deaths.h"
#include "line/judge.h"
#include "line/policy.h"
#include "line/run.h"
#include "model/budget.h"
#include "model/run.h"
#include "model/task.h"
#include "sys/jail.h"

struct agent;
struct err;
struct journal;
struct keeper;
struct lease;
struct llm;
struct redactor;
struct repo;
struct state;
struct workspace;

struct walk {
	const struct line_opts *o;
	struct state *state;
	struct repo *repo;
	const struct clock *clock;
	struct id id;			/* of the task */
	struct id run;
	struct task task;		/* as it was when the run started */
	char *dir;			/* $GIT_COMMON_DIR/factory/runs/<run> */
	struct journal *journal;
	struct lease *lease;
	struct keeper *keeper;		/* beats for it; NULL in a repository on its own */
	bool lost;			/* the lease is another's: nothing may be written any more */
	bool news;			/* a run of the task that ended elsewhere was just learnt of */
	bool over;			/* the run has ended already, and rec is its record */
	struct policy policy;		/* of the commit that the run started from */
	const struct conf_agent *agent_conf;
	struct jail_policy agent_jail;
	struct jail_policy gate_jail;
	struct judge judge;
	struct secrets secrets;
	struct redactor *redact;
	struct budget budget;
	struct llm *llm;
	struct workspace *ws;
	struct agent *agent;
	struct run rec;			/* the record that is being written */
	char *summary;			/* what the agent says it did */
	char *past;			/* what the prompt tells of the attempt before; "" for nothing */
	char *agent_name;		/* who makes this attempt because of a failure; NULL: as configured */
	int64_t timeout;		/* seconds that this run may take */
	struct deaths deaths;		/* of its process, and the time that it has used before this start */
	int64_t began;			/* this start; monotonic ms, 0 before deaths_start() */
	int proving;			/* the turn to prove what is to land (next.h), or -1 */
	struct oid landed;		/* the commit, where it landed in the step that delivered it */
	const char *skipped;		/* the tree where a run was that is ended without an agent */
	bool replay;
};

/* Claim the task, take up or start its run, read policy, make the record. */
struct err *walk_open(const struct line_opts *o, const struct id *task, struct walk *w) MUST_USE;

/*
 * The same for a recorded run: its journal and transcript lie in 'dir', no
 * lease is taken, and whatever is not recorded is an error.
 */
struct err *walk_open_recorded(const struct line_opts *o, const struct run *record,
    const char *dir, struct walk *w) MUST_USE;

/* Everything back; the lease is given up when it was not ended by a step. */
void walk_close(struct walk *w);

/* The project may run one more (ERR_TAKEN): say that the run begins. */
struct err *walk_begin(struct walk *w) MUST_USE;

/* The workspace and the agent on it. */
struct err *walk_staff(struct walk *w) MUST_USE;

/* The run is over: the next start of this task makes a new one. */
struct err *walk_done(struct walk *w) MUST_USE;

/* ERR_INTERRUPTED when the user asked to stop; the heartbeat of the lease. */
struct err *walk_alive(struct walk *w) MUST_USE;

/* Policy has what the run delivers land in the same step, as far as can be told before. */
bool walk_lands(const struct walk *w);

/* Every text of ours that leaves goes through here: secrets are replaced. */
char *walk_redact(struct walk *w, const char *text) MUST_USE;

#endif

/*
 * run.h - one task from claim to a pull request.
 *
 * Each step of the walk is durable (store/journal.h): a run that was killed,
 * interrupted or out of luck with the network is taken up by the next
 * line_run() of its task, asks for no recorded answer again, and ends with the
 * refs of the undisturbed run.  All refs of a step move in one transaction
 * that the lease fences.
 *
 * Where policy says merge.auto, the change lands in the step that delivers it,
 * or, where more is to be done for it, in one of its own right after; when it
 * cannot (the base moved and the gates fail on it, say), that is a remark, and
 * the pull request waits for a person.
 *
 * What a person must decide ends the run as 'escalated' with the whole story
 * on the task; what the environment must mend (a missing key, no sandbox, no
 * network) is an error, and the run waits.
 */
#ifndef LINE_RUN_H
#define LINE_RUN_H

#include <signal.h>

#include "agent/agent.h"
#include "base/def.h"
#include "base/id.h"

struct err;
struct oid;
struct run;
struct state;

enum line_event {
	LINE_STEP,	/* a step of the walk begins: its name and what it works on */
	LINE_NOTE,	/* something that the reader should know */
	LINE_GATE	/* a gate ended: "tests: pass, 81 tests" */
};

/* A run that has begun, for whoever supervises it. */
struct line_claim {
	struct id task, run;
	int64_t attempt;
	int64_t seconds;	/* that it may take */
	int64_t silent_s;	/* without any sign of progress */
};

struct line_opts {
	struct state *state;
	const char *agent;	/* name in the config; NULL: policy's */
	const char *recording;	/* a transcript that answers instead of a model; NULL: none */
	bool named;		/* a person means this very task: it may also be delivered, escalated or waiting */
	bool unguarded;		/* no supervisor ends what is left when this process is killed */
	bool fresh;		/* drop an unfinished run of this task */
	bool leave_fold;	/* with a remote: somebody else folds what is delivered (publish.h) */
	const struct id *claimed;	/* with a remote: the run that its task's lease was lent to (store/lease.h); NULL */
	bool outside;		/* a forge is there: what is delivered lands through it, and not by this process (pulls/mirror.h) */
	const char *export;	/* with a remote: the delivery goes into this file for another process to push; NULL */
	struct oid *landed;	/* the commit that policy's merge.auto landed, else untouched; or NULL */
	int cancel_fd;		/* sigs_fd(), or 0 */
	const volatile sig_atomic_t *cancel;	/* or NULL */
	void (*on_event)(void *arg, enum line_event event, const char *text);	/* or NULL */
	void (*on_agent)(void *arg, enum agent_event event, struct str text);	/* or NULL */
	void (*on_claim)(void *arg, const struct line_claim *claim);	/* or NULL */
	void *arg;
};

/*
 * Run the task.  NULL when the run ended with a record (delivered, escalated):
 * *out is the caller's to run_free().  Errors: ERR_STATE when the task cannot
 * be run now, ERR_TAKEN when another process runs it, ERR_CONFIG,
 * ERR_UNTRUSTED, ERR_SANDBOX, ERR_AUTH, ERR_NETWORK and kin when the run waits
 * for something to be mended, ERR_INTERRUPTED.
 */
struct err *line_run(const struct line_opts *o, const struct id *task, struct run *out) MUST_USE;

/*
 * The process of a run was killed, for its deadline or its silence: end the
 * attempt as the run itself would have, with 'why'.  Fine when that run is
 * not the unfinished one of its task any more.
 */
struct err *line_bury(const struct line_opts *o, const struct id *task, const struct id *run,
    const struct err *why) MUST_USE;

#endif

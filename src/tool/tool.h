/*
 * tool.h - what an agent can do: the table of tools, and the box that does it.
 *
 * read_file, write_file, edit, list and search are served by this program
 * itself, started once per run inside the sandbox (git-factory --tool-server);
 * run is a fresh sandbox for each command, so nothing it starts outlives it.
 * finish and give_up are in the table too, but they are claims: the agent's
 * loop handles them, and the box refuses them.
 *
 * Paths are relative to the workspace.  Nothing inside .git is written.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct jail_policy;
struct redactor;
struct toolbox;
struct view;

struct tool_def {
	const char *name;
	const char *description;
	const char *schema;	/* JSON Schema of the input, one object */
	bool writes;		/* must run in order, never beside another */
	bool is_end;		/* finish, give_up: handled by the agent's loop */
};

#define TOOL_DEFS 8
extern const struct tool_def tool_defs[TOOL_DEFS];
const struct tool_def *tool_find(const char *name);	/* NULL when unknown */

/* Ceilings, in bytes. */
#define TOOL_READ_MAX (64 * KIB)	/* text of one answer of read_file */
#define TOOL_FILE_MAX (8 * MIB)		/* a file that is read, edited or searched */
#define TOOL_RUN_MAX (32 * KIB)		/* kept output of run: head and tail */
#define TOOL_WORKERS 4			/* reading calls that are done at the same time */

struct tool_result {
	char *text;		/* for the model; owned */
	bool is_error;		/* the tool says no; the run goes on */
	bool wrote;		/* the workspace may have changed */
};

void tool_result_free(struct tool_result *r);	/* also for AUTO */

struct toolbox_opts {
	const struct jail_policy *policy;	/* borrowed while the box is open */
	const struct view *view;		/* likewise */
	const char *cwd;	/* where 'run' starts, relative; NULL: the root */
	int64_t run_ms;		/* longest 'run'; 0: 10 min */
	int cancel_fd;		/* sigs_fd(), or 0 */
	struct redactor *redact;	/* for what 'run' prints, before it is cut; or NULL */
};

struct err *toolbox_open(const struct toolbox_opts *opts, struct toolbox **out) MUST_USE;

/*
 * The server takes milliseconds to start, in other processes.  A call waits
 * for it; these let the caller do something else meanwhile, and know that
 * there is a sandbox before anything depends on it.  Each goes on from where
 * the one before it got: start: the sandbox is being made; enter: it is made
 * and the server starts; ready: the server has answered.  ERR_SANDBOX with
 * the remedy, ERR_INTERRUPTED.
 */
struct err *toolbox_start(struct toolbox *tb) MUST_USE;
struct err *toolbox_enter(struct toolbox *tb) MUST_USE;
struct err *toolbox_ready(struct toolbox *tb) MUST_USE;

/*
 * One call; input is a JSON object.  What the model did wrong (no such tool,
 * bad input, no such file, a command that fails or times out) is a result
 * with is_error; an error is ours: the sandbox broke, or ERR_INTERRUPTED.
 * deadline_ms bounds this call, 0 for none beyond run_ms.
 */
struct err *toolbox_call(struct toolbox *tb, const char *name, struct str input,
    int64_t deadline_ms, struct tool_result *out) MUST_USE;

struct tool_call {
	const char *name;
	struct str input;
};

/*
 * Several at once, when none of them writes (tool_def): they are done side by
 * side, TOOL_WORKERS at a time, and take as long as the longest of them if
 * there are no more.  Results are in the order of the calls; all n are set, or
 * none.  With n = 1 it is toolbox_call().
 */
struct err *toolbox_calls(struct toolbox *tb, const struct tool_call *calls, size_t n,
    int64_t deadline_ms, struct tool_result *out) MUST_USE;

/* No more calls: the server ends while the caller goes on to toolbox_close(). */
void toolbox_rest(struct toolbox *tb);
void toolbox_close(struct toolbox *tb);		/* NULL is fine */
void toolbox_close_p(struct toolbox **tb);	/* for AUTO */

/*
 * The server's side, inside the sandbox: answers requests on 'in' until it
 * ends.  The workspace is the current folder.  Returns an exit status.
 */
int tool_server_main(int in, int out);

#endif

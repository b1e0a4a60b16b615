/*
 * gate.h - proving a tree: the gates of policy, and those that are built in.
 *
 * What is judged is a tree, the merge result of a change with the current
 * base, in pristine workspaces of its own, one for each gate: never in one
 * that the agent had.  What a gate is comes from the base's policy, which is
 * the config that the caller hands in.
 *
 * A gate of policy is a command.  Without a report its exit status decides.
 * With reports (format.h) both must say the same: a missing, empty, malformed
 * or contradicting one is VERDICT_ERROR, whatever the exit status.  What lay
 * at the reports' places is removed before, and they are read without
 * following a link.
 *
 * A failing test is judged in this order:
 *   tolerated  policy names it ('tolerate'), it does not block
 *   flaky      run once more alone ('one'), in a pristine workspace, it
 *              passed; it does not block
 *   known      it fails on the base too: said so, and it blocks all the same
 *   blocks     else
 * More than GATE_RERUN_MAX failures are not tried again: that is no flake.
 *
 * Built-in gates need no command: see builtin/builtin.tbl.h.  Policy sets one
 * up in a gate of its name, which also switches on what is off by default,
 * and may have more of the same kind under names of their own.
 *
 * What verdicts say comes from the code under test: names, messages, output.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/def.h"
#include "git/oid.h"
#include "git/workspace.h"
#include "model/verdict.h"

struct conf_gate;
struct config;
struct err;
struct gates;
struct jail_policy;
struct redactor;
struct repo;
struct strs;

/* Names of some built-in gates. */
#define GATE_TESTS_KEPT "tests-kept"
#define GATE_PROTECTED "protected"
#define GATE_SCOPE "scope"
#define GATE_MESSAGE "commit-message"
#define GATE_MESSAGE_UNFINISHED "unfinished"	/* its rule of what is not for others yet */

#define GATE_RERUN_MAX 20
#define GATE_EVIDENCE_MAX (4 * KIB)	/* bytes for one gate */
#define GATE_REPORT_MAX (512 * MIB)	/* bytes of reports of one gate */

enum gate_depth {
	GATE_FAST,	/* while iterating: the 'fast' command, no late gates */
	GATE_FULL	/* before delivery: everything */
};

/*
 * What is known is not run again: a verdict of a gate of policy that this
 * machine came to under the same key (see model/attest.h) stands, and says
 * since when it is known.
 */
enum gate_memory {
	GATE_MEMORY_USE,
	GATE_MEMORY_RERUN,	/* run all the same; what differs from what was known is told */
	GATE_MEMORY_ONLY	/* run nothing: what is not known is inconclusive */
};

enum gate_event_kind {
	GATE_STARTS,	/* 'gate' names it; on_base says of which tree */
	GATE_OUTPUT,	/* bytes of the running command, cut anywhere */
	GATE_GOES_ON,	/* 'output' is a line about how far it is */
	GATE_ENDS	/* 'verdict' is there (NULL for a run on the base) */
};

struct gate_event {
	enum gate_event_kind kind;
	const char *gate;
	bool on_base;
	struct str output;
	const struct verdict *verdict;
};

/* Everything is borrowed while the gates are open. */
struct gates_opts {
	struct repo *repo;
	const struct config *config;		/* of the base commit, and the user's */
	const struct jail_policy *policy;
	const struct clock *clock;
	struct oid base;			/* the base commit */
	struct oid head;			/* the change's last commit; zero: it has none yet */
	const char *base_setup;			/* setup layer of its files, or NULL */
	struct workspace_opts workspace;	/* its kind, size and what it may hold */
	int cancel_fd;				/* sigs_fd(), or 0 */
	int64_t until_ms;			/* on clock_mono(): ERR_TIMEOUT then; 0: never */
	size_t parallel;			/* commands of gates at once; 0: one */
	bool fail_fast;				/* a gate that blocks ends the others */
	/*
	 * A person's own change: the built-in gates but 'secrets' tell
	 * (FINDING_NOTE) and do not block.
	 */
	bool person;
	bool quick;				/* of policy's commands only those that 'fast' names */
	const struct strs *scope;		/* patterns of paths that may change; NULL or none: all */
	const struct strs *only;	/* names of gates, the others do not run; NULL: all */
	enum gate_memory memory;
	bool evidence;	/* lines of notes are made of what is found out (vouch.h): not to keep it is an error */
	bool word;			/* where policy names no keys, what a note says counts as it is */
	/*
	 * Who approved the change for the gate, by e-mail address, each once: what
	 * counts by now.  NULL: nobody yet.
	 */
	struct err *(*approvals)(void *arg, const struct conf_gate *gate, struct strs *by);
	struct redactor *redact;	/* or NULL: what verdicts say goes through it */
	void (*on_event)(void *arg, const struct gate_event *e);	/* or NULL */
	void *arg;
};

/*
 * Gates against one base.  What is learnt about the base is kept, so that
 * iterating runs each gate on it at most once, and only when it matters: for
 * a failure, and before delivery where there is a report.  ERR_CONFIG when
 * policy's gates cannot be used, ERR_NOT_FOUND for a name in 'only' that no
 * gate has.
 */
struct err *gates_open(const struct gates_opts *o, struct gates **out) MUST_USE;
void gates_close(struct gates *g);	/* NULL is fine */
void gates_close_p(struct gates **g);	/* for AUTO */

/*
 * Judge a tree.  'setup' is the setup layer of its files, or NULL.  One
 * verdict per gate, in policy's order after the built-in ones; a gate that
 * has nothing to do with the change ('paths') passes and says so.  A gate
 * that cannot work is a verdict, not an error: errors are ours (repository,
 * sandbox, ERR_INTERRUPTED), and nothing is added to *out then.
 */
struct err *gates_run(struct gates *g, const struct oid *tree, const char *setup,
    enum gate_depth depth, struct verdicts *out) MUST_USE;

/*
 * The protected paths that differ between two trees, 'base' being the one
 * whose policy 'c' is; appended.
 */
struct err *gates_protected(struct repo *r, const struct config *c, const struct oid *base,
    const struct oid *tree, struct strs *out) MUST_USE;

/*
 * What the built-in gates flag in the change, a clause each ("'a.c', line 3:
 * ..."); appended.  It takes no sandbox.
 */
struct err *gates_flagged(struct repo *r, const struct config *c, const struct clock *clock,
    const struct oid *base, const struct oid *tree, struct strs *out) MUST_USE;

/* What the gate 'secrets' blocks in it, likewise; nothing where policy does without. */
struct err *gates_secrets(struct repo *r, const struct config *c, const struct clock *clock,
    const struct oid *base, const struct oid *tree, struct strs *out) MUST_USE;

/*
 * A commit's message before there is a commit: what each 'commit-message' of
 * policy has to say of it, appended; without such a gate nothing.  It takes
 * neither a repository nor a sandbox.
 */
void gates_message(const struct config *c, struct str message, struct verdicts *out);

/* Each name (NULL: none) is that of a gate, of policy or built in; else ERR_NOT_FOUND, with the nearest. */
struct err *gates_known(const struct config *c, const struct strs *names) MUST_USE;

/* Does policy name any gate beside the built-in ones? */
bool gates_configured(const struct config *c);

/* A finding as a clause: "'a.c', line 3: what is there". */
void gates_clause(const struct finding *f, struct buf *out);

/*
 * What the next attempt is to read: the failing part of each verdict that
 * blocks, with the names of the failing tests.  At most GATE_EVIDENCE_MAX
 * per gate, plain text.
 */
void gates_evidence(const struct verdicts *vs, struct buf *out);

#endif

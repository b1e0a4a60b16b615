/*
 * judge.h - the gates of a policy on a tree, with the setup that they need.
 */
#ifndef LINE_JUDGE_H
#define LINE_JUDGE_H

#include "base/clock.h"
#include "base/def.h"
#include "gate/gate.h"
#include "git/oid.h"
#include "line/run.h"

struct approving;
struct err;
struct jail_policy;
struct policy;
struct redactor;
struct repo;
struct state;
struct strs;

/* Who judges where; all borrowed. */
struct judge {
	struct repo *repo;
	const struct clock *clock;
	struct oid head;		/* the commit that is judged; zero: there is none yet */
	const struct line_opts *o;	/* cancel_fd and events */
	const struct jail_policy *jail;
	struct redactor *redact;	/* or NULL: what verdicts say goes through it */
	bool person;			/* a person's own change: see gates_opts */
	bool quick;			/* likewise */
	const struct strs *scope;	/* what the task may change; NULL: all */
	const struct strs *only;	/* names of gates; NULL: all */
	enum gate_memory memory;
	bool evidence;			/* judge_lines() is to follow */
	bool word;			/* see gates_opts */
	const struct approving *approving;	/* whose approvals count for gates that ask people; NULL: nobody's */
	int64_t until_ms;		/* on clock_mono(): all must have ended; 0: never */
};

/*
 * One verdict per gate, appended.  The policy is that of the base that the
 * tree was merged with; ERR_UNTRUSTED when it may not be used.
 */
struct err *judge_tree(const struct judge *j, const struct policy *now, const struct oid *tree,
    enum gate_depth depth, struct verdicts *out) MUST_USE;

/*
 * All gates on a tree that belongs to no run, in the sandbox of the policy in
 * force where it would land; 'approving', 'until_ms' and ERR_UNTRUSTED as above.
 */
struct err *judge_apart(struct state *s, const struct line_opts *o, const struct policy *now,
    const struct approving *approving, const struct oid *tree, int64_t until_ms, struct verdicts *out) MUST_USE;

/*
 * What this machine found out, as lines for the note of the commit (see
 * gate/vouch.h), signed by the user's key.  Where that cannot be had they are
 * not signed, and whoever watches is told why.
 */
struct err *judge_lines(struct repo *r, const struct line_opts *o, const struct policy *now,
    const struct verdicts *vs, const struct oid *commit, const struct oid *patch,
    struct strs *out) MUST_USE;

/* An event for whoever watches. */
void line_tell(const struct line_opts *o, enum line_event event, const char *fmt, ...) PRINTF(3, 4);

#endif

/*
 * receive.h - what a pre-receive hook asks of a push, in a repository that
 * people and nodes push to.
 *
 * The base branch moves forward only, and to a commit that 'git factory
 * verify' would take: proven by evidence that fits its tree, by the policy of
 * the base as it was before.  Evidence may come in the same push.  Where that
 * policy names no keys, what the notes say counts as it is (gates_opts.word).
 * What is pushed must also leave a policy that can be read, or nothing could
 * be pushed after it.  The factory's own refs are as store/permit.h has it.
 *
 * The base branch is what the repository's own factory.base names; else what
 * the policy of HEAD's branch does, which then is guarded like it, and may not
 * come to name another.  Symbolic refs count as what they lead to.  Without a
 * policy on the base branch, everything is taken; without gates in it, too.
 */
#ifndef LINE_HOOKS_RECEIVE_H
#define LINE_HOOKS_RECEIVE_H

#include "base/clock.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct line_opts;
struct repo;

#define PUSHES_MAX (16 * MIB)	/* bytes of git's list */

/* A ref that is pushed. */
struct pushed {
	char *ref;
	struct oid old, new;	/* zero: made, deleted */
	char *refused;		/* why, and what to do: one line; NULL when it is taken */
};

struct pushes {
	VEC_FIELDS(struct pushed);
};

/* "OLD NEW REF" lines, as githooks(5) has them.  ERR_SYNTAX.  Pure. */
struct err *pushes_read(struct str text, struct pushes *out) MUST_USE;
void pushes_free(struct pushes *p);	/* also for AUTO */

struct receive_opts {
	struct repo *repo;	/* objects that wait can be read: repo_read_too() */
	const struct clock *clock;
	const struct line_opts *line;	/* cancel_fd */
	/*
	 * Who signed the push, as git verified it; NULL: nobody.  A gate whose
	 * 'override' names them need not be proven, when the commit says so in
	 * a trailer (line/override.h).
	 */
	const char *signer;
};

/*
 * Fills 'refused', and adds what the pusher should hear besides to 'remarks'.
 * An error is of the repository: nothing may be taken then.
 */
struct err *receive_judge(const struct receive_opts *o, struct pushes *p, struct strs *remarks) MUST_USE;

#endif

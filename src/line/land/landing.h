/*
 * landing.h - one landing under way: what its parts share.  Only line/land/
 * uses it.
 */
#ifndef LINE_LAND_LANDING_H
#define LINE_LAND_LANDING_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "git/oid.h"
#include "line/approve.h"
#include "line/judge.h"
#include "line/land/land.h"
#include "line/override.h"
#include "line/policy.h"

struct checkout;
struct repo;
struct state;

struct landing {
	const struct land_opts *o;
	struct land_opts own;	/* what 'o' is for one that goes along */
	int turn;		/* the lock of such a one, or -1 */
	struct state *state;
	struct repo *repo;
	struct pull pull;
	struct policy now;	/* of the base's tip */
	struct approving approving;	/* where its gates ask people; else zero */
	struct oid head;	/* of the branch */
	struct oid branch_old;	/* what its ref holds; zero when it is gone */
	struct oid tree;	/* the merge result */
	struct oid commit;	/* what lands */
	char *checkout;		/* work tree that has the base checked out, or NULL */
	bool moved;		/* the base already holds the commit */
	bool refused;		/* the checkout did not follow */
	struct checkout *forward;	/* under way in the checkout; NULL: not */
	bool drop_branch;
	struct ident who;
	struct pull_move move;
	struct verdicts verdicts;	/* of the gates, where they ran again */
	struct strs overridden;		/* of them, by name */
	struct buf evidence;	/* the landed commit's note: a line of it, and those of the gates */
	struct strs proofs;
	const char *by;		/* whose hand it was; NULL: the user's */
};

void landing_free(struct landing *l);	/* what it holds */

/* Is the state shared through a remote? */
bool landing_shared(const struct landing *l);

/* Does it land anywhere but in this repository? */
bool landing_there(const struct landing *l);

/*
 * A branch of the repository that it lands in: this one's, or as it was last
 * seen on the remote.  To be freed.
 */
char *landing_ref(const struct landing *l, const char *name);

struct override landing_override(const struct landing *l);

#endif

/*
 * outside.h - the forge that pull requests are mirrored on, with what the
 * parts of this room share: the policy in force, the git remote, who we are.
 *
 * Only a process that has the forge's token opens it; whoever runs agents for
 * a supervisor has none (plant/worker.h).  Where no forge is meant,
 * outside_open() gives NULL, and costs a look at the configuration.
 */
#ifndef LINE_PULLS_OUTSIDE_H
#define LINE_PULLS_OUTSIDE_H

#include "base/def.h"
#include "base/map.h"
#include "forge/forge.h"
#include "git/txn.h"
#include "line/policy.h"
#include "line/run.h"
#include "store/nodes.h"

struct err;
struct pull;
struct repo;
struct state;

struct outside {
	struct state *state;		/* borrowed */
	struct repo *repo;		/* likewise */
	const struct line_opts *line;	/* likewise; for events */
	struct forge *forge;
	bool lent;			/* the forge is the caller's */
	struct node_infos others;	/* that are at work */
	struct policy policy;		/* of the base as it is */
	char *remote;			/* git's name of where the forge has its branches */
	bool shared;			/* the state's remote, too: what is delivered is there already */
	char *me;			/* our login, NULL before it was asked */
	struct map roles;		/* login -> enum forge_role + 1, asked once */
	struct map whole;		/* base -> 2 when its rules ask for all of it, else 1 (catchup.h) */
	struct map bases;	/* base -> is it there? (retarget.c) */
	struct txn moves;		/* of records, to be written by outside_flush() */
};

/*
 * Is a forge meant, for which a token is here?  *why (may be NULL) as of
 * forge_open().  'lent' (may be NULL) stands in for the forge that would be
 * found.
 */
struct err *outside_open(const struct line_opts *line, struct forge *lent, struct outside **out,
    char **why) MUST_USE;
void outside_close(struct outside *o);	/* NULL is fine */
void outside_close_p(struct outside **o);	/* for AUTO */

/* The branch as the forge's git remote has it now, zero for none: fetched, mirrored below REMOTE_HEADS. */
struct err *outside_fetch(struct outside *o, const char *branch, struct oid *tip) MUST_USE;

/*
 * Only the id, of the pull request's.  *behind (may be NULL) says whether
 * 'p' is what its record is by now: not while a run of its task is under way,
 * or delivered and not part of the state yet, or when another clone moved it.
 */
struct err *outside_look(struct outside *o, const struct pull *p, struct oid *tip, bool *behind) MUST_USE;

/* Move the branch there from 'old' to 'new'; ERR_STALE when it holds something else. */
struct err *outside_push(struct outside *o, const char *branch, const struct oid *old,
    const struct oid *new) MUST_USE;

/* Is the login ours? */
struct err *outside_is_me(struct outside *o, const char *login, bool *me) MUST_USE;

/* May this person write to the project?  Asked live, once for each.  Never true for a bot. */
struct err *outside_may_write(struct outside *o, const struct forge_user *user, bool *may) MUST_USE;

/*
 * The record as it now is goes to disk with the next outside_flush(); nothing
 * when nothing changed.  Records follow to the state's remote, too.  What we
 * heard of the forge goes on top of one that was delivered anew meanwhile;
 * where another heard of the forge as well, it is all found again there.
 */
struct err *outside_note(struct outside *o, struct pull *p) MUST_USE;
struct err *outside_flush(struct outside *o) MUST_USE;

/* The answer to a write was lost, or another was there first: look before the next try. */
bool outside_unsure(const struct err *e);

#endif

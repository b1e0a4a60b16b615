/*
 * merge.h - landing through a forge.
 *
 * All that land.h asks for holds here too: the gates passed on the merge with
 * the base as it is, people approved.  Then the forge must have the same head,
 * say that it can be merged (it is asked for a while where it does not know
 * yet), and its checks must be green (policy's merge.checks): no check at
 * all, one that was cancelled, that timed out, that may not be read or that is
 * required and missing is not.  Our own status is none of them.  The forge
 * merges only that very head; what landed is fetched and compared with what
 * was tested.  Where the base moved in between, landing is frozen, the gates
 * run on what landed, and only if they pass things may land again; anything
 * else that landed is an alarm and stays frozen (freeze.h).
 */
#ifndef LINE_PULLS_MERGE_H
#define LINE_PULLS_MERGE_H

#include "base/def.h"
#include "forge/forge.h"
#include "line/land/land.h"

struct commit;
struct err;
struct oid;
struct outside;
struct pull;

/*
 * land_pull(), through the forge; 'how' as there, its 'way' is set here.
 * ERR_STATE also while checks are not green, or the forge does not allow it;
 * ERR_GATES_FAILED and ERR_STATE (with the alarm) when it landed and what
 * landed is not as tested: *landed is set then.  *caught_up, also with an error:
 * instead of landing it was brought up to date, and the mirror has a new head
 * to tell the forge of.
 */
struct err *merge_outside(struct outside *o, const struct land_opts *how, int64_t number,
    bool *caught_up, struct oid *landed) MUST_USE;

struct merged {
	size_t merged;
	size_t caught_up;	/* instead of landing: brought up to date */
};

/*
 * Land what may land by itself: policy says merge.auto, its level is 0, nobody
 * took it, and the forge knows it.  'out' is added to; why one waits is told.
 *
 * Where nothing but required checks is missing, and the forge's own rules keep
 * out every head but ours and every base but the one that it was tested on
 * (forge_api.guarded), the forge is told to merge it in due time, and that is
 * on record (pull.armed): the mirror watches it from then on.
 *
 * Where the forge lets in no branch that lacks something of the base, one that
 * does is brought up to date instead (catchup.h), and lands with a later look.
 * One at a time: what has all of the base lands first, since it leaves the
 * others behind again, but when its checks fail, or are not through an hour
 * after it was delivered or brought up to date.
 */
struct err *merge_allowed(struct outside *o, struct merged *out) MUST_USE;

/*
 * Of a landed merge that was not tested on the base that it met, with landing
 * frozen: run the gates on it, and let things land again if they pass.
 * ERR_GATES_FAILED: it stays frozen.
 */
struct err *gate_landed(struct outside *o, const struct pull *p, const struct commit *c) MUST_USE;

/* Are they green?  NULL, or ERR_STATE naming what is not.  Pure. */
struct err *checks_green(const struct forge_checks *checks) MUST_USE;

#endif

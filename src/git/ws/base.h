/*
 * ws/base.h - which slot (ws/slot.h) a workspace gets: one that holds its very
 * tree, one that differs by little, an idle one that is moved, or a new one.
 * In git/ only.
 */
#ifndef GIT_WS_BASE_H
#define GIT_WS_BASE_H

#include "base/def.h"
#include "git/ws/slot.h"

struct err;

/*
 * A tree that differs by a tenth of a slot's files is laid over it instead of
 * moving it, but by no more than this.
 */
#define SLOT_DELTA_MAX 1500

/*
 * A base slot, locked shared, whose tree is 'tree' or differs by the edit in
 * *delta (empty when it does not differ), at most SLOT_DELTA_MAX paths.  Made
 * or moved when there is no such slot; several processes that want the same
 * tree at once make it once.
 *
 * 'exact': no delta.  ERR_LIMIT when 64 slots are in use.
 */
struct err *slot_base(const struct ws_terms *t, const struct oid *tree, bool exact,
    struct ws_slot *out, struct tree_edit *delta) MUST_USE;

/*
 * A pool slot, locked exclusively, as the last run left it: to restore and
 * to move it is the pool's (ws/pool.c).
 */
struct err *slot_pool(const struct ws_terms *t, struct ws_slot *out) MUST_USE;

/* Is moving the slot cheaper than laying so many files over it once more? */
bool slot_is_worn(const struct ws_slot *s, size_t delta);

/*
 * Before a base slot is closed: if nobody else uses it, move it to the tree
 * that was laid over it, so that the next run need not; else another that is
 * idle and near.  Failing is fine.
 */
void slot_follow(const struct ws_terms *t, struct ws_slot *s, const struct oid *tree);

/* Remove slots that are idle for longer, all but one of each kind. */
struct err *slot_sweep(const struct ws_terms *t, int64_t older_than_s) MUST_USE;

#endif

/*
 * ws/base.h - slots: folders under factory/ that hold the files of some tree
 * and are kept from run to run.
 *
 *	base/<k>/files	a tree's files, read-only while anybody uses them
 *	base/<k>/git	.git/index of that tree: a layer
 *	pool/<k>/files	a checkout that one run works in
 *	pool/<k>/index	what its files looked like when we wrote them
 *	<either>/<k>/lock, state
 *
 * A slot in use is locked with flock(): shared for a base, exclusive for a
 * pool and for moving a slot to another tree, so a dead user's slot is free.
 * A move that was cut short is finished by the next one.  Slots are not
 * fsynced: after a restart of the machine their content is compared once.
 * In git/ only.
 */
#ifndef GIT_WS_BASE_H
#define GIT_WS_BASE_H

#include "base/def.h"
#include "git/oid.h"
#include "git/tree.h"
#include "git/ws/index.h"
#include "git/ws/write.h"

struct err;

/*
 * A tree that differs by a tenth of a slot's files is laid over it instead of
 * moving it, but by no more than this.
 */
#define SLOT_DELTA_MAX 1500

struct ws_slot {
	char *path;		/* absolute */
	int dir, files, lock;
	struct oid tree;
};

#define WS_SLOT_INIT {.dir = -1, .files = -1, .lock = -1}

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
void slot_close(struct ws_slot *s);	/* also for AUTO */

/* Where the slot's index is, relative to its folder. */
const char *slot_index(bool pool);

/*
 * Move a slot that is locked exclusively.  Its files must be as it says, but
 * for a move that was cut short.
 */
struct err *slot_move(const struct ws_terms *t, struct ws_slot *s, bool pool,
    const struct oid *tree) MUST_USE;

/* Is moving the slot cheaper than laying so many files over it once more? */
bool slot_is_worn(const struct ws_slot *s, size_t delta);

/*
 * Before a base slot is closed: if nobody else uses it, move it to the tree
 * that was laid over it, so that the next run need not.  Failing is fine.
 */
void slot_follow(const struct ws_terms *t, struct ws_slot *s, const struct oid *tree);

/* ERR_REPOSITORY when the tree holds what the terms refuse. */
struct err *ws_check_tree(const struct ws_terms *t, const struct oid *tree) MUST_USE;

/*
 * A slot that was filled under more generous terms says nothing about the
 * tree: does it hold what these terms refuse?
 */
struct err *slot_check(const struct ws_terms *t, const struct ws_slot *s,
    const struct oid *tree) MUST_USE;

/*
 * The edit from one tree to another, with the files whose bytes differ only
 * because their attributes do.
 */
struct err *slot_diff(const struct ws_terms *t, const struct oid *from,
    const struct oid *to, struct tree_edit *out) MUST_USE;

/* Remove slots that are idle for longer, all but one of each kind. */
struct err *slot_sweep(const struct ws_terms *t, int64_t older_than_s) MUST_USE;

#endif

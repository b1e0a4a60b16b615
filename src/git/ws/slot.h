/*
 * ws/slot.h - a slot: a folder under factory/ that holds the files of some
 * tree and is kept from run to run.
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
 * Which slot a workspace gets is chosen in ws/base.h.  In git/ only.
 */
#ifndef GIT_WS_SLOT_H
#define GIT_WS_SLOT_H

#include "base/def.h"
#include "git/oid.h"
#include "git/tree.h"
#include "git/ws/index.h"
#include "git/ws/write.h"

struct err;

struct ws_slot {
	char *path;		/* absolute */
	int dir, files, lock;
	struct oid tree;
};

#define WS_SLOT_INIT {.dir = -1, .files = -1, .lock = -1}

/* What the file 'state' says: one "word value" a line. */
struct slot_state {
	struct oid tree;	/* what the files are, or were before a move */
	struct oid to;		/* of a move that has not ended; else zero */
	bool special;		/* submodules or LFS pointers were met */
	int64_t uid;		/* whose the files are; -1: nobody's that we know */
	char boot[40];		/* when it was written */
};

/* A missing or damaged state is that of an empty slot. */
struct slot_state slot_state_read(int dir);

/* Are the files whole, ours, and written since the machine started? */
bool slot_sound(const struct ws_terms *t, const struct slot_state *st);

/* The folder of a kind's slots, made if need be. */
struct err *slot_kind_dir(const struct ws_terms *t, bool pool, char **path) MUST_USE;

/* The slot's folder and lock file, not locked yet.  *found false: no such slot. */
struct err *slot_open(const char *kind, unsigned k, bool make, struct ws_slot *s, bool *found) MUST_USE;
void slot_close(struct ws_slot *s);	/* also for AUTO */

/*
 * flock()'s 'how'.  Also marks the slot as used now; a slot that was swept
 * meanwhile is not got.  Its folders are opened only now: whoever held it may
 * have made them anew.
 */
struct err *slot_lock(const struct ws_terms *t, struct ws_slot *s, int how, bool *got) MUST_USE;

/* Who moves a slot says in its lock file where to, for those who wait for it. */
struct err *slot_announce(struct ws_slot *s, const struct oid *tree) MUST_USE;
bool slot_announced(const struct ws_slot *s, const struct oid *tree);

/* Without its index, another user's or a copy, a slot's files are of no use. */
struct err *slot_empty(const struct ws_terms *t, struct ws_slot *s, bool pool, struct slot_state *st) MUST_USE;

/* Where the slot's index is, relative to its folder. */
const char *slot_index(bool pool);

/*
 * Move a slot that is locked exclusively.  Its files must be as it says, but
 * for a move that was cut short.
 */
struct err *slot_move(const struct ws_terms *t, struct ws_slot *s, bool pool,
    const struct oid *tree) MUST_USE;

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

#endif

/*
 * ready.h - what lands, and whether it may: the base, the branch and their
 * merge as they are now; people's word; the gates, where the base has moved;
 * the commit.
 */
#ifndef LINE_LAND_READY_H
#define LINE_LAND_READY_H

#include "base/def.h"

struct err;
struct landing;

/* Base, branch and their merge result, as they are now. */
struct err *ready_look(struct landing *l) MUST_USE;

/*
 * Was the base moved by a landing of this very run that was killed half-way?
 * ERR_STATE when the base has all of it by other means.
 */
struct err *ready_moved_before(struct landing *l) MUST_USE;

/* Whoever has to look has done so, and the merge passes the gates: make the commit, or have the forge merge it. */
struct err *ready_make(struct landing *l) MUST_USE;

/* The forge has moved the base: what follows is written down. */
struct err *ready_is_there(struct landing *l) MUST_USE;

#endif

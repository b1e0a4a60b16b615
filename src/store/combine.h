/*
 * combine.h - the states of two clones that went on from a common one, merged
 * without asking anybody.
 *
 * The result depends on the three trees only, not on which side is whose: two
 * clones that merge the same two states get the same tree.
 *
 *	tasks/, archive/  by id, wherever the file lies, field by field
 *			(task_unite() in model/task.h); what cannot be read stays
 *			as it is and blocks only itself
 *	runs/		immutable: both sides' records; of one record, the first
 *	all else	by lines; where both sides changed the same ones, both stay
 *
 * A file that one side changed and the other deleted stays.
 */
#ifndef STORE_COMBINE_H
#define STORE_COMBINE_H

#include "base/def.h"

struct err;
struct oid;
struct repo;
struct strs;

/*
 * Three trees; 'base' zero for histories without a common commit.  'remarks'
 * gets a line for each choice that a person may want to know of, and for each
 * path that is not taken over because no checkout could hold it.
 */
struct err *state_combine(struct repo *r, const struct oid *base, const struct oid *a,
    const struct oid *b, struct oid *out, struct strs *remarks) MUST_USE;

#endif

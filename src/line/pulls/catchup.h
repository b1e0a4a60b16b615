/*
 * catchup.h - a branch of the factory brought up to date with its base.
 *
 * Only where the forge's rules let in no head that lacks something of the
 * base: there the base as it is is merged into the head, in memory, and once
 * the gates have passed on that tree the branch and the record move to it in
 * one step, from the head that was looked at.  Nothing is forced: who was
 * faster, another node or a person, is adopted with the next look.  A process
 * that dies before the step has done nothing; what is left to do after it
 * (to push where the state lies elsewhere, the status, the forge told anew to
 * merge it) is what the mirror does with any head that is new.
 *
 * What was delivered stays the first parent's first parent, and so on, of what
 * the branch is from then on: how often that was done is counted there.
 */
#ifndef LINE_PULLS_CATCHUP_H
#define LINE_PULLS_CATCHUP_H

#include "base/def.h"

struct commit;
struct err;
struct forge_pull;
struct land_ready;
struct oid;
struct outside;
struct pull;
struct repo;

/*
 * The commit that was delivered, of a head that may have been brought up to
 * date since, and how often that was done (may be NULL).
 */
struct err *catchup_delivered(struct repo *r, const struct oid *head, struct commit *out,
    size_t *updates) MUST_USE;

/* Does the head lack something of the base as it was last fetched? */
struct err *catchup_lacks(struct outside *o, const char *base, const struct oid *head,
    bool *lacks) MUST_USE;

/*
 * Does the forge ask for all of the base?  Its rules are asked once in a look;
 * where they are not told, 'there' (NULL: it is asked for by its number) is
 * what the forge says of the pull request itself.
 */
struct err *catchup_asked(struct outside *o, const struct pull *p, const struct forge_pull *there,
    bool *asked) MUST_USE;

/*
 * Bring it up to date: 'ready' has the tree, which has passed the gates.
 * ERR_STALE when it moved meanwhile; ERR_STATE, with the remedy, when it is
 * not ours to do: somebody else's commit is on it, somebody took it, gates
 * were overridden, it is checked out here, or merge.updates is reached.
 */
struct err *catchup(struct outside *o, const struct land_ready *ready) MUST_USE;

#endif

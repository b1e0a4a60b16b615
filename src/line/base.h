/*
 * base.h - what a revision is merged with and judged against, also where
 * nobody keeps a local base branch: in CI, on a detached HEAD, in a clone of
 * a single branch, cut short or not.
 */
#ifndef LINE_BASE_H
#define LINE_BASE_H

#include "base/def.h"
#include "git/oid.h"

struct err;
struct repo;

struct base {
	char *ref;		/* full ref name, or the revision as it was given */
	struct oid commit;
};

/*
 * In this order: 'given' (a revision, or the name of a branch of origin; NULL:
 * none); the branch that a CI system says a pull request is for
 * (GITHUB_BASE_REF and its like); what policy_base_name() says, here or on
 * origin; origin's HEAD; the branch that is checked out.  ERR_NOT_FOUND with
 * the command that fetches what is missing, ERR_REPOSITORY without any commit.
 */
struct err *base_find(struct repo *r, const char *given, struct base *out) MUST_USE;
void base_free(struct base *b);	/* also for AUTO */

#endif

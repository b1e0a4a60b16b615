/*
 * level.h - how much of people's attention a pull request takes: the facts
 * for model/level.h, out of the change, its verdicts and policy.
 */
#ifndef LINE_PULLS_LEVEL_H
#define LINE_PULLS_LEVEL_H

#include "base/def.h"

struct err;
struct oid;
struct policy;
struct pull;
struct repo;
struct strs;
struct task;
struct verdicts;

#define LEVEL_PULLS 50	/* so many of the last pull requests tell how a type fared */

struct judged {
	const struct oid *tree;		/* of the change, on the policy's base */
	const struct verdicts *gates;	/* of the merge result */
	const struct strs *flagged;	/* what a person should see */
};

/* Sets the pull request's type, level and reasons. */
struct err *pull_judge(struct repo *r, const struct policy *base, const struct task *t,
    const struct judged *j, struct pull *p) MUST_USE;

#endif

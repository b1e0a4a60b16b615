/*
 * merged.h - what a post-merge hook looks at: was something merged into the
 * base branch here that no gate is known to have passed?
 */
#ifndef LINE_HOOKS_MERGED_H
#define LINE_HOOKS_MERGED_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/def.h"

struct err;
struct repo;

/*
 * Appends the names of the gates with a command that nothing proves for what
 * lies between ORIG_HEAD and HEAD, "unit, lint", when HEAD is the base branch
 * and no remote-tracking branch has it: what was pulled was for others to
 * prove, and its evidence comes with 'git factory sync'.  By the base's policy
 * as it was before.  Nothing is run, built-in gates are not asked, and no
 * network.  Not for 'git merge --squash', which moves nothing.
 */
struct err *hook_merged(struct repo *r, const struct clock *clock, struct buf *names) MUST_USE;

#endif

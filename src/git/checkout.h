/*
 * checkout.h - a person's work tree that follows its branch.
 *
 * The one place where the factory touches a checkout, and only through the
 * git program, which refuses to overwrite what is not committed.
 */
#ifndef GIT_CHECKOUT_H
#define GIT_CHECKOUT_H

#include "base/def.h"

struct err;
struct oid;

/*
 * 'git merge --ff-only' in the work tree at 'path': its branch, index and
 * files move to the commit, with hooks off.  ERR_CONFLICT when changes there
 * are in the way (also files that git ignores), the branch moved meanwhile, or
 * a rebase or bisection has it: nothing has changed then.
 */
struct err *checkout_forward(const char *path, const struct oid *to) MUST_USE;

#endif

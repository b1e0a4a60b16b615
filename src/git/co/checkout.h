/*
 * checkout.h - a person's work tree that follows its branch.
 *
 * The one place where the factory touches a checkout: through the git program,
 * which refuses to overwrite what is not committed, or as it does where nothing
 * is in the way (forward.h).
 */
#ifndef GIT_CO_CHECKOUT_H
#define GIT_CO_CHECKOUT_H

#include "base/def.h"

struct checkout;
struct err;
struct oid;
struct repo;

/*
 * 'git merge --ff-only' in the work tree of r at 'path': its branch, index
 * and files move to the commit, whose objects are on disk, with hooks off.
 * ERR_CONFLICT when a rebase or bisection has the branch: nothing has changed
 * then.
 */
struct err *checkout_begin(struct repo *r, const char *path, const struct oid *to,
    struct checkout **out) MUST_USE;

/*
 * Wait for it, and for a second for another git that holds a lock there.
 * ERR_CONFLICT when changes there are in the way (also files that git ignores),
 * or the branch moved meanwhile: nothing has changed then.  Git comes to HEAD's
 * lock last: who holds that for longer finds the files written and the branch
 * where it was, and the next merge goes on from there.  *c is NULL afterwards.
 * Where we are killed before, what moves it ends what it began.
 */
struct err *checkout_end(struct checkout **c) MUST_USE;

/* Whatever comes of it; also for AUTO. */
void checkout_free_p(struct checkout **c);

/* Both. */
struct err *checkout_forward(struct repo *r, const char *path, const struct oid *to) MUST_USE;

#endif

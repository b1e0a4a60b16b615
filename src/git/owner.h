/*
 * owner.h - may this user trust that repository's configuration?
 *
 * Facts: git-config(1) safe.directory and safe.bareRepository, git's
 * setup.c since 2.35.2.  As there, both are read from the system's and the
 * user's own configuration only.
 */
#ifndef GIT_OWNER_H
#define GIT_OWNER_H

#include "base/def.h"

struct err;
struct place;

/*
 * ERR_REPOSITORY unless git folder, work tree and .git file belong to this
 * user (or, for root, to the one who called sudo), or safe.directory names
 * the place.
 */
struct err *owner_check(const struct place *p) MUST_USE;

/* ERR_REPOSITORY when safe.bareRepository=explicit; for one that was found by search. */
struct err *owner_check_bare(const struct place *p) MUST_USE;

#endif

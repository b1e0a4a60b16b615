/*
 * ci.h - the files by which a forge's own CI runs the factory.
 */
#ifndef LINE_CI_H
#define LINE_CI_H

#include "base/def.h"

struct err;
struct repo;
struct strs;

/*
 * Write those of 'forge' into the work tree; what is there stays as it is, and
 * 'written' gets the others.  'action' is where git-factory is built from:
 * "owner/name@id" on GitHub, "https://host/owner/name@id" on the others
 * (Gitea and Forgejo take both), with the full id of a commit.  ERR_USAGE for
 * a forge that has none, and for an 'action' that can come to mean another
 * program.
 */
struct err *ci_write(struct repo *r, const char *forge, const char *action, struct strs *written) MUST_USE;

/* Lines for a person: what is left to do by hand there.  "" for a forge that has none. */
const char *ci_next(const char *forge);

#endif

/*
 * ref.h - refs of the local repository.
 *
 * Full names only ("refs/heads/main").  Every name is checked before use
 * (ERR_DENIED): the rules of git-check-ref-format(1), and nothing outside
 * refs/ but HEAD.
 */
#ifndef GIT_REF_H
#define GIT_REF_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;

#define REF_STATE "refs/factory/state"
#define REF_LEASES "refs/factory/leases/"
#define REF_RUNS "refs/factory/runs/"
#define REF_ATTEMPTS "refs/factory/attempts/"
#define REF_PULLS "refs/factory/pulls/"
#define REF_NOTES "refs/notes/factory"
#define REF_VIEW "refs/heads/factory-state"

/* Is this a full ref name that git would take?  Pure. */
bool ref_name_ok(struct str name);
struct err *ref_name_check(struct str name) MUST_USE;

/* The zero id when it does not exist.  Symbolic refs are followed. */
struct err *ref_read(struct repo *r, const char *name, struct oid *out) MUST_USE;

struct ref {
	char *name;
	struct oid oid;
};

struct refs {
	VEC_FIELDS(struct ref);
};

/* Refs whose name starts with prefix ("refs/factory/pulls/"), sorted by name. */
struct err *ref_list(struct repo *r, const char *prefix, struct refs *out) MUST_USE;
void refs_free(struct refs *refs);	/* also for AUTO */

/*
 * Compare and swap.  'old' zero: the ref must not exist yet.  'new' zero: it
 * is deleted.  ERR_STALE when it holds something else than 'old' (also when
 * it is missing, or there already), ERR_LOCKED when another process kept the
 * lock for a second.  On return the ref and its object are on disk (fsync).
 * 'message' goes into the reflog where git keeps one.
 *
 * Symbolic refs are not followed: never name HEAD here.
 */
struct err *ref_cas(struct repo *r, const char *name, const struct oid *old,
    const struct oid *new, const char *message) MUST_USE;

#endif

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
#define REF_NODES "refs/factory/nodes/"
#define REF_PROBE "refs/factory/probe/"	/* made and deleted again, to see whether it can be */
#define REF_ANNOUNCED "refs/factory/announced"	/* of this clone alone: what it said last of its node */
#define REF_TASK_HEADS "refs/heads/factory/"	/* rewritten by the runs of their tasks */
#define REF_NOTES "refs/notes/factory"
#define REF_VIEW "refs/heads/factory-state"

/*
 * What the remote was last seen to hold.  The authority of the shared factory
 * is the remote itself: these are for ancestry, for showing, and to keep the
 * objects.
 */
#define REF_REMOTE "refs/factory/remote/"
#define REMOTE_STATE REF_REMOTE "state"
#define REMOTE_NOTES REF_REMOTE "notes"
#define REMOTE_LEASES REF_REMOTE "leases/"
#define REMOTE_RUNS REF_REMOTE "runs/"
#define REMOTE_NODES REF_REMOTE "nodes/"
#define REMOTE_PULLS REF_REMOTE "pulls/"
#define REMOTE_ATTEMPTS REF_REMOTE "attempts/"
#define REMOTE_HEADS REF_REMOTE "heads/"	/* branches: the base, and factory/... */

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

/*
 * The names in one folder of refs ("refs/factory/pulls/"), in no order and
 * some of them twice, without reading what they point at.
 */
typedef struct err *ref_name_fn(void *arg, struct str name);
struct err *ref_names(struct repo *r, const char *folder, ref_name_fn *fn, void *arg) MUST_USE;
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

/* The same, lazily (see git/txn.h). */
struct err *ref_cas_lazy(struct repo *r, const char *name, const struct oid *old,
    const struct oid *new, const char *message) MUST_USE;

#endif

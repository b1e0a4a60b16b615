/*
 * shallow.h - the history of a shallow clone, by the git program: libgit2
 * does not know where it was cut and fails on the missing parent.
 */
#ifndef GIT_SHALLOW_H
#define GIT_SHALLOW_H

#include "base/buf.h"
#include "base/def.h"
#include "git/oid.h"

struct err;
struct repo;

/* ERR_REPOSITORY "what: ..." with how to deepen the clone. */
struct err *shallow_cut(const struct repo *r, const char *what) MUST_USE;

/* "None" would be a guess here: then shallow_cut(). */
struct err *shallow_merge_base(struct repo *r, const struct oid *a, const struct oid *b,
    struct oid *out) MUST_USE;

/* Append the hex ids of what commit_walk() visits, one a line. */
struct err *shallow_list(struct repo *r, const struct oid *from, const struct oid *hide,
    struct buf *out) MUST_USE;

#endif

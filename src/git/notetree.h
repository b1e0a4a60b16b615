/*
 * notetree.h - the tree behind a notes ref: where a note lies, and the union
 * of its lines.  For note.c.
 *
 * Facts: git's notes.c; a note's path is the hex id of its object, cut into
 * 2-digit folders to any depth; what is not such a path is none of ours and
 * stays.
 */
#ifndef GIT_NOTETREE_H
#define GIT_NOTETREE_H

#include "base/def.h"
#include "git/note.h"
#include "git/oid.h"

/* More notes than this on one level are put into 256 folders. */
#define NOTETREE_FLAT_MAX 128

/* Zero when there is none. */
struct err *notetree_find(struct repo *r, const struct oid *tree, const struct oid *object,
    struct oid *blob) MUST_USE;
struct err *notetree_add(struct repo *r, const struct oid *tree, const struct note_line *lines,
    size_t n, struct oid *out) MUST_USE;
struct err *notetree_each(struct repo *r, const struct oid *tree, note_fn *fn, void *arg) MUST_USE;

/* Ours, with the lines that theirs has beyond base. */
struct err *notetree_union(struct repo *r, const struct oid *base, const struct oid *ours,
    const struct oid *theirs, struct oid *out) MUST_USE;

#endif

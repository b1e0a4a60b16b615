/*
 * note.h - lines attached to commits, under one notes ref.
 *
 * Compatible with git-notes(1): a tree whose paths are the hex ids of the
 * annotated objects, with a fan-out of 2-digit folders, which is kept, and
 * made where a level holds too many (a flat tree costs quadratically).  Each
 * note is a list of lines; adding is a union: a line that is there already
 * stays once, sorted (as git's cat_sort_uniq), so that adding twice, on two
 * machines or after a crash, gives one line, and no order of merging matters.
 */
#ifndef GIT_NOTE_H
#define GIT_NOTE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct ident;
struct repo;

#define NOTE_MAX (4 * MIB)	/* bytes of one note */

struct note_line {
	struct oid commit;	/* what is annotated */
	struct str line;	/* without newline inside */
};

struct note_lines {
	VEC_FIELDS(struct note_line);
};

/*
 * Add the lines under 'ref' in one commit; retries when others write at the
 * same time, and loses none of theirs.  When every line is there already, no
 * commit is made.  ERR_STALE after some seconds of losing every race.
 */
struct err *note_add(struct repo *r, const char *ref, const struct note_line *lines,
    size_t n, const struct ident *who) MUST_USE;

/*
 * The same without moving the ref, to be one part of a transaction: read the
 * tip into *old, make the commit, give it in *new (equal to *old when there
 * is nothing to add).
 */
struct err *note_prepare(struct repo *r, const char *ref, const struct note_line *lines,
    size_t n, const struct ident *who, struct oid *old, struct oid *new) MUST_USE;

/* Append the note of a commit to out; nothing when there is none. */
struct err *note_read(struct repo *r, const char *ref, const struct oid *commit,
    struct buf *out) MUST_USE;

/*
 * Union of two histories of notes, with a merge commit where neither
 * contains the other.  Either may be zero.
 */
struct err *note_merge(struct repo *r, const struct oid *ours, const struct oid *theirs,
    const struct ident *who, struct oid *out) MUST_USE;

/* Visit every annotated object of a notes commit, in order of its id. */
typedef struct err *note_fn(void *arg, const struct oid *commit, const struct oid *blob);
struct err *note_each(struct repo *r, const char *ref, note_fn *fn, void *arg) MUST_USE;

#endif

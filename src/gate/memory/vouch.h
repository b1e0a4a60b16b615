/*
 * vouch.h - what other machines proved, as lines in the notes of commits.
 *
 * Anyone who can push can write a note, so a line counts only when it is
 * signed by a key that the base's policy names (evidence.keys).  A fail
 * counts when its findings say what blocks: what a command printed is not in
 * notes, so that one is run here, to see how.  Where two of them say otherwise
 * of the same, neither counts.
 *
 * Where policy names no keys, gates_opts.word lets a line count unsigned: for
 * a repository that many push to, and which has nothing else to go by.  It is
 * worth as much as the word of everybody who may push, and is never kept.
 *
 * Where to look says git/noteindex.h.
 */
#ifndef GATE_MEMORY_VOUCH_H
#define GATE_MEMORY_VOUCH_H

#include "base/def.h"
#include "git/oid.h"

struct attest;
struct err;
struct gates;
struct repo;
struct strs;
struct verdicts;

#define VOUCH_ASKED_MAX 50	/* signatures that are looked at for one key */

bool vouch_by_word(const struct gates *g);

/* What somebody vouches for under the key; its 'signer' says who. */
struct err *vouch_find(const struct gates *g, const struct oid *key, struct attest *out,
    bool *found) MUST_USE;

/*
 * What this machine itself found out, of these verdicts, as lines for the note
 * of the commit that was judged; signed when 'key' is not "".  'patch' is the
 * change's patch id.
 */
struct err *vouch_lines(struct repo *r, const struct verdicts *vs, const struct oid *commit,
    const struct oid *patch, const char *key, struct strs *out) MUST_USE;

#endif

/*
 * memory.h - what commands of gates did on a tree, and what gates said, kept
 * on this machine from one run to the next, in $GIT_COMMON_DIR/factory/gates:
 * <tr>/<tree>-<definition>.json, and proofs/<ke>/<key>.json (known.h).
 *
 * Of a command only answers are kept, no breakdowns, for MEMORY_DAYS.  That
 * saves time and decides nothing: before something blocks because of it, the
 * base is asked again.  Deleting it loses nothing.
 */
#ifndef GATE_MEMORY_MEMORY_H
#define GATE_MEMORY_MEMORY_H

#include "base/def.h"
#include "base/str.h"
#include "git/oid.h"

struct buf;
struct err;
struct gates;
struct outcome;
struct repo;

#define MEMORY_DAYS 30		/* taken for known */
#define MEMORY_PROOF_DAYS 365	/* kept, to say what proved a commit */

/* 'seen' is what the gate saw of the tree (seen.h).  A file that cannot be read is as none. */
struct err *memory_recall(const struct gates *g, const struct oid *seen,
    const struct oid *definition, struct outcome *out, bool *found) MUST_USE;
struct err *memory_keep(const struct gates *g, const struct oid *seen,
    const struct oid *definition, const struct outcome *o) MUST_USE;

struct err *memory_forget(const struct gates *g, const struct oid *seen,
    const struct oid *definition) MUST_USE;

/* One line below proofs/, by its key; *out stays empty when there is none, or on failure. */
struct err *memory_line(struct repo *r, const struct oid *key, struct buf *out) MUST_USE;
struct err *memory_keep_line(const struct gates *g, const struct oid *key, struct str line) MUST_USE;

#endif

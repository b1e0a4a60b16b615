/*
 * memory.h - what gates said about base trees, kept on this machine from one
 * run to the next: $GIT_COMMON_DIR/factory/gates/<tree>-<definition>.json.
 *
 * Only answers are kept, no breakdowns, for MEMORY_DAYS.  It saves time and
 * decides nothing: before something blocks because of it, the base is asked
 * again.  Deleting it loses nothing; a file that cannot be read is as none.
 */
#ifndef GATE_MEMORY_H
#define GATE_MEMORY_H

#include "base/def.h"
#include "git/oid.h"

struct err;
struct gates;
struct outcome;

#define MEMORY_DAYS 30

struct err *memory_recall(const struct gates *g, const struct oid *tree,
    const struct oid *definition, struct outcome *out, bool *found) MUST_USE;
struct err *memory_keep(const struct gates *g, const struct oid *tree,
    const struct oid *definition, const struct outcome *o) MUST_USE;

#endif

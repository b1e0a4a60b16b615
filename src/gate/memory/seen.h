/*
 * seen.h - what a gate sees of a tree: all of it, or, where it has 'paths',
 * the files that these name and nothing else.  What it does not see cannot
 * change what it says, so its verdict is known for every tree that looks the
 * same to it.
 *
 * Files that policy calls 'harness' are the base's, whatever the change made
 * of them, so that a change does not alter how it is tested; not where the
 * change is a person's own.
 */
#ifndef GATE_MEMORY_SEEN_H
#define GATE_MEMORY_SEEN_H

#include "base/def.h"
#include "git/oid.h"

struct conf_gate;
struct err;
struct gates;

/* A number for what the gate sees of the tree: the same for equal content. */
struct err *seen_id(const struct gates *g, const struct conf_gate *gate, const struct oid *tree,
    struct oid *out) MUST_USE;

/* The same as a tree, which is written when it is not the tree itself. */
struct err *seen_tree(const struct gates *g, const struct conf_gate *gate, const struct oid *tree,
    struct oid *out) MUST_USE;

#endif

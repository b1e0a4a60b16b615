/*
 * protect.h - the built-in gate over paths that decide what happens to a
 * change: CI, hooks, owners, the factory's own policy, what policy adds to
 * them ('protect'), the folder of core.hooksPath, and scripts that a gate
 * starts by name ("./ci/test", "sh run-tests.sh").
 *
 * Matching is loose on purpose: without case, with the short names, trailing
 * dots and streams of Windows, and with invisible code points left out, so
 * what some file system takes for a protected file is one.
 */
#ifndef GATE_BUILTIN_PROTECT_H
#define GATE_BUILTIN_PROTECT_H

#include "base/def.h"

struct strs;

/* Is the path protected, by the built-in list or by 'more' (may be NULL)?  Pure. */
bool protect_match(const char *path, const struct strs *more);

/*
 * protect_judge(), of builtin.tbl.h: a finding per changed protected path.  A
 * script that a gate runs is FINDING_BLOCKS: what that gate says of the
 * change is worth nothing.  The others are FINDING_FLAGGED, for the policy in
 * force is the base's: whoever lands the change must allow them by name.
 * Files that decide how tests run (rule 'harness': test runners' settings and
 * what policy lists there) and, by choice, lock files are flagged too.
 */

#endif

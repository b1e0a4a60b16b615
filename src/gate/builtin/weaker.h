/*
 * weaker.h - tests that are still there and check less: what tests-kept sees
 * in the lines of a change.
 *
 * Lines are compared in pairs, a deleted one with the added one in its place:
 * an assertion of a weaker kind (weaker), a tolerance that changed
 * (tolerance), an expected value that changed while nothing of what is tested
 * did (expectation), assertions that went (fewer), one that cannot fail
 * (vacuous), a threshold lowered or taken out (threshold, which
 * blocks).  Beside that: recorded answers made anew (snapshot), a test without
 * cases (no-cases, which blocks), and code that asks whether it is tested or
 * has one input's answer written down (hard-coded).  What does not block is
 * flagged.
 */
#ifndef GATE_BUILTIN_WEAKER_H
#define GATE_BUILTIN_WEAKER_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct inspect;

struct err *weaker_judge(struct inspect *in) MUST_USE;

/* How much an assertion says: 0 none, 1 something is there, 2 part of it, 3 all of it.  Pure. */
int weaker_strength(struct str line);

#endif

/*
 * flakes.h - tests that were seen to flake on this machine, with how often:
 * $GIT_COMMON_DIR/factory/gates/flakes.jsonl, a line for each time.
 *
 * Only what was seen on a base counts for later runs, and only for
 * FLAKE_DAYS: a test that is mended meanwhile is believed again.  Deleting
 * the file costs some tries; one that cannot be read is as none.
 */
#ifndef GATE_MEMORY_FLAKES_H
#define GATE_MEMORY_FLAKES_H

#include "base/def.h"

struct err;
struct gates;

#define FLAKES_MAX (1 * MIB)	/* bytes of the file; then its older half goes */

/* Was the test of this gate seen to flake on a base? */
struct err *flakes_known(const struct gates *g, const char *gate, const char *test,
    bool *known) MUST_USE;

/* Of 'runs', so many failed; 'on_base': some of them on the base, where it flaked. */
struct err *flakes_keep(const struct gates *g, const char *gate, const char *test, bool on_base,
    size_t runs, size_t failed) MUST_USE;

#endif

/*
 * flake.h - is a failing test one that fails now and then, whatever the
 * change?
 *
 * Never when the test is new or changed.  Else when it passes FLAKE_TRIES
 * times out of as many alone, and flakes on the base too: there it was seen
 * to pass alone, and to fail alone or in the base's own run, in up to
 * FLAKE_BASE_TRIES tries, or so it was in an earlier run of the gate on this
 * machine, not more than FLAKE_DAYS days ago.
 */
#ifndef GATE_FLAKE_H
#define GATE_FLAKE_H

#include "base/def.h"

struct err;
struct judging;
struct junit_case;

#define FLAKE_TRIES 3
#define FLAKE_BASE_TRIES 10
#define FLAKE_TESTS_MAX 20	/* more failures than this are no flakes: none is tried */
#define FLAKE_DAYS 14

/* How a test is tried, and what earlier runs saw. */
struct flake {
	/* Alone, in a pristine workspace of its own; *ran is false when it cannot be named. */
	struct err *(*try)(void *arg, const struct junit_case *c, bool on_base, bool *ran,
	    bool *passed);
	/* Was it seen to flake on a base in the last FLAKE_DAYS? */
	struct err *(*known)(void *arg, const struct junit_case *c, bool *known);
	/* Keep what was seen: of 'runs', so many failed; 'on_base': it flaked there now. */
	struct err *(*keep)(void *arg, const struct junit_case *c, bool on_base, size_t runs,
	    size_t failed);
	void *arg;
};

/* What trying a test came to. */
struct tries {
	bool changed;			/* new or changed: not tried */
	bool flaky;
	bool remembered;		/* flaky on the base by what earlier runs saw */
	size_t alone, alone_passed;	/* on the candidate */
	size_t base, base_failed;	/* on the base, with its own run */
};

/* j->base and j->change say what is new; 'arg' of j->flake runs it. */
struct err *flake_judge(struct judging *j, const struct junit_case *c, struct tries *out) MUST_USE;

/*
 * Is the test not in the base's report, or does the change touch the file it
 * is in?  Where the report names no file: a changed test file that has the
 * test's name in it.
 */
struct err *flake_changed(struct judging *j, const struct junit_case *c, bool *changed) MUST_USE;

#endif

/*
 * rerun.h - one failing test once more, alone.
 *
 * The command is the gate's 'one' with its words replaced: {test} (what the
 * runner takes for this test: for pytest "tests/test_x.py::TestC::test_y",
 * else the name), {name}, {class} and {file}, as the report has them.  The
 * values come from the code under test, so they travel in the environment
 * (GATE_TEST, GATE_NAME ..) and the command only names them, quoted as the
 * place in it demands: no name can end a quote.
 */
#ifndef GATE_RUN_RERUN_H
#define GATE_RUN_RERUN_H

#include "base/buf.h"
#include "base/def.h"

struct conf_gate;
struct err;
struct junit_case;
struct oid;
struct repo;
struct strs;
struct subject;

/* Pure: the command with its words replaced. */
void rerun_command(const char *one, struct buf *out);

/*
 * What {test} is.  The tree tells which part of a dotted class is a file.
 * Empty when the test cannot be named safely (a name like an option).
 */
struct err *rerun_selector(struct repo *r, const struct oid *tree, const char *dir,
    const struct junit_case *c, struct buf *out) MUST_USE;

/*
 * Run it, on the candidate or on the base.  It ran when the command either
 * wrote a report that has this test, or none and does not say that it found
 * no test to run; it passed when command and report say so.
 */
struct err *rerun_test(const struct subject *s, const struct conf_gate *gate,
    const struct junit_case *c, bool on_base, bool *ran, bool *passed) MUST_USE;

#endif

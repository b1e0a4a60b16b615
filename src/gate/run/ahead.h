/*
 * ahead.h - the commands of several gates side by side, on the candidate and
 * on the base, before the gates are judged one after the other.
 *
 * No more than gates_opts.parallel run at once.  With gates_opts.fail_fast the
 * first command that fails on the candidate ends the others: what has not
 * run then is not there.
 */
#ifndef GATE_RUN_AHEAD_H
#define GATE_RUN_AHEAD_H

#include "base/def.h"

struct ahead;
struct conf_gate;
struct err;
struct outcome;
struct subject;

/*
 * Run the commands of these gates.  What they did on the base goes to where
 * base_outcome() finds it.  Does nothing where there is only one to run, or
 * room for one.  An error is ours, as of exec_run(), and ends them all.
 */
struct err *ahead_run(struct subject *s, const struct conf_gate *const *gates, size_t n) MUST_USE;
void ahead_free(struct ahead *a);	/* NULL is fine */

/* What the gate's command did, which is the caller's then; false when it did not run. */
bool ahead_take(const struct subject *s, const struct conf_gate *gate, struct outcome *out);

/* Without taking it. */
bool ahead_has(const struct subject *s, const struct conf_gate *gate);

#endif

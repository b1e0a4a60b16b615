/*
 * perf.h - is a change slower than its base, on this machine, now?
 *
 * Base and candidate have a pristine workspace each, kept over the rounds, so
 * that what the command builds there is built once: the first run of each is
 * not counted.  Then rounds, one run of each side in shuffled order, until
 * every measure is told (model/slowdown.h) or the gate's 'timeout', which is
 * for all rounds together, is over.  A suspicion is confirmed in workspaces
 * made anew.
 *
 * What is measured is what the gate's reports say, or, of a gate without,
 * what the command takes (sys/meter.h).  The machine is held alone
 * (sys/machine.h), for PERF_HOLD_MS at a time, so that other runs get on;
 * when it is not free within PERF_WAIT_MS the verdict is inconclusive.
 *
 * Such a verdict holds for the moment: it is not to be remembered.
 */
#ifndef GATE_RUN_PERF_H
#define GATE_RUN_PERF_H

#include "base/def.h"

struct conf_gate;
struct err;
struct subject;
struct verdict;

#define PERF_HOLD_MS (20 * 1000)
#define PERF_WAIT_MS (10 * 60 * 1000)

/*
 * A gate that is 'timed', or whose command passed and reported times; before
 * delivery only.  Nothing of this process may run in a sandbox meanwhile: machine.h.
 */
struct err *perf_judge(struct subject *s, const struct conf_gate *gate, const char *command,
    struct verdict *v) MUST_USE;

#endif

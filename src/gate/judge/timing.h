/*
 * timing.h - benchmarks of a change next to the base's, over the rounds.
 *
 * A measure is one unit of one benchmark: its time ("s", judged by the gate's
 * 'slower'), or what it needs of memory (any other unit, by 'memory').  Of
 * one run counts the median of its samples.  What the base measures and the
 * change does not is lost, as a test is; what is new has nothing to be
 * compared with, and is told.  How it is judged: model/slowdown.h.
 *
 * What is told is written into a verdict that has nothing yet but its name.
 */
#ifndef GATE_JUDGE_TIMING_H
#define GATE_JUDGE_TIMING_H

#include "base/def.h"

struct conf_gate;
struct contest;
struct facts;
struct verdict;

/*
 * By what one run of each has; everything is copied.  NULL with *count set
 * when there are more than CONTEST_MAX measures.
 */
#define CONTEST_MAX 2000
struct contest *contest_open(const struct conf_gate *gate, const struct facts *base,
    const struct facts *candidate, size_t *count) MUST_USE;
void contest_close(struct contest *c);	/* NULL is fine */
void contest_close_p(struct contest **c);	/* for AUTO */

/* Is there anything to compare, or is what was lost enough to judge by? */
bool contest_needed(const struct contest *c);

/*
 * A round.  False when one of the two lacks a measure that it had in the
 * first run: *missing names it, borrowed.
 */
bool contest_add(struct contest *c, const struct facts *base, const struct facts *candidate,
    const char **missing) MUST_USE;

/* Look (model/slowdown.h) at the rounds so far, those from 'fresh' on being new: all told? */
bool contest_look(struct contest *c, unsigned look, size_t fresh);
/* Is the next batch to be measured in workspaces made anew? */
bool contest_suspects(const struct contest *c);

/*
 * The verdict, which is VERDICT_INCONCLUSIVE where a measure is open; 'until'
 * says what ended the rounds then ("10m were over").
 */
void contest_tell(const struct contest *c, const char *until, struct verdict *v);

#endif

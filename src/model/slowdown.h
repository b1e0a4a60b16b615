/*
 * slowdown.h - is a change slower than its base?  Pairs of measurements,
 * judged while they come.  Pure: no clock, no randomness but the seed's.
 *
 * One round measures base and candidate once each, next to each other; what
 * counts is ln(candidate / base) of each round, so that whatever slows both
 * (another program, a hot processor, a drift over minutes) falls out.  Which
 * of the two goes first is shuffled, half of a batch each way.  Where nothing
 * changed, a difference is then as likely above 0 as below, by what we did
 * and not by what we hope of the noise.  A strict ABBA would not give that:
 * it puts two runs of one side side by side, one burst of load hits both, and
 * rounds are no longer independent.
 *
 * So the test is the sign test, the estimate the median, and the bounds are
 * its order statistics (Conover, Practical Nonparametric Statistics, 3.4 and
 * 3.5): exact for any noise and any number of rounds.  Signed ranks with
 * Hodges and Lehmann's estimate and a t interval of a trimmed mean were tried
 * next to it, on seven models of noise and on times of a command of 15 ms
 * recorded while bursts of load ran.  Under bursts, spikes and two modes the
 * median needed half to two thirds of their rounds, under a normal law half
 * as many again; the density of a difference of two runs is highest at its
 * median, whatever the law of one.  The other two also lean on symmetry.
 *
 * Rounds grow from SLOWDOWN_FIRST by doubling; after each batch there is one
 * look, SLOWDOWN_LOOKS at most.  Each look spends an equal part of the error
 * (Bonferroni: valid however the looks hang together and wherever the budget
 * ends), and within a look the measures share it as Holm has it (Scand. J.
 * Statist. 6, 1979).  To block, the last batch has to confirm: its own median
 * reaches half the threshold too.  It was measured in workspaces made anew
 * (slowdown_suspected()), since where files lie on a disk is a difference
 * that no number of rounds averages out.
 */
#ifndef MODEL_SLOWDOWN_H
#define MODEL_SLOWDOWN_H

#include "base/def.h"
#include "base/vec.h"

#define SLOWDOWN_FIRST 8	/* rounds before the first look */
#define SLOWDOWN_LOOKS 8	/* 8, 16 .. 1024 */
#define SLOWDOWN_ALPHA 0.01	/* that anything blocks where nothing is slower */
#define SLOWDOWN_BETA 0.05	/* that one passes that is slower by the threshold */

enum slowdown_state {
	SLOWDOWN_OPEN,		/* cannot tell yet */
	SLOWDOWN_SAME,		/* slower by less than the threshold, if at all */
	SLOWDOWN_SLOWER		/* blocks */
};

/* One measure of one benchmark over the rounds; {.threshold = ..} is empty. */
struct slowdown {
	double threshold;	/* 0.1: a tenth more than the base */
	struct { VEC_FIELDS(double); } rounds;	/* ln(candidate / base) */
	enum slowdown_state state;
	/* Of the last look that it was open in, as a part of the base: 0.1 is a tenth more. */
	double estimate;
	double lower;		/* bound at 1 - SLOWDOWN_ALPHA, shared; -1: too few rounds */
	double upper;		/* at 1 - SLOWDOWN_BETA; INFINITY: too few rounds */
};

/* A round.  Both are 0 or more, in the same unit; 'least' (> 0) is what 0 counts as. */
void slowdown_add(struct slowdown *s, double base, double candidate, double least);
void slowdown_free(struct slowdown *s);	/* also for AUTO */

/*
 * Look at the n measures of a gate, each after as many rounds, of which those
 * from 'fresh' on are of the last batch.  'look' counts from 0, below
 * SLOWDOWN_LOOKS; the first never blocks, there being nothing to confirm.
 * One that has passed is not asked again.
 */
void slowdown_look(struct slowdown *const *all, size_t n, unsigned look, size_t fresh);

/* Does one that is open reach half the threshold?  Then the next batch is to confirm it. */
bool slowdown_suspected(struct slowdown *const *all, size_t n);

/* The number of rounds at a look. */
size_t slowdown_rounds(unsigned look);

/* Who goes first in each of n rounds: shuffled, half of them each; the seed moves on. */
void slowdown_order(uint64_t *seed, bool *candidate_first, size_t n);

/* P(X >= k), X being how often heads falls in n tosses. */
double sign_tail(size_t n, size_t k);

#endif

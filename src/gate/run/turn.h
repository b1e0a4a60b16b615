/*
 * turn.h - gates of policy on their way to their verdicts: what is known is
 * taken, the commands of the others run side by side, and then each is judged
 * in its turn.
 */
#ifndef GATE_RUN_TURN_H
#define GATE_RUN_TURN_H

#include "base/def.h"

struct err;
struct inspect;
struct subject;
struct verdicts;

/*
 * 'vs' has room for them all.  'kept' takes what their reports add to the
 * gate over tests; NULL: that one does not run.  'blocker' is a built-in gate
 * that blocks, or NULL.
 */
struct err *turns_run(struct subject *s, struct verdicts *vs, struct inspect *kept,
    const char *blocker) MUST_USE;

#endif

/*
 * await.h - runs that this clone delivered, until they are part of the state.
 *
 * Where many nodes share a remote, whoever folds (publish.h) does it for all
 * runs that wait there.  So each node's publisher comes at a time of its own,
 * and first asks whether its runs still wait: mostly they do not, and that
 * question is cheaper than fetching what all others did.
 *
 * What waits is kept as empty files in $GIT_COMMON_DIR/factory/waiting.  One
 * that is lost, or left by a kill, costs nothing: every other sync folds too.
 */
#ifndef LINE_AWAIT_H
#define LINE_AWAIT_H

#include "base/def.h"

struct err;
struct state;

/* The run was delivered, and its node's publisher is to see to it. */
void await_note(struct state *s, const char *run);

/* Wait for our time, and fold if a run of ours still waits then. */
struct err *await_fold(struct state *s) MUST_USE;

#endif

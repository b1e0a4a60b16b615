/*
 * manual.h - gates that people answer: policy names them ('approve'), and how
 * many of them must say yes ('approvals').
 *
 * Until then the verdict is VERDICT_INCONCLUSIVE and waits: the change is
 * delivered, so that there is something to look at, and does not land.
 */
#ifndef GATE_RUN_MANUAL_H
#define GATE_RUN_MANUAL_H

#include "base/def.h"

struct buf;
struct conf_gate;
struct err;
struct strs;
struct subject;
struct verdict;

struct err *manual_judge(struct subject *s, const struct conf_gate *gate, struct verdict *v) MUST_USE;

/* Is it enough that these approved?  Else 'waits' is appended: "one of alice@..., bob@...".  Pure. */
bool manual_enough(const struct conf_gate *gate, const struct strs *by, struct buf *waits);

#endif

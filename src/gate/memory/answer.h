/*
 * answer.h - what the reports of a command said, as JSON: tests, findings,
 * coverage and vulnerabilities.  Times are none of it, for they hold for the
 * moment; what a failing test printed is left out.
 *
 * What is read back was written by this machine; a text that is no such
 * answer, or is over the facts' ceilings, is none.
 */
#ifndef GATE_MEMORY_ANSWER_H
#define GATE_MEMORY_ANSWER_H

#include "base/def.h"

struct facts;
struct jw;
struct node;

/* One object as the next value. */
void answer_write(struct jw *w, const struct facts *f);

/* Into empty facts; on false they hold part of it. */
bool answer_read(const struct node *n, struct facts *f) MUST_USE;

#endif

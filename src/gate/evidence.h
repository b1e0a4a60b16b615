/*
 * evidence.h - the failing part of what a gate said, for whoever is to mend
 * it: names and messages of failing tests, or the end of the output.  Bounded
 * by GATE_EVIDENCE_MAX; plain text, without colours and control characters.
 */
#ifndef GATE_EVIDENCE_H
#define GATE_EVIDENCE_H

#include "base/buf.h"
#include "base/def.h"

struct junit_case;
struct outcome;

/* One failing test with its text, and what else is known ("" for nothing). */
void evidence_test(struct buf *out, const struct junit_case *c, const char *remark);

/* The end of the output: at most 'max' bytes of it, from a line's start. */
void evidence_output(struct buf *out, const char *output, size_t max);

#endif

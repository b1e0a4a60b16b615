/*
 * waive.h - waivers (conf/waiver.h) at work.
 *
 * Those of the base's file count, so that no change waives itself; each use
 * is a finding of its own kind, with who answers for it.  Only findings of a
 * verdict that failed are waived: an error and an inconclusive verdict hold
 * no answer that could be.
 */
#ifndef GATE_WAIVE_H
#define GATE_WAIVE_H

#include "base/def.h"

struct err;
struct finding;
struct gates;
struct str;
struct verdict;
struct waiver;

/* Reads the base's file into g->waivers; one that cannot be read waives nothing. */
struct err *waive_open(struct gates *g) MUST_USE;

/*
 * Findings that block and that a waiver in force names become FINDING_WAIVED;
 * a verdict of which nothing is left that blocks passes.
 */
void waive(const struct gates *g, struct verdict *v);

#endif

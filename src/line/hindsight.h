/*
 * hindsight.h - how often advisory gates were wrong: they said no to a
 * change that landed and stayed.
 */
#ifndef LINE_HINDSIGHT_H
#define LINE_HINDSIGHT_H

#include "base/def.h"

struct err;
struct oid;
struct repo;
struct verdicts;

#define HINDSIGHT_COMMITS 200	/* of the base's history, from its tip */

/*
 * Adds two measures to each advisory verdict: "landed", how many of the last
 * changes the gate had judged that landed, by the evidence in the notes of
 * the base's history, and were not reverted; and "refused", to how many of
 * these it had not said 'pass'.  Without evidence: none.
 */
struct err *hindsight_add(struct repo *r, const struct oid *base, struct verdicts *vs) MUST_USE;

#endif

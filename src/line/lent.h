/*
 * lent.h - claims that were made for jobs of the forge's CI whose run is over.
 *
 * Nobody beats for such a claim (line/plan.h), so a job that was cancelled
 * would hold its task for all the time that it was given.  The CI knows
 * better, and is asked about each claim that says which run it is for.
 */
#ifndef LINE_LENT_H
#define LINE_LENT_H

#include "base/def.h"

struct err;
struct forge;
struct state;

/*
 * Leases as they were last seen on the remote; the forge is asked once for
 * each run.  *freed counts.  One that the forge tells nothing about keeps its
 * time, and 'on_remark' (may be NULL) hears why.
 */
struct err *lent_free(struct state *s, struct forge *f, void (*on_remark)(void *arg, const char *text), void *arg,
    size_t *freed) MUST_USE;

#endif

/*
 * dispatch.h - workflows that a landing should start, and does not: what the
 * token that Actions makes for a job merges is no push to them.
 *
 * Policy names them (forge.dispatch).  With any other token they start by
 * themselves, so nothing is done here.
 */
#ifndef LINE_PULLS_DISPATCH_H
#define LINE_PULLS_DISPATCH_H

#include "base/def.h"

struct err;
struct forge_pull;
struct outside;

/* Is there anything that would be started? */
bool dispatch_meant(const struct outside *o);

/*
 * Start them on the base of a pull request, if we merged it.  At least once:
 * a kill before that is on record starts them again.  One that the forge
 * refuses is told, and the others get their turn; any other error is returned,
 * and is for a later try.
 */
struct err *dispatch_landed(struct outside *o, const struct forge_pull *there) MUST_USE;

#endif

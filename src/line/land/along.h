/*
 * along.h - a landing as a part of the step that delivers the pull request.
 */
#ifndef LINE_LAND_ALONG_H
#define LINE_LAND_ALONG_H

#include "base/def.h"
#include "git/oid.h"
#include "line/land/land.h"

struct err;
struct landing;
struct note_lines;
struct pull;
struct run;
struct state_step;
struct task;

/*
 * What land_pull() does as a part of that step, where nobody asked for it
 * ('alone') and nobody has to look.  'p' is what would be filed, without its
 * number, which must not matter (not MERGE_MERGE); once this succeeds it says
 * that it landed, and which tree was tested: where the base has moved since the
 * gates ran, they run again.  The checkout goes ahead, and no other landing
 * begins before landing_close().  Any error, as land_pull()'s: deliver it by
 * itself, and land_pull() goes into it.
 */
struct err *land_along(const struct land_opts *o, struct pull *p, struct landing **out) MUST_USE;

/*
 * First and last in the builder of that step, each time that it runs.  Begin
 * adds the evidence that is to be noted, which lives until the close or the
 * next begin, 'rec' telling the number; the step then waits for the checkout.
 * When that fails so does the step, and landing_refused() says so.
 */
struct err *landing_begin(struct landing *l, struct state_step *t, const struct run *rec,
    struct note_lines *lines) MUST_USE;
void landing_end(struct landing *l, struct state_step *t, struct task *task);
bool landing_refused(const struct landing *l);

/* After the step. */
struct err *landing_verify(struct landing *l, struct oid *landed) MUST_USE;
void landing_close(struct landing *l);	/* NULL is fine */

#endif

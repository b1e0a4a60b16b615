/*
 * show.h - how a task stands, on its issue: our comment, and on a tracker that
 * has more than two the issue's own state.
 */
#ifndef LINE_INTAKE_SHOW_H
#define LINE_INTAKE_SHOW_H

#include "base/def.h"

struct err;
struct forge_comments;
struct id;
struct intake;

/*
 * Make the comment say what is true, where it says something else.  'all' are
 * the comments where they are known, else NULL.
 */
struct err *show_report(struct intake *in, int64_t number, const struct id *id, const struct forge_comments *all,
    bool *wrote) MUST_USE;

/* Once for each stage, so that whoever moves it elsewhere is not fought. */
struct err *show_stage(struct intake *in, int64_t number, const struct id *id) MUST_USE;

#endif

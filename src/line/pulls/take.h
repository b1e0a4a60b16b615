/*
 * take.h - a person goes on with a pull request by hand.
 */
#ifndef LINE_PULLS_TAKE_H
#define LINE_PULLS_TAKE_H

#include "base/def.h"
#include "line/run.h"

struct err;

/*
 * Hand the branch of an open pull request to the user: from here on nothing is
 * delivered or pushed to it, and its task is held.  'checkout' switches the
 * work tree to it as 'git switch' does, which refuses to lose anything.
 * *branch is its name, to be freed.  ERR_STATE when it is not open.
 */
struct err *take_pull(const struct line_opts *o, int64_t number, bool checkout, char **branch) MUST_USE;

#endif

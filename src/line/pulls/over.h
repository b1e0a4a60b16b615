/*
 * over.h - the pull request of a task that was closed by other means than
 * 'git factory task close': in its file, or with its issue.
 */
#ifndef LINE_PULLS_OVER_H
#define LINE_PULLS_OVER_H

#include "base/def.h"

struct err;
struct outside;
struct pull;

/*
 * Close our record of an open one, which is read anew, when its task is closed;
 * the forge is the caller's to tell.  One that a person took over, or committed
 * to, stays theirs; both is told (LINE_NOTE).
 */
struct err *over_close(struct outside *o, struct pull *p) MUST_USE;

#endif

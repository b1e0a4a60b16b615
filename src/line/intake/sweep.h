/*
 * sweep.h - all issues that changed, and all of our tasks that have one.
 */
#ifndef LINE_INTAKE_SWEEP_H
#define LINE_INTAKE_SWEEP_H

#include "base/def.h"

struct err;
struct intake;

/*
 * Everything that changed since this clone last looked, there and here: one
 * request, and one more for the open task whose issue was looked at longest
 * ago, where nothing did.
 */
struct err *intake_sweep(struct intake *in) MUST_USE;

/* What our pull requests have come to, on the issues of tasks that have one. */
struct err *intake_tell(struct intake *in) MUST_USE;

#endif

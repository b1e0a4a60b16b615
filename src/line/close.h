/*
 * close.h - a pull request that will not land.
 */
#ifndef LINE_CLOSE_H
#define LINE_CLOSE_H

#include "base/def.h"
#include "line/run.h"

struct err;

/*
 * Close without landing; the task goes to a person.  'by' is who did so on the
 * forge; NULL: the user.  ERR_STATE when it is not open.
 */
struct err *close_pull(const struct line_opts *o, int64_t number, const char *by) MUST_USE;

/* A person opened it again on the forge: its task waits for its review, as before.  ERR_STATE when it is not closed. */
struct err *reopen_pull(const struct line_opts *o, int64_t number) MUST_USE;

#endif

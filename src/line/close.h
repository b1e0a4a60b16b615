/*
 * close.h - a pull request that will not land, and a task that is over.
 */
#ifndef LINE_CLOSE_H
#define LINE_CLOSE_H

#include "base/def.h"
#include "line/run.h"

struct err;
struct id;

/*
 * Close without landing; the task goes to a person.  'by' is who did so on the
 * forge; NULL: the user.  ERR_STATE when it is not open.
 */
struct err *close_pull(const struct line_opts *o, int64_t number, const char *by) MUST_USE;

/*
 * The same for one whose task was closed by other means than close_task(): the
 * task stays as it is.  ERR_STALE when that was opened again meanwhile.
 */
struct err *close_over(const struct line_opts *o, int64_t number) MUST_USE;

/* A person opened it again on the forge: its task waits for its review, as before.  ERR_STATE when it is not closed. */
struct err *reopen_pull(const struct line_opts *o, int64_t number) MUST_USE;

/*
 * End a task by a person's word, and its pull request where that is open, in
 * one step; *pull: its number, 0 where there was none.  The branch stays.
 * ERR_STATE when it has landed.
 */
struct err *close_task(const struct line_opts *o, const struct id *id, const char *why, int64_t *pull) MUST_USE;

/* Take that back: a pull request that was closed stays so, and the next run delivers another.  ERR_STATE likewise. */
struct err *reopen_task(const struct line_opts *o, const struct id *id) MUST_USE;

#endif

/*
 * current.h - the run that a task of this clone goes on with.
 *
 * factory/current/<task> is a symbolic link to ../runs/<run>, the folder of
 * the run's journal, and stays until the run is over.  A link holds no data:
 * on ext4 and XFS the next fsync of any file there, which is the journal's,
 * commits it along (git/durable.h), and none is spent on it.  Elsewhere its
 * folder is fsynced.
 */
#ifndef STORE_CURRENT_H
#define STORE_CURRENT_H

#include "base/def.h"

struct err;
struct id;
struct repo;
struct strs;

/* ERR_NOT_FOUND without such a run. */
struct err *current_get(struct repo *r, const struct id *task, struct id *run) MUST_USE;

struct err *current_set(struct repo *r, const struct id *task, const struct id *run) MUST_USE;

/* Fine when there is none. */
struct err *current_forget(struct repo *r, const struct id *task) MUST_USE;

/* Add the tasks that have one, sorted. */
struct err *current_tasks(struct repo *r, struct strs *out) MUST_USE;

#endif

/*
 * settle.h - what follows for the factory's fields from a person's edit, and
 * a task's place in the state tree.
 *
 * Closing is a person's word ('close:'), the state that follows is the
 * factory's; taking the word back opens the task again.  Changing the spec of
 * an escalated task is the answer that it waits for: it is queued again, as
 * one that failed starts from nothing with another spec.
 */
#ifndef STORE_SETTLE_H
#define STORE_SETTLE_H

#include "base/def.h"
#include "base/id.h"
#include "model/task.h"

struct err;
struct oid;
struct repo;

/* 'before' is NULL for a new task. */
void task_settle(const struct task *before, struct task *after);

/* Queue it again, with what went wrong forgotten. */
void task_again(struct task *t);

/* The factory's fields as a new task has them. */
void task_begin(struct task *t, const struct id *id, int64_t now);

/* Path of the task's file in a state tree, archived or not; NULL when there is none. */
struct err *task_locate(struct repo *r, const struct oid *tree, const char *id, char **path) MUST_USE;

/* A fresh id that no file of the tree has. */
struct err *task_new_id(struct repo *r, const struct oid *tree, struct id *out) MUST_USE;

/*
 * Append the last version of a now broken file, before 'tip', that can be
 * read: it has the factory's fields.  Nothing when there is none.
 */
struct err *task_last_good(struct repo *r, const struct oid *tip, const char *path,
    struct buf *text) MUST_USE;

/* "tasks/k/3/k3xq7abc.md" or below archive/, by the task's state; the caller frees. */
char *task_place(const struct task *t) MUST_USE;

#endif

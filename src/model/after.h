/*
 * after.h - what a task comes after: the entries of its field 'after'.
 *
 *	k3xq7abc		until that task is landed or closed
 *	k3xq7abc:delivered	already when its pull request is open, for stacks
 */
#ifndef MODEL_AFTER_H
#define MODEL_AFTER_H

#include "base/def.h"
#include "base/id.h"
#include "base/str.h"
#include "model/task.h"

struct buf;
struct strs;

#define AFTER_DELIVERED ":delivered"

struct after {
	struct id id;
	bool delivered;
};

/* False for what is no entry. */
bool after_parse(struct str entry, struct after *out);
void after_format(const struct after *a, struct buf *out);

/* Cut "NAME" or "NAME:delivered" apart, whatever the name is. */
struct str after_split(struct str entry, bool *delivered);

/* Is the wait over when the other task is in this state? */
bool after_met(bool delivered, enum task_state state);

/* Entries of a list, by id: 'put' replaces the one that is there. */
bool after_has(const struct strs *list, const char *id);
void after_put(struct strs *list, const struct after *a);
void after_drop(struct strs *list, const char *id);

#endif

/*
 * task_pack.h - the fields of a task as a few bytes that are read back at
 * once, for an index: no format for people, and none that outlives a change
 * of the table of fields.
 */
#ifndef MODEL_TASK_PACK_H
#define MODEL_TASK_PACK_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct task;

/* Differs when the table of fields does: bytes packed under another one mean nothing. */
uint64_t task_pack_version(void);

/* All but the body. */
void task_pack(const struct task *t, struct buf *out);

/* Into a task fresh from task_init().  False for bytes that task_pack() did not write. */
bool task_unpack(struct str data, struct task *out);

#endif

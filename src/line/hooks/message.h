/*
 * message.h - what a commit-msg hook does: the message is judged by the gate
 * 'commit-message', where policy has it, and on a branch of the factory it
 * gets the trailer that names the task.
 *
 * Neither is done for a merge, nor for what will be melted into another commit
 * ("fixup! ..."), nor for an empty message, which git refuses by itself.
 */
#ifndef LINE_HOOKS_MESSAGE_H
#define LINE_HOOKS_MESSAGE_H

#include "base/def.h"

struct err;
struct repo;
struct strs;

#define MESSAGE_FILE_MAX (64 * MIB)	/* 'git commit -v' has the diff below it */

/*
 * 'file' is the path that git gives to its hook.  By HEAD's policy; what does
 * not block is added to 'remarks', a line each.  ERR_GATES_FAILED saying what
 * to mend.  What is unfinished by its own word ("wip") is told, and may be
 * committed: it is not for others yet.  That a trailer could not be added is a
 * remark.
 */
struct err *hook_message(struct repo *r, const char *file, struct strs *remarks) MUST_USE;

#endif

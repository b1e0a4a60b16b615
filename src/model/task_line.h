/*
 * task_line.h - a task as one line of JSON, for files that carry many.
 *
 *	{"ref": "parse", "title": "Parse dates", "priority": 1, "after": ["lex", "k3xq7abc:delivered"]}
 *
 * People's fields under their names, 'body' for the text, and 'ref': what the
 * file itself calls the task, any line of text, so that others can name it in
 * their 'after' before it has an id.
 */
#ifndef MODEL_TASK_LINE_H
#define MODEL_TASK_LINE_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/task.h"

struct buf;
struct err;
struct strs;

#define TASK_REF_MAX 200	/* code points */

/* An entry of 'after' as it stands in the file. */
struct task_line_after {
	char *name;		/* a ref or an id */
	bool delivered;
	unsigned column;
};

struct task_line {
	struct task task;	/* 'after' is empty */
	char *ref;		/* NULL when there is none */
	unsigned ref_column;
	VEC(struct task_line_after) after;
};

/*
 * ERR_SYNTAX with file:line:column for what is no such line: broken JSON, an
 * unknown key (naming the nearest known one), a field of the factory, a wrong
 * type or value, no title.  'number' is the line's own.
 */
struct err *task_line_parse(const char *file, unsigned number, struct str text,
    struct task_line *out) MUST_USE;
void task_line_free(struct task_line *l);	/* also for AUTO; after a parse or {0} */

/*
 * Append the line of a task, with a newline: 'ref', what differs from its
 * default, and these entries of 'after'.
 */
void task_line_format(const struct task *t, const char *ref, const struct strs *after, struct buf *out);

#endif

/*
 * task_field.h - the table of a task's fields: how each is read, checked,
 * compared and written.  Private to model/.
 *
 * Its order is the order in a new file: people's fields, then the factory's.
 * The title and the body have rows of their own in what follows, since both
 * may live in the text instead of the front matter.
 */
#ifndef MODEL_TASK_FIELD_H
#define MODEL_TASK_FIELD_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct node;
struct task;

enum task_field_kind {
	TF_LINE,	/* const char *: one line */
	TF_WORD,	/* const char *: [a-z][a-z0-9_-]*, or nothing */
	TF_DIR,		/* const char *: a folder in the repository */
	TF_ID,		/* const char * */
	TF_TEXT,	/* const char *: any lines */
	TF_LABELS,	/* struct strs: one line each */
	TF_AFTER,	/* struct strs: entries of model/after.h */
	TF_NUMBER,	/* int64_t within lo and hi */
	TF_SPAN,	/* int64_t seconds within lo and hi */
	TF_TIME,	/* int64_t unix seconds */
	TF_STATE	/* enum task_state */
};

enum task_owner { OWNER_PERSON, OWNER_FACTORY };

struct task_field {
	const char *name;
	enum task_field_kind kind;
	enum task_owner owner;
	size_t offset;
	int64_t lo, hi;
	size_t max;		/* of characters; 0: no more than the file's */
};

/* Ends in a row without a name. */
extern const struct task_field task_fields[];

bool task_field_is_list(const struct task_field *f);
struct err *task_field_read(const struct task_field *f, const struct node *n, struct task *t) MUST_USE;

/* What is wrong with the value, as words to follow "'name' "; NULL for nothing. */
const char *task_field_fault(const struct task_field *f, const struct task *t);

bool task_field_same(const struct task_field *f, const struct task *a, const struct task *b);
void task_field_copy(const struct task_field *f, struct task *to, const struct task *from);

/* The value as YAML on one line. */
void task_field_yaml(const struct task_field *f, const struct task *t, struct buf *out);

/* ERR_SYNTAX at the key, naming the nearest known one. */
struct err *task_field_unknown(const struct node *n) MUST_USE;

#endif

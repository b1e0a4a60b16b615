/*
 * task_text.h - where the parts of a task's file stand.  Private to model/.
 */
#ifndef MODEL_TASK_TEXT_H
#define MODEL_TASK_TEXT_H

#include "base/arena.h"
#include "base/def.h"
#include "base/str.h"

struct err;
struct node;
struct task;

struct task_text {
	struct arena mem;
	struct str text;
	const char *eol;	/* "\n" or "\r\n", as the file has it */
	bool fenced;		/* it has front matter */
	size_t front;		/* first byte of the front matter's YAML */
	size_t fence;		/* first byte of the line that ends it */
	size_t body;		/* first byte after the front matter */
	struct node *map;	/* NODE_NULL when the front matter is empty */
	size_t title;		/* span of the title in the first heading; empty: none */
	size_t title_end;
};

/* Fails as task_parse() does; 't' is freed then. */
struct err *task_text_read(const char *file, struct str text, struct task_text *x,
    struct task *t) MUST_USE;
void task_text_free(struct task_text *x);	/* also for AUTO */

/* Offset after the line that holds 'at' (its line break included). */
size_t task_text_line_end(struct str text, size_t at);

/* The text of the first heading of level one outside of fenced code. */
bool task_text_heading(struct str body, size_t *start, size_t *end);

#endif

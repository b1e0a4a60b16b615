/*
 * import.h - many tasks at once, from a file of JSON lines (model/task_line.h).
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include "base/def.h"
#include "base/id.h"
#include "base/str.h"
#include "base/vec.h"

struct err;
struct queue;

#define IMPORT_FILE_MAX (512 * MIB)	/* bytes of one file */

/* What became of one line. */
struct import_item {
	struct id id;
	char *ref;	/* NULL where the line had none */
};

struct import_items {
	VEC_FIELDS(struct import_item);
};

/*
 * File the task of every line, all of them in one commit or none.  Ids ascend
 * in the order of the file, so that tasks of one priority are taken in that
 * order.  With 'dry' all is checked and nothing filed.
 *
 * ERR_SYNTAX with file:line:column for a line that is none, for a ref that
 * comes twice, for an 'after' that is neither a ref of the file nor an id;
 * ERR_AMBIGUOUS for an id that may mean several; ERR_CONFLICT naming the
 * circle when a task would come after itself, or after one that does.
 */
struct err *queue_import(struct queue *q, const char *file, struct str text, bool dry,
    struct import_items *out) MUST_USE;
void import_items_free(struct import_items *items);	/* also for AUTO */

#endif

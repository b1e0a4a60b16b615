/*
 * moved.h - issues of a project that was renamed, or handed to another owner,
 * since their tasks were filed.
 *
 * A task's id follows from its issue's name, so that such an issue would be
 * taken for a new one, and its task be done twice.  A task is that of the
 * issue with the same number if its project has another name, and the
 * factory's own comment on the issue names it; it has the new name from then
 * on.
 */
#ifndef LINE_INTAKE_MOVED_H
#define LINE_INTAKE_MOVED_H

#include "base/def.h"
#include "base/id.h"
#include "base/vec.h"

struct err;
struct forge;
struct queue;

struct moved_issue {
	struct id task;
	int64_t number;
	bool followed;		/* its task has the new name already */
};

struct moved {
	bool read;
	VEC_FIELDS(struct moved_issue);
};

/* Tasks of "github:owner/name" whose id does not follow from their issue as it is named now; once. */
struct err *moved_read(struct queue *q, const char *project, struct moved *out) MUST_USE;
void moved_free(struct moved *m);	/* also for AUTO */

/* Is there any for this number?  Then the issue's comments are worth a request. */
bool moved_any(const struct moved *m, int64_t number);

/* The one that a comment there by 'own' (a user's id) names, or that was followed; *found stays false for none. */
struct err *moved_find(const struct moved *m, struct forge *f, int64_t number, const char *own, struct id *out,
    bool *found) MUST_USE;

#endif

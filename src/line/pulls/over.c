#include "line/pulls/over.h"

#include <inttypes.h>

#include "base/err.h"
#include "forge/pull.h"
#include "line/close.h"
#include "line/pulls/outside.h"
#include "line/judge.h"
#include "model/task.h"
#include "store/queue.h"

/* A task that cannot be read is not closed. */
static bool
is_over(const struct outside *o, const struct pull *p, struct task *t)
{
	err_ignore(state_task(o->state, &p->task, t));
	return t->pull == p->number && t->state == TASK_CLOSED;
}

static void
tell_whose(const struct outside *o, const struct pull *p)
{
	line_tell(o->line, LINE_NOTE, "pull request %" PRId64 " stays open, though its task was closed: %s%s; 'git factory pr close %" PRId64 "' closes it",
	    p->number, p->taken_by != NULL ? "it was taken over by " : "somebody else committed to its branch",
	    p->taken_by != NULL ? p->taken_by : "", p->number);
}

struct err *
over_close(struct outside *o, struct pull *p)
{
	AUTO(task_free) struct task t;
	int64_t number = p->number;

	task_init(&t);
	if (!is_over(o, p, &t))
		return NULL;
	if (p->taken_by != NULL || !oid_is_zero(&p->theirs)) {
		tell_whose(o, p);
		return NULL;
	}
	TRY(close_over(o->line, number));
	line_tell(o->line, LINE_NOTE, "pull request %" PRId64 ": it is closed, as its task was: %s", number, t.close);
	pull_free(p);
	return pull_read(o->repo, number, p);
}

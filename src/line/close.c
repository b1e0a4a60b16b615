#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "line/close.h"
#include "line/judge.h"
#include "line/publish.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

struct closing {
	const struct line_opts *o;
	bool again;		/* it is opened, rather */
	bool over;		/* the task is already */
	const char *why;	/* the task is over as well; NULL: it goes to a person */
	struct pull pull;
	struct ident who;
	struct pull_move move;
};

static void
closing_free(struct closing *c)
{
	pull_free(&c->pull);
	ident_free(&c->who);
	pull_move_free(&c->move);
}

/* What others delivered and landed is known here before anything is decided. */
static struct err *
come_together(const struct line_opts *o)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded, i;
	struct err *e;

	if (state_remote(o->state) == NULL)
		return NULL;
	e = publish(o->state, &r, &folded);
	for (i = 0; i < r.remarks.n; i++)
		line_tell(o, LINE_NOTE, "%s", r.remarks.v[i]);
	return e;
}

static struct err *
change_task(struct state_step *t, struct task *task, void *ctx)
{
	struct closing *c = ctx;

	/* It may have gone on to another pull request since. */
	if (c->over) {
		if (task->close[0] == '\0' || task->pull != c->pull.number)
			return err_new(ERR_STALE, "task '%s' was opened again meanwhile", task->id);
	} else if (c->why != NULL) {
		task_set(task, &task->close, c->why);
		task_set(task, &task->question, "");
	} else if (task->pull == c->pull.number && (!c->again || task->state == TASK_ESCALATED)) {
		task->state = c->again ? TASK_DELIVERED : TASK_ESCALATED;
		task_set(task, &task->question, c->again ? "" : "its pull request was closed by a person");
	}
	step_ref(t, c->move.name, &c->move.from, &c->move.to);
	return NULL;
}

static struct err *
build(struct state_step *t, void *ctx)
{
	struct closing *c = ctx;

	return step_change(t, &c->pull.task, change_task, c);
}

/* In the state, and where that is shared. */
static struct err *
put(struct closing *c, const char *what)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	AUTO(mem_free_p) char *message = mem_printf("%s pull request %" PRId64, what, c->pull.number);
	struct state *s = c->o->state;

	TRY(pull_prepare(state_repo(s), &c->pull, &c->who, &c->move));
	return state_remote(s) != NULL ? state_publish(s, message, build, c, &r) :
	    state_change(s, &c->pull.task, message, change_task, c);
}

static struct err *
begin(struct closing *c, int64_t number, enum pull_state from)
{
	struct repo *r = state_repo(c->o->state);

	TRY(come_together(c->o));
	TRY(pull_read(r, number, &c->pull));
	if (c->pull.state != from)
		return err_new(ERR_STATE, "pull request %" PRId64 " is %s", number, pull_state_name(c->pull.state));
	TRY(ident_user(r, NULL, NULL, clock_wall(state_clock(c->o->state)), &c->who));
	c->pull.updated = c->who.when;
	return NULL;
}

struct err *
reopen_pull(const struct line_opts *o, int64_t number)
{
	AUTO(closing_free) struct closing c = {.o = o, .again = true};

	TRY(begin(&c, number, PULL_CLOSED));
	c.pull.state = PULL_OPEN;
	free(c.pull.closed_by);
	c.pull.closed_by = NULL;
	return put(&c, "open again");
}

struct err *
close_over(const struct line_opts *o, int64_t number)
{
	AUTO(closing_free) struct closing c = {.o = o, .over = true};

	TRY(begin(&c, number, PULL_OPEN));
	c.pull.state = PULL_CLOSED;
	c.pull.closed_by = mem_strdup(c.who.name);
	return put(&c, "close");
}

struct err *
close_pull(const struct line_opts *o, int64_t number, const char *by)
{
	AUTO(closing_free) struct closing c = {.o = o};

	TRY(begin(&c, number, PULL_OPEN));
	c.pull.state = PULL_CLOSED;
	c.pull.closed_by = mem_strdup(by != NULL ? by : c.who.name);
	/* Where the forge told of it, it need not be told. */
	if (by != NULL)
		c.pull.pushed = oid_zero;
	return put(&c, "close");
}

/* ---- the whole task ---- */

/* *number: its pull request, where that is so; 0. */
static struct err *
has_pull(const struct line_opts *o, const struct id *id, enum pull_state which, int64_t *number)
{
	AUTO(task_free) struct task task;
	bool is;

	task_init(&task);
	TRY(state_task(o->state, id, &task));
	TRY(pull_is(state_repo(o->state), task.pull, which, &is));
	*number = is ? task.pull : 0;
	return NULL;
}

static struct err *
not_landed(const struct task *task, const char *hint)
{
	return task->state == TASK_LANDED ? err_hint(err_new(ERR_STATE, "task '%s' has landed", task->id), "%s", hint) : NULL;
}

static struct err *
set_close(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	TRY(not_landed(task, "it is over, and needs no closing"));
	task_set(task, &task->close, ctx);
	return NULL;
}

struct err *
close_task(const struct line_opts *o, const struct id *id, const char *why, int64_t *pull)
{
	AUTO(closing_free) struct closing c = {.o = o, .why = why};
	AUTO(mem_free_p) char *message = mem_printf("close task %s", id->s), *reason = mem_strdup(why);

	TRY(has_pull(o, id, PULL_OPEN, pull));
	if (*pull == 0)
		return state_change(o->state, id, message, set_close, reason);
	TRY(begin(&c, *pull, PULL_OPEN));
	c.pull.state = PULL_CLOSED;
	c.pull.closed_by = mem_strdup(c.who.name);
	return put(&c, "close");
}

static struct err *
set_open(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	const int64_t *closed = ctx;

	TRY(not_landed(task, "write a new one"));
	task_set(task, &task->close, "");
	if (*closed != 0 && task->pull == *closed)
		task->pull = 0;
	return NULL;
}

struct err *
reopen_task(const struct line_opts *o, const struct id *id)
{
	AUTO(mem_free_p) char *message = mem_printf("reopen task %s", id->s);
	int64_t closed;

	TRY(has_pull(o, id, PULL_CLOSED, &closed));
	return state_change(o->state, id, message, set_open, &closed);
}

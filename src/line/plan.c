#include "line/plan.h"

#include "base/err.h"
#include "line/policy.h"
#include "line/publish.h"
#include "line/retry.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

struct planning {
	const struct plan_opts *o;
	struct queue *queue;
	struct policy policy;
	size_t n;
};

static struct err *
come_together(const struct plan_opts *o)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded, i;
	struct err *e = publish(o->state, &r, &folded);

	for (i = 0; i < r.remarks.n; i++)
		o->on_remark(o->arg, r.remarks.v[i]);
	return e;
}

/* *taken false: another was faster. */
static struct err *
claim(const struct planning *p, struct planned *what, bool *taken)
{
	struct oid lease;
	struct err *e;

	what->run = id_new();
	e = lease_lend(p->o->state, &what->task, &what->run, &what->attempt, what->seconds + p->o->slack, p->o->job,
	    &lease);
	*taken = e == NULL;
	if (!err_is(e, ERR_TAKEN) && !err_is(e, ERR_STATE) && !err_is(e, ERR_STALE))
		return e;
	err_ignore(e);
	return NULL;
}

static struct err *
take(struct planning *p, const struct id *id)
{
	struct planned what = {.task = *id};
	struct queue_row row;
	bool taken = true;

	TRY(queue_peek(p->queue, id, &row));
	what.attempt = row.task->attempts + 1;
	what.seconds = retry_timeout(&p->policy.cfg, row.task);
	what.title = row.task->title;
	if (p->o->claim)
		TRY(claim(p, &what, &taken));
	if (!taken)
		return NULL;
	p->n++;
	p->o->on_planned(p->o->arg, &what);
	return NULL;
}

static struct err *
choose(struct planning *p, struct ids *out)
{
	struct queue_row row;
	struct err *e;

	if (p->o->only == NULL)
		return queue_ids(p->queue, QUEUE_READY, out);
	TRY(queue_peek(p->queue, p->o->only, &row));
	e = queue_ready_at(p->queue, &row, INT64_MAX);
	if (e != NULL)
		return err_wrap(e, "task '%s'", p->o->only->s);
	vec_push(out, *p->o->only);
	return NULL;
}

static struct err *
run(struct planning *p)
{
	AUTO(ids_free) struct ids ids = {0};
	size_t i;

	TRY(policy_open_shared(state_repo(p->o->state), state_remote(p->o->state) != NULL, &p->policy));
	TRY(queue_open(p->o->state, &p->queue));
	TRY(choose(p, &ids));
	for (i = 0; i < ids.n && p->n < p->o->max; i++)
		TRY(take(p, &ids.v[i]));
	return NULL;
}

struct err *
plan(const struct plan_opts *o)
{
	struct planning p = {.o = o};
	struct err *e;

	if (o->claim && state_remote(o->state) == NULL)
		return err_hint(err_new(ERR_CONFIG, "a claim for another machine is made on a remote, and none is named"),
		    "set 'state.remote' in .factory/config.yml, or 'git config factory.remote NAME'");
	if (state_remote(o->state) != NULL)
		TRY(come_together(o));
	e = run(&p);
	queue_close(p.queue);
	policy_free(&p.policy);
	return e;
}

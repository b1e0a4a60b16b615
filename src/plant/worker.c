#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/vec.h"
#include "git/apart.h"
#include "git/oid.h"
#include "line/run.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "plant/schedule.h"
#include "plant/worker.h"
#include "store/nodes.h"
#include "store/queue.h"
#include "store/state.h"
#include "sys/channel.h"
#include "sys/kin.h"
#include "sys/proc.h"
#include "sys/sigs.h"

#define SIGN_MS 1000		/* between two signs of progress */
#define GRACE_MS 5000		/* a run ends itself at its deadline; its supervisor, so much later */
#define MEND_S 60		/* before the next try, when this machine is at fault */
#define SOON_S 1		/* others run all that is allowed */

struct worker {
	const struct worker_opts *o;
	struct line_opts line;
	struct state *state;
	struct channel in;
	struct clock clock;
	struct frame claim;	/* of the run under way; kind 0 before it is claimed */
	int64_t sign;		/* the last one that was sent */
	struct err *broken;	/* the supervisor cannot be told any more */
	struct { VEC_FIELDS(struct id); } lost;	/* to others, or to a lock, since the order came */
	bool locked;		/* one of those to a lock that a person has to look at */
};

static void
say(struct worker *w, const struct frame *f)
{
	if (w->broken == NULL)
		w->broken = channel_send(w->o->out, f);
}

/* ---- signs of life ---- */

static void
sign(struct worker *w)
{
	int64_t now = clock_mono(&w->clock);

	if (w->claim.kind == 0 || now - w->sign < SIGN_MS)
		return;
	w->sign = now;
	say(w, &(struct frame){.kind = FRAME_PROGRESS});
}

static void
on_event(void *arg, enum line_event event UNUSED, const char *text UNUSED)
{
	sign(arg);
}

static void
on_agent(void *arg, enum agent_event event UNUSED, struct str text UNUSED)
{
	sign(arg);
}

static void
on_claim(void *arg, const struct line_claim *c)
{
	struct worker *w = arg;

	w->claim = (struct frame){.kind = FRAME_CLAIMED, .task = c->task, .run = c->run,
	    .n = {c->attempt, c->seconds * 1000 + GRACE_MS, c->silent_s * 1000}};
	w->sign = clock_mono(&w->clock);
	say(w, &w->claim);
}

/* ---- which task ---- */

struct choice {
	const struct worker *w;
	struct id id;
	bool found;
};

static struct err *
choose(const struct queue_row *row, void *ctx, bool *more)
{
	struct choice *c = ctx;
	size_t i;

	for (i = 0; i < c->w->lost.n; i++)
		if (strcmp(c->w->lost.v[i].s, row->id.s) == 0)
			return NULL;
	c->id = row->id;
	c->found = true;
	*more = false;
	return NULL;
}

/* The moment at which the first of those that wait after a failure may go on. */
static struct err *
soonest(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	int64_t *at = ctx;

	if (row->later && !row->unmet && row->task != NULL && (*at == 0 || row->task->retry_at < *at))
		*at = row->task->retry_at;
	return NULL;
}

/* Nothing to claim: not now, or not until somebody does something? */
static struct err *
say_idle(struct worker *w, struct queue *q)
{
	struct frame f = {.kind = FRAME_IDLE, .n = {LEFT_NOTHING, 0, 0}};
	int64_t at = 0, now = clock_wall(&w->clock);

	if (w->locked) {
		f.n[0] = LEFT_LATER;
		f.n[1] = MEND_S;
		f.n[2] = ERR_LOCKED + 1;
	} else if (w->lost.n > 0) {
		f.n[0] = LEFT_SOON;
		f.n[1] = SOON_S;
	} else {
		TRY(queue_each(q, QUEUE_NOTED, soonest, &at));
		f.n[0] = at == 0 ? LEFT_NOTHING : LEFT_LATER;
		f.n[1] = at == 0 ? 0 : at > now ? at - now : 1;
	}
	say(w, &f);
	return NULL;
}

/* ---- one run ---- */

static void
say_ended(struct worker *w, enum run_end end, int64_t code, int64_t wait)
{
	struct frame f = w->claim;

	f.kind = FRAME_ENDED;
	f.n[0] = end;
	f.n[1] = code;
	f.n[2] = wait;
	say(w, &f);
}

static bool
is_machines(const struct err *e)
{
	return failure_of(e) == FAILURE_MACHINE;
}

static void
ended_with_record(struct worker *w, const struct run *r, const struct oid *landed)
{
	if (r->outcome == RUN_DELIVERED)
		say_ended(w, oid_is_zero(landed) ? END_DELIVERED : END_LANDED, ERR_CODES, 0);
	else
		say_ended(w, r->outcome == RUN_ESCALATED ? END_ESCALATED : END_WAITS, ERR_CODES, 0);
}

/*
 * The order is carried out when a run was claimed, or this machine cannot run
 * any: 'again' asks for the next task.
 */
static void
ended_with_error(struct worker *w, const struct id *task, const struct err *e, bool *again)
{
	bool locked = err_is(e, ERR_LOCKED);
	bool lost = err_is(e, ERR_TAKEN) || err_is(e, ERR_STALE) || err_is(e, ERR_STATE) || err_is(e, ERR_NOT_FOUND);

	*again = false;
	if (w->claim.kind != 0) {
		bool mend = is_machines(e) || locked;

		w->o->on_remark(w->o->arg, task, e);
		say_ended(w, mend ? END_MEND : END_WAITS, err_code(e), mend ? MEND_S : SOON_S);
		return;
	}
	if (err_is(e, ERR_INTERRUPTED))
		return;
	if (!lost)
		w->o->on_remark(w->o->arg, task, e);
	/*
	 * Nor can another task be claimed, now or, for the remote and the disk,
	 * for a while; what failed in this process stays so, and a new one tries.
	 */
	if (is_machines(e) || failure_of(e) == FAILURE_NETWORK || failure_of(e) == FAILURE_FAULT) {
		say(w, &(struct frame){.kind = FRAME_IDLE,
		    .n = {is_machines(e) ? LEFT_NOTHING : LEFT_LATER, MEND_S, (int64_t)err_code(e) + 1}});
		return;
	}
	/* The project allows no more now, whichever task it is. */
	if (err_wait_s(e) > 0) {
		say(w, &(struct frame){.kind = FRAME_IDLE, .n = {LEFT_SOON, err_wait_s(e), 0}});
		return;
	}
	/* A lock may be on the lease of this one only. */
	w->locked = w->locked || locked;
	vec_push(&w->lost, *task);
	*again = true;
}

static struct err *
run_one(struct worker *w, const struct id *task, bool *again)
{
	AUTO(run_free) struct run record;
	AUTO(err_free_p) struct err *e = NULL;
	struct oid landed = oid_zero;

	run_init(&record);
	w->claim = (struct frame){0};
	w->line.landed = &landed;
	*again = false;
	e = line_run(&w->line, task, &record);
	/* What a run let go without a sandbox ends with it. */
	kin_sweep(NULL, 0);
	if (e == NULL)
		ended_with_record(w, &record, &landed);
	else
		ended_with_error(w, task, e, again);
	w->claim = (struct frame){0};
	return NULL;
}

static struct err *
next_task(struct worker *w, bool *again)
{
	AUTO(queue_close_p) struct queue *q = NULL;
	struct choice c = {.w = w};

	*again = false;
	TRY(queue_open(w->state, &q));
	TRY(queue_each(q, QUEUE_READY, choose, &c));
	if (!c.found)
		return say_idle(w, q);
	queue_close(q);
	q = NULL;
	return run_one(w, &c.id, again);
}

static struct err *
next(struct worker *w)
{
	bool again = true;

	vec_clear(&w->lost);
	w->locked = false;
	/* That others see this node is worth less than its work. */
	err_ignore(node_announce(w->state, &w->o->node, w->o->apart));
	while (again) {
		TRY(next_task(w, &again));
		TRY(sigs_check());
	}
	return NULL;
}

/* ---- what another was killed in ---- */

static void
bury(struct worker *w, const struct frame *f)
{
	enum err_code code = f->n[0] >= 0 && f->n[0] < ERR_CODES ? (enum err_code)f->n[0] : ERR_BUG;
	AUTO(err_free_p) struct err *why = NULL;
	struct err *e = NULL;

	w->claim = (struct frame){0};
	if (code == ERR_TIMEOUT) {
		why = err_hint(err_new(code, "the run was killed: it passed its deadline, or showed no progress"),
		    "raise the task's estimate, limits.timeout or limits.heartbeat");
		e = line_bury(&w->line, &f->task, &f->run, why);
	}
	/* A run whose process died by itself goes on: its lease is known to be dead. */
	if (e != NULL)
		w->o->on_remark(w->o->arg, &f->task, e);
	err_free(e);
	w->claim = (struct frame){.task = f->task, .run = f->run};
	say_ended(w, END_ESCALATED, code, 0);
}

static struct err *
obey(struct worker *w, const struct frame *f)
{
	if (f->kind == FRAME_BURY) {
		bury(w, f);
		return NULL;
	}
	if (f->kind != FRAME_NEXT)
		return err_new(ERR_PROTOCOL, "the supervisor gave no order");
	return next(w);
}

static bool
make_ahead(void *repo)
{
	return apart_ahead(repo);
}

struct err *
worker_serve(const struct worker_opts *o)
{
	struct worker w = {.o = o, .line = *o->line, .state = o->line->state, .in = {.fd = o->in},
	    .clock = *state_clock(o->line->state)};
	enum channel_got got = CHANNEL_PART;
	struct err *e = NULL;
	struct frame f;

	w.line.on_event = on_event;
	w.line.on_agent = on_agent;
	w.line.on_claim = on_claim;
	w.line.arg = &w;
	proc_meanwhile(make_ahead, state_repo(w.state));
	while (e == NULL && w.broken == NULL && got != CHANNEL_END) {
		e = channel_read(&w.in, &f, &got);
		if (e == NULL && got == CHANNEL_FRAME)
			e = obey(&w, &f);
		if (e == NULL)
			e = sigs_check();
	}
	proc_meanwhile(NULL, NULL);
	vec_free(&w.lost);
	if (e == NULL)
		return w.broken;
	err_free(w.broken);
	return e;
}

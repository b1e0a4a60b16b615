#include <string.h>

#include "base/err.h"
#include "git/ref.h"
#include "git/remote.h"
#include "line/claim.h"
#include "line/keeper.h"
#include "line/publish.h"
#include "line/renamed.h"
#include "line/walk.h"
#include "store/lease.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

static bool
is_shared(const struct walk *w)
{
	return state_remote(w->state) != NULL;
}

static void
tell(const struct walk *w, const struct sync_result *r)
{
	size_t i;

	for (i = 0; i < r->remarks.n; i++)
		line_tell(w->o, LINE_NOTE, "%s", r->remarks.v[i]);
}

/* Nothing is begun for a base that went away. */
static struct err *
look_for_base(struct walk *w, const struct sync_result *r)
{
	const char *base = state_base(w->state);
	struct oid tip;

	if (base == NULL || !str_starts(str_of(base), "refs/heads/"))
		return NULL;
	tip = refs_get(&r->seen, base);
	return oid_is_zero(&tip) ? renamed_check(state_repo(w->state), state_remote(w->state), base + strlen("refs/heads/"),
	    w->o->cancel_fd) : NULL;
}

/* Many nodes that fold the same runs at once only get in each other's way. */
static struct err *
come_together(struct walk *w)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	struct sync_opts plain = {0};
	size_t folded;
	struct err *e = w->o->leave_fold || w->o->claimed != NULL ? state_sync(w->state, &plain, &r) : publish(w->state, &r, &folded);

	tell(w, &r);
	return e == NULL ? look_for_base(w, &r) : e;
}

/*
 * The lease that was seen last may be gone by now, or silent for its whole
 * time; a run that it ended may be one that the caller knew nothing of.
 */
static struct err *
look_again(struct walk *w)
{
	AUTO(task_free) struct task before;
	AUTO(task_free) struct task now;

	task_init(&before);
	task_init(&now);
	TRY(state_task(w->state, &w->id, &before));
	TRY(come_together(w));
	TRY(state_task(w->state, &w->id, &now));
	w->news = strcmp(before.run, now.run) != 0;
	return NULL;
}

struct err *
claim_look(struct walk *w)
{
	AUTO(lease_infos_free) struct lease_infos all = {0};
	bool held = false;
	size_t i;

	if (!is_shared(w))
		return NULL;
	TRY(lease_list(w->state, true, &all));
	for (i = 0; i < all.n; i++)
		held = held || (all.v[i].remote && strcmp(all.v[i].task.s, w->id.s) == 0);
	return held ? look_again(w) : NULL;
}

/* ---- taking it ---- */

/* The record of this very run, if it is in the state. */
static struct err *
is_over(struct walk *w)
{
	AUTO(run_free) struct run rec;

	run_init(&rec);
	TRY(ledger_read(w->state, w->run.s, &w->over, &rec));
	if (w->over) {
		run_free(&w->rec);
		w->rec = rec;
		run_init(&rec);
	}
	return NULL;
}

static struct err *
meanwhile(const struct walk *w, const char *run)
{
	return err_hint(err_new(ERR_TAKEN, "task '%s' was worked on meanwhile: run '%s'", w->id.s, run),
	    "see 'git factory task show %s'", w->id.s);
}

/* Nobody ended a run of the task, and no person stopped it, between reading it and holding it. */
static struct err *
read_again(struct walk *w)
{
	AUTO(task_free) struct task now;

	task_init(&now);
	TRY(state_task(w->state, &w->id, &now));
	if (now.state != w->task.state || now.attempts != w->task.attempts || strcmp(now.run, w->task.run) != 0)
		return meanwhile(w, now.run);
	if (now.hold[0] != '\0' || now.close[0] != '\0')
		return err_new(ERR_STATE, "task '%s' is %s: %s", w->id.s, now.close[0] != '\0' ? "closed" : "held",
		    now.close[0] != '\0' ? now.close : now.hold);
	task_free(&w->task);
	w->task = now;
	task_init(&now);
	return NULL;
}

static struct err *
take(struct walk *w, const struct lease_kind *kind)
{
	return lease_claim(w->state, kind, &w->id, &w->run, w->task.attempts + 1, &w->lease);
}

static struct err *
take_shared(struct walk *w)
{
	struct err *e;

	if (w->news) {
		TRY(is_over(w));
		return w->over ? NULL : meanwhile(w, w->task.run);
	}
	e = take(w, &lease_remote);
	if (err_is(e, ERR_STATE) && !w->o->leave_fold) {
		/* A run of the task has ended there: it may be this one. */
		err_free(e);
		TRY(come_together(w));
		TRY(is_over(w));
		if (w->over)
			return NULL;
		TRY(read_again(w));
		e = take(w, &lease_remote);
	}
	TRY(e);
	TRY(come_together(w));
	TRY(is_over(w));
	if (w->over)
		return NULL;
	TRY(read_again(w));
	return keeper_start(w->state, lease_info(w->lease), &w->keeper);
}

/* Others see to the lease, and to what other runs have left there. */
static struct err *
take_lent(struct walk *w)
{
	TRY(take(w, &lease_lent));
	TRY(come_together(w));
	TRY(is_over(w));
	return w->over ? NULL : read_again(w);
}

static struct err *
take_local(struct walk *w)
{
	TRY(take(w, &lease_local));
	return read_again(w);
}

struct err *
claim_take(struct walk *w)
{
	if (w->o->claimed != NULL)
		return take_lent(w);
	return is_shared(w) ? take_shared(w) : take_local(w);
}

/* ---- keeping it ---- */

struct err *
claim_alive(struct walk *w)
{
	struct err *e;

	if (w->lease == NULL)
		return NULL;
	e = w->keeper != NULL ? keeper_check(w->keeper) : lease_beat(w->lease);
	w->lost = err_is(e, ERR_STALE);
	return e;
}

struct err *
claim_why(struct walk *w, struct err *e)
{
	struct err *why = err_is(e, ERR_INTERRUPTED) && w->keeper != NULL ? claim_alive(w) : NULL;

	if (why == NULL)
		return e;
	err_free(e);
	return why;
}

void
claim_fold(struct walk *w)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded;
	struct err *e = publish(w->state, &r, &folded);

	tell(w, &r);
	if (e == NULL)
		e = is_over(w);
	if (e == NULL && !w->over)
		e = err_new(ERR_STALE, "it was not folded yet");
	if (e != NULL)
		line_tell(w->o, LINE_NOTE, "the run is on the remote, and becomes part of the state there with the next "
		    "'git factory sync': %s", err_msg(e));
	err_ignore(e);
}

void
claim_close(struct walk *w)
{
	keeper_stop(w->keeper);
	if (w->lease != NULL && !w->lost)
		err_ignore(lease_release(w->lease));
	lease_free(w->lease);
	w->keeper = NULL;
	w->lease = NULL;
}

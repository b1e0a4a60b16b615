#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/txn.h"
#include "store/lease_kind.h"
#include "store/state.h"
#include "store/watch.h"

#define LOST_RACES 8

static struct repo *
repo_of(const struct lease *l)
{
	return state_repo(l->state);
}

static struct err *
push(struct lease *l, const struct oid *from, const struct oid *to)
{
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(txn_free) struct txn t = {0};

	txn_add(&t, l->ref, from, to);
	TRY(remote_open(repo_of(l), state_remote(l->state), NULL, &m));
	return remote_push_through(m, &t, NULL);
}

/* What the remote holds; all its leases, since the watch is kept for all. */
static struct err *
look(struct lease *l, struct oid *there)
{
	static const struct remote_want want = {REF_LEASES "*", REMOTE_LEASES "*"};
	int64_t began = clock_mono(state_clock(l->state));
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(refs_free) struct refs refs = {0};

	TRY(remote_open(repo_of(l), state_remote(l->state), NULL, &m));
	TRY(remote_fetch(m, &want, 1, &refs));
	TRY(watch_look(l->state, &refs, began));
	*there = refs_get(&refs, l->ref);
	return NULL;
}

/* The same run of the same process: a beat, or a claim, whose answer was lost. */
static bool
is_ours(const struct lease *l, const struct lease_info *i)
{
	return strcmp(i->run.s, l->info.run.s) == 0 && i->pid == l->info.pid &&
	    i->started == l->info.started && strcmp(i->host, l->info.host) == 0 &&
	    strcmp(i->boot, l->info.boot) == 0;
}

struct err *
lease_look(struct state *s)
{
	char none[] = "";
	struct lease l = {.state = s, .ref = none};
	struct oid there;

	return state_remote(s) == NULL ? NULL : look(&l, &there);
}

/* ---- claim ---- */

static struct err *
take(struct lease *l, const struct oid *there)
{
	AUTO(lease_info_free) struct lease_info other = {0};
	AUTO(watch_free_p) struct watch *seen = watch_open(l->state);
	struct oid mine = l->info.oid;

	TRY(lease_read(repo_of(l), l->ref, there, &other));
	other.remote = true;
	other.expired = lease_expired(seen, &other);
	if (other.ended)
		return err_hint(err_new(ERR_STATE, "run '%s' on '%s' has ended task '%s', and is not part of the state yet",
		    other.run.s, other.node, other.task.s), "'git factory sync' makes it so");
	if (!is_ours(l, &other) && !lease_dead(&other))
		return lease_held(&other);
	/* The run itself goes on under its number; another one is the next attempt. */
	if (strcmp(other.run.s, l->info.run.s) != 0 && l->info.attempt <= other.attempt)
		l->info.attempt = other.attempt + 1;
	l->taken = *there;
	TRY(lease_swap(l, &mine, "take over"));
	return push(l, there, &l->info.oid);
}

static struct err *
claim_there(struct lease *l)
{
	struct oid there = oid_zero;
	struct err *e;
	int tried;

	for (tried = 0;; tried++) {
		l->taken = oid_zero;
		e = oid_is_zero(&there) ? push(l, &oid_zero, &l->info.oid) : take(l, &there);
		if (!err_is(e, ERR_STALE) || tried == LOST_RACES)
			return e;
		err_free(e);
		TRY(look(l, &there));
	}
}

static struct err *
remote_claim(struct lease *l)
{
	struct err *e;

	TRY(lease_local.claim(l));
	e = claim_there(l);
	if (e != NULL)
		err_ignore(lease_local.release(l));
	return e;
}

/* ---- beat ---- */

/* The remote holds another id than ours: is it one of ours all the same? */
static struct err *
adopt(struct lease *l)
{
	AUTO(lease_info_free) struct lease_info other = {0};
	struct oid there;

	TRY(look(l, &there));
	if (oid_is_zero(&there))
		return lease_lost(l);
	TRY(lease_read(repo_of(l), l->ref, &there, &other));
	if (other.ended || !is_ours(l, &other))
		return lease_lost(l);
	TRY(ref_cas(repo_of(l), l->ref, &l->info.oid, &there, "found"));
	l->info.oid = there;
	return NULL;
}

static struct err *
beat_once(struct lease *l)
{
	struct oid old = l->info.oid, new;

	l->info.beat = clock_wall(state_clock(l->state));
	TRY(lease_write(l, &new));
	TRY(push(l, &old, &new));
	TRY(ref_cas(repo_of(l), l->ref, &old, &new, "heartbeat"));
	l->info.oid = new;
	return NULL;
}

static struct err *
remote_beat(struct lease *l)
{
	struct err *e;

	TRY(lease_follow(l));
	e = beat_once(l);
	if (!err_is(e, ERR_STALE))
		return e;
	err_free(e);
	TRY(adopt(l));
	return beat_once(l);
}

/* As git does after a push: else this clone keeps its own task from itself until it looks again. */
static void
forget(const struct lease *l)
{
	AUTO(mem_free_p) char *seen = mem_printf(REMOTE_LEASES "%s", l->info.task.s);

	err_ignore(ref_cas(repo_of(l), seen, &l->info.oid, &oid_zero, "release"));
}

static struct err *
remote_release(struct lease *l)
{
	struct err *e = lease_follow(l);

	if (e == NULL)
		e = push(l, &l->info.oid, &oid_zero);
	if (err_is(e, ERR_STALE)) {
		err_free(e);
		e = adopt(l);
		if (e == NULL)
			e = push(l, &l->info.oid, &oid_zero);
	}
	if (e == NULL)
		forget(l);
	/* Lost, or out of reach: what is left there expires. */
	err_ignore(e);
	return lease_local.release(l);
}

const struct lease_kind lease_remote = {
    .name = "remote", .claim = remote_claim, .beat = remote_beat, .release = remote_release};

/* ---- the end ---- */

struct err *
lease_ending(struct lease *l, struct txn *t)
{
	TRY(lease_follow(l));
	l->info.ended = true;
	TRY(lease_write(l, &l->ending));
	txn_add(t, l->ref, &l->info.oid, &l->ending);
	return NULL;
}

struct err *
lease_lose(struct state *s, const struct lease_info *i)
{
	AUTO(lease_free_p) struct lease *l = lease_make(s, &lease_remote, &i->task, &i->run, i->attempt);
	struct oid lost;

	free(l->info.node);
	l->info = *i;
	l->info.node = mem_strdup(i->node);
	l->info.host = mem_strdup(i->host);
	l->info.boot = mem_strdup(i->boot);
	l->info.job = mem_strdup(i->job);
	l->info.lost = true;
	TRY(lease_write(l, &lost));
	return push(l, &i->oid, &lost);
}

struct err *
lease_reclaim(struct lease *l)
{
	l->info.ended = false;
	return adopt(l);
}

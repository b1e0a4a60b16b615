#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/bundle.h"
#include "git/commit.h"
#include "git/note.h"
#include "git/race.h"
#include "git/remote.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/txn.h"
#include "store/combine.h"
#include "store/inbox.h"
#include "store/sync.h"
#include "store/sync_refs.h"
#include "store/watch.h"
#include "store/write.h"
#include "sys/sigs.h"

#define RACE_MS (5 * 60 * 1000)	/* how long to go on losing races */
#define PAUSE_MAX_MS 20000
#define APART_MS 600		/* between the syncs of two nodes, at most */
#define TURN_MS 10000		/* how long to wait for another sync of this clone */
#define COUNT_MAX 100000	/* commits counted for a message */

void
sync_result_free(struct sync_result *r)
{
	refs_free(&r->seen);
	strs_free(&r->remarks);
}

/* One round: what is there, what becomes of it, what moves where. */
struct round {
	struct state *s;
	struct repo *repo;
	struct remote *remote;
	struct sync_result *out;
	struct strs remarks;		/* of this round */
	struct refs had;		/* attempts on the remote before this look */
	struct oid state, notes;	/* here */
	struct oid there, their_notes, view;	/* on the remote */
	struct oid merged, made;	/* of both; with the step on top */
	struct oid notes_made;
	struct txn step;		/* refs that the step named */
	struct txn push, moves;		/* over there, and here */
};

static void
round_free(struct round *r)
{
	strs_free(&r->remarks);
	refs_free(&r->had);
	txn_free(&r->step);
	txn_free(&r->push);
	txn_free(&r->moves);
}

/* ---- looking ---- */

static struct err *
fetch(struct round *r)
{
	const char *view = state_view(r->s), *base = state_base(r->s);
	AUTO(mem_free_p) char *mirror = base == NULL || !str_starts(str_of(base), "refs/heads/") ? NULL :
	    mem_printf(REMOTE_HEADS "%s", base + strlen("refs/heads/"));
	struct remote_want wants[] = {
		{REF_STATE, NULL, true},
		{REF_NOTES, NULL, true},
		{REF_LEASES "*", REMOTE_LEASES "*", true},
		{REF_RUNS "*", REMOTE_RUNS "*"},
		{REF_NODES "*", REMOTE_NODES "*", true},
		{REF_PULLS "*", REMOTE_PULLS "*", true},
		{REF_ATTEMPTS "*", REMOTE_ATTEMPTS "*"},
		{"refs/heads/factory/*", REMOTE_HEADS "factory/*"},
		{NULL, NULL},
		{NULL, NULL},
	};
	size_t n = NITEMS(wants) - 2;

	if (view != NULL)
		wants[n++] = (struct remote_want){view, NULL, true};
	if (mirror != NULL)
		wants[n++] = (struct remote_want){base, mirror};
	refs_free(&r->out->seen);
	r->out->rounds++;
	return remote_fetch(r->remote, wants, n, &r->out->seen);
}

static struct err *
watch_leases(struct round *r, int64_t began)
{
	const struct refs *all = &r->out->seen;
	struct refs leases = {0};	/* borrows the names */
	struct err *e;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (str_starts(str_of(all->v[i].name), REF_LEASES))
			vec_push(&leases, all->v[i]);
	e = watch_look(r->s, &leases, began);
	vec_free(&leases);
	return e;
}

/*
 * Shared history only grows: what was seen there before this look must still
 * be in it.  What another process of this clone has seen since may be newer.
 */
static struct err *
check_growth(struct round *r, const char *name, const char *mirror, const struct oid *was)
{
	struct oid is = refs_get(&r->out->seen, name);
	bool grows = false;

	if (oid_is_zero(was) || oid_eq(was, &is))
		return NULL;
	if (!oid_is_zero(&is))
		TRY(commit_is_ancestor(r->repo, was, &is, &grows));
	if (grows)
		return NULL;
	return err_hint(err_new(ERR_REWOUND, "'%s' on the remote '%s' was %s: it no longer holds %.12s, which was seen there; nothing was overwritten",
	    name, remote_name(r->remote), oid_is_zero(&is) ? "deleted" : "rewound or rewritten", oid_hex(was).s),
	    "find out who did that; to merge what is there now with what is here, 'git update-ref -d %s' and sync again",
	    mirror);
}

static struct err *
look(struct round *r)
{
	int64_t began = clock_mono(state_clock(r->s));
	struct oid state, notes;
	bool moved;

	TRY(ref_list(r->repo, REMOTE_ATTEMPTS, &r->had));
	TRY(tip_read(r->repo, REMOTE_STATE, &state));
	TRY(tip_read(r->repo, REMOTE_NOTES, &notes));
	TRY(fetch(r));
	TRY(remote_settle(r->remote, &moved));
	if (moved)
		TRY(fetch(r));
	TRY(watch_leases(r, began));
	TRY(check_growth(r, REF_STATE, REMOTE_STATE, &state));
	TRY(check_growth(r, REF_NOTES, REMOTE_NOTES, &notes));
	r->there = refs_get(&r->out->seen, REF_STATE);
	r->their_notes = refs_get(&r->out->seen, REF_NOTES);
	r->view = state_view(r->s) == NULL ? oid_zero : refs_get(&r->out->seen, state_view(r->s));
	return NULL;
}

/* ---- merging ---- */

static struct err *
merge_states(struct round *r)
{
	struct oid base = oid_zero, trees[3] = {oid_zero}, tree, parents[2] = {r->there, r->state};

	TRY(commit_merge_base(r->repo, &r->state, &r->there, &base));
	if (!oid_is_zero(&base))
		TRY(commit_tree(r->repo, &base, &trees[0]));
	TRY(commit_tree(r->repo, &r->state, &trees[1]));
	TRY(commit_tree(r->repo, &r->there, &trees[2]));
	TRY(state_combine(r->repo, &trees[0], &trees[1], &trees[2], &tree, &r->remarks));
	return state_commit(r->s, &tree, parents, NITEMS(parents), "Merge what the factory did elsewhere", &r->merged);
}

static struct err *
find_state(struct round *r)
{
	bool theirs_newer = false, ours_newer = false;

	TRY(tip_read(r->repo, REF_STATE, &r->state));
	if (oid_is_zero(&r->state) && oid_is_zero(&r->there))
		return err_hint(err_new(ERR_STATE, "neither this repository nor the remote '%s' has a factory yet",
		    remote_name(r->remote)), "run 'git factory init'");
	if (!oid_is_zero(&r->state) && !oid_is_zero(&r->there) && !oid_eq(&r->state, &r->there)) {
		TRY(commit_is_ancestor(r->repo, &r->state, &r->there, &theirs_newer));
		if (!theirs_newer)
			TRY(commit_is_ancestor(r->repo, &r->there, &r->state, &ours_newer));
		if (!theirs_newer && !ours_newer)
			return merge_states(r);
	}
	r->merged = oid_is_zero(&r->state) || theirs_newer ? r->there : r->state;
	return NULL;
}

/* Notes of the step itself (ledger_note_in()) are of ours, not of the remote's. */
static bool
step_notes(struct round *r, struct oid *ours)
{
	size_t i;

	for (i = 0; i < r->step.n; i++) {
		if (strcmp(r->step.v[i].name, REF_NOTES) != 0)
			continue;
		r->notes = r->step.v[i].old;
		*ours = r->step.v[i].new;
		free(r->step.v[i].name);
		vec_drop(&r->step, i);
		return true;
	}
	return false;
}

static struct err *
merge_notes(struct round *r)
{
	AUTO(ident_free) struct ident who = {0};
	struct oid ours;

	if (!step_notes(r, &ours)) {
		TRY(tip_read(r->repo, REF_NOTES, &r->notes));
		ours = r->notes;
	}
	if (oid_eq(&ours, &r->their_notes)) {
		r->notes_made = ours;
		return NULL;
	}
	TRY(state_ident(r->s, &who));
	return note_merge(r->repo, &ours, &r->their_notes, &who, &r->notes_made);
}

/* The view over there follows unless people wrote there what cannot be read. */
static struct err *
add_their_view(struct round *r)
{
	bool behind = true;

	if (state_view(r->s) == NULL || oid_eq(&r->view, &r->made))
		return NULL;
	if (!oid_is_zero(&r->view))
		TRY(commit_is_ancestor(r->repo, &r->view, &r->made, &behind));
	if (behind)
		txn_add(&r->push, state_view(r->s), &r->view, &r->made);
	return NULL;
}

static void
move(struct txn *t, const char *name, const struct oid *from, const struct oid *to)
{
	if (!oid_eq(from, to))
		txn_add(t, name, from, to);
}

/* What the remote is to become; its refs were just seen. */
static struct err *
plan_push(struct round *r)
{
	move(&r->push, REF_STATE, &r->there, &r->made);
	move(&r->push, REF_NOTES, &r->their_notes, &r->notes_made);
	TRY(add_their_view(r));
	TRY(sync_attempts(r->repo, &r->had, &r->out->seen, &r->push));
	return sync_pulls(r->repo, &r->out->seen, &r->push, NULL, &r->remarks);
}

/* What the step says of a ref replaces what else was to become of it. */
static void
put_move(struct txn *t, const struct txn_ref *ref)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->v[i].name, ref->name) == 0) {
			t->v[i].new = ref->new;
			return;
		}
	move(t, ref->name, &ref->old, &ref->new);
}

static struct err *
add_step(struct round *r)
{
	struct oid has;
	size_t i;

	for (i = 0; i < r->step.n; i++) {
		const struct txn_ref *ref = &r->step.v[i];

		has = refs_get(&r->out->seen, ref->name);
		if (!oid_eq(&has, &ref->old))
			return err_new(ERR_STALE, "'%s' on the remote '%s' was moved by somebody else", ref->name,
			    remote_name(r->remote));
		put_move(&r->push, ref);
	}
	return NULL;
}

/* ---- moving ---- */

/* What this clone's refs become; 'sent': the remote has what was made. */
static struct err *
plan_moves(struct round *r, bool sent)
{
	const struct oid *state = sent ? &r->made : &r->merged, *there = sent ? &r->made : &r->there;
	const struct oid *notes = sent ? &r->notes_made : &r->their_notes;
	struct oid was;
	size_t i;

	move(&r->moves, REF_NOTES, &r->notes, &r->notes_made);
	TRY(tip_read(r->repo, REMOTE_NOTES, &was));
	move(&r->moves, REMOTE_NOTES, &was, notes);
	TRY(sync_pulls(r->repo, &r->out->seen, NULL, &r->moves, NULL));
	for (i = 0; sent && i < r->step.n; i++) {
		const struct txn_ref *ref = &r->step.v[i];

		if (str_starts(str_of(ref->name), REF_PULLS))
			TRY(sync_follow(r->repo, ref, &r->moves));
		TRY(sync_mirror(r->repo, ref, &r->moves));
	}
	move(&r->moves, REF_STATE, &r->state, state);
	if (!oid_eq(&r->state, state))
		TRY(state_add_view(r->s, &r->state, state, &r->moves));
	TRY(tip_read(r->repo, REMOTE_STATE, &was));
	move(&r->moves, REMOTE_STATE, &was, there);
	if (sent)
		TRY(sync_announced(r->s, &r->out->seen, &r->push, &r->moves));
	return sync_gone_attempts(r->repo, &r->had, &r->out->seen, &r->moves);
}

static struct err *
count(void *arg, const struct commit *c UNUSED, bool *more)
{
	size_t *n = arg;

	*more = ++*n < COUNT_MAX;
	return NULL;
}

static struct err *
count_new(struct repo *r, const struct oid *from, const struct oid *hide, size_t *n)
{
	return oid_is_zero(from) || oid_eq(from, hide) ? NULL :
	    commit_walk(r, from, oid_is_zero(hide) ? NULL : hide, count, n);
}

static void
take_remarks(struct round *r)
{
	size_t i;

	for (i = 0; i < r->remarks.n; i++)
		strs_add(&r->out->remarks, r->remarks.v[i]);
	strs_free(&r->remarks);
}

static void
tell_sent(struct round *r)
{
	const char *view = state_view(r->s), *name;
	size_t i;

	r->out->notes_sent = r->out->notes_sent || !oid_eq(&r->their_notes, &r->notes_made);
	for (i = 0; i < r->push.n; i++) {
		name = r->push.v[i].name;
		r->out->refs_sent += strcmp(name, REF_STATE) != 0 && strcmp(name, REF_NOTES) != 0 &&
		    (view == NULL || strcmp(name, view) != 0);
	}
	err_ignore(count_new(r->repo, &r->made, &r->there, &r->out->sent));
}

/* Here everything moves together, from what this round has read. */
static struct err *
move_here(struct round *r, bool sent)
{
	size_t i;

	TRY(plan_moves(r, sent));
	if (r->moves.n > 0)
		TRY(txn_commit(r->repo, &r->moves, "sync with the remote"));
	for (i = 0; i < r->moves.n; i++)
		r->out->pulls_received += str_starts(str_of(r->moves.v[i].name), REF_PULLS);
	r->out->state = sent ? r->made : r->merged;
	r->out->notes_received = r->out->notes_received || !oid_eq(&r->notes, &r->notes_made);
	err_ignore(count_new(r->repo, &r->there, &r->state, &r->out->received));
	take_remarks(r);
	return NULL;
}

/* A rule of the remote against its own view is no reason to share nothing. */
static bool
drop_view(struct round *r, const struct push_result *said)
{
	const char *view = state_view(r->s);
	bool only_view = false;
	const char *why = NULL;
	size_t i;

	for (i = 0; i < said->n; i++) {
		if (said->v[i].outcome != PUSH_REFUSED)
			continue;
		only_view = view != NULL && strcmp(said->v[i].name, view) == 0;
		why = said->v[i].why;
		if (!only_view)
			return false;
	}
	for (i = 0; only_view && i < r->push.n; i++)
		if (strcmp(r->push.v[i].name, view) == 0) {
			strs_addf(&r->remarks, "the remote does not let its branch '%s' follow: %s", view + strlen("refs/heads/"), why);
			free(r->push.v[i].name);
			vec_drop(&r->push, i);
			return r->push.n > 0;
		}
	return false;
}

static struct err *
send(struct round *r)
{
	AUTO(push_result_free) struct push_result said = {0};
	struct err *e;

	if (r->push.n == 0)
		return NULL;
	e = remote_push(r->remote, &r->push, &said);
	if (err_is(e, ERR_DENIED) && drop_view(r, &said)) {
		err_free(e);
		e = remote_push(r->remote, &r->push, NULL);
	}
	if (e == NULL)
		tell_sent(r);
	return e;
}

/* ---- rounds ---- */

/* What is to be done, over as many rounds as it takes. */
struct syncing {
	struct state *s;
	struct remote *remote;
	struct sync_result *out;
	const struct sync_opts *opts;
	const char *message;	/* of the step */
	state_build *build;	/* NULL: no step, or it is done */
	void *ctx;
	bool once;		/* who loses a race is told */
	bool theirs;		/* the remote refused the last round, not this clone */
};

/* People's commits on this clone's own view come first. */
static struct err *
fold_here(struct round *r)
{
	struct oid tip;

	TRY(tip_read(r->repo, REF_STATE, &tip));
	return oid_is_zero(&tip) ? NULL : inbox_fold(r->s, &r->remarks);
}

static struct err *
compute(struct round *r, const struct syncing *y)
{
	if (!y->opts->dry_run)
		TRY(fold_here(r));
	TRY(find_state(r));
	TRY(inbox_take(r->s, &r->merged, &r->view, &r->merged, &r->remarks));
	r->made = r->merged;
	if (y->build != NULL)
		TRY(state_make(r->s, &r->merged, y->message, y->build, y->ctx, &r->made, &r->step));
	TRY(merge_notes(r));
	TRY(plan_push(r));
	TRY(add_step(r));
	return y->opts->export != NULL ? NULL : sync_node(r->s, &r->out->seen, &r->push);
}

/* Nothing moves: what a sync would do. */
static struct err *
tell(struct round *r)
{
	r->out->state = r->state;
	r->out->notes_received = !oid_eq(&r->notes, &r->notes_made);
	if (r->push.n > 0)
		tell_sent(r);
	TRY(plan_moves(r, true));
	TRY(count_new(r->repo, &r->there, &r->state, &r->out->received));
	take_remarks(r);
	return NULL;
}

/* What the remote lacks goes into a file; what we lack, we take. */
static struct err *
export(struct round *r, const char *path)
{
	const char *base = state_base(r->s);
	struct oid have[] = {r->there, r->their_notes, base == NULL ? oid_zero : refs_get(&r->out->seen, base)};

	if (r->push.n > 0) {
		TRY(bundle_write(r->repo, path, "", &r->push, have, NITEMS(have)));
		tell_sent(r);
	}
	return move_here(r, false);
}

/* *again: there is more to do, or it has to be done anew, and the error (if any) tells why. */
static struct err *
do_round(struct syncing *y, bool *again)
{
	AUTO(round_free) struct round r = {.s = y->s, .repo = state_repo(y->s), .remote = y->remote, .out = y->out};
	struct err *e, *here;

	*again = false;
	TRY(look(&r));
	TRY(compute(&r, y));
	if (y->opts->dry_run)
		return tell(&r);
	if (y->opts->export != NULL)
		return export(&r, y->opts->export);
	e = send(&r);
	y->theirs = e != NULL;
	if (err_is(e, ERR_STALE) || err_is(e, ERR_LOCKED) || (e != NULL && y->build != NULL)) {
		*again = err_is(e, ERR_STALE) || err_is(e, ERR_LOCKED);
		return e;
	}
	if (e == NULL)
		y->build = NULL;	/* it is on the remote: not again */
	here = move_here(&r, e == NULL);
	*again = e == NULL && (err_is(here, ERR_STALE) || err_is(here, ERR_LOCKED));
	if (e == NULL)
		return here;
	err_free(here);
	return e;
}

static int64_t
some_of(int64_t most)
{
	uint32_t random = 0;

	if (getentropy(&random, sizeof(random)) != 0)
		random = (uint32_t)getpid() * 2654435761u;
	return random % (most < PAUSE_MAX_MS ? most : PAUSE_MAX_MS);
}

static struct err *
wait_ms(int64_t ms)
{
	struct pollfd fd = {.fd = sigs_fd() > 0 ? sigs_fd() : -1, .events = POLLIN};

	(void)poll(&fd, 1, (int)ms);
	return sigs_check();
}

/*
 * Losers of a race wait, each its own while, in which others have time for
 * whole rounds: a pause that is short beside a round would end in the next
 * race.  How many others there are shows in how often it was lost.
 */
static struct err *
pause_after(int round, int64_t took_ms)
{
	return wait_ms(1 + some_of(32 + (took_ms << (round < 8 ? round : 8))));
}

struct err *
sync_apart(struct state *s)
{
	AUTO(refs_free) struct refs nodes = {0};

	TRY(ref_list(state_repo(s), REMOTE_NODES, &nodes));
	return nodes.n < 2 ? NULL : wait_ms(some_of((int64_t)(nodes.n - 1) * APART_MS));
}

/* Syncs of one clone take turns; one that was stopped holds nobody up for long. */
static struct err *
take_turn(struct repo *r, int *out)
{
	AUTO(mem_free_p) char *path = NULL;
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + TURN_MS;
	const char *dir;
	int fd;

	TRY(repo_factory_dir(r, &dir));
	path = path_join(dir, "sync.lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys("cannot open '%s'", path);
	*out = fd;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0 && clock_mono(&clock) < until) {
		clock_sleep_ms(10);
		TRY(sigs_check());
	}
	return NULL;
}

struct err *
sync_open(struct state *s, struct remote **out)
{
	struct remote_opts o = {.cancel_fd = sigs_fd()};

	if (state_remote(s) == NULL)
		return err_hint(err_new(ERR_CONFIG, "no remote is named to share the tasks through"),
		    "set 'state.remote' in .factory/config.yml, or 'git config factory.remote NAME'");
	return remote_open(state_repo(s), state_remote(s), &o, out);
}

static struct err *
run_rounds(struct syncing *y)
{
	struct clock clock = clock_system();
	struct race race = race_start(clock, RACE_MS);
	int64_t began;
	int turn = -1;
	struct err *e;
	bool again;

	for (;;) {
		TRY(take_turn(state_repo(y->s), &turn));
		began = clock_mono(&clock);
		e = do_round(y, &again);
		/* Who waits holds up no other process of this clone. */
		fd_close_p(&turn);
		if (!again || (y->once && e != NULL))
			return e;
		if (!race_goes_on(&race, e))
			return err_is(e, ERR_LOCKED) && y->theirs ? err_recode(e, ERR_SERVER) : e;
		err_free(e);
		TRY(pause_after(y->out->rounds, clock_mono(&clock) - began));
	}
}

static struct err *
sync_with(struct syncing *y)
{
	struct err *e = sync_open(y->s, &y->remote);

	*y->out = (struct sync_result){0};
	if (e == NULL)
		e = run_rounds(y);
	remote_close(y->remote);
	return e;
}

static const struct sync_opts no_opts;

struct err *
state_sync(struct state *s, const struct sync_opts *o, struct sync_result *out)
{
	struct syncing y = {.s = s, .out = out, .opts = o != NULL ? o : &no_opts};

	return sync_with(&y);
}

struct err *
state_publish(struct state *s, const char *message, state_build *build, void *ctx, struct sync_result *out)
{
	struct syncing y = {.s = s, .out = out, .opts = &no_opts, .message = message, .build = build, .ctx = ctx};

	return sync_with(&y);
}

struct err *
state_publish_once(struct state *s, const char *message, state_build *build, void *ctx, struct sync_result *out)
{
	struct syncing y = {.s = s, .out = out, .opts = &no_opts, .message = message, .build = build, .ctx = ctx,
	    .once = true};

	return sync_with(&y);
}

struct err *
state_look(struct state *s, struct sync_result *out)
{
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(round_free) struct round r = {.s = s, .repo = state_repo(s), .out = out};

	*out = (struct sync_result){0};
	TRY(sync_open(s, &m));
	r.remote = m;
	TRY(tip_read(r.repo, REF_STATE, &out->state));
	return look(&r);
}

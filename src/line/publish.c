#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/trace.h"
#include "forge/pull.h"
#include "git/bundle.h"
#include "git/commit.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/repo.h"
#include "git/txn.h"
#include "line/parcel.h"
#include "line/publish.h"
#include "model/run.h"
#include "model/task.h"
#include "store/lease.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

#define LOST_ANSWERS 3

/* ---- out of the run ---- */

struct delivery {
	struct state *state;
	const struct parcel *parcel;
	struct lease *lease;
	char *branch, *attempt, *run;	/* names of refs */
	struct oid branch_old;
	struct oid commit;		/* the parcel's */
	const char *file;		/* to write the push into, or NULL */
};

static void
delivery_free(struct delivery *d)
{
	free(d->branch);
	free(d->attempt);
	free(d->run);
}

static struct err *
make_push(struct delivery *d, struct txn *t)
{
	const struct parcel *p = d->parcel;

	if (p->has_pull && !oid_eq(&d->branch_old, &p->pull.head))
		txn_add(t, d->branch, &d->branch_old, &p->pull.head);
	if (!oid_is_zero(&p->attempt))
		txn_add(t, d->attempt, &oid_zero, &p->attempt);
	txn_add(t, d->run, &oid_zero, &d->commit);
	return lease_ending(d->lease, t);
}

static bool
was_stale(const struct push_result *r, const char *prefix)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (str_starts(str_of(r->v[i].name), prefix) && r->v[i].outcome == PUSH_STALE)
			return true;
	return false;
}

/*
 * Something was not as we thought.  NULL: the push may be tried again, or
 * (*done) had arrived after all; *again: the branch is another's.
 */
static struct err *
look_why(struct delivery *d, const struct push_result *r, struct err *why, bool *done, bool *again)
{
	AUTO(sync_result_free) struct sync_result seen = {0};
	AUTO(err_free_p) struct err *stale = why;
	struct oid there;

	TRY(state_look(d->state, &seen));
	there = refs_get(&seen.seen, d->run);
	*done = oid_eq(&there, &d->commit);
	if (*done)
		return NULL;
	if (was_stale(r, REF_LEASES))
		return lease_reclaim(d->lease);
	*again = was_stale(r, REF_TASK_HEADS);
	return STEAL(stale);
}

/* What the run began from is where it is applied, too. */
static struct err *
write_file(struct delivery *d, const struct txn *t)
{
	struct oid base;
	bool known = oid_parse(str_of(d->parcel->rec->base), &base);

	return bundle_write(state_repo(d->state), d->file, d->parcel->rec->id, t, &base, known ? 1 : 0);
}

static struct err *
push_once(struct delivery *d, bool *done, bool *again)
{
	AUTO(push_result_free) struct push_result r = {0};
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(txn_free) struct txn t = {0};
	struct err *e;

	TRY(make_push(d, &t));
	if (d->file != NULL) {
		*done = true;
		return write_file(d, &t);
	}
	TRY(remote_open(state_repo(d->state), state_remote(d->state), NULL, &m));
	e = remote_push_through(m, &t, &r);
	*done = e == NULL;
	return err_is(e, ERR_STALE) ? look_why(d, &r, e, done, again) : e;
}

/* The remote has it: this clone keeps its attempt, and holds nothing any more. */
static struct err *
settle_here(struct delivery *d)
{
	AUTO(txn_free) struct txn t = {0};
	const struct parcel *p = d->parcel;
	struct oid now;

	if (!oid_is_zero(&p->attempt)) {
		TRY(ref_read(state_repo(d->state), d->attempt, &now));
		if (!oid_eq(&now, &p->attempt))
			txn_add(&t, d->attempt, &now, &p->attempt);
	}
	lease_drop(d->lease, &t);
	return txn_commit(state_repo(d->state), &t, "delivered");
}

struct err *
publish_parcel(struct state *s, const struct parcel *p, const struct oid *branch_old,
    const struct ident *who, struct lease *l, const char *file, bool *again)
{
	AUTO(delivery_free) struct delivery d = {.state = s, .parcel = p, .lease = l, .branch_old = *branch_old, .file = file,
	    .branch = mem_printf("refs/heads/%s", p->has_pull ? p->pull.branch : ""),
	    .attempt = mem_printf(REF_ATTEMPTS "%s", p->rec->id), .run = mem_printf(REF_RUNS "%s", p->rec->id)};
	bool done = false;
	int tried;

	*again = false;
	TRY(parcel_write(state_repo(s), p, who, &d.commit));
	for (tried = 0; !done; tried++) {
		if (tried == LOST_ANSWERS)
			return err_new(ERR_STALE, "the lease of task '%s' moves all the time", p->rec->task);
		TRY(push_once(&d, &done, again));
	}
	return settle_here(&d);
}

/* ---- into the state ---- */

struct waiting {
	struct ref ref;		/* borrowed from the list */
	struct parcel parcel;
	struct oid lease;	/* the ended lease that goes with it; zero: none */
	bool folded;
};

struct fold {
	struct state *state;
	struct strs remarks;
	size_t folded;			/* in this build */
	struct refs refs;		/* of the parcels, here */
	struct lease_infos leases;
	struct { VEC_FIELDS(struct waiting); } all;
	struct pulls pulls, ours;	/* on the remote, and in this clone */
	int64_t next;			/* number of a pull request */
	struct { VEC_FIELDS(struct note_line); } notes;
};

static void
fold_free(struct fold *f)
{
	size_t i;

	for (i = 0; i < f->all.n; i++)
		parcel_free(&f->all.v[i].parcel);
	vec_free(&f->all);
	refs_free(&f->refs);
	lease_infos_free(&f->leases);
	pulls_free(&f->pulls);
	pulls_free(&f->ours);
	vec_free(&f->notes);
	strs_free(&f->remarks);
	f->next = 0;
	f->folded = 0;
}

/* One task's runs together, the one that decides first. */
static int
by_task(const void *a, const void *b)
{
	const struct run *x = ((const struct waiting *)a)->parcel.rec, *y = ((const struct waiting *)b)->parcel.rec;
	int c = strcmp(x->task, y->task);

	if (c == 0)
		c = (x->attempt < y->attempt) - (x->attempt > y->attempt);
	return c != 0 ? c : -strcmp(x->id, y->id);
}

static struct oid
ended_lease(const struct fold *f, const struct run *r)
{
	size_t i;

	for (i = 0; i < f->leases.n; i++) {
		const struct lease_info *l = &f->leases.v[i];

		if (l->remote && l->ended && strcmp(l->task.s, r->task) == 0 && strcmp(l->run.s, r->id) == 0)
			return l->oid;
	}
	return oid_zero;
}

static struct err *
collect(struct fold *f)
{
	struct repo *r = state_repo(f->state);
	struct waiting w;
	struct err *e;
	size_t i;

	TRY(ref_list(r, REMOTE_RUNS, &f->refs));
	TRY(lease_list(f->state, true, &f->leases));
	if (f->refs.n == 0)
		return NULL;
	/* As the remote has them: this clone may be behind, and its own follow when all is done. */
	TRY(pull_list(r, REMOTE_PULLS, &f->pulls));
	TRY(pull_list(r, REF_PULLS, &f->ours));
	TRY(pull_number(r, &f->next));
	if (f->pulls.n > 0 && f->pulls.v[f->pulls.n - 1].number >= f->next)
		f->next = f->pulls.v[f->pulls.n - 1].number + 1;
	for (i = 0; i < f->refs.n; i++) {
		w = (struct waiting){.ref = f->refs.v[i]};
		e = parcel_read(r, &f->refs.v[i], &w.parcel);
		if (e != NULL) {
			strs_addf(&f->remarks, "not folded: %s", err_msg(e));
			err_free(e);
			continue;
		}
		w.lease = ended_lease(f, w.parcel.rec);
		vec_push(&f->all, w);
	}
	vec_sort(&f->all, by_task);
	return NULL;
}

static struct pull *
pull_of(struct fold *f, const char *task)
{
	struct pull *hit = NULL;
	size_t i;

	for (i = 0; i < f->pulls.n; i++)
		if (strcmp(f->pulls.v[i].task.s, task) == 0 && (hit == NULL || hit->state != PULL_OPEN))
			hit = &f->pulls.v[i];
	return hit;
}

/* Closed over there, or by a person here whose word goes out with this push. */
static bool
was_closed(const struct fold *f, const struct pull *there)
{
	bool closed = there->state == PULL_CLOSED;
	size_t i;

	for (i = 0; i < f->ours.n; i++)
		closed = closed || (f->ours.v[i].number == there->number && f->ours.v[i].state == PULL_CLOSED &&
		    strcmp(f->ours.v[i].task.s, there->task.s) == 0);
	return closed;
}

/* A number where it is new; the one that is there goes on; a closed one stays closed. */
static struct err *
place_pull(struct fold *f, struct parcel *p, const struct task *task, struct pull_move *move, bool *closed)
{
	AUTO(ident_free) struct ident who = {0};
	struct repo *r = state_repo(f->state);
	struct pull *there = pull_of(f, p->rec->task);

	/* One that was closed is past once the task goes on without it. */
	if (there != NULL && (there->state == PULL_MERGED || (there->state == PULL_CLOSED && task->pull != there->number)))
		there = NULL;
	*closed = there != NULL && was_closed(f, there);
	p->pull.number = there != NULL ? there->number : f->next;
	p->rec->pull = p->pull.number;
	if (*closed || (there != NULL && oid_eq(&there->head, &p->pull.head)))
		return NULL;
	p->pull.ref = there != NULL ? there->ref : oid_zero;
	if (there != NULL) {
		p->pull.created = there->created;
		pull_inherit(&p->pull, there);
	} else {
		f->next++;
	}
	TRY(ident_user(r, NULL, NULL, p->rec->ended, &who));
	return pull_prepare(r, &p->pull, &who, move);
}

struct taking {
	struct fold *f;
	struct parcel *p;
};

/* A later attempt, or another of the same number, has said already what the task is. */
static bool
is_past(const struct run *r, const struct task *task)
{
	return task->attempts > r->attempt ||
	    (task->attempts == r->attempt && *task->run != '\0' && strcmp(task->run, r->id) > 0);
}

static struct err *
take(struct state_step *t, struct task *task, void *ctx)
{
	AUTO(pull_move_free) struct pull_move move = {0};
	struct taking *k = ctx;
	struct parcel *p = k->p;
	bool closed = false;

	if (is_past(p->rec, task))
		return ledger_put(t, p->rec);
	if (p->has_pull)
		TRY(place_pull(k->f, p, task, &move, &closed));
	TRY(parcel_apply(p, &move, t, task));
	if (closed) {
		task->state = TASK_ESCALATED;
		task_set(task, &task->question, "its pull request was closed by a person");
	}
	return NULL;
}

/* Only the record, for a run that does not decide about its task, or whose task is gone. */
static struct err *
take_in(struct fold *f, struct state_step *t, struct waiting *w, bool decides)
{
	struct taking k = {.f = f, .p = &w->parcel};
	const struct run *r = w->parcel.rec;
	struct err *e;
	struct id id;

	if (!decides || !id_parse(str_of(r->task), &id))
		return ledger_put(t, r);
	e = step_change(t, &id, take, &k);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	strs_addf(&f->remarks, "task %s of run %s is gone: its record is kept", r->task, r->id);
	err_free(e);
	return ledger_put(t, r);
}

static struct err *
fold_one(struct fold *f, struct state_step *t, struct waiting *w, bool decides)
{
	AUTO(mem_free_p) char *name = mem_printf(REF_RUNS "%s", w->parcel.rec->id);
	AUTO(mem_free_p) char *lease = mem_printf(REF_LEASES "%s", w->parcel.rec->task);
	struct err *e;
	size_t i;
	bool has;

	TRY(ledger_has(t, w->parcel.rec->id, &has));
	e = has ? NULL : take_in(f, t, w, decides);
	if (err_is(e, ERR_SYNTAX)) {
		/* A task that a person has broken holds its own run back, and no other. */
		strs_addf(&f->remarks, "run %s waits: %s", w->parcel.rec->id, err_msg(e));
		err_free(e);
		return NULL;
	}
	TRY(e);
	step_ref(t, name, &w->ref.oid, &oid_zero);
	if (!oid_is_zero(&w->lease))
		step_ref(t, lease, &w->lease, &oid_zero);
	if (w->parcel.note != NULL)
		vec_push(&f->notes, (struct note_line){w->parcel.commit, str_of(w->parcel.note)});
	for (i = 0; i < w->parcel.proofs.n; i++)
		vec_push(&f->notes, (struct note_line){w->parcel.commit, str_of(w->parcel.proofs.v[i])});
	w->folded = !has;
	f->folded += !has;
	return NULL;
}

static bool
waits(const struct fold *f, const char *run)
{
	size_t i;

	for (i = 0; i < f->all.n; i++)
		if (strcmp(f->all.v[i].parcel.rec->id, run) == 0)
			return true;
	return false;
}

/*
 * A fetch reads the leases before the runs, so that a fold may have seen a
 * delivered run beside the lease that it still held: then the ended lease
 * stayed, and would hold the task for ever.
 */
static struct err *
sweep(struct fold *f, struct state_step *t)
{
	size_t i;
	bool has;

	for (i = 0; i < f->leases.n; i++) {
		const struct lease_info *l = &f->leases.v[i];
		AUTO(mem_free_p) char *name = NULL;

		if (!l->remote || !l->ended || waits(f, l->run.s))
			continue;
		TRY(ledger_has(t, l->run.s, &has));
		if (!has)
			continue;
		name = mem_printf(REF_LEASES "%s", l->task.s);
		step_ref(t, name, &l->oid, &oid_zero);
	}
	return NULL;
}

static struct err *
build(struct state_step *t, void *ctx)
{
	struct fold *f = ctx;
	const char *last = "";
	size_t i;

	fold_free(f);
	TRY(collect(f));
	for (i = 0; i < f->all.n; i++) {
		const char *task = f->all.v[i].parcel.rec->task;

		TRY(fold_one(f, t, &f->all.v[i], strcmp(task, last) != 0));
		last = task;
	}
	TRY(sweep(f, t));
	return ledger_note_all(f->state, f->notes.v, f->notes.n);
}

static void
tell(const struct fold *f)
{
	size_t i;

	for (i = 0; i < f->all.n; i++)
		if (f->all.v[i].folded)
			trace_event(&(struct trace){.event = "fold", .node = state_node(f->state),
			    .task = f->all.v[i].parcel.rec->task, .run = f->all.v[i].parcel.rec->id});
}

typedef struct err *publisher(struct state *s, const char *message, state_build *build, void *ctx,
    struct sync_result *out);

static struct err *
publish_by(publisher *how, struct state *s, struct sync_result *out, size_t *folded)
{
	AUTO(fold_free) struct fold f = {.state = s};
	size_t i;

	TRY(how(s, "fold finished runs", build, &f, out));
	tell(&f);
	for (i = 0; i < f.remarks.n; i++)
		strs_add(&out->remarks, f.remarks.v[i]);
	*folded = f.folded;
	return NULL;
}

struct err *
publish(struct state *s, struct sync_result *out, size_t *folded)
{
	return publish_by(state_publish, s, out, folded);
}

struct err *
publish_once(struct state *s, struct sync_result *out, size_t *folded)
{
	return publish_by(state_publish_once, s, out, folded);
}

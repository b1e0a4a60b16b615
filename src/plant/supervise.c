#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fnv.h"
#include "base/mem.h"
#include "plant/exchange.h"
#include "plant/supervise.h"
#include "sys/kin.h"
#include "sys/proc.h"
#include "sys/sigs.h"

#define LOOK_MS 1000		/* between two looks at the watched files */
#define WARM_MS 2000		/* how long a worker without work is kept */
#define LEAVE_MS 5000		/* for one that was told to go */
#define UPKEEP_RUNS 50		/* from one look at how large the repository is to the next */
#define RUNS_EACH 250		/* then a worker is replaced */
#define MISFIRES 5		/* workers in a row that end without an answer */
#define BURIALS 3

extern char **environ;

enum doing { FREE, ASKED, RUNNING, BURYING };

struct worker {
	struct proc *p;
	struct channel in;
	enum doing doing;
	struct id task, run;
	int64_t attempt;
	int64_t since;		/* it does that; monotonic ms */
	int64_t allowed, silent;	/* ms; 0: any */
	int64_t sign;		/* of progress, the last one */
	int64_t runs;
	bool gone;		/* to be dropped from the list */
	int tries;		/* of its burial */
};

/* A run whose process is dead: a worker is to write it down. */
struct grave {
	struct id task, run;
	enum err_code code;
	int tries;
};

struct plant {
	const struct supervise_opts *o;
	struct clock clock;
	struct schedule schedule;
	struct tally *tally;
	struct { VEC_FIELDS(struct worker *); } workers;
	struct { VEC_FIELDS(struct grave); } graves;
	struct exchange exchange;
	struct proc *upkeep;
	int64_t upkept;		/* runs that had ended at its last start; -1: not started yet */
	uint64_t seen;		/* of the watched files */
	int64_t looked;
	int misfires;
	bool draining, alone;
};

static int64_t
now(const struct plant *p)
{
	return clock_mono(&p->clock);
}

static void
tell(const struct plant *p, enum supervise_what what, const struct worker *w, enum err_code code, bool silent)
{
	struct supervise_event e = {.what = what, .code = code, .silent = silent};

	if (w != NULL) {
		e.task = w->task;
		e.run = w->run;
		e.attempt = w->attempt;
		e.ms = now(p) - w->since;
	}
	p->o->on_event(p->o->arg, &e);
}

/* ---- workers ---- */

static void
worker_free(struct worker *w)
{
	proc_free(w->p);
	free(w);
}

static struct err *
hire(struct plant *p, struct worker **out)
{
	struct worker *w = mem_alloc(sizeof(*w));
	struct proc_spec spec = {.argv = p->o->worker,
	    .env = p->o->env != NULL ? p->o->env : (const char *const *)environ,
	    .pipe_in = true, .pipe_out = true, .inherit_err = true, .adopts = true};
	struct err *e = proc_start(&spec, &w->p);

	if (e != NULL) {
		free(w);
		return err_wrap(e, "cannot start a worker");
	}
	w->in.fd = proc_out(w->p);
	w->since = now(p);
	vec_push(&p->workers, w);
	*out = w;
	return NULL;
}

static struct err *
find_free(struct plant *p, struct worker **out)
{
	size_t i;

	for (i = 0; i < p->workers.n; i++) {
		if (p->workers.v[i]->doing == FREE && !p->workers.v[i]->gone) {
			*out = p->workers.v[i];
			return NULL;
		}
	}
	return hire(p, out);
}

static void
sweep(struct plant *p)
{
	pid_t *keep = mem_calloc(p->workers.n + 3, sizeof(*keep));
	size_t i, n = 0;

	for (i = 0; i < p->workers.n; i++)
		if (p->workers.v[i]->p != NULL)
			keep[n++] = proc_pid(p->workers.v[i]->p);
	if (p->exchange.sync.proc != NULL)
		keep[n++] = proc_pid(p->exchange.sync.proc);
	if (p->exchange.mirror.proc != NULL)
		keep[n++] = proc_pid(p->exchange.mirror.proc);
	if (p->upkeep != NULL)
		keep[n++] = proc_pid(p->upkeep);
	kin_sweep(keep, n);
	free(keep);
}

/* It and all that came from it. */
static void
kill_worker(struct plant *p, struct worker *w)
{
	kin_kill(proc_pid(w->p));
	proc_free(w->p);
	w->p = NULL;
	w->gone = true;
	sweep(p);
}

static void
drop_gone(struct plant *p)
{
	size_t i;

	for (i = p->workers.n; i-- > 0;) {
		if (p->workers.v[i]->gone) {
			worker_free(p->workers.v[i]);
			vec_drop(&p->workers, i);
		}
	}
}

/* Told to go by the end of its stdin; it has nothing in hand. */
static void
dismiss(struct plant *p, struct worker *w)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	int64_t end = now(p) + LEAVE_MS;

	proc_close_in(w->p);
	while (!proc_ended(w->p) && now(p) < end) {
		struct pollfd fd = {.fd = proc_out(w->p), .events = POLLIN};

		/* Its stdout ends with it; it may be a zombie a moment later. */
		if (poll(&fd, 1, 50) > 0)
			clock_sleep_ms(1);
	}
	if (!proc_ended(w->p)) {
		kill_worker(p, w);
		return;
	}
	err_ignore(proc_wait(w->p, &r));
	proc_free(w->p);
	w->p = NULL;
	w->gone = true;
}

static bool
order(struct worker *w, enum frame_kind kind, const struct grave *g)
{
	struct frame f = {.kind = kind};
	struct err *e;

	if (g != NULL) {
		f.task = g->task;
		f.run = g->run;
		f.n[0] = g->code;
	}
	e = channel_send(proc_in(w->p), &f);
	err_free(e);
	return e == NULL;
}

static void
bury_later(struct plant *p, const struct worker *w, enum err_code code, int tries)
{
	if (tries < BURIALS)
		vec_push(&p->graves, ((struct grave){w->task, w->run, code, tries}));
}

/* Its pipe is at its end, or says what no worker says. */
static void
worker_died(struct plant *p, struct worker *w)
{
	enum doing was = w->doing;

	w->doing = FREE;
	kill_worker(p, w);
	if (was == RUNNING) {
		p->tally->died++;
		tell(p, SUPERVISE_DIED, w, ERR_COMMAND, false);
		bury_later(p, w, ERR_COMMAND, 0);
		schedule_ended(&p->schedule, 0);
		exchange_ended(&p->exchange);
	} else if (was == ASKED) {
		p->misfires++;
		schedule_lost(&p->schedule);
	} else if (was == BURYING) {
		bury_later(p, w, (enum err_code)w->allowed, w->tries + 1);
	}
}

/* ---- what workers say ---- */

static void
set_doing(struct plant *p, struct worker *w, enum doing what)
{
	w->doing = what;
	w->since = w->sign = now(p);
}

/* Once no more is started because of it, what still ran makes nothing good. */
static void
unstuck(struct plant *p)
{
	if (!p->schedule.draining)
		p->tally->stuck = ERR_CODES;
}

static void
heard_claim(struct plant *p, struct worker *w, const struct frame *f)
{
	set_doing(p, w, RUNNING);
	w->task = f->task;
	w->run = f->run;
	w->attempt = f->n[0];
	w->allowed = f->n[1];
	w->silent = f->n[2];
	p->misfires = 0;
	exchange_moved(&p->exchange);
	unstuck(p);
	schedule_claimed(&p->schedule);
	tell(p, SUPERVISE_CLAIMED, w, ERR_CODES, false);
}

/* This machine, or the remote, is to be mended: who waits for an end would wait for ever. */
static void
stuck(struct plant *p, enum err_code code, enum schedule_left left)
{
	p->tally->stuck = code;
	tell(p, SUPERVISE_STUCK, NULL, code, false);
	if (p->o->schedule.once || (p->o->schedule.until_empty && left == LEFT_NOTHING))
		schedule_drain(&p->schedule);
}

/*
 * Nothing to do ends some of us: not while a task may only seem to be taken,
 * by a lease that was let go since we looked, another's or one of our own.
 */
static enum schedule_left
surely(struct plant *p, enum schedule_left left)
{
	if (left == LEFT_SOON)
		exchange_moved(&p->exchange);
	else if ((p->o->schedule.once || p->o->schedule.until_empty) && !exchange_is_fresh(&p->exchange))
		left = LEFT_SOON;
	return left;
}

static void
heard_idle(struct plant *p, struct worker *w, const struct frame *f)
{
	enum schedule_left left = f->n[0] == LEFT_SOON ? LEFT_SOON : f->n[0] == LEFT_LATER ? LEFT_LATER : LEFT_NOTHING;

	set_doing(p, w, FREE);
	p->misfires = 0;
	if (f->n[2] == 0)
		left = surely(p, left);
	schedule_idle(&p->schedule, f->n[1] > 0 && f->n[1] < 86400 ? f->n[1] * 1000 : 0, left);
	unstuck(p);
	if (f->n[2] > 0 && f->n[2] <= ERR_CODES)
		stuck(p, (enum err_code)(f->n[2] - 1), left);
}

static bool
heard_end(struct plant *p, struct worker *w, const struct frame *f)
{
	struct supervise_event e = {.what = SUPERVISE_ENDED, .task = w->task, .run = w->run,
	    .attempt = w->attempt, .ms = now(p) - w->since, .code = ERR_CODES};

	if (f->n[0] < 0 || f->n[0] >= END_KINDS || f->n[1] < 0 || f->n[1] > ERR_CODES)
		return false;
	e.end = (enum run_end)f->n[0];
	e.code = (enum err_code)f->n[1];
	if (w->doing == RUNNING) {
		w->runs++;
		p->tally->ended[e.end]++;
		p->o->on_event(p->o->arg, &e);
		schedule_ended(&p->schedule, f->n[2] > 0 && f->n[2] < 86400 ? f->n[2] * 1000 : 0);
		if (e.end == END_MEND)
			stuck(p, e.code, LEFT_NOTHING);
		exchange_ended(&p->exchange);
	}
	set_doing(p, w, FREE);
	if (w->runs >= RUNS_EACH)
		dismiss(p, w);
	return true;
}

static bool
heard(struct plant *p, struct worker *w, const struct frame *f)
{
	switch (f->kind) {
	case FRAME_CLAIMED:
		if (w->doing != ASKED)
			return false;
		heard_claim(p, w, f);
		return true;
	case FRAME_IDLE:
		if (w->doing != ASKED)
			return false;
		heard_idle(p, w, f);
		return true;
	case FRAME_PROGRESS:
		w->sign = now(p);
		return w->doing != FREE;
	case FRAME_ENDED:
		return (w->doing == RUNNING || w->doing == BURYING) && heard_end(p, w, f);
	default:
		return false;
	}
}

static void
listen_to(struct plant *p, struct worker *w)
{
	enum channel_got got = CHANNEL_END;
	struct frame f;
	struct err *e = channel_read(&w->in, &f, &got);

	if (e == NULL && got == CHANNEL_PART)
		return;
	if (e != NULL || got == CHANNEL_END || !heard(p, w, &f))
		worker_died(p, w);
	err_free(e);
}

/* ---- what time says ---- */

static int64_t
least(int64_t a, int64_t b)
{
	return a < 0 || b < a ? b : a;
}

/* Kill what is over its time; how long until the next one may be, -1. */
static int64_t
check_times(struct plant *p)
{
	int64_t t = now(p), wait = -1;
	size_t i;

	for (i = 0; i < p->workers.n; i++) {
		struct worker *w = p->workers.v[i];
		bool late, silent;

		if (w->doing != RUNNING || w->gone)
			continue;
		late = w->allowed > 0 && t - w->since >= w->allowed;
		silent = w->silent > 0 && t - w->sign >= w->silent;
		if (late || silent) {
			p->tally->killed++;
			w->doing = FREE;
			kill_worker(p, w);
			tell(p, SUPERVISE_KILLED, w, ERR_TIMEOUT, !late);
			bury_later(p, w, ERR_TIMEOUT, 0);
			schedule_ended(&p->schedule, 0);
			exchange_ended(&p->exchange);
			continue;
		}
		if (w->allowed > 0)
			wait = least(wait, w->since + w->allowed - t);
		if (w->silent > 0)
			wait = least(wait, w->sign + w->silent - t);
	}
	return wait;
}

/* Workers without work go; how long until the next one would, -1. */
static int64_t
retire(struct plant *p, bool all)
{
	int64_t t = now(p), wait = -1;
	size_t i;

	for (i = 0; i < p->workers.n; i++) {
		struct worker *w = p->workers.v[i];

		if (w->doing != FREE || w->gone)
			continue;
		if (all || t - w->since >= WARM_MS)
			dismiss(p, w);
		else
			wait = least(wait, w->since + WARM_MS - t);
	}
	return wait;
}

static uint64_t
look_at_files(const struct plant *p)
{
	uint64_t sum = FNV64_BASIS;
	struct stat st;
	size_t i;

	for (i = 0; i < p->o->watch.n; i++) {
		uint64_t parts[4] = {i, 0, 0, 0};

		if (stat(p->o->watch.v[i], &st) == 0) {
			parts[1] = (uint64_t)st.st_ino;
			parts[2] = (uint64_t)st.st_size;
#ifdef __APPLE__
			parts[3] = (uint64_t)st.st_mtimespec.tv_sec * 1000000000U + (uint64_t)st.st_mtimespec.tv_nsec;
#else
			parts[3] = (uint64_t)st.st_mtim.tv_sec * 1000000000U + (uint64_t)st.st_mtim.tv_nsec;
#endif
		}
		sum = fnv64(sum, parts, sizeof(parts));
	}
	return sum;
}

/* With a slot free and nothing to do, a change of the state wakes us. */
static int64_t
look(struct plant *p)
{
	int64_t t = now(p);
	uint64_t sum;

	if (p->o->watch.n == 0 || p->draining || schedule_full(&p->schedule))
		return -1;
	if (t - p->looked < LOOK_MS)
		return p->looked + LOOK_MS - t;
	p->looked = t;
	sum = look_at_files(p);
	if (sum != p->seen)
		schedule_poke(&p->schedule);
	p->seen = sum;
	return LOOK_MS;
}

/* ---- the remote, and the forge ---- */

static int64_t
keep_in_sync(struct plant *p)
{
	struct exchange_news news;
	int64_t wait = exchange_turn(&p->exchange, now(p), p->draining, &news);

	if (news.any)
		p->looked = 0;
	if (news.fresh)
		schedule_poke(&p->schedule);
	return wait;
}

/* ---- the repository's size ---- */

static int64_t
ended(const struct plant *p)
{
	int64_t n = p->tally->killed + p->tally->died;
	size_t i;

	for (i = 0; i < END_KINDS; i++)
		n += p->tally->ended[i];
	return n;
}

/*
 * git's commands do it at their end, ours do not: it would take its time from
 * a run's.  At our start, and after so many runs; -1 when none is under way.
 */
static int64_t
keep_small(struct plant *p)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	struct proc_spec spec = {.argv = p->o->upkeep, .env = (const char *const *)environ,
	    .inherit_err = true, .adopts = true};
	int64_t n = ended(p);

	if (p->upkeep != NULL && proc_ended(p->upkeep)) {
		err_ignore(proc_wait(p->upkeep, &r));
		proc_free(p->upkeep);
		p->upkeep = NULL;
	}
	if (p->upkeep == NULL && p->o->upkeep != NULL && !p->draining && (p->upkept < 0 || n - p->upkept >= UPKEEP_RUNS)) {
		p->upkept = n;
		err_ignore(proc_start(&spec, &p->upkeep));
	}
	if (p->upkeep == NULL)
		return -1;
	return proc_ended_fd(p->upkeep) >= 0 ? 60000 : 100;
}

/* ---- the loop ---- */

static bool
busy(const struct plant *p)
{
	size_t i;

	for (i = 0; i < p->workers.n; i++)
		if (p->workers.v[i]->doing != FREE)
			return true;
	return p->graves.n > 0 || p->upkeep != NULL || exchange_busy(&p->exchange);
}

static struct err *
bury_all(struct plant *p)
{
	while (p->graves.n > 0) {
		struct grave g = p->graves.v[0];
		struct worker *w;

		TRY(find_free(p, &w));
		vec_drop(&p->graves, 0);
		w->task = g.task;
		w->run = g.run;
		w->tries = g.tries;
		w->allowed = g.code;
		set_doing(p, w, BURYING);
		if (!order(w, FRAME_BURY, &g))
			worker_died(p, w);
	}
	return NULL;
}

/* Until it is written down, the next to claim a task could take up the dead run. */
static bool
burying(const struct plant *p)
{
	size_t i;

	for (i = 0; i < p->workers.n; i++)
		if (p->workers.v[i]->doing == BURYING)
			return true;
	return p->graves.n > 0;
}

/* Give work to as many as the schedule wants; *over: it wants no more, ever. */
static struct err *
dispatch(struct plant *p, int64_t *wait, bool *over)
{
	enum schedule_say say;
	struct worker *w;

	TRY(bury_all(p));
	while ((say = schedule_next(&p->schedule, wait)) == SCHEDULE_START && !burying(p) && p->exchange.synced) {
		if (p->misfires >= MISFIRES)
			return err_hint(err_new(ERR_COMMAND, "%d workers in a row ended before they could claim a task", p->misfires),
			    "'git factory run' says why");
		TRY(find_free(p, &w));
		schedule_asked(&p->schedule);
		set_doing(p, w, ASKED);
		if (!order(w, FRAME_NEXT, NULL))
			worker_died(p, w);
	}
	if (say == SCHEDULE_START)
		*wait = -1;
	*over = say == SCHEDULE_END;
	return NULL;
}

static void
heard_signal(struct plant *p)
{
	p->draining = true;
	schedule_drain(&p->schedule);
	tell(p, SUPERVISE_DRAINING, NULL, ERR_CODES, false);
}

static void
wait_for_something(struct plant *p, int64_t wait)
{
	size_t n = p->workers.n, i;
	struct pollfd *fds = mem_calloc(n + 5, sizeof(*fds));

	for (i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = p->workers.v[i]->in.fd, .events = POLLIN};
	fds[n] = (struct pollfd){.fd = p->draining ? -1 : sigs_fd(), .events = POLLIN};
	fds[n + 1] = (struct pollfd){.fd = p->o->guard_fd, .events = POLLIN};
	fds[n + 2] = (struct pollfd){.fd = errand_fd(&p->exchange.sync), .events = POLLIN};
	fds[n + 3] = (struct pollfd){.fd = errand_fd(&p->exchange.mirror), .events = POLLIN};
	fds[n + 4] = (struct pollfd){.fd = p->upkeep != NULL ? proc_ended_fd(p->upkeep) : -1, .events = POLLIN};
	if (poll(fds, (nfds_t)n + 5, wait < 0 ? -1 : (int)(wait > 60000 ? 60000 : wait)) > 0) {
		for (i = 0; i < n; i++)
			if (fds[i].revents != 0)
				listen_to(p, p->workers.v[i]);
		p->alone = fds[n + 1].revents != 0;
	}
	if (!p->draining && *sigs_flag() != 0)
		heard_signal(p);
	free(fds);
}

static struct err *
turn(struct plant *p, bool *over)
{
	int64_t wait = -1, wait_sync, wait_upkeep, other;
	bool done = false;

	wait_sync = keep_in_sync(p);
	wait_upkeep = keep_small(p);
	other = look(p);
	TRY(dispatch(p, &wait, &done));
	if (other >= 0 && !done)
		wait = least(wait, other);
	if ((other = check_times(p)) >= 0)
		wait = least(wait, other);
	if (wait_sync >= 0)
		wait = least(wait, wait_sync);
	if (wait_upkeep >= 0)
		wait = least(wait, wait_upkeep);
	*over = done && !busy(p);
	if ((other = retire(p, *over)) >= 0)
		wait = least(wait, other);
	drop_gone(p);
	if (!*over && p->graves.n == 0)
		wait_for_something(p, wait);
	drop_gone(p);
	return NULL;
}

/* Whatever still lives goes now. */
static void
end_all(struct plant *p)
{
	size_t i;

	for (i = 0; i < p->workers.n; i++) {
		struct worker *w = p->workers.v[i];

		if (w->doing == FREE && !w->gone && !p->alone)
			dismiss(p, w);
		else if (!w->gone)
			kill_worker(p, w);
	}
	drop_gone(p);
	exchange_stop(&p->exchange);
	p->tally->unshared = p->exchange.unshared;
	proc_free(p->upkeep);
	kin_sweep(NULL, 0);
	vec_free(&p->workers);
	vec_free(&p->graves);
}

struct err *
supervise(const struct supervise_opts *o, struct tally *out)
{
	struct plant p = {.o = o, .clock = clock_system(), .tally = out, .upkept = -1};
	struct err *e = NULL;
	bool over = false;

	*out = (struct tally){.stuck = ERR_CODES, .unshared = ERR_CODES};
	kin_adopt();
	schedule_init(&p.schedule, &o->schedule, &p.clock);
	p.seen = look_at_files(&p);
	p.looked = now(&p);
	exchange_init(&p.exchange, &o->exchange, now(&p));
	while (e == NULL && !over && !p.alone)
		e = turn(&p, &over);
	if (p.alone)
		tell(&p, SUPERVISE_ALONE, NULL, ERR_CODES, false);
	end_all(&p);
	if (e == NULL && p.alone)
		e = err_new(ERR_INTERRUPTED, "the guard of the supervisor is gone");
	if (e == NULL && p.draining)
		e = err_hint(err_new(ERR_INTERRUPTED, "stopped when what ran had ended"), "start it again to go on");
	return e;
}

#include "plant/tend.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "sys/proc.h"
#include "sys/sigs.h"

#define LONG_LIFE_MS 60000
#define WAIT_MS 1000
#define WAIT_MAX_MS 60000
#define ASK_MS 200	/* where the kernel does not say that a child ended */

struct tended {
	const struct tend_child *child;
	struct proc *proc;	/* NULL: it waits to be started */
	int64_t began;		/* ms, as all below */
	int64_t start_at;
	int64_t wait;		/* of the last failure, 0 for none */
};

struct nursery {
	const struct tend_opts *o;
	struct clock clock;
	struct tended *v;
	struct pollfd *fds;	/* the signals', then each child's */
	bool stopping;
	int64_t kill_at;
};

static struct err *
start(struct nursery *n, struct tended *t)
{
	struct proc_spec spec = {.argv = t->child->argv, .env = t->child->env, .keep_fds = t->child->keep_fds,
	    .inherit_out = true, .inherit_err = true};

	t->began = clock_mono(&n->clock);
	return proc_start(&spec, &t->proc);
}

static void
tell(const struct nursery *n, enum tend_what what, const char *name, int status, int64_t wait)
{
	n->o->on_event(n->o->arg, what, name, status, wait);
}

/* It has ended: when is it started again? */
static struct err *
reap(struct nursery *n, struct tended *t, bool asked)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	int64_t now = clock_mono(&n->clock);

	TRY(proc_wait(t->proc, &r));
	proc_free(t->proc);
	t->proc = NULL;
	if (asked || now - t->began >= LONG_LIFE_MS)
		t->wait = 0;
	else
		t->wait = t->wait == 0 ? WAIT_MS : t->wait * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : t->wait * 2;
	t->start_at = now + t->wait;
	if (!asked && !n->stopping)
		tell(n, TEND_ENDED, t->child->name, r.status, t->wait);
	return NULL;
}

static void
kill_all(struct nursery *n, int sig)
{
	size_t i;

	for (i = 0; i < n->o->n; i++)
		if (n->v[i].proc != NULL)
			proc_kill(n->v[i].proc, sig);
}

/* Each ends and is started again by the loop, at once. */
static struct err *
renew(struct nursery *n)
{
	size_t i;

	tell(n, TEND_AGAIN, NULL, 0, 0);
	kill_all(n, SIGTERM);
	for (i = 0; i < n->o->n; i++)
		if (n->v[i].proc != NULL)
			TRY(reap(n, &n->v[i], true));
	return NULL;
}

static struct err *
on_signal(struct nursery *n)
{
	char sig = 0;

	if (read(sigs_fd(), &sig, 1) != 1)
		return NULL;
	if (sig == SIGHUP && !n->stopping)
		return renew(n);
	if (!n->stopping)
		tell(n, TEND_STOP, NULL, 0, 0);
	kill_all(n, n->stopping ? SIGKILL : SIGTERM);
	n->kill_at = clock_mono(&n->clock) + n->o->goodbye_ms;
	n->stopping = true;
	return NULL;
}

/* How long nothing needs to be done; -1: until something happens. */
static int64_t
time_left(const struct nursery *n, bool *any)
{
	int64_t now = clock_mono(&n->clock), wait = n->stopping ? n->kill_at - now : -1, left;
	size_t i;

	*any = false;
	for (i = 0; i < n->o->n; i++) {
		const struct tended *t = &n->v[i];

		*any = *any || t->proc != NULL;
		left = t->proc == NULL ? t->start_at - now : proc_ended_fd(t->proc) < 0 ? ASK_MS : INT64_MAX;
		if (left == INT64_MAX || (t->proc == NULL && n->stopping))
			continue;
		wait = wait < 0 || left < wait ? left : wait;
	}
	return wait < -1 ? 0 : wait;
}

static struct err *
turn(struct nursery *n, int64_t wait)
{
	size_t i;

	n->fds[0] = (struct pollfd){.fd = sigs_fd(), .events = POLLIN};
	for (i = 0; i < n->o->n; i++)
		n->fds[i + 1] = (struct pollfd){.fd = n->v[i].proc == NULL ? -1 : proc_ended_fd(n->v[i].proc),
		    .events = POLLIN};
	if (poll(n->fds, n->o->n + 1, (int)wait) < 0 && errno != EINTR)
		return err_sys("cannot wait for children");
	if (n->fds[0].revents != 0)
		TRY(on_signal(n));
	if (n->stopping && clock_mono(&n->clock) >= n->kill_at)
		kill_all(n, SIGKILL);
	for (i = 0; i < n->o->n; i++) {
		struct tended *t = &n->v[i];

		if (t->proc != NULL && proc_ended(t->proc))
			TRY(reap(n, t, n->stopping));
		if (t->proc == NULL && !n->stopping && clock_mono(&n->clock) >= t->start_at)
			TRY(start(n, t));
	}
	return NULL;
}

static struct err *
run(struct nursery *n)
{
	int64_t wait;
	bool any;
	size_t i;

	for (i = 0; i < n->o->n; i++) {
		n->v[i].child = &n->o->children[i];
		TRY(start(n, &n->v[i]));
	}
	for (;;) {
		wait = time_left(n, &any);
		if (n->stopping && !any)
			return err_new(ERR_INTERRUPTED, "stopped");
		TRY(turn(n, wait < 0 && n->stopping ? 0 : wait));
	}
}

struct err *
tend(const struct tend_opts *o)
{
	struct nursery n = {.o = o, .clock = clock_system()};
	struct err *e;
	size_t i;

	n.v = mem_calloc(o->n, sizeof(*n.v));
	n.fds = mem_calloc(o->n + 1, sizeof(*n.fds));
	sigs_hold();
	e = run(&n);
	for (i = 0; i < o->n; i++)
		proc_free(n.v[i].proc);
	free(n.v);
	free(n.fds);
	return e;
}

/*
 * claims TASKS CONTENDERS - in the repository at hand: so many processes go
 * through the same tasks in the same order, and each tries to claim each one,
 * as a run without a remote does. Who wins holds it until all are through.
 *
 * Prints the claims won in a second; how many tasks were won exactly once,
 * by nobody, and more than once; and how many leases there are at the end.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "git/repo.h"
#include "store/lease.h"
#include "store/state.h"
#include "unsynced.h"

#define WAIT_MS 60000

/* What all processes share; each counts itself in. */
struct arena {
	pid_t parent;
	int ready, done;
	bool go, leave;
	double ended[256];	/* when the last claim of each was answered */
	int wins[];
};

static struct id *tasks;
static size_t n_tasks;

static void
wait_until(const struct arena *a, const bool *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) {
		clock_sleep_ms(1);
		if (getppid() != a->parent)
			_exit(1);
	}
}

/* A contender that failed has said why, and is waited for in vain. */
static void
wait_for(const int *count, int n)
{
	double began = now_ms();

	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) < n) {
		clock_sleep_ms(1);
		if (now_ms() - began > WAIT_MS)
			exit(1);
	}
}

static struct state *
open_state(void)
{
	struct state_opts o = {.clock = clock_system()};
	struct state *s;

	need(repo_open(NULL, &o.repo));
	need(state_open(&o, &s));
	return s;
}

static void
contend(struct arena *a, size_t who)
{
	struct state *s = open_state();
	struct id run = id_new();
	struct lease *l;
	struct err *e;
	size_t i;

	__atomic_add_fetch(&a->ready, 1, __ATOMIC_RELEASE);
	wait_until(a, &a->go);
	for (i = 0; i < n_tasks; i++) {
		e = lease_claim(s, &lease_local, &tasks[i], &run, 1, &l);
		if (e == NULL)
			__atomic_add_fetch(&a->wins[i], 1, __ATOMIC_RELAXED);
		else if (!err_is(e, ERR_TAKEN))
			need(e);
		err_free(e);
	}
	a->ended[who] = now_ms();
	__atomic_add_fetch(&a->done, 1, __ATOMIC_RELEASE);
	/* A holder whose process is gone may be taken over from. */
	wait_until(a, &a->leave);
	_exit(0);
}

static void
report(const struct arena *a, double began, size_t contenders)
{
	AUTO(lease_infos_free) struct lease_infos held = {0};
	size_t i, once = 0, none = 0;
	double ended = began;

	for (i = 0; i < n_tasks; i++) {
		once += a->wins[i] == 1;
		none += a->wins[i] == 0;
	}
	for (i = 0; i < contenders; i++)
		if (a->ended[i] > ended)
			ended = a->ended[i];
	need(lease_list(open_state(), true, &held));
	printf("%.0f %zu %zu %zu %zu\n", (double)n_tasks * 1e3 / (ended - began), once, none, n_tasks - once - none,
	    held.n);
}

int
main(int argc, char *argv[])
{
	size_t contenders = argc > 2 ? (size_t)atoi(argv[2]) : 0, i;
	struct arena *a;
	double began;

	n_tasks = argc > 1 ? (size_t)atoi(argv[1]) : 0;
	if (n_tasks < 1 || contenders < 1 || contenders > NITEMS(a->ended))
		return 129;
	a = mmap(NULL, sizeof(*a) + n_tasks * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	a->parent = getpid();
	tasks = calloc(n_tasks, sizeof(*tasks));
	for (i = 0; i < n_tasks; i++)
		tasks[i] = id_new();
	for (i = 0; i < contenders; i++)
		if (fork() == 0)
			contend(a, i);
	wait_for(&a->ready, (int)contenders);
	began = now_ms();
	__atomic_store_n(&a->go, true, __ATOMIC_RELEASE);
	wait_for(&a->done, (int)contenders);
	report(a, began, contenders);
	__atomic_store_n(&a->leave, true, __ATOMIC_RELEASE);
	while (wait(NULL) > 0)
		;
	return 0;
}

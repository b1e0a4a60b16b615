#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/repo.h"
#include "line/keeper.h"
#include "store/lease.h"
#include "store/state.h"
#include "sys/host.h"
#include "sys/proc.h"
#include "wire/json.h"

#define ANSWER_MAX (64 * KIB)

/* Beats within a time to live, and tries within one when a beat failed. */
#define BEATS 3
#define TRIES 12

struct keeper {
	struct proc *child;
	struct id task;
	char *word, *message;	/* why it ended; NULL while it beats */
};

/* ---- the child ---- */

/* Wait for 'ms'; false when the run is over. */
static bool
wait_ms(int in_fd, int64_t ms)
{
	struct pollfd p = {.fd = in_fd, .events = POLLIN};

	return poll(&p, 1, ms < 1 ? 1 : (int)ms) == 0 || errno == EINTR;
}

/*
 * Others count from when they first see a beat, which is after it was sent:
 * until a time to live after that the lease is ours.  A beat that waits for a
 * dead network must not make us believe it for longer.
 */
static struct err *
keep(struct lease *l, const struct clock *clock, pid_t holder, int in_fd)
{
	const int64_t ttl = lease_info(l)->ttl * 1000;
	int64_t good = clock_mono(clock), start, wait = ttl / BEATS;
	struct err *e;

	while (wait_ms(in_fd, wait)) {
		wait = ttl / BEATS;
		if (host_stopped(holder))
			continue;
		start = clock_mono(clock);
		e = lease_beat(l);
		if (e == NULL) {
			good = start;
			continue;
		}
		if (err_is(e, ERR_STALE) || clock_mono(clock) - good > ttl - ttl / BEATS)
			return err_wrap(e, "the lease of task '%s' cannot be kept", lease_info(l)->task.s);
		err_free(e);
		wait = ttl / TRIES;
	}
	return NULL;
}

struct err *
keeper_main(struct state *s, const struct id *task, const struct id *run, pid_t holder, int in_fd)
{
	AUTO(lease_free_p) struct lease *l = NULL;
	struct err *e = lease_keep(s, &lease_remote, task, run, holder, &l);

	if (e == NULL)
		e = keep(l, state_clock(s), holder, in_fd);
	if (e != NULL && getppid() == holder)
		kill(holder, SIGTERM);
	return e;
}

/* ---- the run's side ---- */

struct err *
keeper_start(struct state *s, const struct lease_info *l, struct keeper **out)
{
	const char *argv[] = {proc_self(), "lease-keeper", "--json", l->task.s, l->run.s, NULL};
	struct repo *r = state_repo(s);
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .cwd_fd = -1,
	    .cwd = repo_workdir(r) != NULL ? repo_workdir(r) : repo_gitdir(r),
	    .pipe_in = true, .pipe_out = true, .max_out = ANSWER_MAX};
	struct keeper *k = mem_alloc(sizeof(*k));
	struct err *e;

	k->task = l->task;
	e = proc_start(&spec, &k->child);
	if (e != NULL) {
		free(k);
		return e;
	}
	*out = k;
	return NULL;
}

/* What it said as it ended: the error as JSON, as every verb gives it. */
static void
take_answer(struct keeper *k)
{
	AUTO(buf_free) struct buf text = BUF_INIT(ANSWER_MAX);
	AUTO(arena_free) struct arena arena = {0};
	const struct node *error = NULL;
	struct node *n = NULL;
	struct err *e;
	char chunk[KIB];
	ssize_t got;

	while ((got = read(proc_out(k->child), chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)got);
	e = json_parse(&arena, "the lease's keeper", buf_str(&text), &n);
	if (e == NULL)
		error = node_get(n, "error");
	err_ignore(e);
	k->word = mem_strdup(error != NULL ? node_get_str(error, "word") : NULL);
	k->message = mem_strdup(error != NULL ? node_get_str(error, "message") : NULL);
	if (k->word == NULL || k->message == NULL) {
		free(k->word);
		free(k->message);
		k->word = mem_strdup(err_row(ERR_COMMAND)->word);
		k->message = mem_printf("the keeper of the lease of task '%s' has ended", k->task.s);
	}
}

static enum err_code
code_of(const char *word)
{
	int i;

	for (i = 0; i < ERR_CODES; i++)
		if (strcmp(err_row(i)->word, word) == 0)
			return i;
	return ERR_COMMAND;
}

struct err *
keeper_check(struct keeper *k)
{
	struct pollfd p = {.fd = proc_out(k->child), .events = POLLIN};

	if (k->word == NULL && poll(&p, 1, 0) > 0)
		take_answer(k);
	return k->word == NULL ? NULL : err_new(code_of(k->word), "%s", k->message);
}

struct err *
keeper_end(struct keeper *k)
{
	AUTO(proc_result_free) struct proc_result end = {0};
	struct err *e;

	proc_close_in(k->child);
	e = proc_wait(k->child, &end);
	if (e == NULL && end.status != 0 && k->word == NULL)
		take_answer(k);
	if (e == NULL && k->word != NULL)
		e = err_new(code_of(k->word), "%s", k->message);
	proc_free(k->child);
	free(k->word);
	free(k->message);
	free(k);
	return e;
}

void
keeper_stop(struct keeper *k)
{
	if (k != NULL)
		err_ignore(keeper_end(k));
}

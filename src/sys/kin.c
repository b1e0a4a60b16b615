#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/clock.h"
#include "base/vec.h"
#include "sys/kin.h"

#define PATIENCE_MS 10000
#define PAUSE_MS 2

void
kin_adopt(void)
{
#ifdef __linux__
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
}

/* A process as /proc shows it. */
struct one {
	pid_t pid, parent;
	unsigned long long start;
	bool alive;	/* a zombie whose other threads run on is alive, too */
	bool stopped;
	bool ours;	/* below the root, and not spared */
};

struct crowd {
	VEC_FIELDS(struct one);
};

static bool
read_one(pid_t pid, struct one *out)
{
	char path[64], text[1024];
	const char *end;
	char state;
	ssize_t n;
	int fd, parent, threads;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* The name may hold spaces and parentheses: count from its end. */
	end = strrchr(text, ')');
	if (end == NULL || sscanf(end + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d"
	    " %*d %*d %d %*d %llu", &state, &parent, &threads, &out->start) != 4)
		return false;
	out->pid = pid;
	out->parent = parent;
	out->stopped = state == 'T';
	out->alive = (state != 'Z' && state != 'X') || threads > 1;
	out->ours = false;
	return true;
}

static void
look_around(struct crowd *c)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	struct one one;

	vec_clear(c);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_one((pid_t)strtol(entry->d_name, NULL, 10), &one))
			vec_push(c, one);
	}
	if (d != NULL)
		closedir(d);
}

static bool
is_spared(pid_t pid, const pid_t *keep, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (keep[i] == pid)
			return true;
	return false;
}

/* Mark what is below the root; parents may come after their children. */
static void
mark(struct crowd *c, pid_t root, const pid_t *keep, size_t n)
{
	bool more = true;
	size_t i, k;

	while (more) {
		more = false;
		for (i = 0; i < c->n; i++) {
			bool below = c->v[i].parent == root;

			if (c->v[i].ours || c->v[i].pid == root || is_spared(c->v[i].pid, keep, n))
				continue;
			for (k = 0; k < c->n && !below; k++)
				below = c->v[k].ours && c->v[k].pid == c->v[i].parent;
			if (below)
				more = c->v[i].ours = true;
		}
	}
}

static void
send_signal(const struct one *o, int sig)
{
	struct one now;
#if defined(__linux__) && defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
	int fd = (int)syscall(SYS_pidfd_open, o->pid, 0U);

	if (fd >= 0) {
		/* Held by its descriptor, it is compared with what was seen. */
		if (read_one(o->pid, &now) && now.start == o->start)
			syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0U);
		close(fd);
		return;
	}
#endif
	if (read_one(o->pid, &now) && now.start == o->start)
		kill(o->pid, sig);
}

/* Our own dead are reaped, so that they are not counted again. */
static void
bury(const struct one *o)
{
	if (o->parent == getpid())
		waitpid(o->pid, NULL, WNOHANG);
}

/*
 * One round: what still runs is stopped first, so that it forks no more, and
 * killed in the next round.  Returns how many are not over yet: the dead below
 * us come to us when their parents end, to be reaped.
 */
static size_t
round_of(struct crowd *c, pid_t root, const pid_t *keep, size_t n, bool kill_now)
{
	size_t i, left = 0;

	look_around(c);
	mark(c, root, keep, n);
	for (i = 0; i < c->n; i++) {
		if (!c->v[i].ours)
			continue;
		if (c->v[i].alive || root == getpid())
			left++;
		if (!c->v[i].alive)
			bury(&c->v[i]);
		else if (kill_now || !c->v[i].stopped)
			send_signal(&c->v[i], kill_now ? SIGKILL : SIGSTOP);
	}
	return left;
}

static bool
kill_below(pid_t root, const pid_t *keep, size_t n)
{
	struct clock clock = clock_system();
	int64_t end = clock_mono(&clock) + PATIENCE_MS;
	struct crowd c = {0};
	size_t left = 1;
	int i;

	for (i = 0; left > 0 && clock_mono(&clock) < end; i++) {
		left = round_of(&c, root, keep, n, i > 0);
		if (i > 0 && left > 0)
			clock_sleep_ms(PAUSE_MS);
	}
	vec_free(&c);
	return left == 0;
}

bool
kin_kill(pid_t pid)
{
	bool gone;

	/* Stopped, it still inherits its orphans, and starts nothing new. */
	kill(pid, SIGSTOP);
	gone = kill_below(pid, NULL, 0);
	kill(pid, SIGKILL);
	return gone;
}

bool
kin_sweep(const pid_t *keep, size_t n)
{
	siginfo_t si;

	if (n == 0 && waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD)
		return true;
	return kill_below(getpid(), keep, n);
}

/* Those of our own lead a group that they did not make a session of, or are of ours. */
static bool
was_adopted(pid_t pid)
{
	pid_t group = getpgid(pid);

	return getsid(pid) == pid || (group != pid && group != getpgrp());
}

void
kin_reap(void)
{
	char path[64], text[4096];
	siginfo_t si = {0};
	char *word, *rest = NULL;
	pid_t pid;
	ssize_t n;
	int fd;

	if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid == 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		pid = (pid_t)strtol(word, NULL, 10);
		if (pid > 0 && was_adopted(pid))
			waitpid(pid, NULL, WNOHANG);
	}
}

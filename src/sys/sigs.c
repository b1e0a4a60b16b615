#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/sigs.h"

static const int asked[] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t came, held;
static int ends[2];
static struct sigaction before[NITEMS(asked)];
static struct sigaction before_pipe;

static void
on_signal(int sig)
{
	int no = errno;
	char byte = (char)sig;
	ssize_t n;

	if (came != 0 && !held) {
		signal(sig, SIG_DFL);
		raise(sig);
		/* Blocked until we return, and then it ends us. */
		errno = no;
		return;
	}
	came = sig;
	n = write(ends[1], &byte, 1);
	(void)n;
	errno = no;
}

static struct err *
open_pipe(void)
{
	int fds[2];
	int i;

	if (pipe(fds) != 0)
		return err_sys("cannot make a pipe for signals");
	for (i = 0; i < 2; i++) {
		/* 0 means "none" to those who wait, so it must be another. */
		ends[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		close(fds[i]);
		if (ends[i] < 0)
			return err_sys("cannot make a pipe for signals");
	}
	return NULL;
}

struct err *
sigs_open(void)
{
	struct sigaction sa;
	size_t i;

	if (ends[0] > 0)
		return NULL;
	TRY(open_pipe());
	came = held = 0;
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_signal;	/* no SA_RESTART: slow calls come back */
	for (i = 0; i < NITEMS(asked); i++) {
		/* nohup(1) and shells in the background ignore some: so do we. */
		if (sigaction(asked[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
			sigaction(asked[i], &sa, NULL);
	}
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, &before_pipe);
	return NULL;
}

void
sigs_close(void)
{
	size_t i;

	if (ends[0] <= 0)
		return;
	for (i = 0; i < NITEMS(asked); i++)
		sigaction(asked[i], &before[i], NULL);
	sigaction(SIGPIPE, &before_pipe, NULL);
	close(ends[0]);
	close(ends[1]);
	ends[0] = ends[1] = 0;
	came = held = 0;
}

void
sigs_hold(void)
{
	held = 1;
}

const volatile sig_atomic_t *
sigs_flag(void)
{
	return &came;
}

int
sigs_fd(void)
{
	return ends[0];
}

struct err *
sigs_check(void)
{
	if (came == 0)
		return NULL;
	return err_new(ERR_INTERRUPTED, "interrupted");
}

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/err.h"
#include "base/file.h"
#include "sys/kin.h"
#include "sys/proc.h"
#include "sys/warden.h"

#ifdef __linux__

#define MOST 4

static void
close_all_but(int fd)
{
	int other;

#ifdef SYS_close_range
	if (fd < 0 && syscall(SYS_close_range, 0U, ~0U, 0U) == 0)
		return;
	if (fd >= 0 && (fd == 0 || syscall(SYS_close_range, 0U, (unsigned)fd - 1, 0U) == 0) &&
	    syscall(SYS_close_range, (unsigned)fd + 1, ~0U, 0U) == 0)
		return;
#endif
	for (other = (int)sysconf(_SC_OPEN_MAX) - 1; other >= 0; other--)
		if (other != fd)
			close(other);
}

/* Nothing but the end of the pipe, or KILL, ends it. */
static void
stand_by(int fd)
{
	pid_t all[MOST], pid;
	sigset_t every;
	size_t n = 0;
	ssize_t got;

	setpgid(0, 0);
	sigfillset(&every);
	sigprocmask(SIG_BLOCK, &every, NULL);
	close_all_but(fd);
	while ((got = read(fd, &pid, sizeof(pid))) != 0) {
		if (got == (ssize_t)sizeof(pid) && pid > 1 && n < MOST)
			all[n++] = pid;
		else if (got < 0 && errno != EINTR)
			break;
	}
	while (n-- > 0) {
		kill(-all[n], SIGKILL);
		kill(all[n], SIGKILL);
	}
}

struct err *
warden_start(struct warden *out)
{
	AUTO(fd_close_p) int from = -1;
	AUTO(fd_close_p) int to = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys("cannot make a pipe");
	from = ends[0];
	to = ends[1];
	TRY(proc_copy(stand_by, from, &out->pid));
	out->fd = to;
	to = -1;
	return NULL;
}

/* ---- between us and a program ---- */

#define GONE SIGUSR1	/* from the kernel: our parent is no more */

bool
warden_between_begin(void)
{
	sigset_t every;

	sigfillset(&every);
	sigprocmask(SIG_BLOCK, &every, NULL);
	kin_adopt();
	return prctl(PR_SET_PDEATHSIG, GONE) == 0;
}

/* As the program did, so that whoever waits for us sees what it came to. */
static NORETURN void
end_like(int status)
{
	sigset_t every;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	signal(WTERMSIG(status), SIG_DFL);
	sigfillset(&every);
	kill(getpid(), WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &every, NULL);
	_exit(128 + WTERMSIG(status));
}

void
warden_between(pid_t child, pid_t parent)
{
	sigset_t wake;
	int status;
	pid_t pid;

	close_all_but(-1);
	sigemptyset(&wake);
	sigaddset(&wake, SIGCHLD);
	sigaddset(&wake, GONE);
	/* Who was its parent before we asked to be told is asked for, too. */
	while (getppid() == parent) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != child)
				continue;
			kin_sweep(NULL, 0);
			end_like(status);
		}
		sigwaitinfo(&wake, NULL);
	}
	kin_sweep(NULL, 0);
	_exit(127);
}

#else

struct err *
warden_start(struct warden *out)
{
	*out = (struct warden)WARDEN_INIT;
	return NULL;
}

#endif

struct err *
warden_tell(const struct warden *w, pid_t pid)
{
	return w->fd < 0 ? NULL : err_wrap(file_write_all(w->fd, &pid, sizeof(pid)), "cannot tell the sandbox's warden");
}

void
warden_end(struct warden *w)
{
	if (w->pid > 1) {
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			kin_sweep(NULL, 0);
	}
	w->pid = -1;
	fd_close_p(&w->fd);
}

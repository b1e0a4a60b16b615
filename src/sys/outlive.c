/*
 * outlive.c - see outlive.h.
 */
#include "sys/outlive.h"

#include <errno.h>
#include <signal.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

#ifdef __linux__

#define STACK MIB
#define GUARD (64 * KIB)	/* pages below the stack that are not there */

struct step {
	struct err *(*fn)(void *arg);
	void *arg;
	struct err *e;
	bool over;
};

static int
child_main(void *arg)
{
	struct step *s = arg;

	setpgid(0, 0);
	s->e = s->fn(s->arg);
	s->over = true;
	return 0;
}

static int
reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* We end as the child did. */
static NORETURN void
follow(int status, void (*undo)(void *arg), void *arg)
{
	if (!WIFEXITED(status))
		kill(getpid(), SIGKILL);
	undo(arg);
	_exit(WEXITSTATUS(status));
}

struct err *
outlive_run(struct err *(*fn)(void *arg), void (*undo)(void *arg), void *arg)
{
	struct step s = {.fn = fn, .arg = arg};
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	sigset_t all, had;
	struct err *e = NULL;
	pid_t pid = -1;
	int status;

	if (stack == MAP_FAILED)
		return err_sys("cannot make a stack");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &had);
	if (mprotect(stack, GUARD, PROT_NONE) == 0)
		pid = clone(child_main, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &s);
	if (pid < 0)
		e = err_sys("cannot start a process");
	sigprocmask(SIG_SETMASK, &had, NULL);
	munmap(stack, STACK);
	if (pid < 0)
		return e;
	status = reap(pid);
	if (!s.over)
		follow(status, undo, arg);
	return s.e;
}

#else

struct err *
outlive_run(struct err *(*fn)(void *arg), void (*undo)(void *arg) UNUSED, void *arg)
{
	return fn(arg);
}

#endif

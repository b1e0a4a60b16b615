#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "sys/kin.h"
#include "sys/proc_child.h"
#include "sys/warden.h"

#define STAGE_MAX 64

extern char **environ;

static NORETURN void
fail(const struct child_plan *plan, enum child_step step)
{
	struct child_failure f = {step, errno};
	ssize_t n;

	do {
		n = write(plan->report, &f, sizeof(f));
	} while (n < 0 && errno == EINTR);
	_exit(127);
}

/* Handlers and masks survive exec in part; the child starts with none. */
static void
reset_signals(void)
{
	struct sigaction sa;
	sigset_t none;
	int i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 1; i < NSIG; i++)
		sigaction(i, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return false;
	flags = on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
	return fcntl(fd, F_SETFD, flags) == 0;
}

static void
close_rest_at_exec(void)
{
	long max, fd;

#if defined(__linux__) && defined(SYS_close_range)
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
#endif
	max = sysconf(_SC_OPEN_MAX);
	if (max < 0 || max > 65536)
		max = 65536;
	for (fd = 3; fd < max; fd++)
		set_cloexec((int)fd, true);
}

static void
choose_fds(const struct child_plan *plan)
{
	const int *keep = plan->spec->keep_fds;

	if (!plan->keep_all_fds)
		close_rest_at_exec();
	for (; keep != NULL && *keep >= 0; keep++) {
		if (!set_cloexec(*keep, false))
			fail(plan, CHILD_FDS);
	}
}

static void
set_ids(const struct child_plan *plan)
{
	const struct proc_enter *e = &plan->spec->enter;

	if (!e->set_ids)
		return;
	if (setregid(e->gid, e->gid) != 0 || setreuid(e->uid, e->uid) != 0)
		fail(plan, CHILD_IDS);
}

#ifdef __linux__

/*
 * Taken while we are still who we are: a copy of a mount can be used by a
 * uid that could never have walked to it.
 */
static int
stage_take(const struct child_plan *plan, int trees[STAGE_MAX])
{
	const char *const *s = plan->spec->enter.stage;
	int n = 0;

	for (; s != NULL && *s != NULL; s++, n++) {
		errno = E2BIG;
		if (n == STAGE_MAX)
			fail(plan, CHILD_STAGE);
		trees[n] = (int)syscall(SYS_open_tree, AT_FDCWD, *s,
		    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (trees[n] < 0)
			fail(plan, CHILD_STAGE);
	}
	return n;
}

static void
stage_mount(const struct child_plan *plan, const int *trees, int n)
{
	char to[32];
	struct stat st;
	int i, fd;

	if (n == 0)
		return;
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("stage", PROC_STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0)
		fail(plan, CHILD_STAGE);
	for (i = 0; i < n; i++) {
		snprintf(to, sizeof(to), PROC_STAGE "/%d", i);
		if (fstat(trees[i], &st) != 0)
			fail(plan, CHILD_STAGE);
		fd = S_ISDIR(st.st_mode) ? mkdir(to, 0755) : open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0 || syscall(SYS_move_mount, trees[i], "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) != 0)
			fail(plan, CHILD_STAGE);
	}
}

static void
enter(const struct child_plan *plan)
{
	const struct proc_enter *e = &plan->spec->enter;
	int trees[STAGE_MAX];
	int n = stage_take(plan, trees);

	if (e->set_ids && geteuid() == 0 && setgroups(0, NULL) != 0)
		fail(plan, CHILD_IDS);
	if (e->userns_fd > 0 && setns(e->userns_fd, CLONE_NEWUSER) != 0)
		fail(plan, CHILD_USERNS);
	if (e->mntns_fd > 0 && setns(e->mntns_fd, CLONE_NEWNS) != 0)
		fail(plan, CHILD_MNTNS);
	/*
	 * In a joined user namespace the ids come first, for only ids that it
	 * maps can create files there, and its capabilities stay until exec;
	 * outside of one they come last, for root's capabilities go with them.
	 */
	if (e->userns_fd > 0)
		set_ids(plan);
	stage_mount(plan, trees, n);
	if (e->userns_fd <= 0)
		set_ids(plan);
}

static void
die_with(const struct child_plan *plan, pid_t parent)
{
	if (plan->spec->outlives)
		return;
	/* Changing ids clears this, so it is last; the parent may be gone already. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		fail(plan, CHILD_PARENT);
	if (getppid() != parent)
		_exit(127);
}

#else

static void
enter(const struct child_plan *plan)
{
	const struct proc_enter *e = &plan->spec->enter;

	errno = ENOTSUP;
	if (e->userns_fd > 0 || e->mntns_fd > 0 || e->stage != NULL)
		fail(plan, CHILD_USERNS);
	set_ids(plan);
}

static void
die_with(const struct child_plan *plan, pid_t parent)
{
	(void)plan;
	(void)parent;
}

#endif

static void
set_limits(const struct child_plan *plan)
{
	struct rlimit rl, old;
	size_t i;

	for (i = 0; i < plan->spec->nlimits; i++) {
		const struct proc_limit *l = &plan->spec->limits[i];

		rl.rlim_cur = rl.rlim_max = (rlim_t)l->value;
		if (getrlimit(l->resource, &old) == 0 && old.rlim_max < rl.rlim_max)
			rl.rlim_cur = rl.rlim_max = old.rlim_max;
		if (setrlimit(l->resource, &rl) != 0)
			fail(plan, CHILD_LIMITS);
	}
}

static void
change_dir(const struct child_plan *plan)
{
	const struct proc_spec *s = plan->spec;

	if (s->cwd_fd > 0 && fchdir(s->cwd_fd) != 0)
		fail(plan, CHILD_CWD);
	if (s->cwd != NULL && chdir(s->cwd) != 0)
		fail(plan, CHILD_CWD);
}

static void
tell_warden(const struct child_plan *plan)
{
	pid_t self = getpid();

	if (plan->spec->warden_fd > 0 && write(plan->spec->warden_fd, &self, sizeof(self)) != (ssize_t)sizeof(self))
		fail(plan, CHILD_WARDEN);
}

static NORETURN void
become(const struct child_plan *plan, pid_t parent)
{
	static char *const nothing[] = {NULL};
	const struct proc_spec *s = plan->spec;
	char *const *env = s->env != NULL ? (char *const *)s->env : nothing;

	die_with(plan, parent);
	tell_warden(plan);
	if (plan->keep_all_env)
		env = environ;
	execve(plan->path, (char *const *)s->argv, env);
	fail(plan, CHILD_EXEC);
}

#ifdef __linux__

/* This process stays, and a child of it becomes the program. */
static NORETURN void
stand_between(const struct child_plan *plan)
{
	pid_t self = getpid(), pid;

	if (!warden_between_begin())
		fail(plan, CHILD_REAPER);
	pid = vfork();
	if (pid == 0) {
		reset_signals();
		become(plan, self);
	}
	if (pid < 0)
		fail(plan, CHILD_REAPER);
	warden_between(pid, plan->parent);
}

#else

static NORETURN void
stand_between(const struct child_plan *plan)
{
	become(plan, plan->parent);
}

#endif

void
child_main(const struct child_plan *plan)
{
	const struct proc_spec *s = plan->spec;
	int i;

	if (plan->own_group)
		setpgid(0, 0);
	reset_signals();
	for (i = 0; i < 3; i++) {
		if (dup2(plan->stdio[i], i) < 0)
			fail(plan, CHILD_STDIO);
	}
	set_limits(plan);
	enter(plan);
	change_dir(plan);
	choose_fds(plan);
	if (s->adopts)
		kin_adopt();
	if (s->reaper)
		stand_between(plan);
	become(plan, plan->parent);
}

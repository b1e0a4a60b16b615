#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#include <sys/syscall.h>
#endif

#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/capture.h"
#include "sys/kin.h"
#include "sys/proc.h"
#include "sys/proc_child.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define GRACE_MS 2000
/* How long a pipe is drained whose writers have left the group. */
#define LINGER_MS 1000
/* Where the kernel cannot tell of a child's end, ask this often. */
#define ASK_MS 20

struct proc {
	pid_t pid;
	int pidfd;		/* -1 where there is none */
	int in;			/* proc_in(), -1 */
	int fd[2];		/* stdout and stderr, -1 */
	bool own_group;
	bool pipe_out;
	bool reaped;
	struct capture cap[2];
	proc_output_fn on_output;
	void *arg;
	int64_t start;
	int64_t deadline_ms;
	int64_t grace_ms;
	int cancel_fd;
	/* What the waiting has come to; times are monotonic, 0 for "not". */
	bool ended;
	bool killed;
	bool timed_out;
	bool cancelled;
	int64_t term_at;	/* TERM was sent */
	int64_t ended_at;
};

static int64_t
now_ms(void)
{
	struct clock c = clock_system();

	return clock_mono(&c);
}

char *
proc_find(const char *path, const char *name)
{
	struct str rest = str_of(path);
	struct str dir;
	struct stat st;

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0 ? mem_strdup(name) : NULL;
	while (str_next(&rest, ':', &dir)) {
		AUTO(mem_free_p) char *full = NULL;

		if (!str_starts(dir, "/"))
			continue;
		full = mem_printf("%.*s/%s", STR_ARG(dir), name);
		if (stat(full, &st) == 0 && S_ISREG(st.st_mode) && access(full, X_OK) == 0)
			return STEAL(full);
	}
	return NULL;
}

static struct err *
missing(const char *name)
{
	return err_hint(err_new(ERR_COMMAND, "'%s' is not installed or not on PATH", name),
	    "install '%s'", name);
}

static struct err *
find_program(const struct proc_spec *spec, char **path)
{
	const char *list = DEFAULT_PATH;
	const char *const *e;

	/* A path with '/' may exist only in the namespace that is joined. */
	if (strchr(spec->argv[0], '/') != NULL) {
		*path = mem_strdup(spec->argv[0]);
		return NULL;
	}
	for (e = spec->env; e != NULL && *e != NULL; e++) {
		if (strncmp(*e, "PATH=", 5) == 0)
			list = *e + 5;
	}
	*path = proc_find(list, spec->argv[0]);
	return *path != NULL ? NULL : missing(spec->argv[0]);
}

/* A descriptor that dup2() to 0, 1 or 2 cannot hit. */
static int
above_stdio(int fd)
{
	int high;

	if (fd < 0 || fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}

static struct err *
make_pipe(int ends[2])
{
	int fds[2];

	if (pipe(fds) != 0)
		return err_sys("cannot make a pipe");
	ends[0] = above_stdio(fds[0]);
	ends[1] = above_stdio(fds[1]);
	if (ends[0] < 0 || ends[1] < 0)
		return err_sys("cannot make a pipe");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	return NULL;
}

/*
 * The whole input in a file without a name: a child that reads slowly, or
 * not at all, can neither block us nor send us SIGPIPE.
 */
static struct err *
input_file(struct str input, int *fd)
{
#ifdef __linux__
	AUTO(fd_close_p) int mem = above_stdio(memfd_create("input", MFD_CLOEXEC));
#else
	char name[] = "/tmp/git-factory-input-XXXXXX";
	AUTO(fd_close_p) int mem = above_stdio(mkstemp(name));

	if (mem >= 0 && (unlink(name) != 0 || fcntl(mem, F_SETFD, FD_CLOEXEC) != 0))
		return err_sys("cannot make the input of a program");
#endif
	if (mem < 0)
		return err_sys("cannot make the input of a program");
	TRY(file_write_all(mem, input.p, input.n));
	if (lseek(mem, 0, SEEK_SET) != 0)
		return err_sys("cannot rewind the input of a program");
	*fd = mem;
	mem = -1;
	return NULL;
}

static struct err *
open_null(int flags, int *fd)
{
	*fd = above_stdio(open("/dev/null", flags | O_CLOEXEC));
	return *fd >= 0 ? NULL : err_sys("cannot open '/dev/null'");
}

static struct err *
dup_own(int own, int *fd)
{
	*fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
	return *fd >= 0 ? NULL : err_sys("cannot pass on descriptor %d", own);
}

static struct err *
set_up_in(const struct proc_spec *spec, struct proc *p, int *child)
{
	int ends[2];

	if (spec->inherit_in)
		return dup_own(0, child);
	if (spec->input.n > 0)
		return input_file(spec->input, child);
	if (!spec->pipe_in)
		return open_null(O_RDONLY, child);
	TRY(make_pipe(ends));
	*child = ends[0];
	p->in = ends[1];
	return NULL;
}

static struct err *
set_up_out(const struct proc_spec *spec, struct proc *p, int child[3])
{
	int ends[2];

	if (spec->inherit_out) {
		TRY(dup_own(1, &child[1]));
	} else {
		TRY(make_pipe(ends));
		p->fd[0] = ends[0];
		child[1] = ends[1];
	}
	if (spec->err_to_out)
		return dup_own(child[1], &child[2]);
	if (spec->inherit_err)
		return dup_own(2, &child[2]);
	TRY(make_pipe(ends));
	p->fd[1] = ends[0];
	child[2] = ends[1];
	return NULL;
}

/* Opening /dev/stdout asks for the pipe's owner. */
static struct err *
give_stdio(const struct proc_spec *spec, const int stdio[3])
{
	struct stat st;
	int i;

	for (i = 0; spec->enter.set_ids && i < 3; i++) {
		if (fstat(stdio[i], &st) != 0 || !S_ISFIFO(st.st_mode) ||
		    (i == 0 ? spec->inherit_in : i == 1 ? spec->inherit_out : spec->inherit_err))
			continue;
		if (fchown(stdio[i], spec->enter.uid, spec->enter.gid) != 0)
			return err_sys("cannot hand over a pipe");
	}
	return NULL;
}

static const char *
step_text(enum child_step step)
{
	switch (step) {
	case CHILD_STDIO: return "cannot set up the descriptors of";
	case CHILD_STAGE: return "cannot show the needed folders to";
	case CHILD_USERNS: return "cannot join the user namespace for";
	case CHILD_MNTNS: return "cannot join the mount namespace for";
	case CHILD_IDS: return "cannot change the user for";
	case CHILD_LIMITS: return "cannot set limits for";
	case CHILD_CWD: return "cannot enter the working folder of";
	case CHILD_FDS: return "cannot hand descriptors to";
	case CHILD_PARENT: return "cannot tie to this process";
	case CHILD_WARDEN: return "cannot tell the warden of";
	case CHILD_REAPER: return "cannot make a process for";
	case CHILD_EXEC: return "cannot execute";
	}
	return "cannot start";
}

/* The pipe closes without a word when exec succeeds. */
static struct err *
read_report(int fd, const char *name)
{
	struct child_failure f;
	ssize_t n;

	do {
		n = read(fd, &f, sizeof(f));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return NULL;
	if (n != (ssize_t)sizeof(f))
		return err_new(ERR_IO, "cannot start '%s'", name);
	if (f.step == CHILD_EXEC && f.no == ENOENT)
		return missing(name);
	errno = f.no;
	return err_recode(err_sys("%s '%s'", step_text(f.step), name),
	    f.step == CHILD_EXEC ? ERR_COMMAND : ERR_IO);
}

/*
 * A child that borrows our memory until exec costs no copy of it, nor the
 * faults that follow one; child_main() writes nothing that we read again.
 */
#ifdef __linux__
#define child_fork() vfork()
#else
#define child_fork() fork()
#endif

static struct err *
spawn(const struct proc_spec *spec, struct proc *p, const char *path, int stdio[3])
{
	AUTO(fd_close_p) int from = -1;
	AUTO(fd_close_p) int to = -1;
	struct child_plan plan = {.spec = spec, .path = path, .parent = getpid(),
	    .own_group = p->own_group};
	int ends[2];
	pid_t pid;

	TRY(make_pipe(ends));
	from = ends[0];
	to = plan.report = ends[1];
	memcpy(plan.stdio, stdio, sizeof(plan.stdio));
	plan.keep_all_fds = !defence_on(DEFENCE_PROC_FDS);
	plan.keep_all_env = !defence_on(DEFENCE_PROC_ENV);
	/* What stays as long as the program runs needs a memory of its own. */
	pid = spec->reaper ? fork() : child_fork();
	if (pid == 0)
		child_main(&plan);
	if (pid < 0)
		return err_sys("cannot start '%s'", spec->argv[0]);
	p->pid = pid;
	if (p->own_group)
		setpgid(p->pid, p->pid);
	p->reaped = false;
	fd_close_p(&to);
	return read_report(from, spec->argv[0]);
}

struct err *
proc_copy(void (*run)(int fd), int fd, pid_t *out)
{
	pid_t pid = fork();

	if (pid == 0) {
		run(fd);
		_exit(0);
	}
	if (pid < 0)
		return err_sys("cannot start a process");
	*out = pid;
	return NULL;
}

static int
open_pidfd(pid_t pid)
{
#if defined(__linux__) && defined(SYS_pidfd_open)
	return (int)syscall(SYS_pidfd_open, pid, 0U);
#else
	(void)pid;
	return -1;
#endif
}

static struct proc *
proc_new(const struct proc_spec *spec)
{
	struct proc *p = mem_alloc(sizeof(*p));

	p->pid = p->pidfd = p->in = p->fd[0] = p->fd[1] = -1;
	p->reaped = true;
	/* Who talks to the terminal must stay in its foreground group. */
	p->own_group = !spec->inherit_in;
	p->pipe_out = spec->pipe_out;
	p->on_output = spec->on_output;
	p->arg = spec->arg;
	p->start = now_ms();
	p->deadline_ms = spec->deadline_ms;
	p->grace_ms = spec->grace_ms > 0 ? spec->grace_ms : GRACE_MS;
	p->cancel_fd = spec->cancel_fd;
	capture_init(&p->cap[0], spec->max_out, spec->tail);
	capture_init(&p->cap[1], spec->max_out, spec->tail);
	return p;
}

struct err *
proc_start(const struct proc_spec *spec, struct proc **out)
{
	AUTO(proc_free_p) struct proc *p = proc_new(spec);
	AUTO(mem_free_p) char *path = NULL;
	int stdio[3] = {-1, -1, -1};
	struct err *e;
	int i;

	TRY(find_program(spec, &path));
	e = set_up_in(spec, p, &stdio[0]);
	if (e == NULL)
		e = set_up_out(spec, p, stdio);
	if (e == NULL)
		e = give_stdio(spec, stdio);
	if (e == NULL)
		e = spawn(spec, p, path, stdio);
	for (i = 0; i < 3; i++)
		fd_close_p(&stdio[i]);
	if (e != NULL)
		return e;
	p->pidfd = open_pidfd(p->pid);
	*out = STEAL(p);
	return NULL;
}

pid_t
proc_pid(const struct proc *p)
{
	return p->pid;
}

int
proc_in(const struct proc *p)
{
	return p->in;
}

int
proc_out(const struct proc *p)
{
	return p->pipe_out ? p->fd[0] : -1;
}

void
proc_close_in(struct proc *p)
{
	fd_close_p(&p->in);
}

void
proc_kill(struct proc *p, int sig)
{
	/* Until it is reaped, neither its id nor its group's can be another's. */
	if (!p->reaped)
		kill(p->own_group ? -p->pid : p->pid, sig);
}

/* Has it ended?  It stays a zombie, so that its group keeps its name. */
static bool
has_ended(const struct proc *p)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	return waitid(P_PID, (id_t)p->pid, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid != 0;
}

int
proc_ended_fd(const struct proc *p)
{
	return p->pidfd;
}

bool
proc_ended(const struct proc *p)
{
	return p->reaped || has_ended(p);
}

const char *
proc_self(void)
{
#ifdef __linux__
	return "/proc/self/exe";
#else
	return "git-factory";
#endif
}

static void
reap(struct proc *p, struct proc_result *r)
{
	int status = 0;
	pid_t got;

	proc_kill(p, SIGKILL);
	do
		got = waitpid(p->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	p->reaped = true;
	kin_reap();
	if (got < 0) {
		/* Nobody knows how it ended: that is no success. */
		r->status = 255;
	} else if (WIFSIGNALED(status)) {
		r->signal = WTERMSIG(status);
		r->status = 128 + r->signal;
	} else {
		r->status = WEXITSTATUS(status);
	}
}

/* One read of a ready pipe; at its end it is closed. */
static void
drain(struct proc *p, int i)
{
	char chunk[64 * KIB];
	ssize_t n = read(p->fd[i], chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		fd_close_p(&p->fd[i]);
		return;
	}
	capture_add(&p->cap[i], chunk, (size_t)n);
	if (p->on_output != NULL)
		p->on_output(p->arg, i + 1, chunk, (size_t)n);
}

static void
stop(struct proc *p)
{
	if (p->term_at != 0)
		return;
	p->term_at = now_ms();
	proc_kill(p, SIGTERM);
}

/* Do what is due; how long there is nothing to do, -1 for ever. */
static int64_t
due(struct proc *p)
{
	int64_t now = now_ms();
	int64_t left = -1;

	if (p->ended)
		return p->ended_at + LINGER_MS - now;
	if (p->term_at != 0) {
		left = p->term_at + p->grace_ms - now;
		if (left <= 0 && !p->killed) {
			proc_kill(p, SIGKILL);
			p->killed = true;
		}
		left = p->killed ? -1 : left;
	} else if (p->deadline_ms > 0) {
		left = p->start + p->deadline_ms - now;
		if (left <= 0) {
			p->timed_out = true;
			stop(p);
			return 0;
		}
	}
	if (p->pidfd < 0 && (left < 0 || left > ASK_MS))
		left = ASK_MS;
	return left;
}

#define WATCHED 4	/* descriptors of one child */

static void
watch(const struct proc *p, struct pollfd *fds)
{
	const int fd[WATCHED] = {
	    p->pipe_out ? -1 : p->fd[0],
	    p->fd[1],
	    p->ended ? -1 : p->pidfd,
	    p->cancel_fd > 0 && p->term_at == 0 && !p->ended ? p->cancel_fd : -1,
	};
	int i;

	for (i = 0; i < WATCHED; i++)
		fds[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
}

static void
attend(struct proc *p, const struct pollfd *fds)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (fds[i].revents != 0)
			drain(p, i);
	}
	if (fds[3].revents != 0) {
		p->cancelled = true;
		stop(p);
	}
	if (!p->ended && (fds[2].revents != 0 || p->pidfd < 0) && has_ended(p)) {
		p->ended = true;
		p->ended_at = now_ms();
		proc_kill(p, SIGKILL);
	}
}

static bool
is_over(const struct proc *p)
{
	if (!p->ended)
		return false;
	if ((p->fd[0] < 0 || p->pipe_out) && p->fd[1] < 0)
		return true;
	return now_ms() >= p->ended_at + LINGER_MS;
}

static struct {
	bool (*fn)(void *arg);
	void *arg;
} meanwhile;

void
proc_meanwhile(bool (*fn)(void *arg), void *arg)
{
	meanwhile.fn = fn;
	meanwhile.arg = arg;
}

/* *spare: there may be something to do meanwhile. */
static void
wait_once(struct proc *const *v, size_t n, struct pollfd *fds, bool *spare)
{
	int64_t timeout = -1, left;
	size_t i;
	int got;

	for (i = 0; i < n; i++) {
		left = due(v[i]);
		if (left >= 0 && (timeout < 0 || left < timeout))
			timeout = left;
		watch(v[i], fds + i * WATCHED);
	}
	if (*spare)
		timeout = 0;
	got = poll(fds, n * WATCHED, timeout < 0 ? -1 : (int)(timeout > 60000 ? 60000 : timeout));
	if (got < 0)
		return;
	if (got == 0 && *spare)
		*spare = meanwhile.fn(meanwhile.arg);
	for (i = 0; i < n; i++)
		attend(v[i], fds + i * WATCHED);
}

static size_t
first_over(struct proc *const *v, size_t n)
{
	size_t i;

	for (i = 0; i < n && !is_over(v[i]); i++)
		;
	return i;
}

struct err *
proc_wait_any(struct proc *const *v, size_t n, size_t *which, struct proc_result *out)
{
	AUTO(mem_free_p) struct pollfd *fds = mem_calloc(n * WATCHED, sizeof(*fds));
	bool spare = meanwhile.fn != NULL;
	struct proc *p;
	size_t i;

	for (i = 0; i < n; i++)
		proc_close_in(v[i]);
	while ((i = first_over(v, n)) == n)
		wait_once(v, n, fds, &spare);
	p = v[i];
	*out = (struct proc_result){.timed_out = p->timed_out, .cancelled = p->cancelled};
	reap(p, out);
	out->ms = now_ms() - p->start;
	capture_end(&p->cap[0], &out->out);
	capture_end(&p->cap[1], &out->err);
	*which = i;
	return NULL;
}

struct err *
proc_wait(struct proc *p, struct proc_result *out)
{
	size_t which;

	return proc_wait_any(&p, 1, &which, out);
}

void
proc_free(struct proc *p)
{
	struct proc_result r = {0};

	if (p == NULL)
		return;
	if (!p->reaped)
		reap(p, &r);
	fd_close_p(&p->pidfd);
	fd_close_p(&p->in);
	fd_close_p(&p->fd[0]);
	fd_close_p(&p->fd[1]);
	capture_free(&p->cap[0]);
	capture_free(&p->cap[1]);
	free(p);
}

void
proc_free_p(struct proc **p)
{
	proc_free(*p);
	*p = NULL;
}

struct err *
proc_run(const struct proc_spec *spec, struct proc_result *out)
{
	AUTO(proc_free_p) struct proc *p = NULL;

	TRY(proc_start(spec, &p));
	return proc_wait(p, out);
}

static bool
has_words(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (isalnum((unsigned char)s.p[i]) || (s.p[i] & 0x80) != 0)
			return true;
	return false;
}

struct err *
proc_check(const struct proc_result *r, const char *what)
{
	struct str text = buf_str(&r->err.b);
	struct str line = {0};

	if (r->cancelled)
		return err_new(ERR_INTERRUPTED, "'%s' was interrupted", what);
	if (r->timed_out)
		return err_new(ERR_TIMEOUT, "'%s' did not end within its deadline", what);
	if (r->status == 0)
		return NULL;
	while (!has_words(line) && str_line(&text, &line))
		line = str_trim(line);
	if (r->signal != 0)
		return err_new(ERR_COMMAND, "'%s' was killed by signal %d", what, r->signal);
	return err_new(ERR_COMMAND, "'%s' exited with status %d%s%.*s", what, r->status,
	    line.n > 0 ? ": " : "", STR_ARG(line));
}

void
proc_result_free(struct proc_result *r)
{
	buf_free(&r->out.b);
	buf_free(&r->err.b);
}

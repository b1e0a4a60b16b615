/*
 * strike - run a command and strike it at its Nth call that changes something.
 *
 * Usage: strike [-n N] [-a ACTION] [-s] [-k KINDS] [-c CALLS] [-r ROOT]
 *	      [-o REPORT] [-t SECONDS] COMMAND [ARGUMENT]...
 *
 *	-n N		strike at the Nth call, counted over the whole tree of
 *			processes in the order in which they come (0: only count)
 *	-a ACTION	kill (the process that calls), killall (all of the tree:
 *			the machine is gone), short (half of the bytes are read
 *			or written), or an error: EIO ENOSPC EDQUOT EROFS EMFILE
 *			EINTR EAGAIN ENOMEM (what only takes away does not fail)
 *	-k KINDS	count calls of these kinds: c changes files (the default),
 *			r reads them, s starts programs and mounts, d makes
 *			descriptors, p makes processes
 *	-s		sticky: from the Nth call on all of them fail
 *	-c CALLS	count only these, separated by commas: "fsync,rename"
 *	-r ROOT		count only calls on what lies below ROOT
 *	-o REPORT	append what happened: "calls 12", "struck rename /path",
 *			"missed", "hung", "crashed SIGNAL COMMAND", "left PID
 *			WHERE-IT-WAITS COMMAND"
 *	-t SECONDS	all of it is over by then, or it hangs (60)
 *
 * strace counts for each process alone and knows no paths; this counts over
 * the tree, leaves out what is no business of the repository, and tells which
 * processes outlived the command.  A seccomp filter stops the processes at the
 * calls in question only, so that the rest runs at full speed.  The exit
 * status is the command's (128 + signal when one ended it), 125 for trouble
 * of our own.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <linux/ptrace.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no registers known for this machine"
#endif

#define MOST_TASKS 4096
#define GRACE_S 5

/* Where a call says what it changes. */
enum subject {
	FD,		/* args[at] is a descriptor */
	PATH,		/* args[at] is a path from the working folder */
	AT,		/* args[at] is a folder, the next one a path */
	NOTHING		/* not a file */
};

struct call {
	const char *name;
	int nr;
	char kind;
	enum subject subject;
	int at;
	int flags;	/* index of open's flags, -1: none */
	int bytes;	/* index of how many, -1: not so */
};

#define CALL(name, kind, subject, at) {#name, __NR_##name, kind, subject, at, -1, -1}
#define MOVE(name, kind, at, bytes) {#name, __NR_##name, kind, FD, at, -1, bytes}
static const struct call calls[] = {
#ifdef __NR_open
    {"open", __NR_open, 'c', PATH, 0, 1, -1}, CALL(creat, 'c', PATH, 0), CALL(rename, 'c', PATH, 1),
    CALL(link, 'c', PATH, 1), CALL(symlink, 'c', PATH, 1), CALL(unlink, 'c', PATH, 0), CALL(mkdir, 'c', PATH, 0),
    CALL(rmdir, 'c', PATH, 0), CALL(chmod, 'c', PATH, 0),
    CALL(pipe, 'd', NOTHING, 0), CALL(fork, 'p', NOTHING, 0), CALL(vfork, 'p', NOTHING, 0),
#endif
    {"openat", __NR_openat, 'c', AT, 0, 2, -1}, CALL(renameat, 'c', AT, 2), CALL(renameat2, 'c', AT, 2),
    CALL(linkat, 'c', AT, 2), CALL(symlinkat, 'c', AT, 1), CALL(unlinkat, 'c', AT, 0), CALL(mkdirat, 'c', AT, 0),
    CALL(fchmodat, 'c', AT, 0), CALL(truncate, 'c', PATH, 0), MOVE(write, 'c', 0, 2), MOVE(pwrite64, 'c', 0, 2),
    CALL(writev, 'c', FD, 0), CALL(pwritev, 'c', FD, 0), CALL(ftruncate, 'c', FD, 0), CALL(fallocate, 'c', FD, 0),
    CALL(fsync, 'c', FD, 0), CALL(fdatasync, 'c', FD, 0), CALL(sync_file_range, 'c', FD, 0), CALL(fchmod, 'c', FD, 0),
    MOVE(copy_file_range, 'c', 2, 4), MOVE(sendfile, 'c', 0, 3),
    MOVE(read, 'r', 0, 2), MOVE(pread64, 'r', 0, 2), CALL(readv, 'r', FD, 0), CALL(getdents64, 'r', FD, 0),
    CALL(execve, 's', NOTHING, 0), CALL(mount, 's', NOTHING, 0), CALL(umount2, 's', NOTHING, 0),
    CALL(pipe2, 'd', NOTHING, 0), CALL(socketpair, 'd', NOTHING, 0), CALL(dup, 'd', NOTHING, 0),
    CALL(memfd_create, 'd', NOTHING, 0), CALL(signalfd4, 'd', NOTHING, 0), CALL(eventfd2, 'd', NOTHING, 0),
    CALL(clone, 'p', NOTHING, 0), CALL(clone3, 'p', NOTHING, 0),
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

static struct {
	long n;
	int error;	/* 0: kill */
	bool all, sticky, half;
	const char *only, *root, *kinds;
	FILE *report;
	int seconds;
} opt = {.kinds = "c", .seconds = 60};

static struct {
	pid_t tasks[MOST_TASKS];
	size_t n;
	pid_t root;
	long count;
	bool struck;
	int status;	/* of the command, -1 while it runs */
	pid_t halved;	/* its call ends with its own number of bytes again */
	const struct call *half_of;
	__u64 bytes;
} run = {.status = -1};

static void __attribute__((format(printf, 1, 2), noreturn))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("strike: ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(ap);
	exit(125);
}

static void __attribute__((format(printf, 1, 2)))
report(const char *fmt, ...)
{
	va_list ap;

	if (opt.report == NULL)
		return;
	va_start(ap, fmt);
	vfprintf(opt.report, fmt, ap);
	va_end(ap);
	fputc('\n', opt.report);
	fflush(opt.report);
}

/* ---- the tree ---- */

static void
task_add(pid_t pid)
{
	size_t i;

	for (i = 0; i < run.n; i++)
		if (run.tasks[i] == pid)
			return;
	if (run.n == MOST_TASKS)
		die("more than %d processes", MOST_TASKS);
	run.tasks[run.n++] = pid;
}

static void
task_drop(pid_t pid)
{
	size_t i;

	for (i = 0; i < run.n; i++)
		if (run.tasks[i] == pid)
			run.tasks[i--] = run.tasks[--run.n];
}

static void
kill_all(void)
{
	size_t i;

	for (i = 0; i < run.n; i++)
		kill(run.tasks[i], SIGKILL);
}

/* ---- one call ---- */

static const struct call *
call_of(__u64 nr)
{
	size_t i;

	for (i = 0; i < NCALLS; i++)
		if ((__u64)calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

static void
link_text(pid_t pid, const char *what, char out[PATH_MAX])
{
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, what);
	n = readlink(name, out, PATH_MAX - 1);
	out[n < 0 ? 0 : n] = '\0';
}

static void
read_text(pid_t pid, uint64_t address, char out[PATH_MAX])
{
	size_t n = 0;
	struct iovec to, from;
	ssize_t got;

	/* Page by page: the string may end where memory does. */
	while (n < PATH_MAX - 1) {
		to = (struct iovec){out + n, 4096 - (address + n) % 4096};
		if (to.iov_len > PATH_MAX - 1 - n)
			to.iov_len = PATH_MAX - 1 - n;
		from = (struct iovec){(void *)(uintptr_t)(address + n), to.iov_len};
		got = process_vm_readv(pid, &to, 1, &from, 1, 0);
		if (got <= 0)
			break;
		if (memchr(out + n, '\0', (size_t)got) != NULL)
			return;
		n += (size_t)got;
	}
	out[n] = '\0';
}

static void
subject_of(pid_t pid, const struct call *c, const __u64 *args, char out[2 * PATH_MAX])
{
	char folder[PATH_MAX] = "", path[PATH_MAX] = "", what[32];

	out[0] = '\0';
	if (c->subject == NOTHING)
		return;
	if (c->subject == FD) {
		snprintf(what, sizeof(what), "fd/%d", (int)args[c->at]);
		link_text(pid, what, path);
	} else {
		read_text(pid, args[c->at + (c->subject == AT)], path);
	}
	if (c->subject != FD && path[0] != '/') {
		if (c->subject == AT && (int)args[c->at] != AT_FDCWD)
			snprintf(what, sizeof(what), "fd/%d", (int)args[c->at]);
		else
			snprintf(what, sizeof(what), "cwd");
		link_text(pid, what, folder);
	}
	snprintf(out, 2 * PATH_MAX, "%s%s%s", folder, folder[0] ? "/" : "", path);
}

static bool
listed(const char *name)
{
	const char *p = opt.only;
	size_t n = strlen(name);

	while (p != NULL && (p = strstr(p, name)) != NULL) {
		if ((p == opt.only || p[-1] == ',') && (p[n] == ',' || p[n] == '\0'))
			return true;
		p += n;
	}
	return opt.only == NULL;
}

/* What an open is depends on its flags. */
static bool
of_kind(const struct call *c, const __u64 *args)
{
	char kind = c->kind;

	if (c->flags >= 0 && (args[c->flags] & (O_CREAT | O_TRUNC)) == 0)
		kind = 'r';
	return strchr(opt.kinds, kind) != NULL || (c->flags >= 0 && strchr(opt.kinds, 'd') != NULL);
}

static bool
can_meet(const struct call *c, const __u64 *args)
{
	if (opt.half)
		return c->bytes >= 0 && args[c->bytes] > 1;
	if (opt.error == EMFILE)
		return c->flags >= 0 || c->kind == 'd';
	/* A signal comes while a call waits; what looks up names never does. */
	if (opt.error == EINTR)
		return c->flags >= 0 || (c->subject == FD && c->kind != 'd' && strcmp(c->name, "getdents64") != 0);
	/* Taking away needs no room, and no disk that answers fails to. */
	if (opt.error != 0 && (strncmp(c->name, "unlink", 6) == 0 || strcmp(c->name, "rmdir") == 0))
		return false;
	return opt.error != ENOSPC || strcmp(c->name, "ftruncate") != 0;
}

static bool
counts(pid_t pid, const struct call *c, const __u64 *args, char subject[2 * PATH_MAX])
{
	size_t n = opt.root == NULL ? 0 : strlen(opt.root);

	if (!listed(c->name) || !of_kind(c, args) || !can_meet(c, args))
		return false;
	subject_of(pid, c, args, subject);
	return n == 0 || c->subject == NOTHING || (strncmp(subject, opt.root, n) == 0 && subject[n] == '/');
}

/* Skip the call; it answers 'error'. */
static void
fail_call(pid_t pid, int error)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), -(long)error);
#else
	struct user_regs_struct regs;
	int none = -1;
	struct iovec r = {&regs, sizeof(regs)}, n = {&none, sizeof(none)};

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &r);
	regs.regs[0] = (uint64_t)-(int64_t)error;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &r);
	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &n);
#endif
}

/* Of x86-64's and AArch64's registers, the one that has argument 'i'. */
static void
set_argument(pid_t pid, int i, __u64 value)
{
#if defined(__x86_64__)
	static const size_t at[] = {offsetof(struct user_regs_struct, rdi), offsetof(struct user_regs_struct, rsi),
	    offsetof(struct user_regs_struct, rdx), offsetof(struct user_regs_struct, r10),
	    offsetof(struct user_regs_struct, r8), offsetof(struct user_regs_struct, r9)};

	ptrace(PTRACE_POKEUSER, pid, at[i], value);
#else
	struct user_regs_struct regs;
	struct iovec r = {&regs, sizeof(regs)};

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &r);
	regs.regs[i] = value;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &r);
#endif
}

static void
strike(pid_t pid, const struct call *c, const __u64 *args)
{
	if (opt.half) {
		run.halved = pid;
		run.half_of = c;
		run.bytes = args[c->bytes];
		set_argument(pid, c->bytes, run.bytes / 2);
	} else if (opt.error != 0) {
		fail_call(pid, opt.error);
	} else if (opt.all) {
		kill_all();
	} else {
		kill(pid, SIGKILL);
	}
}

static void
at_call(pid_t pid)
{
	static char subject[2 * PATH_MAX];
	struct ptrace_syscall_info info;
	const struct call *c;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return;
	c = call_of(info.seccomp.nr);
	if (c == NULL || !counts(pid, c, info.seccomp.args, subject))
		return;
	run.count++;
	if (opt.n == 0)
		report("call %ld %s %s", run.count, c->name, subject);
	if (opt.n == 0 || run.count < opt.n || (run.struck && !opt.sticky))
		return;
	if (!run.struck)
		report("struck %s %s", c->name, subject);
	run.struck = true;
	strike(pid, c, info.seccomp.args);
}

/* ---- starting, and following ---- */

static void
filter(void)
{
	struct sock_filter code[2 * NCALLS + 8];
	struct sock_fprog prog = {.filter = code};
	unsigned short n = 0;
	size_t i;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < NCALLS; i++) {
		const struct call *c = &calls[i];

		if (strchr(opt.kinds, c->kind) == NULL && c->flags < 0)
			continue;
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)c->nr, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0)
		die("seccomp");
}

static void
start(char *const argv[])
{
	const long wanted = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
	    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
	int go[2];
	char c;

	if (pipe2(go, O_CLOEXEC) != 0 || (run.root = fork()) < 0)
		die("fork");
	if (run.root == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(125);
		filter();
		execvp(argv[0], argv);
		die("%s", argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, run.root, 0, wanted) != 0) {
		kill(run.root, SIGKILL);
		die("ptrace");
	}
	task_add(run.root);
	if (write(go[1], "", 1) != 1)
		die("pipe");
	close(go[0]);
	close(go[1]);
}

static const char *
command_of(pid_t pid)
{
	static char line[256];
	char path[64];
	size_t k, n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	f = fopen(path, "re");
	n = f == NULL ? 0 : fread(line, 1, sizeof(line) - 1, f);
	if (f != NULL)
		fclose(f);
	for (k = 0; k < n; k++)
		if (line[k] == '\0' || line[k] == '\n')
			line[k] = ' ';
	line[n] = '\0';
	return line;
}

/* The kernel's function that it sleeps in; root is told. */
static const char *
waits_in(pid_t pid)
{
	static char name[64];
	char path[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
	f = fopen(path, "re");
	n = f == NULL ? 0 : fread(name, 1, sizeof(name) - 1, f);
	if (f != NULL)
		fclose(f);
	name[n] = '\0';
	return n > 0 ? name : "0";
}

/* A stop of one process: look, and let it go on. */
static void
at_stop(pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status), give = 0;
	bool listen = false;
	unsigned long child;

	task_add(pid);
	/* Who was born while all were being killed dies with them. */
	if (run.struck && opt.all)
		kill(pid, SIGKILL);
	if (event == PTRACE_EVENT_SECCOMP) {
		at_call(pid);
	} else if (event == PTRACE_EVENT_STOP) {
		listen = sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
	} else if (event == 0 && sig == (SIGTRAP | 0x80)) {
		set_argument(pid, run.half_of->bytes, run.bytes);
		run.halved = 0;
	} else if (event == 0) {
		give = sig;
		if (sig == SIGSEGV || sig == SIGBUS || sig == SIGABRT || sig == SIGILL || sig == SIGFPE)
			report("crashed %d %s", sig, command_of(pid));
	} else if (event != PTRACE_EVENT_EXEC && ptrace(PTRACE_GETEVENTMSG, pid, 0, &child) == 0) {
		task_add((pid_t)child);
	}
	ptrace(listen ? PTRACE_LISTEN : run.halved == pid ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, give);
}

static void
name_left(void)
{
	size_t i;

	/* Some are gone before their parent's fork was reported. */
	for (i = 0; i < run.n; i++)
		if (kill(run.tasks[i], 0) == 0)
			report("left %d %s %s", (int)run.tasks[i], waits_in(run.tasks[i]), command_of(run.tasks[i]));
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* True while there may be more to come. */
static bool
next_event(double *until)
{
	struct timespec wait;
	sigset_t child;
	double left;
	int status;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pid = waitpid(-1, &status, __WALL | WNOHANG);

	if (pid < 0 && errno == ECHILD)
		return false;
	if (pid <= 0) {
		left = *until - now();
		if (left <= 0)
			return false;
		wait = (struct timespec){(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
		sigtimedwait(&child, NULL, &wait);
		return true;
	}
	if (WIFSTOPPED(status)) {
		at_stop(pid, status);
		return true;
	}
	task_drop(pid);
	if (pid == run.root) {
		run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		*until = now() + GRACE_S;
	}
	return run.n > 0;
}

static int
error_named(const char *name)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EMFILE", EMFILE},
	    {"EINTR", EINTR}, {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].error;
	errno = EINVAL;
	die("no action '%s'", name);
}

static void
options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+n:a:sk:c:r:o:t:")) != -1) {
		if (c == 'n')
			opt.n = atol(optarg);
		else if (c == 'a' && strcmp(optarg, "killall") == 0)
			opt.all = true;
		else if (c == 'a' && strcmp(optarg, "short") == 0)
			opt.half = true;
		else if (c == 'a' && strcmp(optarg, "kill") != 0)
			opt.error = error_named(optarg);
		else if (c == 's')
			opt.sticky = true;
		else if (c == 'c')
			opt.only = optarg;
		else if (c == 'r')
			opt.root = optarg;
		else if (c == 'k')
			opt.kinds = optarg;
		else if (c == 'o' && (opt.report = fopen(optarg, "ae")) == NULL)
			die("%s", optarg);
		else if (c == 't')
			opt.seconds = atoi(optarg);
		else if (c == '?')
			exit(125);
	}
	if (optind == argc) {
		fputs("usage: strike [OPTION]... COMMAND [ARGUMENT]...\n", stderr);
		exit(125);
	}
}

int
main(int argc, char **argv)
{
	sigset_t child;
	double until;
	bool hung;

	options(argc, argv);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	start(argv + optind);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	until = now() + opt.seconds;
	while (next_event(&until))
		;
	hung = run.status < 0 && run.n > 0;
	if (hung)
		report("hung");
	if (run.n > 0)
		name_left();
	kill_all();
	report("calls %ld", run.count);
	if (opt.n != 0 && !run.struck)
		report("missed");
	return hung || run.status < 0 ? 125 : run.status;
}

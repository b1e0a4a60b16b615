#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/beneath.h"
#include "sys/jail.h"
#include "sys/jail_args.h"
#include "sys/jail_remedy.h"
#include "sys/machine.h"
#include "sys/userns.h"
#include "sys/warden.h"

#define NPROC 1024
#define NOFILE 4096
/* The sandbox is up in milliseconds; a machine that swaps may need longer. */
#define START_MS 30000
#define GONE_MS 30000
#define STATUS_MAX (64 * KIB)

struct jail {
	struct proc *proc;
	struct buf status;	/* bubblewrap's JSON documents */
	int status_fd;
	int init_fd;		/* pidfd of the first process inside */
	int block_fd;		/* what it waits for; -1 when it was let go */
	bool asked;		/* bubblewrap was asked for it */
	rlim_t nproc;
	uid_t uid;
	gid_t gid;
	bool err_to_out;
	bool bare;		/* JAIL_NONE */
	struct machine machine;	/* shared while it runs */
	struct warden warden;
};

/* What must live until proc_start() has returned. */
struct start {
	struct proc_spec spec;
	struct strs words;	/* strings of argv and env that are ours */
	VEC(const char *) argv;
	VEC(const char *) env;
	VEC(const char *) stage;
	struct proc_limit limits[2];
};

void
jail_policy_free(struct jail_policy *p)
{
	strs_free(&p->read);
	mem_free_p(&p->path);
}

int
jail_in(const struct jail *j)
{
	return proc_in(j->proc);
}

void
jail_close_in(struct jail *j)
{
	proc_close_in(j->proc);
}

int
jail_out(const struct jail *j)
{
	return proc_out(j->proc);
}

static void
start_free(struct start *s)
{
	strs_free(&s->words);
	vec_free(&s->argv);
	vec_free(&s->env);
	vec_free(&s->stage);
}

static void
fill_limits(struct start *s, const struct jail_policy *policy)
{
	s->limits[0] = (struct proc_limit){RLIMIT_CORE, 0};
	s->limits[1] = (struct proc_limit){RLIMIT_NOFILE,
	    policy->nofile > 0 ? (uint64_t)policy->nofile : NOFILE};
	s->spec.limits = s->limits;
	s->spec.nlimits = defence_on(DEFENCE_JAIL_LIMITS) ? 2 : 0;
}

static void
fill_enter(struct start *s, const struct view *view)
{
	struct proc_enter *e = &s->spec.enter;

	e->userns_fd = view->userns_fd;
	e->mntns_fd = view->mntns_fd;
	e->uid = view->uid;
	e->gid = view->gid;
	e->set_ids = view->uid != geteuid() && defence_on(DEFENCE_JAIL_USER);
}

static void
fill_common(struct start *s, const struct jail_cmd *cmd)
{
	struct proc_spec *spec = &s->spec;

	spec->input = cmd->input;
	spec->pipe_in = cmd->pipes;
	spec->pipe_out = cmd->pipes;
	spec->err_to_out = cmd->err_to_out;
	spec->max_out = cmd->max_out;
	spec->tail = cmd->tail;
	spec->on_output = cmd->on_output;
	spec->arg = cmd->arg;
	spec->deadline_ms = cmd->deadline_ms;
	spec->cancel_fd = cmd->cancel_fd;
}

static void
fill_argv(struct start *s, const struct jail_cmd *cmd)
{
	const char *const *a;

	for (a = cmd->argv; *a != NULL; a++)
		vec_push(&s->argv, *a);
	vec_push(&s->argv, NULL);
	s->spec.argv = s->argv.v;
}

static void
fill_stage(struct start *s, const struct strs *stage)
{
	size_t i;

	if (stage->n == 0)
		return;
	for (i = 0; i < stage->n; i++)
		vec_push(&s->stage, stage->v[i]);
	vec_push(&s->stage, NULL);
	s->spec.enter.stage = s->stage.v;
}

static struct err *
make_pipe(int *from, int *to)
{
	int ends[2];

	if (pipe(ends) != 0)
		return err_sys("cannot make a pipe");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	*from = ends[0];
	*to = ends[1];
	return NULL;
}

/*
 * bubblewrap goes on at the end of what it waits for, too.  So it gets an end
 * that is both of them, and without our word it waits for its warden.
 */
static struct err *
make_block(int *from, int *to)
{
	AUTO(fd_close_p) int reading = -1;
	char path[32];

	TRY(make_pipe(&reading, to));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", reading);
	*from = open(path, O_RDWR | O_CLOEXEC);
	return *from >= 0 ? NULL : err_sys("cannot open a pipe's both ends");
}

static void
close_status(struct jail *j)
{
	fd_close_p(&j->status_fd);
}

/* More of bubblewrap's status; false at its end or when time is up. */
static bool
read_status(struct jail *j, int64_t timeout)
{
	struct pollfd p = {.fd = j->status_fd, .events = POLLIN};
	char chunk[KIB];
	ssize_t n;
	int ready;

	if (j->status_fd < 0)
		return false;
	do {
		ready = poll(&p, 1, (int)timeout);
		n = ready == 1 ? read(j->status_fd, chunk, sizeof(chunk)) : 0;
	} while ((ready < 0 || n < 0) && errno == EINTR);
	if (n > 0)
		buf_add(&j->status, chunk, (size_t)n);
	else
		close_status(j);
	return n > 0;
}

/* A number in what bubblewrap itself wrote: { "child-pid": 123, .. */
static bool
status_number(const struct jail *j, const char *key, int64_t *out)
{
	struct str text = buf_str(&j->status);
	ptrdiff_t at = str_find(text, str_of(key));
	size_t n = 0;

	if (at < 0)
		return false;
	text = str_skip(text, (size_t)at + strlen(key));
	while (text.n > 0 && (text.p[0] == '"' || text.p[0] == ':' || text.p[0] == ' '))
		text = str_skip(text, 1);
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	/* The number may be cut where the text ends so far. */
	return n < text.n && str_int(str_take(text, n), 0, INT32_MAX, out);
}

#ifdef __linux__

static int
lower_nproc(pid_t pid, rlim_t max)
{
	struct rlimit rl;

	if (prlimit(pid, RLIMIT_NPROC, NULL, &rl) != 0)
		return -1;
	if (rl.rlim_max > max)
		rl.rlim_max = max;
	rl.rlim_cur = rl.rlim_max;
	return prlimit(pid, RLIMIT_NPROC, &rl, NULL);
}

/*
 * Root in a container often lacks CAP_SYS_RESOURCE; then the real ids decide,
 * and for a moment they are the sandbox's.
 */
static int
lower_nproc_as(pid_t pid, const struct jail *j)
{
	int bad = lower_nproc(pid, j->nproc);

	if (bad == 0 || errno != EPERM || geteuid() != 0)
		return bad;
	if (setresgid(j->gid, (gid_t)-1, (gid_t)-1) == 0 &&
	    setresuid(j->uid, (uid_t)-1, (uid_t)-1) == 0)
		bad = lower_nproc(pid, j->nproc);
	if (setresuid(0, (uid_t)-1, (uid_t)-1) != 0 || setresgid(0, (gid_t)-1, (gid_t)-1) != 0)
		bad = -1;
	return bad;
}

static struct err *
watch(struct jail *j, pid_t pid)
{
	j->init_fd = (int)syscall(SYS_pidfd_open, pid, 0U);
	return j->init_fd >= 0 ? NULL : err_recode(err_sys("cannot watch the sandbox"), ERR_SANDBOX);
}

/*
 * The first process inside waits for our word.  Its limit of processes is
 * set from here, when its user namespace is new: there it counts what is in
 * this sandbox, while outside it would count all of the user's processes.
 */
static struct err *
limit(const struct jail *j, pid_t pid)
{
	if (defence_on(DEFENCE_JAIL_LIMITS) && lower_nproc_as(pid, j) != 0)
		return err_recode(err_sys("cannot limit the sandbox's processes"), ERR_SANDBOX);
	return NULL;
}

static void
kill_inside(struct jail *j)
{
	if (j->init_fd >= 0)
		syscall(SYS_pidfd_send_signal, j->init_fd, SIGKILL, NULL, 0U);
}

#else

static struct err *
watch(struct jail *j, pid_t pid)
{
	(void)j, (void)pid;
	return err_new(ERR_SANDBOX, "there is no sandbox on this system");
}

static struct err *
limit(const struct jail *j, pid_t pid)
{
	(void)j, (void)pid;
	return NULL;
}

static void
kill_inside(struct jail *j)
{
	(void)j;
}

#endif

/* The kernel ends a pid namespace's first process after all the others. */
static struct err *
wait_until_gone(struct jail *j)
{
	struct pollfd p = {.fd = j->init_fd, .events = POLLIN};
	int ready;

	if (j->init_fd < 0)
		return NULL;
	kill_inside(j);
	do {
		ready = poll(&p, 1, GONE_MS);
	} while (ready < 0 && errno == EINTR);
	fd_close_p(&j->init_fd);
	return ready == 1 ? NULL : err_new(ERR_SANDBOX, "processes of the sandbox do not end");
}

/*
 * bubblewrap reports the command's status only when there was a command; what
 * it wrote itself, when there was none, is why.
 */
static struct err *
judge(struct jail *j, const struct proc_result *r)
{
	const struct proc_output *o = j->err_to_out ? &r->out : &r->err;
	int64_t status;

	if (j->bare)
		return NULL;
	while (read_status(j, GONE_MS))
		;
	if (r->timed_out || r->cancelled || r->signal != 0 || status_number(j, "exit-code", &status))
		return NULL;
	return jail_failed(buf_str(&o->b));
}

/* Bubblewrap is over: who was inside must be, too. */
static struct err *
take_end(struct jail *j, struct proc_result *r, struct proc_result *out)
{
	TRY(wait_until_gone(j));
	warden_end(&j->warden);
	TRY(judge(j, r));
	if (out != NULL) {
		*out = *r;
		*r = (struct proc_result){0};
	}
	return NULL;
}

static struct err *
wait_for_end(struct jail *j, struct proc_result *out)
{
	AUTO(proc_result_free) struct proc_result r = {0};

	TRY(proc_wait(j->proc, &r));
	return take_end(j, &r, out);
}

/* The first process inside, as bubblewrap names it; false when it does not. */
static bool
find_inside(struct jail *j, int64_t *pid)
{
	j->asked = true;
	while (!status_number(j, "child-pid", pid)) {
		if (!read_status(j, START_MS))
			return false;
	}
	return true;
}

static struct err *
start_bwrap(const struct jail_policy *policy, const struct view *view, const struct jail_cmd *cmd,
    struct start *s, struct jail *j)
{
	AUTO(jail_args_free) struct jail_args a = JAIL_ARGS_INIT;
	AUTO(fd_close_p) int status = -1;
	AUTO(fd_close_p) int block_from = -1;
	AUTO(mem_free_p) char *bwrap = NULL;
	char number[16];
	int fd;

	TRY(jail_program(&bwrap));
	TRY(warden_start(&j->warden));
	s->spec.warden_fd = j->warden.fd;
	TRY(make_pipe(&j->status_fd, &status));
	TRY(make_block(&block_from, &j->block_fd));
	/* Root's own paths are often closed to the user that it becomes. */
	a.staging = s->spec.enter.set_ids && geteuid() == 0;
	TRY(jail_args_make(&a, policy, view, cmd, status, block_from));
	TRY(jail_args_fd(&a, &fd));
	snprintf(number, sizeof(number), "%d", fd);
	vec_push(&s->argv, bwrap);
	vec_push(&s->argv, "--args");
	vec_push(&s->argv, number);
	vec_push(&s->argv, "--");
	fill_argv(s, cmd);
	fill_stage(s, &a.stage);
	s->spec.cwd = "/";
	s->spec.keep_fds = a.fds.keep;
	j->nproc = (rlim_t)(policy->nproc > 0 ? policy->nproc : NPROC);
	j->uid = view->uid;
	j->gid = view->gid;
	return proc_start(&s->spec, &j->proc);
}

/* JAIL_NONE: the command as it is, but with our user, limits and environment. */
static struct err *
start_bare(const struct jail_policy *policy, const struct view *view, const struct jail_cmd *cmd,
    struct start *s, struct jail *j)
{
	AUTO(mem_free_p) char *cwd = NULL;
	struct strs stage = {0};
	int keep[2] = {cmd->exe_fd > 0 ? cmd->exe_fd : -1, -1};
	char *path = (char *)view->path;
	char staged[] = PROC_STAGE "/0";
	size_t i;

	jail_env(policy, cmd, false, &s->words);
	for (i = 0; i < s->words.n; i++)
		vec_push(&s->env, s->words.v[i]);
	vec_push(&s->env, NULL);
	s->spec.env = s->env.v;
	if (s->spec.enter.set_ids && view->mntns_fd < 0 && geteuid() == 0) {
		stage = (struct strs){.v = &path, .n = 1};
		fill_stage(s, &stage);
		path = staged;
	}
	if (cmd->cwd != NULL && cmd->cwd[0] != '\0') {
		TRY(beneath_path(str_of(cmd->cwd)));
		cwd = path_join(path, cmd->cwd);
	}
	s->spec.cwd = cwd != NULL ? cwd : path;
	s->spec.keep_fds = keep;
	s->spec.reaper = policy->unguarded;
	fill_argv(s, cmd);
	j->bare = true;
	return proc_start(&s->spec, &j->proc);
}

struct err *
jail_launch(const struct jail_policy *policy, const struct view *view, const struct jail_cmd *cmd,
    struct jail **out)
{
	AUTO(jail_stop_p) struct jail *j = mem_alloc(sizeof(*j));
	AUTO(start_free) struct start s = {0};

	j->status_fd = j->init_fd = j->block_fd = -1;
	j->machine = (struct machine)MACHINE_INIT;
	j->warden = (struct warden)WARDEN_INIT;
	if (cmd->shares)
		TRY(machine_share(cmd->cancel_fd, &j->machine));
	j->err_to_out = cmd->err_to_out;
	buf_init(&j->status, STATUS_MAX);
	fill_common(&s, cmd);
	fill_limits(&s, policy);
	fill_enter(&s, view);
	if (policy->mode == JAIL_NONE || (!defence_on(DEFENCE_JAIL_REQUIRED) && !jail_present()))
		TRY(start_bare(policy, view, cmd, &s, j));
	else
		TRY(start_bwrap(policy, view, cmd, &s, j));
	*out = STEAL(j);
	return NULL;
}

struct err *
jail_enter(struct jail *j)
{
	int64_t pid;

	if (j->bare || j->asked)
		return NULL;
	if (!find_inside(j, &pid))
		return wait_for_end(j, NULL);
	TRY(watch(j, (pid_t)pid));
	TRY(limit(j, (pid_t)pid));
	/* It is let go in a session of its own. */
	TRY(warden_tell(&j->warden, (pid_t)pid));
	TRY(file_write_all(j->block_fd, "x", 1));
	fd_close_p(&j->block_fd);
	return NULL;
}

struct err *
jail_start(const struct jail_policy *policy, const struct view *view, const struct jail_cmd *cmd,
    struct jail **out)
{
	AUTO(jail_stop_p) struct jail *j = NULL;

	TRY(jail_launch(policy, view, cmd, &j));
	TRY(jail_enter(j));
	*out = STEAL(j);
	return NULL;
}

struct err *
jail_wait(struct jail *j, struct proc_result *out)
{
	TRY(jail_enter(j));
	return wait_for_end(j, out);
}

struct err *
jail_wait_any(struct jail *const *v, size_t n, size_t *which, struct proc_result *out)
{
	AUTO(mem_free_p) struct proc **procs = mem_calloc(n, sizeof(*procs));
	AUTO(proc_result_free) struct proc_result r = {0};
	size_t i;

	for (i = 0; i < n; i++)
		procs[i] = v[i]->proc;
	TRY(proc_wait_any(procs, n, which, &r));
	return take_end(v[*which], &r, out);
}

void
jail_stop(struct jail *j)
{
	int64_t pid;

	if (j == NULL)
		return;
	/* Who is inside is to be waited for, and can be named only while it lives. */
	if (j->proc != NULL && !j->bare && !j->asked && find_inside(j, &pid))
		err_ignore(watch(j, (pid_t)pid));
	proc_free(j->proc);
	/* Nobody is left to tell; what does not end holds nothing of ours. */
	err_ignore(wait_until_gone(j));
	warden_end(&j->warden);
	close_status(j);
	fd_close_p(&j->block_fd);
	buf_free(&j->status);
	machine_leave(&j->machine);
	free(j);
}

void
jail_stop_p(struct jail **j)
{
	jail_stop(*j);
	*j = NULL;
}

struct err *
jail_run(const struct jail_policy *policy, const struct view *view, const struct jail_cmd *cmd,
    struct proc_result *out)
{
	AUTO(jail_stop_p) struct jail *j = NULL;

	TRY(jail_start(policy, view, cmd, &j));
	return jail_wait(j, out);
}

struct err *
jail_self(int *fd, char path[JAIL_SELF_PATH])
{
	AUTO(fd_close_p) int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (self < 0)
		return err_sys("cannot open this program");
	snprintf(path, JAIL_SELF_PATH, "/proc/self/fd/%d", self);
	*fd = self;
	self = -1;
	return NULL;
}

void
jail_close_self(void)
{
	int fd;

#if defined(__linux__) && defined(SYS_close_range)
	if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
		return;
#endif
	for (fd = 3; fd < NOFILE; fd++)
		close(fd);
}

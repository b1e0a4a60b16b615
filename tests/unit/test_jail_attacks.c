/*
 * jail: what a hostile program inside cannot do.  Each attack is run by this
 * very program, started in the sandbox; in a TESTING build each is also shown
 * to succeed with the one defence off that stops it.
 */
#include "jail_fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/clock.h"

/* ---- attacks: 0 it worked, 1 it did not ---- */

static int
attack_write(const char *path)
{
	return open(path, O_WRONLY | O_CREAT, 0644) < 0;
}

static int
attack_read(const char *path)
{
	char text[64] = {0};
	int fd = open(path, O_RDONLY);

	return fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || strstr(text, CANARY) == NULL;
}

static int
attack_tcp(const char *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&in, sizeof(in)) != 0;
}

static int
attack_tcp6(const char *port)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)),
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	return connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&in, sizeof(in)) != 0;
}

/* A datagram is only sent: the answer proves that it arrived. */
static int
attack_udp(const char *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char c;

	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		return 1;
	/* Nobody answers a port that only listens for streams: refused means reached. */
	if (send(fd, "x", 1, 0) != 1 || poll(&p, 1, 500) != 1)
		return 1;
	return !(recv(fd, &c, 1, MSG_DONTWAIT) == 1);
}

static int
attack_abstract(const char *name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	memcpy(un.sun_path + 1, name, strlen(name));
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, n) != 0;
}

static int
attack_uring(const char *unused)
{
	char params[256] = {0};

	(void)unused;
	return syscall(SYS_io_uring_setup, 8, params) < 0;
}

static int
attack_keys(const char *unused)
{
	(void)unused;
	return syscall(SYS_add_key, "user", "canary", CANARY, 5L, -2L /* process keyring */) < 0;
}

/* Any process that can be seen: its "environ", or its "cmdline". */
static int
attack_proc(const char *file)
{
	static char text[1 << 20];
	DIR *d = opendir("/proc");
	struct dirent *e;
	char path[300];
	ssize_t n;
	int fd;

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%s/%s", e->d_name, file);
		fd = open(path, O_RDONLY);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text));
		if (n > 0 && memmem(text, (size_t)n, CANARY, strlen(CANARY)) != NULL)
			return 0;
		if (fd >= 0)
			close(fd);
	}
	return 1;
}

static int
attack_fork(const char *count)
{
	int n = atoi(count);
	int bad = 0;
	pid_t pid;

	while (n-- > 0 && !bad) {
		pid = fork();
		if (pid == 0) {
			pause();
			_exit(0);
		}
		bad = pid < 0;
	}
	return bad;
}

static int
attack_fill(const char *path)
{
	static char block[1 << 20];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	int i, bad = fd < 0;

	for (i = 0; i < 96 && !bad; i++)
		bad = write(fd, block, sizeof(block)) != (ssize_t)sizeof(block);
	unlink(path);
	return bad;
}

/* Leave the session, the group and the parent; hold a lock for ever. */
static int
attack_daemon(const char *path)
{
	int ready[2];
	char c;
	FILE *f;

	if (pipe(ready) != 0)
		return 1;
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		f = fopen(path, "w");
		if (f == NULL || flock(fileno(f), LOCK_EX) != 0)
			_exit(1);
		fprintf(f, "%d\n", (int)getpid());
		fflush(f);
		close(0), close(1), close(2);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	return read(ready[0], &c, 1) != 1;
}

static int
attack_userns(const char *unused)
{
	(void)unused;
	return unshare(CLONE_NEWUSER) != 0;
}

static const struct attack {
	const char *name;
	int (*run)(const char *arg);
} attacks[] = {
    {"write", attack_write}, {"read", attack_read}, {"tcp", attack_tcp}, {"tcp6", attack_tcp6},
    {"udp", attack_udp}, {"abstract", attack_abstract}, {"uring", attack_uring},
    {"keys", attack_keys}, {"proc", attack_proc}, {"fork", attack_fork},
    {"fill", attack_fill}, {"daemon", attack_daemon}, {"userns", attack_userns},
};

static int
attack_main(const char *name, const char *arg)
{
	size_t i;

	for (i = 0; i < NITEMS(attacks); i++) {
		if (strcmp(attacks[i].name, name) == 0)
			return attacks[i].run(arg);
	}
	return 99;
}

/* ---- how they are run ---- */

static bool
attack(struct ground *g, const char *name, const char *arg)
{
	char self[JAIL_SELF_PATH];
	const char *argv[] = {self, "--attack", name, arg, NULL};
	struct jail_cmd cmd = {.argv = argv, .max_out = KIB, .deadline_ms = 20000};
	struct proc_result r = {0};
	bool worked;

	OK(jail_self(&cmd.exe_fd, self));
	OK(jail_run(&g->policy, &g->view, &cmd, &r));
	close(cmd.exe_fd);
	if (r.status != 0 && r.status != 1)
		fail_msg("attack '%s' ended with %d: %s", name, r.status, buf_cstr(&r.err.b));
	worked = r.status == 0;
	proc_result_free(&r);
	return worked;
}

/* It fails; and with the defence off, where that can be, it does not. */
static void
stopped_by(struct ground *g, const char *defence, const char *name, const char *arg)
{
	if (attack(g, name, arg))
		fail_msg("attack '%s' succeeds", name);
#ifdef FACTORY_TESTING
	setenv("GIT_FACTORY_TEST_OFF", defence, 1);
	if (!attack(g, name, arg))
		fail_msg("attack '%s' fails even without '%s'", name, defence);
	unsetenv("GIT_FACTORY_TEST_OFF");
#else
	(void)defence;
#endif
}

/* ---- what does not: rows of THREATS ---- */

static int
listen_on(int family, char port[8])
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	socklen_t n = family == AF_INET ? sizeof(in) : sizeof(in6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, sa, n) != 0 || listen(fd, 8) != 0 || getsockname(fd, sa, &n) != 0) {
		close(fd);
		return -1;
	}
	snprintf(port, 8, "%d", ntohs(family == AF_INET ? in.sin_port : in6.sin6_port));
	return fd;
}

static void
t29_no_file_outside(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *target = path_join(g->outside, "x");
	AUTO(mem_free_p) char *known = path_join(g->outside, "known");
	int fd = open(known, O_WRONLY | O_CREAT, 0644);

	OK(file_write_all(fd, CANARY, strlen(CANARY)));
	close(fd);
	stopped_by(g, "jail-mounts", "write", target);
	stopped_by(g, "jail-mounts", "read", known);
}

static void
t30_no_network(void **state)
{
	struct ground *g = *state;
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char port[8], name[64];
	int fd = listen_on(AF_INET, port);

	assert_true(fd >= 0);
	stopped_by(g, "jail-network", "tcp", port);
	close(fd);
	fd = listen_on(AF_INET6, port);
	if (fd >= 0) {
		stopped_by(g, "jail-network", "tcp6", port);
		close(fd);
	}
	snprintf(name, sizeof(name), "canary-%d", (int)getpid());
	memcpy(un.sun_path + 1, name, strlen(name));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))), 0);
	assert_int_equal(listen(fd, 8), 0);
	stopped_by(g, "jail-network", "abstract", name);
	close(fd);
	says(g, "getent hosts example.com || echo unknown; ls /sys 2>/dev/null; wc -l < /proc/net/dev", 0,
	    "unknown\n3\n");
}

static void *
answer(int fd)
{
	struct sockaddr_in from;
	socklen_t n = sizeof(from);
	char c;

	while (recvfrom(fd, &c, 1, 0, (struct sockaddr *)&from, &n) == 1)
		sendto(fd, "y", 1, 0, (struct sockaddr *)&from, n);
	return NULL;
}

static void
t30_no_datagram(void **state)
{
	struct ground *g = *state;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char port[8];
	pid_t pid;

	assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	snprintf(port, sizeof(port), "%d", ntohs(in.sin_port));
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer(fd);
		_exit(0);
	}
	stopped_by(g, "jail-network", "udp", port);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

static void
t30_no_way_around_the_filter(void **state)
{
	struct ground *g = *state;
	char off = '0';
	int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY);

	if (fd >= 0) {
		assert_int_equal(read(fd, &off, 1), 1);
		close(fd);
	}
	if (off == '0')
		stopped_by(g, "jail-syscalls", "uring", "");
	else
		assert_false(attack(g, "uring", ""));
	stopped_by(g, "jail-syscalls", "keys", "");
	assert_false(attack(g, "userns", ""));
}

static void
t31_no_sandbox_no_run(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *path = mem_strdup(getenv("PATH"));
	const char *argv[] = {"/bin/sh", "-c", "echo ran", NULL};
	struct jail_cmd cmd = {.argv = argv, .max_out = KIB};
	struct proc_result r = {0};
	struct err *e;

	OK(jail_check(&g->policy));
	setenv("PATH", "/nonexistent", 1);
	e = jail_run(&g->policy, &g->view, &cmd, &r);
	assert_true(err_is(e, ERR_SANDBOX));
	assert_non_null(strstr(err_hint_of(e), "apt-get install bubblewrap"));
	err_free(e);
	FAILS(jail_check(&g->policy), ERR_SANDBOX);
#ifdef FACTORY_TESTING
	setenv("GIT_FACTORY_TEST_OFF", "jail-required", 1);
	OK(jail_run(&g->policy, &g->view, &cmd, &r));
	assert_string_equal(buf_cstr(&r.out.b), "ran\n");
	proc_result_free(&r);
#endif
	setenv("PATH", path, 1);
}

/* A process of the same user, outside, that has something worth having. */
static void
t32_no_foreign_process(void **state)
{
	struct ground *g = *state;
	const char *argv[] = {"/bin/sh", "-c", "sleep 600; :", CANARY, NULL};
	const char *env[] = {"KEY=" CANARY, NULL};
	struct proc_spec spec = {.argv = argv, .env = env};
	struct proc *victim = NULL;

	spec.enter.set_ids = g->view.uid != geteuid();
	spec.enter.uid = g->view.uid;
	spec.enter.gid = g->view.gid;
	OK(proc_start(&spec, &victim));
	clock_sleep_ms(50);
	stopped_by(g, "jail-pids", "proc", "cmdline");
	assert_false(attack(g, "proc", "environ"));
	proc_free(victim);
}

/* What bubblewrap itself was started with stays readable in /proc/1. */
static void
t32_no_inherited_environment(void **state)
{
	struct ground *g = *state;
	extern char **environ;
	char **old = environ;
	char *mine[] = {(char *)"PATH=/usr/bin:/bin", (char *)"KEY=" CANARY, NULL, NULL};

	assert_false(attack(g, "proc", "environ"));
	environ = mine;
	if (attack(g, "proc", "environ"))
		fail_msg("the environment of the caller is seen inside");
#ifdef FACTORY_TESTING
	mine[2] = (char *)"GIT_FACTORY_TEST_OFF=proc-env";
	if (!attack(g, "proc", "environ"))
		fail_msg("the environment is not seen even without 'proc-env'");
#endif
	environ = old;
}

static void
t34_no_descriptors(void **state)
{
	struct ground *g = *state;
	int leak = open("/etc/shadow", O_RDONLY);
	struct proc_result r;

	if (leak < 0)
		leak = open("/etc/passwd", O_RDONLY);
	assert_int_equal(dup2(leak, 77), 77);
	/* 3 is the folder that ls itself reads. */
	says(g, "ls /proc/self/fd | tr '\\n' ' '", 0, "0 1 2 3 ");
	r = inside(g, (struct jail_cmd){0}, "for p in /proc/[0-9]*; do ls -l $p/fd; done 2>/dev/null | "
	    "grep -cE 'shadow|passwd'");
	assert_string_equal(buf_cstr(&r.out.b), "0\n");
	proc_result_free(&r);
#ifdef FACTORY_TESTING
	setenv("GIT_FACTORY_TEST_OFF", "proc-fds", 1);
	says(g, "test -e /proc/self/fd/77 && echo leaked", 0, "leaked\n");
#endif
	close(leak);
	close(77);
}

static void
root_is_not_root_inside(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *file = path_join(g->work, "made");
	struct stat st;

	says(g, "touch made", 0, "");
	assert_int_equal(stat(file, &st), 0);
	assert_int_not_equal(st.st_uid, 0);
#ifdef FACTORY_TESTING
	if (geteuid() != 0)
		return;
	assert_int_equal(unlink(file), 0);
	assert_int_equal(chmod(g->work, 0777), 0);
	setenv("GIT_FACTORY_TEST_OFF", "jail-user", 1);
	says(g, "touch made", 0, "");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_uid, 0);
#endif
}

static void
fork_bombs_and_full_disks_are_limited(void **state)
{
	struct ground *g = *state;

	g->policy.nproc = 40;
	g->policy.tmp_bytes = MIB;
	stopped_by(g, "jail-limits", "fork", "100");
	stopped_by(g, "jail-limits", "fill", "/tmp/big");
	stopped_by(g, "jail-limits", "fill", "/dev/shm/big");
}

static bool
is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;

	close(fd);
	return locked;
}

static void
daemons_do_not_survive(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *lock = path_join(g->work, "lock");

	assert_true(attack(g, "daemon", "lock"));
	assert_int_equal(access(lock, F_OK), 0);
	assert_false(is_locked(lock));
#ifdef FACTORY_TESTING
	AUTO(buf_free) struct buf pid = BUF_INIT(64);

	setenv("GIT_FACTORY_TEST_OFF", "jail-pids", 1);
	assert_true(attack(g, "daemon", "lock"));
	assert_true(is_locked(lock));
	OK(file_read(AT_FDCWD, lock, &pid));
	assert_true(atoi(buf_cstr(&pid)) > 1);
	kill(atoi(buf_cstr(&pid)), SIGKILL);
#endif
}

/* THREATS, fault 28: kill -9 on us, in the middle of a command. */
static void
it_dies_with_us(void **state)
{
	struct ground *g = *state;
	const char *argv[] = {"/bin/sh", "-c", "exec 9> lock; flock 9; trap '' TERM; sleep 600 & wait", NULL};
	struct jail_cmd cmd = {.argv = argv, .max_out = KIB};
	AUTO(mem_free_p) char *lock = path_join(g->work, "lock");
	struct proc_result r;
	pid_t pid = fork();
	int tries;

	if (pid == 0) {
		err_ignore(jail_run(&g->policy, &g->view, &cmd, &r));
		_exit(0);
	}
	for (tries = 0; tries < 500 && (access(lock, F_OK) != 0 || !is_locked(lock)); tries++)
		clock_sleep_ms(10);
	assert_true(is_locked(lock));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (tries = 0; tries < 500 && is_locked(lock); tries++)
		clock_sleep_ms(10);
	assert_false(is_locked(lock));
}

/* So that a process of ours can be told from all others of this machine. */
static bool
lives(const char *word)
{
	AUTO(mem_free_p) char *script = mem_printf("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[%c]%s'", *word, word + 1);
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	struct proc_spec spec = {.argv = argv, .max_out = KIB};
	struct proc_result r = {0};
	bool any;

	OK(proc_run(&spec, &r));
	any = strcmp(buf_cstr(&r.out.b), "0\n") != 0;
	proc_result_free(&r);
	return any;
}

/*
 * The same at any moment of the start: before the sandbox is made, while it
 * waits for our word, and when it has begun.
 */
static void
it_dies_with_us_while_it_starts(void **state)
{
	struct ground *g = *state;
	int round, tries;

	for (round = 0; round < 24; round++) {
		AUTO(mem_free_p) char *word = mem_printf("31415926%d%d", round, getpid());
		const char *argv[] = {"/bin/sleep", word, NULL};
		struct jail_cmd cmd = {.argv = argv, .max_out = KIB};
		struct proc_result r;
		struct jail *j;
		pid_t pid = fork();

		if (pid == 0) {
			if (round == 0) {
				err_ignore(jail_launch(&g->policy, &g->view, &cmd, &j));
				clock_sleep_ms(300);
				raise(SIGKILL);
			}
			err_ignore(jail_run(&g->policy, &g->view, &cmd, &r));
			_exit(0);
		}
		if (round > 0) {
			usleep((useconds_t)round * 500);
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, 0);
		for (tries = 0; tries < 300 && lives(word); tries++)
			clock_sleep_ms(10);
		assert_false(lives(word));
	}
}

static void
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(2);
	close(fd);
}

/* A machine that closes user namespaces, made of a user namespace. */
static void
the_remedy_names_the_sysctl(void **state)
{
	struct ground *g = *state;
	char map[64];
	struct err *e;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(map, sizeof(map), "0 %d 1\n", (int)geteuid());
		/* After a change of user, /proc/self is root's. */
		prctl(PR_SET_DUMPABLE, 1);
		if (unshare(CLONE_NEWUSER) != 0)
			_exit(3);
		write_text("/proc/self/uid_map", map);
		write_text("/proc/sys/user/max_user_namespaces", "0\n");
		e = jail_check(&g->policy);
		_exit(err_is(e, ERR_SANDBOX) && strstr(err_hint_of(e), "max_user_namespaces=") ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static int
group(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(t29_no_file_outside), T(t30_no_network), T(t30_no_datagram),
	    T(t30_no_way_around_the_filter), T(t31_no_sandbox_no_run), T(t32_no_foreign_process),
	    T(t32_no_inherited_environment), T(t34_no_descriptors), T(root_is_not_root_inside),
	    T(fork_bombs_and_full_disks_are_limited), T(daemons_do_not_survive),
	    T(it_dies_with_us), T(it_dies_with_us_while_it_starts), T(the_remedy_names_the_sysctl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--attack") == 0)
		return attack_main(argv[2], argv[3]);
	return run_as_both(group);
}

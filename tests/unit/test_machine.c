/* machine and meter: one alone on this machine, and what a command takes there. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "jail_fixture.h"

#include "base/clock.h"
#include "base/file.h"
#include "sys/host.h"
#include "sys/machine.h"
#include "sys/meter.h"

static int64_t
now(void)
{
	struct clock c = clock_system();

	return clock_mono(&c);
}

/* The locks are those of this test alone. */
static int
own_cache(void **state)
{
	setup(state);
	setenv("XDG_CACHE_HOME", ((struct ground *)*state)->dir, 1);
	return 0;
}

/* Somebody else who holds it until it is told to end; 'got' reads a byte when it does. */
static pid_t
other(bool alone, int *got)
{
	struct machine m = MACHINE_INIT;
	struct err *e;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		e = alone ? machine_alone(60000, 0, &m) : machine_share(0, &m);
		if (e == NULL && write(ready[1], "x", 1) == 1)
			clock_sleep_ms(60000);
		_exit(1);
	}
	close(ready[1]);
	*got = ready[0];
	return pid;
}

static pid_t
holder(bool alone)
{
	int got;
	char c;
	pid_t pid = other(alone, &got);

	assert_int_equal(read(got, &c, 1), 1);
	close(got);
	return pid;
}

static void
end(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* Kill it, after a while and from another process. */
static pid_t
end_later(pid_t pid, int64_t ms)
{
	pid_t killer = fork();

	if (killer == 0) {
		clock_sleep_ms(ms);
		_exit(kill(pid, SIGKILL));
	}
	return killer;
}

static void
reap(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
test_many_share(void **state)
{
	struct machine m = MACHINE_INIT;
	pid_t pid = holder(false);

	(void)state;
	OK(machine_share(0, &m));
	assert_true(m.lock >= 0);
	assert_int_equal(m.door, -1);
	machine_leave(&m);
	end(pid);
}

static void
test_alone_waits(void **state)
{
	struct machine m = MACHINE_INIT;
	pid_t pid = holder(false), killer;
	int64_t start = now();
	struct err *e = machine_alone(50, 0, &m);

	(void)state;
	assert_true(err_is(e, ERR_TIMEOUT));
	assert_true(now() - start >= 50);
	assert_int_equal(m.lock, -1);
	err_free(e);
	killer = end_later(pid, 200);
	OK(machine_alone(60000, 0, &m));
	assert_true(now() - start >= 250);
	machine_leave(&m);
	reap(killer);
	reap(pid);
}

static void
test_sharing_waits(void **state)
{
	struct machine m = MACHINE_INIT;
	pid_t pid = holder(true), killer;
	int64_t start = now();

	(void)state;
	killer = end_later(pid, 200);
	OK(machine_share(0, &m));
	assert_true(now() - start >= 200);
	assert_true(m.lock >= 0);
	machine_leave(&m);
	reap(killer);
	reap(pid);
}

/* Until somebody stands in the door. */
static void
await_door(const struct ground *g)
{
	AUTO(mem_free_p) char *host = host_name();
	AUTO(mem_free_p) char *path = mem_printf("%s/git-factory/machine.%s.door", g->dir, host);
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	while (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		flock(fd, LOCK_UN);
		clock_sleep_ms(5);
	}
	close(fd);
}

/* Who wants to be alone is not passed by those who come later. */
static void
test_no_starving(void **state)
{
	struct machine late = MACHINE_INIT;
	pid_t first = holder(false), waits, killers[2];
	int got;
	char c;

	waits = other(true, &got);
	await_door(*state);
	killers[0] = end_later(first, 100);
	killers[1] = end_later(waits, 2000);
	OK(machine_share(0, &late));
	assert_int_equal(fcntl(got, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(got, &c, 1), 1);
	machine_leave(&late);
	close(got);
	reap(killers[0]);
	reap(killers[1]);
	reap(first);
	reap(waits);
}

static void
test_cancelled(void **state)
{
	struct machine m = MACHINE_INIT;
	pid_t pid = holder(true);
	struct err *e;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	e = machine_share(fds[0], &m);
	assert_true(err_is(e, ERR_INTERRUPTED));
	err_free(e);
	close(fds[0]);
	close(fds[1]);
	end(pid);
}

static void
test_no_home(void **state)
{
	struct machine m = MACHINE_INIT;
	struct err *e;

	(void)state;
	setenv("XDG_CACHE_HOME", "/dev/null/x", 1);
	OK(machine_share(0, &m));
	assert_int_equal(m.lock, -1);
	e = machine_alone(10, 0, &m);
	assert_true(err_is(e, ERR_NOT_FOUND));
	assert_non_null(err_hint_of(e));
	err_free(e);
}

/* A killed process and one of a jail give it back. */
static void
test_jail_shares(void **state)
{
	struct ground *g = *state;
	struct machine m = MACHINE_INIT;
	const char *argv[] = {"/bin/sh", "-c", "sleep 60", NULL};
	struct jail_cmd cmd = {.argv = argv, .shares = true, .max_out = KIB};
	struct jail *j;
	struct err *e;

	OK(jail_start(&g->policy, &g->view, &cmd, &j));
	e = machine_alone(20, 0, &m);
	assert_true(err_is(e, ERR_TIMEOUT));
	err_free(e);
	jail_stop(j);
	OK(machine_alone(20, 0, &m));
	machine_leave(&m);
}

/* ---- the meter ---- */

static struct proc_result
metered(struct ground *g, const char *command)
{
	char path[JAIL_SELF_PATH];
	const char *argv[] = {path, "--meter", command, NULL};
	struct jail_cmd cmd = {.argv = argv, .max_out = 64 * KIB};
	struct proc_result r = {0};
	AUTO(fd_close_p) int self = -1;

	OK(jail_self(&self, path));
	cmd.exe_fd = self;
	OK(jail_run(&g->policy, &g->view, &cmd, &r));
	return r;
}

static struct usage
took(struct ground *g, const char *command)
{
	struct proc_result r = metered(g, command);
	struct usage u = {0};

	assert_int_equal(r.status, 0);
	if (!meter_read(buf_str(&r.out.b), &u))
		fail_msg("'%s' told '%s'", command, buf_cstr(&r.out.b));
	proc_result_free(&r);
	return u;
}

static void
test_meter(void **state)
{
	struct usage u = took(*state, "sleep 0.2; exit 3");

	assert_int_equal(u.status, 3);
	assert_in_range(u.wall_ns, 200000000, 60000000000);
	assert_true(u.cpu_ns < 100000000);
	u = took(*state, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
	assert_int_equal(u.status, 0);
	assert_true(u.cpu_ns > 20000000);
	u = took(*state, "head -c 64000000 /dev/zero | tail -n 1 >/dev/null");
	assert_in_range(u.peak_bytes, 60 * MIB, 600 * MIB);
}

/* What a command starts and leaves behind counts up to its end. */
static void
test_meter_children(void **state)
{
	struct usage u = took(*state, "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done) & wait");

	assert_true(u.cpu_ns > 20000000);
	u = took(*state, "setsid sh -c 'while :; do :; done' & sleep 1");
	assert_true(u.cpu_ns > 15000000);
	assert_in_range(u.wall_ns, 1000000000, 60000000000);
}

static void
test_meter_output(void **state)
{
	struct proc_result r = metered(*state, "echo out; echo err >&2");
	struct usage u;

	assert_true(meter_read(buf_str(&r.out.b), &u));
	assert_string_equal(buf_cstr(&r.err.b), "out\nerr\n");
	proc_result_free(&r);
}

/* Neither through its descriptors nor by ending it. */
static void
test_meter_is_closed(void **state)
{
	struct proc_result r = metered(*state, "for f in /proc/$PPID/fd/*; do echo 'meter 0 1 1 1' >$f; done");
	struct usage u;

	assert_true(meter_read(buf_str(&r.out.b), &u));
	assert_true(u.wall_ns > 1000);
	proc_result_free(&r);
	r = metered(*state, "echo 'meter 0 1 1 1' >/proc/1/fd/1");
	assert_true(!meter_read(buf_str(&r.out.b), &u) || u.wall_ns > 1000);
	proc_result_free(&r);
	r = metered(*state, "echo 'meter 0 1 1 1' >/proc/1/fd/1; kill -9 $PPID");
	assert_int_not_equal(r.status, 0);
	proc_result_free(&r);
}

static void
test_meter_read(void **state)
{
	static const char *const bad[] = {"", "meter", "meter 0 1 2 3", "meter 0 1 2\n", "meter 0 1 2 3 4\n",
	    "meter 0 1 2 3\nmeter 0 1 2 3\n", "meter 256 1 2 3\n", "meter 0 -1 2 3\n", "meter 0 1 2 99999999999999999999\n",
	    "xmeter 0 1 2 3\n", "meter 0 1 2 \n", "meter 0  1 2 3\n"};
	struct usage u;
	size_t i;

	(void)state;
	assert_true(meter_read(STR("meter 7 1 2 3\n"), &u));
	assert_int_equal(u.status, 7);
	assert_int_equal(u.wall_ns, 1);
	assert_int_equal(u.cpu_ns, 2);
	assert_int_equal(u.peak_bytes, 3);
	for (i = 0; i < NITEMS(bad); i++)
		assert_false(meter_read(str_of(bad[i]), &u));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, own_cache, teardown)

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
	    TEST(test_many_share),
	    TEST(test_alone_waits),
	    TEST(test_sharing_waits),
	    TEST(test_no_starving),
	    TEST(test_cancelled),
	    TEST(test_no_home),
	    TEST(test_jail_shares),
	    TEST(test_meter),
	    TEST(test_meter_children),
	    TEST(test_meter_output),
	    TEST(test_meter_is_closed),
	    cmocka_unit_test(test_meter_read),
	};

	if (argc == 3 && strcmp(argv[1], "--meter") == 0)
		return meter_main(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* proc: what a child gets, what comes back, and that it ends. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "sys/capture.h"
#include "sys/proc.h"

static const char *const env[] = {"PATH=/usr/bin:/bin", "COLOUR=blue", NULL};

static void
ok(struct err *e)
{
	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static struct proc_result
sh(const char *script, struct proc_spec spec)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct proc_result r = {0};

	spec.argv = argv;
	spec.env = env;
	if (spec.max_out == 0)
		spec.max_out = MIB;
	ok(proc_run(&spec, &r));
	return r;
}

static void
test_output_and_status(void **state)
{
	struct proc_result r = sh("echo out; echo err >&2; exit 3", (struct proc_spec){0});

	(void)state;
	assert_int_equal(r.status, 3);
	assert_int_equal(r.signal, 0);
	assert_string_equal(buf_cstr(&r.out.b), "out\n");
	assert_string_equal(buf_cstr(&r.err.b), "err\n");
	assert_int_equal(r.out.dropped, 0);
	proc_result_free(&r);
}

static void
test_environment_is_exactly_ours(void **state)
{
	const char *argv[] = {"/usr/bin/env", NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .max_out = MIB};
	struct proc_result r = {0};

	(void)state;
	setenv("CANARY", "sesame", 1);
	ok(proc_run(&spec, &r));
	assert_string_equal(buf_cstr(&r.out.b), "PATH=/usr/bin:/bin\nCOLOUR=blue\n");
	proc_result_free(&r);
	spec.env = NULL;
	ok(proc_run(&spec, &r));
	assert_string_equal(buf_cstr(&r.out.b), "");
	proc_result_free(&r);
}

static void
test_no_inherited_descriptors(void **state)
{
	int leak = open("/etc/passwd", O_RDONLY); /* not close-on-exec */
	int keep = fcntl(leak, F_DUPFD_CLOEXEC, 40);
	int list[] = {keep, -1};
	struct proc_result r;

	(void)state;
	r = sh("ls /proc/self/fd | wc -l; ls -l /proc/$$/fd | grep -c passwd", (struct proc_spec){0});
	/* 0, 1, 2 and the one that ls reads the folder with */
	assert_string_equal(buf_cstr(&r.out.b), "4\n0\n");
	proc_result_free(&r);
	r = sh("test -e /proc/self/fd/40 && echo kept", (struct proc_spec){.keep_fds = list});
	assert_string_equal(buf_cstr(&r.out.b), "kept\n");
	proc_result_free(&r);
	close(leak);
	close(keep);
}

static void
test_input(void **state)
{
	char *big = malloc(3 * MIB);
	struct proc_result r;

	(void)state;
	memset(big, 'x', 3 * MIB);
	r = sh("wc -c", (struct proc_spec){.input = {big, 3 * MIB}});
	assert_int_equal(atoi(buf_cstr(&r.out.b)), 3 * MIB);
	proc_result_free(&r);
	/* Who never reads does not hold us up. */
	r = sh("exit 0", (struct proc_spec){.input = {big, 3 * MIB}});
	assert_int_equal(r.status, 0);
	proc_result_free(&r);
	r = sh("cat", (struct proc_spec){0});
	assert_int_equal(r.out.b.n, 0);
	proc_result_free(&r);
	free(big);
}

static void
test_output_ceiling(void **state)
{
	struct proc_result r;

	(void)state;
	r = sh("seq 1 200000", (struct proc_spec){.max_out = 100, .tail = 40});
	assert_int_equal(r.status, 0);
	assert_int_equal(r.out.b.n, 100);
	assert_int_equal(r.out.gap, 60);
	assert_int_equal(r.out.dropped, 1288895 - 100);
	assert_memory_equal(r.out.b.p, "1\n2\n3\n", 6);
	assert_memory_equal(r.out.b.p + 93, "200000\n", 7);
	proc_result_free(&r);
	r = sh("seq 1 5", (struct proc_spec){.max_out = 12, .tail = 4});
	assert_string_equal(buf_cstr(&r.out.b), "1\n2\n3\n4\n5\n");
	assert_int_equal(r.out.dropped, 0);
	proc_result_free(&r);
}

static void
count(void *arg, int fd, const char *p, size_t n)
{
	(void)p;
	((size_t *)arg)[fd] += n;
}

static void
test_output_callback(void **state)
{
	size_t seen[3] = {0};
	struct proc_result r;

	(void)state;
	r = sh("seq 1 1000; echo four >&2", (struct proc_spec){.max_out = 1, .on_output = count, .arg = seen});
	assert_int_equal(seen[1], 3893);
	assert_int_equal(seen[2], 5);
	proc_result_free(&r);
	r = sh("echo a; echo b >&2", (struct proc_spec){.err_to_out = true});
	assert_string_equal(buf_cstr(&r.out.b), "a\nb\n");
	proc_result_free(&r);
}

static void
test_deadline_kills_who_ignores_term(void **state)
{
	struct proc_result r;
	struct err *e;

	(void)state;
	r = sh("trap '' TERM; while :; do sleep 0.05; done",
	    (struct proc_spec){.deadline_ms = 100, .grace_ms = 100});
	assert_true(r.timed_out);
	assert_int_equal(r.signal, SIGKILL);
	assert_true(r.ms < 2000);
	e = proc_check(&r, "loop");
	assert_true(err_is(e, ERR_TIMEOUT));
	err_free(e);
	proc_result_free(&r);
	/* TERM gives a chance to clean up. */
	r = sh("trap 'echo bye; exit 5' TERM; while :; do sleep 0.05; done",
	    (struct proc_spec){.deadline_ms = 100});
	assert_int_equal(r.status, 5);
	assert_string_equal(buf_cstr(&r.out.b), "bye\n");
	proc_result_free(&r);
}

static void
test_group_dies_with_the_child(void **state)
{
	struct proc_result r = sh("sleep 600 & echo $!", (struct proc_spec){0});
	pid_t pid = (pid_t)atoi(buf_cstr(&r.out.b));
	int tries;

	(void)state;
	assert_true(pid > 1);
	assert_true(r.ms < 900);	/* its hold on the pipe did not keep us */
	for (tries = 0; tries < 100 && kill(pid, 0) == 0; tries++) {
		char path[32], c = 0;
		FILE *f;

		/* Dead but not yet reaped by init counts as dead. */
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "r");
		if (f == NULL || (fscanf(f, "%*d (%*[^)]) %c", &c) == 1 && c == 'Z'))
			tries = 1000;
		if (f != NULL)
			fclose(f);
		clock_sleep_ms(10);
	}
	assert_true(tries != 100);
	proc_result_free(&r);
}

static void
test_cancel(void **state)
{
	int ends[2];
	struct proc_result r;
	struct err *e;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	r = sh("sleep 600", (struct proc_spec){.cancel_fd = ends[0]});
	assert_true(r.cancelled);
	assert_true(r.ms < 2000);
	e = proc_check(&r, "sleep");
	assert_true(err_is(e, ERR_INTERRUPTED));
	err_free(e);
	proc_result_free(&r);
	close(ends[0]);
	close(ends[1]);
}

static void
test_dies_with_parent(void **state)
{
	int ends[2];
	char c;
	pid_t parent;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		const char *argv[] = {"sleep", "600", NULL};
		int keep[] = {ends[1], -1};
		struct proc_spec spec = {.argv = argv, .env = env, .keep_fds = keep};
		struct proc *p;

		if (proc_start(&spec, &p) != NULL)
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	waitpid(parent, NULL, 0);
	/* The end comes when the last holder of the pipe has died. */
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static void
test_pipes(void **state)
{
	const char *argv[] = {"cat", NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .pipe_in = true, .pipe_out = true, .max_out = KIB};
	struct proc_result r = {0};
	struct proc *p = NULL;
	char got[8] = {0};

	(void)state;
	ok(proc_start(&spec, &p));
	assert_int_equal(write(proc_in(p), "ping", 4), 4);
	assert_int_equal(read(proc_out(p), got, sizeof(got)), 4);
	assert_string_equal(got, "ping");
	ok(proc_wait(p, &r));
	assert_int_equal(r.status, 0);
	proc_result_free(&r);
	proc_free(p);
}

static void
test_limits_and_cwd(void **state)
{
	struct proc_limit limits[] = {{RLIMIT_NOFILE, 77}, {RLIMIT_CORE, 0}};
	struct proc_result r;

	(void)state;
	r = sh("ulimit -n; ulimit -c; pwd", (struct proc_spec){.limits = limits, .nlimits = 2, .cwd = "/usr/bin"});
	assert_string_equal(buf_cstr(&r.out.b), "77\n0\n/usr/bin\n");
	proc_result_free(&r);
}

static void
test_signals_are_reset(void **state)
{
	sigset_t set, old;
	struct proc_result r;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGUSR2, SIG_IGN);
	/* glibc keeps 32 and 33 for itself: nobody can reset what a parent ignored of them. */
	r = sh("grep -E 'Sig(Blk|Ign)' /proc/self/status | sed 's/0000000180000000$/0000000000000000/' | tr -d '\\n\\t'",
	    (struct proc_spec){0});
	assert_string_equal(buf_cstr(&r.out.b), "SigBlk:0000000000000000SigIgn:0000000000000000");
	proc_result_free(&r);
	signal(SIGUSR2, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void
test_failures(void **state)
{
	const char *nowhere[] = {"no-such-program-here", NULL};
	const char *no_exec[] = {"/etc/passwd", NULL};
	const char *fine[] = {"true", NULL};
	struct proc_spec spec = {.argv = nowhere, .env = env};
	struct proc_result r = {0};
	struct err *e;

	(void)state;
	e = proc_run(&spec, &r);
	assert_true(err_is(e, ERR_COMMAND));
	assert_string_equal(err_msg(e), "'no-such-program-here' is not installed or not on PATH");
	err_free(e);
	spec.argv = no_exec;
	e = proc_run(&spec, &r);
	assert_true(err_is(e, ERR_COMMAND));
	assert_non_null(strstr(err_msg(e), "cannot execute '/etc/passwd'"));
	err_free(e);
	spec.argv = fine;
	spec.cwd = "/no/such/folder";
	e = proc_run(&spec, &r);
	assert_true(err_is(e, ERR_IO));
	assert_non_null(strstr(err_msg(e), "cannot enter the working folder of 'true'"));
	err_free(e);
	r = sh("echo first >&2; echo second >&2; exit 2", (struct proc_spec){0});
	e = proc_check(&r, "thing");
	assert_string_equal(err_msg(e), "'thing' exited with status 2: first");
	err_free(e);
	proc_result_free(&r);
	r = sh("kill -SEGV $$", (struct proc_spec){0});
	assert_int_equal(r.status, 128 + SIGSEGV);
	e = proc_check(&r, "thing");
	assert_true(err_is(e, ERR_COMMAND));
	err_free(e);
	proc_result_free(&r);
}

static void
test_nothing_left_open(void **state)
{
	struct proc_result r;
	int before, after;

	(void)state;
	before = dup(0);
	close(before);
	r = sh("cat", (struct proc_spec){.input = STR("hello")});
	proc_result_free(&r);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static struct proc *
start(const char *script, int64_t deadline_ms)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .max_out = MIB, .deadline_ms = deadline_ms};
	struct proc *p;

	ok(proc_start(&spec, &p));
	return p;
}

/* Who ends first comes first; what the others write meanwhile is not lost. */
static void
test_several_at_once(void **state)
{
	static const char *const said[] = {"quick\n", "much", "never"};
	struct proc *v[] = {
	    start("sleep 0.3; head -c 200000 /dev/zero | tr '\\0' x; sleep 0.3; echo much >&2", 0),
	    start("echo quick", 0), start("echo never; exec sleep 100", 800)};
	size_t order[] = {0, 1, 2}, n = 3, which, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct proc_result r;
		static const size_t expected[] = {1, 0, 2};

		ok(proc_wait_any(v, n, &which, &r));
		assert_int_equal(order[which], expected[i]);
		if (i == 1) {
			assert_int_equal(r.out.b.n, 200000);
			assert_string_equal(buf_cstr(&r.err.b), "much\n");
		} else {
			assert_non_null(strstr(buf_cstr(&r.out.b), said[i]));
		}
		assert_int_equal(r.timed_out, i == 2);
		proc_result_free(&r);
		proc_free(v[which]);
		v[which] = v[--n];
		order[which] = order[n];
	}
}

static bool
count_to_three(void *arg)
{
	int *n = arg;

	return ++*n < 3;
}

/* Until it has nothing left; the next wait asks again. */
static void
test_meanwhile(void **state)
{
	struct proc_result r;
	int n = 0, waits;

	(void)state;
	proc_meanwhile(count_to_three, &n);
	for (waits = 1; waits <= 2; waits++) {
		struct proc *p = start("sleep 0.2; echo said", 0);

		ok(proc_wait(p, &r));
		assert_string_equal(buf_cstr(&r.out.b), "said\n");
		assert_int_equal(n, 3 * waits - (waits - 1) * 2);
		proc_result_free(&r);
		proc_free(p);
	}
	proc_meanwhile(NULL, NULL);
}

static void
test_find(void **state)
{
	char *p = proc_find("/no/where:relative:/usr/bin", "env");

	(void)state;
	assert_string_equal(p, "/usr/bin/env");
	free(p);
	assert_null(proc_find("/usr/bin", "no-such-program-here"));
	assert_null(proc_find("bin:.", "env"));
}

static void
test_capture_tail(void **state)
{
	struct capture c;
	struct proc_output o;
	int i;

	(void)state;
	capture_init(&c, 10, 10);
	for (i = 0; i < 1000; i++)
		capture_add(&c, &"0123456789"[i % 10], 1);
	capture_add(&c, "abcd", 4);
	capture_end(&c, &o);
	assert_int_equal(o.gap, 0);
	assert_int_equal(o.dropped, 994);
	assert_string_equal(buf_cstr(&o.b), "456789abcd");
	buf_free(&o.b);
	capture_init(&c, 0, 0);
	capture_add(&c, "abcd", 4);
	capture_end(&c, &o);
	assert_int_equal(o.dropped, 4);
	buf_free(&o.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_output_and_status),
	    cmocka_unit_test(test_environment_is_exactly_ours),
	    cmocka_unit_test(test_no_inherited_descriptors),
	    cmocka_unit_test(test_input),
	    cmocka_unit_test(test_output_ceiling),
	    cmocka_unit_test(test_output_callback),
	    cmocka_unit_test(test_deadline_kills_who_ignores_term),
	    cmocka_unit_test(test_group_dies_with_the_child),
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_dies_with_parent),
	    cmocka_unit_test(test_pipes),
	    cmocka_unit_test(test_limits_and_cwd),
	    cmocka_unit_test(test_signals_are_reset),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_nothing_left_open),
	    cmocka_unit_test(test_several_at_once),
	    cmocka_unit_test(test_meanwhile),
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_capture_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

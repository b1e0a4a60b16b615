/* kin: whoever left the group, the session and the parent is found all the same. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/kin.h"
#include "sys/proc.h"

#ifdef __linux__
/*
 * Prints the ids of: one that ignores TERM, one in a session of its own, one
 * whose parent ended twice over, and one that goes on making more.
 */
static const char *const brood =
    "(trap '' TERM HUP INT; echo $$ >/dev/null; exec sleep 300) & echo $!\n"
    "setsid sh -c 'echo $$; exec sleep 300' &\n"
    "(setsid sh -c '(setsid sh -c \"trap : TERM; echo \\$\\$; sleep 300; sleep 300\" &)' &)\n"
    "setsid sh -c 'echo $$; while :; do (setsid sleep 300 &); sleep 0.05; done' &\n"
    "sleep 0.3; echo ready; exec sleep 300\n";

#define PIDS 4

static struct proc *
start_brood(pid_t pids[PIDS])
{
	const char *argv[] = {"sh", "-c", brood, NULL};
	const char *env[] = {"PATH=/usr/bin:/bin", NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .pipe_out = true, .adopts = true};
	struct proc *p = NULL;
	char text[4096] = "";
	struct str rest, line;
	size_t have = 0;
	int64_t pid;
	ssize_t n;
	int i;

	assert_null(proc_start(&spec, &p));
	while (strstr(text, "ready") == NULL) {
		n = read(proc_out(p), text + have, sizeof(text) - have - 1);
		assert_true(n > 0);
		have += (size_t)n;
		text[have] = '\0';
	}
	rest = str_of(text);
	for (i = 0; i < PIDS; i++) {
		assert_true(str_line(&rest, &line));
		assert_true(str_int(line, 2, INT32_MAX, &pid));
		pids[i] = (pid_t)pid;
		assert_int_equal(kill(pids[i], 0), 0);
	}
	return p;
}

static void
assert_gone(const pid_t pids[PIDS])
{
	int i;

	for (i = 0; i < PIDS; i++) {
		/* Whoever inherits it may need a moment to reap it. */
		char path[64];
		int tries;

		for (tries = 0; tries < 200; tries++) {
			char state = 0;
			FILE *f;

			snprintf(path, sizeof(path), "/proc/%d/stat", (int)pids[i]);
			f = fopen(path, "r");
			if (f == NULL)
				break;
			if (fscanf(f, "%*d %*s %c", &state) != 1)
				state = 0;
			fclose(f);
			if (state == 0 || state == 'Z')
				break;
			clock_sleep_ms(10);
		}
		if (tries == 200)
			fail_msg("process %d of the brood, the %d., lives", (int)pids[i], i + 1);
	}
}

static void
test_kill(void **state)
{
	pid_t pids[PIDS];
	struct proc *p = start_brood(pids);

	(void)state;
	assert_true(kin_kill(proc_pid(p)));
	proc_free(p);
	assert_gone(pids);
}

/* Killed first, it leaves its brood to us: a sweep finds it, and spares the other. */
static void
test_sweep(void **state)
{
	pid_t pids[PIDS], others[PIDS], keep;
	struct proc *p, *spared;
	int i;

	(void)state;
	kin_adopt();
	spared = start_brood(others);
	p = start_brood(pids);
	kill(proc_pid(p), SIGKILL);
	proc_free(p);
	keep = proc_pid(spared);
	assert_true(kin_sweep(&keep, 1));
	assert_gone(pids);
	for (i = 0; i < PIDS; i++)
		assert_int_equal(kill(others[i], 0), 0);
	assert_true(kin_kill(keep));
	proc_free(spared);
	assert_true(kin_sweep(NULL, 0));
	assert_gone(others);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Who came to us from others is reaped; a child of our own keeps its exit status. */
static void
test_reap(void **state)
{
	const char *env[] = {"PATH=/usr/bin:/bin", NULL};
	const char *orphans[] = {"sh", "-c", "(sleep 0.05 &); setsid sh -c 'sleep 0.05 & exec sleep 0.05' & exit 0", NULL};
	const char *seven[] = {"sh", "-c", "exit 7", NULL};
	struct proc_spec spec = {.argv = orphans, .env = env};
	struct proc_result r = {0};
	struct proc *own = NULL;
	siginfo_t si;
	int tries;

	(void)state;
	kin_adopt();
	kin_reap();
	assert_null(proc_run(&spec, &r));
	proc_result_free(&r);
	spec.argv = seven;
	assert_null(proc_start(&spec, &own));
	clock_sleep_ms(300);
	kin_reap();
	/* The only child that is left is our own. */
	for (tries = 0; tries < 3; tries++) {
		memset(&si, 0, sizeof(si));
		assert_int_equal(waitid(P_ALL, 0, &si, WEXITED | WNOWAIT), 0);
		assert_int_equal(si.si_pid, proc_pid(own));
	}
	assert_null(proc_wait(own, &r));
	assert_int_equal(r.status, 7);
	proc_result_free(&r);
	proc_free(own);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* What stands between is not seen: what the program came to, wrote and was sent is its own. */
static void
test_between(void **state)
{
	const char *env[] = {"PATH=/usr/bin:/bin", NULL};
	const char *seven[] = {"sh", "-c", "cat; exit 7", NULL}, *killed[] = {"sh", "-c", "kill -USR1 $$", NULL};
	const char *hangs[] = {"sh", "-c", "trap '' TERM; (setsid sleep 300 &); echo on; sleep 300; sleep 300", NULL};
	const char *nothing[] = {"/nowhere/at-all", NULL};
	struct proc_spec spec = {.argv = seven, .env = env, .reaper = true, .max_out = 100, .input = STR("said")};
	struct proc_result r = {0};
	struct err *e;

	(void)state;
	kin_adopt();
	assert_null(proc_run(&spec, &r));
	assert_int_equal(r.status, 7);
	assert_string_equal(buf_cstr(&r.out.b), "said");
	proc_result_free(&r);
	spec.argv = killed;
	assert_null(proc_run(&spec, &r));
	assert_int_equal(r.signal, SIGUSR1);
	assert_int_equal(r.status, 128 + SIGUSR1);
	proc_result_free(&r);
	spec.argv = hangs;
	spec.deadline_ms = 300;
	spec.grace_ms = 100;
	assert_null(proc_run(&spec, &r));
	assert_true(r.timed_out);
	assert_string_equal(buf_cstr(&r.out.b), "on\n");
	proc_result_free(&r);
	spec.argv = nothing;
	e = proc_run(&spec, &r);
	assert_int_equal(err_code(e), ERR_COMMAND);
	err_free(e);
	assert_true(kin_sweep(NULL, 0));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* In a copy of us that is killed: what stands between takes all along. */
static void
start_and_wait(int fd)
{
	const char *argv[] = {"sh", "-c", brood, NULL};
	const char *env[] = {"PATH=/usr/bin:/bin", NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .pipe_out = true, .reaper = true};
	struct proc *p = NULL;
	char text[4096];
	ssize_t n;

	kin_adopt();
	err_ignore(proc_start(&spec, &p));
	while (p != NULL && (n = read(proc_out(p), text, sizeof(text))) > 0)
		if (write(fd, text, (size_t)n) != n)
			break;
	pause();
}

static void
test_killed(void **state)
{
	char text[4096] = "";
	struct str rest, line;
	pid_t pids[PIDS], pid;
	size_t have = 0;
	int64_t number;
	int ends[2], i;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_null(proc_copy(start_and_wait, ends[1], &pid));
	close(ends[1]);
	while (strstr(text, "ready") == NULL) {
		n = read(ends[0], text + have, sizeof(text) - have - 1);
		assert_true(n > 0);
		have += (size_t)n;
		text[have] = '\0';
	}
	close(ends[0]);
	rest = str_of(text);
	for (i = 0; i < PIDS; i++) {
		assert_true(str_line(&rest, &line));
		assert_true(str_int(line, 2, INT32_MAX, &number));
		pids[i] = (pid_t)number;
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_gone(pids);
}

#endif

static void
test_nobody(void **state)
{
	(void)state;
	assert_true(kin_sweep(NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
#ifdef __linux__
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_reap),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_killed),
#endif
	};

	return cmocka_run_group_tests_name("kin", tests, NULL, NULL);
}

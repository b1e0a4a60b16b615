/* sigs: the first signal asks, the second ends. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "sys/proc.h"
#include "sys/sigs.h"

static int
readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0);
}

static void
test_first_asks(void **state)
{
	struct err *e;

	(void)state;
	assert_null(sigs_open());
	assert_null(sigs_open());
	assert_true(sigs_fd() > 2);
	assert_int_equal(readable(sigs_fd()), 0);
	assert_null(sigs_check());
	raise(SIGTERM);
	assert_int_equal(*sigs_flag(), SIGTERM);
	assert_int_equal(readable(sigs_fd()), 1);
	assert_int_equal(readable(sigs_fd()), 1);
	e = sigs_check();
	assert_int_equal(err_status(e), 130);
	err_free(e);
	sigs_close();
	assert_int_equal(sigs_fd(), 0);
	assert_null(sigs_check());
}

static void
test_second_ends(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		err_ignore(sigs_open());
		raise(SIGINT);
		raise(SIGINT);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

static void
test_ignored_stays_ignored(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_null(sigs_open());
	raise(SIGHUP);
	assert_int_equal(*sigs_flag(), 0);
	sigs_close();
	signal(SIGHUP, SIG_DFL);
}

static void
test_stops_a_child(void **state)
{
	const char *argv[] = {"/bin/sh", "-c", "kill -INT $PPID; exec sleep 600", NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc_result r = {0};

	(void)state;
	assert_null(sigs_open());
	spec.cancel_fd = sigs_fd();
	assert_null(proc_run(&spec, &r));
	assert_true(r.cancelled);
	proc_result_free(&r);
	sigs_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_asks),
	    cmocka_unit_test(test_second_ends),
	    cmocka_unit_test(test_ignored_stays_ignored),
	    cmocka_unit_test(test_stops_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

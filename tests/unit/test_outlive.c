/* outlive: a step that a kill of this process does not stop. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "sys/outlive.h"

struct seen {
	int fd;
	char *text;
	pid_t pid, group;
};

static void
not_called(void *arg)
{
	(void)arg;
	fail();
}

static struct err *
look_around(void *arg)
{
	struct seen *s = arg;

	s->pid = getpid();
	s->group = getpgrp();
	s->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->text = mem_strdup("made there");
	return err_hint(err_new(ERR_CONFLICT, "said there"), "and meant");
}

/* Memory and descriptors are ours; nothing is left of the child. */
static void
test_its_work_is_ours(void **state)
{
	struct seen s = {.fd = -1};
	struct err *e = outlive_run(look_around, not_called, &s);

	(void)state;
	assert_true(err_is(e, ERR_CONFLICT));
	assert_string_equal(err_msg(e), "said there");
	err_free(e);
	assert_string_equal(s.text, "made there");
	free(s.text);
	assert_true(fcntl(s.fd, F_GETFD) >= 0);
	close(s.fd);
#ifdef __linux__
	assert_int_not_equal(s.pid, getpid());
	assert_int_equal(s.group, s.pid);
#endif
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#ifdef __linux__

static int began[2], ended[2];

/* Waits for its parent's end: it has another one then. */
static struct err *
go_on(void *arg)
{
	pid_t parent = getppid();
	int i;

	(void)arg;
	if (write(began[1], "b", 1) != 1)
		return err_sys("cannot say so");
	for (i = 0; i < 1000 && getppid() == parent; i++)
		poll(NULL, 0, 10);
	if (getppid() != parent && write(ended[1], "e", 1) != 1)
		return err_sys("cannot say so");
	return NULL;
}

static struct err *
be_killed(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
	return NULL;
}

static struct err *
give_up(void *arg)
{
	(void)arg;
	_exit(3);
}

static void
undo(void *arg)
{
	(void)arg;
	if (write(ended[1], "u", 1) != 1)
		_exit(4);
}

static pid_t
process_of(struct err *(*fn)(void *arg))
{
	pid_t pid = fork();

	if (pid == 0) {
		err_ignore(outlive_run(fn, undo, NULL));
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void
test_a_kill_does_not_stop_it(void **state)
{
	int signals[] = {SIGTERM, SIGKILL}, status, i;
	char said;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(began), 0);
	assert_int_equal(pipe(ended), 0);
	pid = process_of(go_on);
	assert_int_equal(read(began[0], &said, 1), 1);
	/* Who sleeps in the kernel until the child ends takes no other signal before. */
	for (i = 0; i < 2; i++)
		assert_int_equal(kill(pid, signals[i]), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(read(ended[0], &said, 1), 1);
	assert_int_equal(said, 'e');
}

static void
test_its_own_death_is_ours(void **state)
{
	int status;
	pid_t pid = process_of(be_killed);

	(void)state;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
test_its_exit_is_ours(void **state)
{
	int status;
	char said;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ended), 0);
	pid = process_of(give_up);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert_int_equal(read(ended[0], &said, 1), 1);
	assert_int_equal(said, 'u');
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_work_is_ours),
#ifdef __linux__
		cmocka_unit_test(test_a_kill_does_not_stop_it),
		cmocka_unit_test(test_its_own_death_is_ours),
		cmocka_unit_test(test_its_exit_is_ours),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

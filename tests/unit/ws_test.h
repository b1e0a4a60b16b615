/*
 * ws_test.h - what the tests of workspaces share: they run as whoever starts
 * them and, started by root, once more as an ordinary user.
 */
#ifndef WS_TEST_H
#define WS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#define OK(expr) ok_at((expr), __FILE__, __LINE__)
#define FAILS(expr, code) fails_at((expr), (code), __FILE__, __LINE__)

static inline void
ok_at(struct err *e, const char *file, int line)
{
	if (e != NULL) {
		print_error("%s:%d: %s\n", file, line, err_msg(e));
		err_free(e);
		_fail(file, line);
	}
}

static inline void
fails_at(struct err *e, enum err_code code, const char *file, int line)
{
	if (!err_is(e, code)) {
		print_error("%s:%d: got: %s\n", file, line, e ? err_msg(e) : "success");
		err_free(e);
		_fail(file, line);
	}
	err_free(e);
}

/* A folder that the current user owns, in memory where it can be: many files come and go. */
static inline char *
scratch_make(void)
{
	const char *tmp = getenv("TMPDIR");
	const char *shm = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	char *path = mem_printf("%s/ws-test.XXXXXX", tmp ? tmp : shm);

	assert_non_null(mkdtemp(path));
	return path;
}

static inline void
scratch_free(char *path)
{
	OK(tree_remove(AT_FDCWD, path));
	free(path);
}

static inline int
run_as_both(int (*group)(void))
{
	int bad = group();
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return bad;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) != 0 || setresgid(54321, 54321, 54321) != 0 ||
		    setresuid(54321, 54321, 54321) != 0)
			_exit(99);
		setenv("HOME", "/nonexistent", 1);
		_exit(group());
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 99;
	return bad + WEXITSTATUS(status);
}

#endif

/*
 * aside.c - see aside.h.
 */
#include "sys/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

static NORETURN void
aside_main(struct err *(*fn)(void *arg), void *arg, int pipe)
{
	struct err *e;
	int code;

#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	e = fn(arg);
	if (e == NULL)
		_exit(0);
	code = (int)err_code(e);
	err_ignore(file_write_all(pipe, &code, sizeof(code)));
	err_ignore(file_write_all(pipe, err_msg(e), strlen(err_msg(e))));
	if (err_hint_of(e) != NULL) {
		err_ignore(file_write_all(pipe, "\n", 1));
		err_ignore(file_write_all(pipe, err_hint_of(e), strlen(err_hint_of(e))));
	}
	_exit(1);
}

struct err *
aside_start(struct err *(*fn)(void *arg), void *arg, struct aside *out)
{
	int pair[2];
	pid_t pid;

	if (pipe(pair) != 0)
		return err_sys("cannot make a pipe");
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	fcntl(pair[1], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		aside_main(fn, arg, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		struct err *e = err_sys("cannot start a second process");

		close(pair[0]);
		return e;
	}
	out->pid = pid;
	out->pipe = pair[0];
	return NULL;
}

/* The code as it is in memory, then the message, then a line with the hint. */
static struct err *
aside_error(struct str said)
{
	struct str message;
	struct err *e;
	int code;

	if (said.n < sizeof(code))
		return err_new(ERR_IO, "a second process died");
	memcpy(&code, said.p, sizeof(code));
	if (code < 0 || code >= ERR_CODES)
		return err_new(ERR_BUG, "a second process failed without a reason");
	said = str_skip(said, sizeof(code));
	str_next(&said, '\n', &message);
	e = err_new((enum err_code)code, "%.*s", STR_ARG(message));
	return said.n > 0 ? err_hint(e, "%.*s", STR_ARG(said)) : e;
}

struct err *
aside_join(struct aside *a)
{
	AUTO(buf_free) struct buf said = BUF_INIT(64 * KIB);
	int status = 0;
	char chunk[1024];
	ssize_t n;

	while ((n = read(a->pipe, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_add(&said, chunk, (size_t)n);
	fd_close_p(&a->pipe);
	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? NULL : aside_error(buf_str(&said));
}

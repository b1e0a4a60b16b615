#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "sys/jail.h"
#include "sys/kin.h"
#include "sys/meter.h"
#include "sys/proc.h"

extern char **environ;

static int64_t
ns_of(struct timeval t)
{
	return ((int64_t)t.tv_sec * 1000000 + t.tv_usec) * 1000;
}

/* Linux counts in KiB, Darwin in bytes. */
static int64_t
bytes_of(long maxrss)
{
#ifdef __APPLE__
	return maxrss;
#else
	return (int64_t)maxrss * 1024;
#endif
}

static struct err *
take(const char *command, struct usage *out)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ,
	    .inherit_out = true, .inherit_err = true};
	AUTO(proc_result_free) struct proc_result r = {0};
	struct rusage used;
	int64_t start;

	kin_adopt();
	start = clock_mono_ns();
	TRY(proc_run(&spec, &r));
	out->wall_ns = clock_mono_ns() - start;
	out->status = r.status;
	kin_sweep(NULL, 0);
	if (getrusage(RUSAGE_CHILDREN, &used) != 0)
		return err_sys("cannot tell what the command took");
	out->cpu_ns = ns_of(used.ru_utime) + ns_of(used.ru_stime);
	out->peak_bytes = bytes_of(used.ru_maxrss);
	return NULL;
}

/* Keep stdout for ourselves, and give the command our stderr for it. */
static struct err *
set_apart(int *to)
{
	*to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (*to < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys("cannot set the meter's output apart");
#ifdef __linux__
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return err_sys("cannot close the meter to the command");
#endif
	return NULL;
}

int
meter_main(const char *command)
{
	AUTO(fd_close_p) int to = -1;
	struct usage u = {0};
	char text[128];
	struct err *e;
	int status;

	jail_close_self();
	e = set_apart(&to);
	if (e == NULL)
		e = take(command, &u);
	if (e == NULL) {
		snprintf(text, sizeof(text), "meter %d %lld %lld %lld\n", u.status,
		    (long long)u.wall_ns, (long long)u.cpu_ns, (long long)u.peak_bytes);
		e = file_write_all(to, text, strlen(text));
	}
	status = e == NULL ? 0 : err_status(e);
	err_free(e);
	return status;
}

static bool
next_number(struct str *rest, char end, int64_t max, int64_t *out)
{
	struct str word;

	return str_next(rest, end, &word) && str_int(word, 0, max, out);
}

bool
meter_read(struct str told, struct usage *out)
{
	struct usage u;
	int64_t status;

	if (!str_starts(told, "meter ") || told.p[told.n - 1] != '\n')
		return false;
	told = str_skip(told, strlen("meter "));
	if (!next_number(&told, ' ', 255, &status) || !next_number(&told, ' ', INT64_MAX, &u.wall_ns) ||
	    !next_number(&told, ' ', INT64_MAX, &u.cpu_ns) ||
	    !next_number(&told, '\n', INT64_MAX, &u.peak_bytes) || told.n != 0)
		return false;
	u.status = (int)status;
	*out = u;
	return true;
}

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/host.h"

#define KILLED_MS 5000	/* to vanish after SIGKILL */
#define KILLED_TICK_MS 20

char *
host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return mem_strdup("localhost");
	return mem_strdup(name);
}

char *
host_boot(void)
{
	AUTO(buf_free) struct buf boot = BUF_INIT(64);
	char space[64] = "";
	ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);

	space[n > 0 ? n : 0] = '\0';
	err_ignore(file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot));
	if (boot.n == 0)
		return mem_strdup("");
	return mem_printf("%.*s %s", STR_ARG(str_trim(buf_str(&boot))), space);
}

/* Field n, from 3, of /proc/PID/stat (proc(5)), appended; false when unknown. */
static bool
stat_field(int64_t pid, int n, struct buf *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(4 * KIB);
	char path[64];
	struct str rest, word = {0};
	const char *end;
	int i;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	err_ignore(file_read(AT_FDCWD, path, &b));
	/* The name in field 2 may hold spaces and parentheses: count from its end. */
	end = b.n > 0 ? strrchr(buf_cstr(&b), ')') : NULL;
	if (end == NULL || end[1] == '\0')
		return false;
	rest = str_of(end + 2);
	for (i = 3; i <= n; i++)
		if (!str_next(&rest, ' ', &word))
			return false;
	buf_addstr(out, word);
	return true;
}

int64_t
host_started(int64_t pid)
{
	AUTO(buf_free) struct buf word = BUF_INIT(64);
	int64_t ticks;

	return stat_field(pid, 22, &word) && str_int(buf_str(&word), 0, INT64_MAX, &ticks) ? ticks : 0;
}

bool
host_stopped(int64_t pid)
{
	AUTO(buf_free) struct buf word = BUF_INIT(64);

	return stat_field(pid, 3, &word) && (str_is(buf_str(&word), "T") || str_is(buf_str(&word), "t"));
}

static bool
boot_is_over(const char *then, const char *now)
{
	size_t id = strcspn(then, " ");

	return *then != '\0' && *now != '\0' &&
	    (id != strcspn(now, " ") || strncmp(then, now, id) != 0);
}

bool
host_dead(const char *host, const char *boot, int64_t pid, int64_t started)
{
	AUTO(mem_free_p) char *here = host_name();
	AUTO(mem_free_p) char *now = host_boot();
	AUTO(buf_free) struct buf word = BUF_INIT(64);
	int64_t ticks;

	if (strcmp(host, here) != 0)
		return false;
	if (boot_is_over(boot, now))
		return true;
	if (strcmp(boot, now) != 0)
		return false;
	if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
		return true;
	/* A zombie waits for its parent, and does nothing any more. */
	if (stat_field(pid, 3, &word) && str_is(buf_str(&word), "Z"))
		return true;
	ticks = host_started(pid);
	return ticks != 0 && started != 0 && ticks != started;
}

bool
host_kill(const char *host, const char *boot, int64_t pid, int64_t started)
{
	AUTO(mem_free_p) char *here = host_name();
	AUTO(mem_free_p) char *now = host_boot();
	int64_t left;

	if (pid <= 1 || started == 0 || *boot == '\0' || strcmp(host, here) != 0 || strcmp(boot, now) != 0 ||
	    host_started(pid) != started)
		return host_dead(host, boot, pid, started);
	/* Since this look the number can have been given again only if all others were, too. */
	(void)kill((pid_t)pid, SIGKILL);
	for (left = KILLED_MS; !host_dead(host, boot, pid, started); left -= KILLED_TICK_MS) {
		if (left <= 0)
			return false;
		clock_sleep_ms(KILLED_TICK_MS);
	}
	return true;
}

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

/* Of /proc/PID/stat (proc(5)): its state in field 3, and its start in field 22. */
struct look {
	char state;
	int64_t started;
};

static bool
look_at(int64_t pid, struct look *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(4 * KIB);
	char path[64];
	struct str rest, word;
	const char *end;
	int i;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	err_ignore(file_read(AT_FDCWD, path, &b));
	/* The name in field 2 may hold spaces and parentheses: count from its end. */
	end = b.n > 0 ? strrchr(buf_cstr(&b), ')') : NULL;
	if (end == NULL || end[1] == '\0')
		return false;
	*out = (struct look){.state = end[2]};
	rest = str_of(end + 2);
	for (i = 3; i <= 22; i++)
		if (!str_next(&rest, ' ', &word))
			return true;
	if (!str_int(word, 0, INT64_MAX, &out->started))
		out->started = 0;
	return true;
}

int64_t
host_started(int64_t pid)
{
	struct look l;

	return look_at(pid, &l) ? l.started : 0;
}

bool
host_stopped(int64_t pid)
{
	struct look l;

	return look_at(pid, &l) && (l.state == 'T' || l.state == 't');
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
	AUTO(mem_free_p) char *now = NULL;
	struct look l;

	if (strcmp(host, here) != 0)
		return false;
	now = host_boot();
	if (boot_is_over(boot, now))
		return true;
	if (strcmp(boot, now) != 0)
		return false;
	if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
		return true;
	if (!look_at(pid, &l))
		return false;
	/* A zombie waits for its parent, and does nothing any more. */
	return l.state == 'Z' || (l.started != 0 && started != 0 && l.started != started);
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

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/host.h"
#include "sys/machine.h"

#define PAUSE_MAX_MS 32

/* The folder of the locks, made when missing; NULL where there is none. */
static char *
folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	AUTO(mem_free_p) char *path = NULL;
	struct err *e;

	if (cache != NULL && cache[0] == '/')
		path = path_join(cache, "git-factory");
	else if (home != NULL && home[0] == '/')
		path = path_join(home, ".cache/git-factory");
	else
		return NULL;
	e = dir_make(AT_FDCWD, path, 0700);
	if (e == NULL)
		return STEAL(path);
	err_ignore(e);
	return NULL;
}

/* -1 where it cannot be had. */
static int
open_file(const char *dir, const char *kind)
{
	AUTO(mem_free_p) char *host = host_name();
	AUTO(mem_free_p) char *path = mem_printf("%s/machine.%s%s", dir, host, kind);

	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static struct err *
take(int fd, int how, int64_t until, int cancel_fd)
{
	struct pollfd cancel = {.fd = cancel_fd > 0 ? cancel_fd : -1, .events = POLLIN};
	struct clock clock = clock_system();
	int pause = 1;

	while (flock(fd, how | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys("cannot lock this machine");
		if (clock_mono(&clock) >= until)
			return err_new(ERR_TIMEOUT, "other commands of the factory run on this machine");
		if (poll(&cancel, 1, pause) > 0)
			return err_new(ERR_INTERRUPTED, "interrupted");
		pause = pause < PAUSE_MAX_MS ? pause * 2 : pause;
	}
	return NULL;
}

static struct err *
open_both(struct machine *m)
{
	AUTO(mem_free_p) char *dir = folder();

	if (dir != NULL) {
		m->door = open_file(dir, ".door");
		m->lock = open_file(dir, "");
	}
	if (m->door >= 0 && m->lock >= 0)
		return NULL;
	machine_leave(m);
	return err_hint(err_new(ERR_NOT_FOUND, "there is no place for the lock of this machine"),
	    "set HOME or XDG_CACHE_HOME to a folder that can be written");
}

static struct err *
enter(int how, int64_t wait_ms, int cancel_fd, struct machine *out)
{
	AUTO(machine_leave) struct machine m = MACHINE_INIT;
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + wait_ms;

	TRY(open_both(&m));
	TRY(take(m.door, how, until, cancel_fd));
	TRY(take(m.lock, how, until, cancel_fd));
	*out = m;
	m = (struct machine)MACHINE_INIT;
	return NULL;
}

struct err *
machine_share(int cancel_fd, struct machine *m)
{
	struct err *e = enter(LOCK_SH, MACHINE_SHARE_MS, cancel_fd, m);

	if (e == NULL) {
		fd_close_p(&m->door);
		return NULL;
	}
	if (err_is(e, ERR_INTERRUPTED))
		return e;
	err_ignore(e);
	return NULL;
}

struct err *
machine_alone(int64_t wait_ms, int cancel_fd, struct machine *m)
{
	return enter(LOCK_EX, wait_ms, cancel_fd, m);
}

void
machine_leave(struct machine *m)
{
	fd_close_p(&m->lock);
	fd_close_p(&m->door);
}

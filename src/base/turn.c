#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/turn.h"

/* An eighth of the time that was waited so far is the most that is lost, or little. */
static int64_t
pause_us(int64_t waited_ms)
{
	int64_t us = waited_ms * 125;

	return us < 200 ? 200 : us < 32000 ? us : 32000;
}

struct err *
turn_take(const char *path, int64_t wait_ms, const volatile sig_atomic_t *cancel, int *fd)
{
	AUTO(fd_close_p) int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct clock clock = clock_system();
	int64_t from = clock_mono(&clock);

	if (lock < 0)
		return err_sys("cannot open '%s'", path);
	while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys("cannot lock '%s'", path);
		if (cancel != NULL && *cancel != 0)
			return err_new(ERR_INTERRUPTED, "interrupted");
		if (clock_mono(&clock) - from >= wait_ms)
			return err_new(ERR_TIMEOUT, "another process holds '%s' and does not end", path);
		clock_sleep_us(pause_us(clock_mono(&clock) - from));
	}
	*fd = lock;
	lock = -1;
	return NULL;
}

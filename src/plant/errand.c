#include <poll.h>
#include <unistd.h>

#include "base/mem.h"
#include "plant/errand.h"
#include "sys/channel.h"
#include "sys/kin.h"
#include "sys/proc.h"

#define ASK_MS 100	/* where the kernel does not say that a child ended */

extern char **environ;

void
errand_start(struct errand *a, const char *const *argv, int64_t now)
{
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .pipe_out = true,
	    .inherit_err = true, .adopts = true};
	struct err *e = proc_start(&spec, &a->proc);

	a->at = now;
	if (e != NULL)
		a->said = err_code(e);
	err_free(e);
}

/* What says nothing has died. */
static enum err_code
said(const struct errand *a)
{
	struct channel in = {.fd = proc_out(a->proc)};
	struct pollfd fd = {.fd = in.fd, .events = POLLIN};
	enum channel_got got = CHANNEL_END;
	struct frame f = {0};
	struct err *e = poll(&fd, 1, 0) > 0 ? channel_read(&in, &f, &got) : NULL;
	bool good = e == NULL && got == CHANNEL_FRAME && f.kind == FRAME_ENDED && f.n[1] >= 0 && f.n[1] <= ERR_CODES;

	err_ignore(e);
	return good ? (enum err_code)f.n[1] : ERR_COMMAND;
}

void
errand_stop(struct errand *a)
{
	AUTO(proc_result_free) struct proc_result r = {0};

	if (a->proc == NULL)
		return;
	a->said = said(a);
	if (proc_ended(a->proc))
		err_ignore(proc_wait(a->proc, &r));
	else
		kin_kill(proc_pid(a->proc));
	proc_free(a->proc);
	a->proc = NULL;
}

bool
errand_ended(struct errand *a, int64_t now)
{
	if (a->proc == NULL || (!proc_ended(a->proc) && now - a->at < a->most_ms))
		return false;
	errand_stop(a);
	return true;
}

int64_t
errand_wait(const struct errand *a, int64_t now)
{
	if (a->proc == NULL)
		return -1;
	return proc_ended_fd(a->proc) >= 0 ? a->at + a->most_ms - now : ASK_MS;
}

int
errand_fd(const struct errand *a)
{
	return a->proc != NULL ? proc_ended_fd(a->proc) : -1;
}

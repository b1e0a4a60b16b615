#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/err.h"
#include "plant/guard.h"
#include "sys/kin.h"
#include "sys/proc.h"
#include "sys/sigs.h"

#define ASK_MS 100

extern char **environ;

static void
pass_on(struct proc *p)
{
	char sig = 0;

	if (read(sigs_fd(), &sig, 1) == 1 && sig > 0)
		proc_kill(p, sig);
}

static void
watch(struct proc *p)
{
	struct pollfd fds[2] = {
	    {.fd = sigs_fd(), .events = POLLIN},
	    {.fd = proc_ended_fd(p), .events = POLLIN},
	};

	while (!proc_ended(p)) {
		if (poll(fds, 2, fds[1].fd < 0 ? ASK_MS : -1) > 0 && fds[0].revents != 0)
			pass_on(p);
	}
}

struct err *
guard_run(const char *const argv[], int *status)
{
	AUTO(proc_free_p) struct proc *p = NULL;
	AUTO(proc_result_free) struct proc_result r = {0};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .pipe_in = true,
	    .inherit_out = true, .inherit_err = true, .outlives = true};
	bool gone;

	kin_adopt();
	sigs_hold();
	TRY(proc_start(&spec, &p));
	watch(p);
	TRY(proc_wait(p, &r));
	gone = kin_sweep(NULL, 0);
	if (!gone)
		return err_new(ERR_IO, "the system does not let go of a process that a run started");
	if (r.signal == SIGINT || r.signal == SIGTERM || r.signal == SIGHUP)
		return err_hint(err_new(ERR_INTERRUPTED, "stopped with all that ran"),
		    "nothing is lost: the next start goes on");
	if (r.signal != 0)
		return err_hint(err_new(ERR_COMMAND, "the supervisor was killed by signal %d; all that it ran is stopped", r.signal),
		    "nothing is lost: the next start goes on");
	*status = r.status;
	return NULL;
}

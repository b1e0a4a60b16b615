/*
 * supervise.h - workers in slots: started, watched, killed when it is time.
 *
 * The supervisor reads nothing but frames (sys/channel.h): a worker chooses
 * its task itself and tells ids and numbers.  It holds no task, no text and no
 * object, so nothing that a task, a repository or a model says can reach it.
 * A worker takes one task after another, as it is told to; one that passed its
 * deadline, or showed no progress for too long, is killed with all that came
 * from it, and another worker is told to write down what became of its run.
 *
 * The first signal lets what runs come to its end (drain); the second ends
 * this process at once, and its guard (guard.h) cleans up.
 */
#ifndef PLANT_SUPERVISE_H
#define PLANT_SUPERVISE_H

#include "base/def.h"
#include "base/err.h"
#include "base/id.h"
#include "base/vec.h"
#include "plant/exchange.h"
#include "plant/schedule.h"
#include "sys/channel.h"

struct tally {
	int64_t ended[END_KINDS];	/* by enum run_end */
	int64_t killed;			/* at the deadline, or silent */
	int64_t died;			/* workers that ended in the middle of a run */
	enum err_code stuck;		/* why the last that was asked could start none; ERR_CODES: it could */
	enum err_code unshared;		/* what the last exchange with the remote, or the forge, met; an ERR_IO of any stays */
};

enum supervise_what {
	SUPERVISE_CLAIMED,
	SUPERVISE_ENDED,	/* end and code say how */
	SUPERVISE_KILLED,	/* code: ERR_TIMEOUT, silent says for which reason */
	SUPERVISE_STUCK,	/* no run could be started here: code */
	SUPERVISE_DIED,		/* its worker ended in the middle */
	SUPERVISE_DRAINING,	/* a signal came */
	SUPERVISE_ALONE		/* the guard is gone: all is killed */
};

struct supervise_event {
	enum supervise_what what;
	struct id task, run;	/* "" where none is meant */
	int64_t attempt;
	int64_t ms;		/* since it was claimed */
	enum run_end end;
	enum err_code code;	/* ERR_CODES for none */
	bool silent;
};

struct supervise_opts {
	struct schedule_opts schedule;
	const char *const *worker;	/* argv of a worker */
	const char *const *env;		/* its environment, "KEY=value"; NULL: ours */
	struct exchange_opts exchange;
	const char *const *upkeep;	/* argv of what keeps the repository small, where it has grown; NULL: none */
	struct strs watch;		/* files whose change means that there may be something to do */
	int guard_fd;			/* GUARD_FD; -1: none */
	void (*on_event)(void *arg, const struct supervise_event *e);
	void *arg;
};

/*
 * Until the schedule ends.  ERR_INTERRUPTED after a drain, ERR_COMMAND when
 * workers cannot be started, or die again and again without a run.  Everything
 * that was started has ended.  *out is filled in any case.
 */
struct err *supervise(const struct supervise_opts *o, struct tally *out) MUST_USE;

#endif

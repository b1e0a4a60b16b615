/*
 * git-factory --worker - what 'git factory work' starts for each of its slots.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "base/id.h"
#include "line/run.h"
#include "plant/worker.h"
#include "store/state.h"
#include "sys/sigs.h"

struct hand_opts {
	const char *agent;
	const char *recording;
	const char *hours;
	int64_t slots;
	int64_t apart;
	int64_t node_pid;
	bool outside;
};

static const struct opt hand_table[] = {
	OPT_STRING(0, "agent", "NAME", struct hand_opts, agent, "another agent than the configured one"),
	OPT_STRING(0, "recording", "FILE", struct hand_opts, recording, "a recorded session instead of a model"),
	OPT_STRING(0, "hours", "FROM-TO", struct hand_opts, hours, "hours of the node"),
	OPT_NUMBER(0, "slots", "N", struct hand_opts, slots, 1, 10000, "slots of the node"),
	OPT_NUMBER(0, "apart", "SECONDS", struct hand_opts, apart, 1, 86400, "between announcements of the node"),
	OPT_NUMBER(0, "node-pid", "PID", struct hand_opts, node_pid, 1, INT32_MAX, "process of the node"),
	OPT_FLAG(0, "outside", struct hand_opts, outside, "what is delivered lands through a forge"),
	OPT_END,
};

static const struct hand_opts hand_defaults = {.hours = "", .slots = 1, .apart = 60, .node_pid = 1};

static void
on_remark(void *arg, const struct id *task, const struct err *e)
{
	struct out *o = &((struct app *)arg)->note;

	out_printf(o, "%s%s%s\n", task != NULL ? task->s : "", task != NULL ? ": " : "", err_msg(e));
	if (err_hint_of(e) != NULL)
		out_printf(o, "hint: %s\n", err_hint_of(e));
	err_ignore(out_flush(o));
}

static struct err *
serve(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	const struct hand_opts *o = opts;
	struct line_opts line = {.agent = o->agent, .leave_fold = true, .outside = o->outside, .recording = o->recording, .cancel_fd = sigs_fd(),
	    .cancel = sigs_flag()};
	struct worker_opts w = {.line = &line, .in = STDIN_FILENO, .out = STDOUT_FILENO, .apart = o->apart,
	    .node = {.slots = o->slots, .pid = o->node_pid, .hours = o->hours, .forge = o->outside},
	    .on_remark = on_remark, .arg = app};
	struct err *e;

	TRY(desk_open(app, &d));
	line.state = d.state;
	/* The supervisor has one process that publishes for all. */
	line.leave_fold = state_remote(d.state) != NULL;
	e = worker_serve(&w);
	/* Told to stop, or its supervisor is gone: nobody is there to hear of it. */
	if (err_is(e, ERR_INTERRUPTED)) {
		err_free(e);
		app->status = 130;
		return NULL;
	}
	return e;
}

const struct verb cmd_worker[] = {
	{.noun = "--worker", .args = "", .doc = "work for a supervisor", .opts = hand_table,
	    .opts_size = sizeof(struct hand_opts), .defaults = &hand_defaults, .flags = VERB_INTERNAL, .run = serve},
	VERB_END,
};

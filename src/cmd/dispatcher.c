/*
 * git-factory --dispatcher - the part of 'git factory serve' that looks at
 * what deliveries speak of.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "face/dispatcher.h"
#include "sys/sigs.h"

struct dispatch_opts {
	const char *dir;
	int64_t bell, sweep;
	bool quiet;
};

static const struct opt dispatch_table[] = {
	OPT_STRING(0, "dir", "DIR", struct dispatch_opts, dir, "where deliveries are stored"),
	OPT_NUMBER(0, "bell", "N", struct dispatch_opts, bell, 3, 1000, "the pipe from the receiver"),
	OPT_NUMBER(0, "sweep", "SECONDS", struct dispatch_opts, sweep, 1, 86400, "between two sweeps"),
	OPT_FLAG(0, "quiet", struct dispatch_opts, quiet, "no progress"),
	OPT_END,
};

static const struct dispatch_opts dispatch_defaults = {.bell = -1, .sweep = 300};

struct dispatch {
	struct app *app;
	bool quiet;
};

static struct err *
look(struct dispatch *x, const char *sender, const struct hook_event *e)
{
	struct err *bad = intake_look(x->app, sender, e, x->quiet);

	err_ignore(out_flush(&x->app->out));
	return bad;
}

static struct err *
on_event(void *arg, enum hook_from from, const struct hook_event *e)
{
	return look(arg, hook_from_name(from), e);
}

static struct err *
on_sweep(void *arg)
{
	return look(arg, NULL, NULL);
}

static void
on_trouble(void *arg, const char *what, const struct err *e)
{
	struct out *o = &((struct dispatch *)arg)->app->note;

	out_printf(o, "%s: %s\n", what, err_msg(e));
	if (err_hint_of(e) != NULL)
		out_printf(o, "hint: %s\n", err_hint_of(e));
	err_ignore(out_flush(o));
}

static struct err *
dispatch(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct dispatch_opts *o = opts;
	struct dispatch x = {.app = app, .quiet = o->quiet};
	struct dispatcher_opts d = {.dir = o->dir, .bell_fd = (int)o->bell, .stop_fd = sigs_fd(), .on_event = on_event,
	    .on_sweep = on_sweep, .on_trouble = on_trouble, .arg = &x};

	d.sweep_ms = o->sweep * 1000;
	return dispatcher_run(&d);
}

const struct verb cmd_dispatcher[] = {
	{.noun = "--dispatcher", .args = "", .doc = "look at what webhooks speak of", .opts = dispatch_table,
	    .opts_size = sizeof(struct dispatch_opts), .defaults = &dispatch_defaults, .flags = VERB_INTERNAL,
	    .run = dispatch},
	VERB_END,
};

/*
 * git-factory --dispatcher - the part of 'git factory serve' that looks at
 * what deliveries speak of.
 */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "face/dispatcher.h"
#include "forge/forge.h"
#include "line/intake/intake.h"
#include "line/policy.h"
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

struct err *
forge_missing(const char *why)
{
	return err_hint(err_new(ERR_CONFIG, "%s", why != NULL ? why : "this repository has no forge"),
	    "see forge.kind in git-factory-config(5)");
}

struct desk_of_forge {
	struct desk desk;
	struct policy policy;
	struct forge *forge;
	struct intake *intake;
};

static void
forge_desk_close(struct desk_of_forge *d)
{
	intake_close(d->intake);
	forge_close(d->forge);
	policy_free(&d->policy);
	desk_close(&d->desk);
}

struct dispatch {
	struct app *app;
	bool quiet;
};

static void
on_said(void *arg, const struct intake_said *s)
{
	struct dispatch *x = arg;

	if (x->quiet || s->did == INTAKE_NOTHING)
		return;
	out_printf(&x->app->note, "issue %" PRId64 ": %s%s%s: %s\n", s->issue, intake_did_word(s->did),
	    s->task[0] != '\0' ? " as " : "", s->task, s->why);
	err_ignore(out_flush(&x->app->note));
}

/* As policy is now: a server lives long, and policy changes by a push. */
static struct err *
forge_desk_open(struct dispatch *x, struct desk_of_forge *d)
{
	struct intake_opts o = {.on_said = on_said, .arg = x};
	AUTO(mem_free_p) char *why = NULL;

	TRY(desk_open(x->app, &d->desk));
	TRY(policy_open(d->desk.repo, &d->policy));
	TRY(forge_open(d->desk.repo, &d->policy.cfg, NULL, &d->forge, &why));
	if (d->forge == NULL)
		return forge_missing(why);
	o.state = d->desk.state;
	o.forge = d->forge;
	o.config = &d->policy.cfg;
	return intake_open(&o, &d->intake);
}

static struct err *
on_event(void *arg, enum hook_from from UNUSED, const struct hook_event *e)
{
	AUTO(forge_desk_close) struct desk_of_forge d = {0};

	TRY(forge_desk_open(arg, &d));
	return intake_events(d.intake, e, 1);
}

static struct err *
on_sweep(void *arg)
{
	AUTO(forge_desk_close) struct desk_of_forge d = {0};

	TRY(forge_desk_open(arg, &d));
	return intake_sweep(d.intake);
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

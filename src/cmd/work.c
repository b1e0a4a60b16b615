/*
 * git factory work - run tasks, many at once, for as long as there are any.
 *
 * Three kinds of process: this one is the guard, which stays behind; it starts
 * the supervisor (the same program, --supervisor), which starts the workers.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "git/repo.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/userconf.h"
#include "line/policy.h"
#include "line/pulls/mirror.h"
#include "line/run.h"
#include "plant/guard.h"
#include "plant/supervise.h"
#include "store/nodes.h"
#include "store/state.h"
#include "sys/proc.h"
#include "wire/json.h"

#define GOODBYE_MS 10000
#define NO_END (INT64_C(100) * 365 * 24 * 3600)

extern char **environ;

struct work_opts {
	int64_t slots;
	int64_t max;
	const char *time;	/* --for */
	const char *every;
	const char *hours;
	const char *interval;
	const char *agent;
	const char *recording;
	bool once;
	bool until_empty;
	bool quiet;
	bool json;
	/* for the supervisor */
	int64_t node_pid;
	bool sync;
	bool outside;
	bool upkeep;
	struct opt_list withhold;
	struct opt_list watch;
};

#define SHARED_OPTS \
	OPT_NUMBER(0, "slots", "N", struct work_opts, slots, 1, 10000, "so many runs at once, instead of node.slots"), \
	OPT_STRING(0, "for", "SPAN", struct work_opts, time, "start no run after this, like 8h"), \
	OPT_FLAG(0, "once", struct work_opts, once, "end after one cycle"), \
	OPT_FLAG(0, "until-empty", struct work_opts, until_empty, "end when no task is left that can run here"), \
	OPT_STRING(0, "every", "SPAN", struct work_opts, every, "begin a cycle this often, like 2h"), \
	OPT_NUMBER(0, "max", "N", struct work_opts, max, 1, 1000000, "start so many runs in one cycle at most"), \
	OPT_STRING(0, "hours", "FROM-TO", struct work_opts, hours, "start runs between these times only, like 06:00-22:00"), \
	OPT_STRING(0, "interval", "SPAN", struct work_opts, interval, "with nothing to do, look again after this; 1m by default"), \
	OPT_STRING('a', "agent", "NAME", struct work_opts, agent, "another agent than the configured one"), \
	OPT_STRING(0, "recording", "FILE", struct work_opts, recording, "let a recorded session answer instead of a model"), \
	OPT_FLAG('q', "quiet", struct work_opts, quiet, "no progress"), \
	OPT_FLAG(0, "json", struct work_opts, json, "print what was done as JSON")

static const struct opt work_table[] = {
	SHARED_OPTS,
	OPT_END,
};

static const struct opt supervisor_table[] = {
	SHARED_OPTS,
	OPT_NUMBER(0, "node-pid", "PID", struct work_opts, node_pid, 1, INT32_MAX, "process of the node"),
	OPT_FLAG(0, "sync", struct work_opts, sync, "there is a remote"),
	OPT_FLAG(0, "outside", struct work_opts, outside, "what is delivered lands through a forge"),
	OPT_FLAG(0, "upkeep", struct work_opts, upkeep, "git may pack the repository"),
	OPT_STRINGS(0, "withhold", "NAME", struct work_opts, withhold, "a variable that workers do not get"),
	OPT_STRINGS(0, "watch", "FILE", struct work_opts, watch, "a file whose change may mean work"),
	OPT_END,
};

/* ---- options into a schedule ---- */

static struct err *
span(const char *name, const char *text, int64_t otherwise, int64_t *ms)
{
	int64_t s = otherwise;

	if (text != NULL && (!clock_parse_span(text, &s) || s < 1 || s > NO_END))
		return err_new(ERR_USAGE, "--%s must be a span like 20m or 2h, not '%s'", name, text);
	*ms = s * 1000;
	return NULL;
}

static struct err *
make_schedule(const struct work_opts *o, struct schedule_opts *out)
{
	struct schedule_opts s = {.slots = o->slots, .max = o->max, .once = o->once, .until_empty = o->until_empty};

	TRY(span("for", o->time, 0, &s.for_ms));
	TRY(span("every", o->every, 0, &s.every_ms));
	TRY(span("interval", o->interval, 60, &s.interval_ms));
	if (o->hours != NULL && !hours_parse(o->hours, &s.hours))
		return err_new(ERR_USAGE, "hours must be like 06:00-22:00, not '%s'", o->hours);
	if (o->once && o->every != NULL)
		return err_new(ERR_USAGE, "--once is one cycle, and --every many");
	if (o->max > 0 && o->every == NULL && !o->once)
		return err_hint(err_new(ERR_USAGE, "--max is for a cycle"), "add --every SPAN, or --once");
	*out = s;
	return NULL;
}

/* ---- the guard ---- */

static void
add(struct strs *argv, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		strs_addf(argv, "--%s=%s", name, value);
}

static void
add_number(struct strs *argv, const char *name, int64_t n)
{
	if (n > 0)
		strs_addf(argv, "--%s=%" PRId64, name, n);
}

/* What both kinds of child are told. */
static void
add_common(struct strs *argv, const struct work_opts *o, int64_t node_pid)
{
	add_number(argv, "slots", o->slots);
	add(argv, "hours", o->hours);
	add(argv, "agent", o->agent);
	add(argv, "recording", o->recording);
	add_number(argv, "node-pid", node_pid);
}

static void
supervisor_argv(const struct work_opts *o, struct state *s, const struct strs *names, struct strs *argv)
{
	const char *common = repo_commondir(state_repo(s));
	size_t i;

	strs_add(argv, proc_self());
	strs_add(argv, "--supervisor");
	add_common(argv, o, getpid());
	add(argv, "for", o->time);
	add(argv, "every", o->every);
	add_number(argv, "max", o->max);
	add(argv, "interval", o->interval);
	if (o->once)
		strs_add(argv, "--once");
	if (o->until_empty)
		strs_add(argv, "--until-empty");
	if (o->quiet)
		strs_add(argv, "--quiet");
	if (o->json)
		strs_add(argv, "--json");
	if (state_remote(s) != NULL)
		strs_add(argv, "--sync");
	if (names->n > 0)
		strs_add(argv, "--outside");
	if (o->upkeep)
		strs_add(argv, "--upkeep");
	for (i = 0; i < names->n; i++)
		strs_addf(argv, "--withhold=%s", names->v[i]);
	strs_addf(argv, "--watch=%s/" REF_STATE, common);
	strs_addf(argv, "--watch=%s/packed-refs", common);
	if (state_view(s) != NULL)
		strs_addf(argv, "--watch=%s/%s", common, state_view(s));
}

/* The user's and policy's word where the command line says nothing. */
static struct err *
fill_in(struct state *s, struct work_opts *o, char **hours)
{
	AUTO(policy_free) struct policy p = {0};
	struct schedule_opts checked;

	TRY(policy_open(state_repo(s), &p));
	if (o->slots == 0)
		o->slots = p.cfg.node.slots;
	if (o->hours == NULL) {
		*hours = mem_strdup(p.cfg.node.hours);
		o->hours = *hours;
	}
	TRY(err_wrap(make_schedule(o, &checked), "node.hours"));
	return NULL;
}

/*
 * With a forge: in which variables its token may be.  Agents work below the
 * workers, so these get none of it; the publisher speaks to the forge for all.
 */
static struct err *
forge_tokens(struct app *app, struct state *s, struct strs *names)
{
	struct line_opts line = {.state = s};
	AUTO(policy_free) struct policy p = {0};
	AUTO(mem_free_p) char *why = NULL;
	bool any;

	TRY(mirror_any(&line, &any, &why));
	if (why != NULL) {
		out_printf(&app->note, "note: %s\n", why);
		err_ignore(out_flush(&app->note));
	}
	if (!any)
		return NULL;
	TRY(policy_open(state_repo(s), &p));
	config_forge_env(&p.cfg, names);
	return NULL;
}

/* A child finds the repository as we did. */
static void
hand_on_repo(struct app *app)
{
	if (app->repo_path != NULL)
		setenv("GIT_DIR", app->repo_path, 1);
}

static struct err *
tell_others(void)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	const char *const argv[] = {proc_self(), "sync", "--quiet", "--no-forge", NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .max_out = 64 * KIB,
	    .deadline_ms = GOODBYE_MS};

	TRY(proc_run(&spec, &r));
	return proc_check(&r, "git factory sync");
}

/* That this node is gone. */
static void
say_goodbye(struct app *app, struct state *s)
{
	struct err *e = node_withdraw(s, getpid());

	if (e == NULL && state_remote(s) != NULL)
		e = tell_others();
	/* What the remote lacks has been said by then. */
	if (e != NULL && app->status == 0)
		out_printf(&app->note, "note: this node could not be taken off the list, where it is gone: %s\n", err_msg(e));
	err_ignore(out_flush(&app->note));
	err_ignore(e);
}

static struct err *
work(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(strs_free) struct strs words = {0}, names = {0};
	AUTO(mem_free_p) char *hours = NULL;
	AUTO(mem_free_p) const char **argv = NULL;
	AUTO(remote_close_p) struct remote *remote = NULL;
	struct work_opts o = *(const struct work_opts *)opts;
	struct schedule_opts checked;
	struct node_word word;
	struct oid tip;
	struct err *e;

	o.slots = o.slots > 0 ? o.slots : 0;
	TRY(make_schedule(&o, &checked));
	TRY(desk_open(app, &d));
	if (state_remote(d.state) != NULL)
		TRY(remote_open(d.repo, state_remote(d.state), NULL, &remote));
	TRY(state_tip(d.state, &tip));
	TRY(fill_in(d.state, &o, &hours));
	TRY(forge_tokens(app, d.state, &names));
	TRY(userconf_bool(state_repo(d.state), "maintenance.auto", true, &o.upkeep));
	word = (struct node_word){.slots = o.slots, .pid = getpid(), .hours = o.hours, .forge = names.n > 0};
	TRY(node_announce(d.state, &word, 1));
	supervisor_argv(&o, d.state, &names, &words);
	argv = strs_list(&words);
	hand_on_repo(app);
	e = guard_run(argv, &app->status);
	say_goodbye(app, d.state);
	return e;
}

/* ---- the supervisor ---- */

/* Our environment without what is withheld; the caller frees the list alone. */
static const char **
env_without(const struct opt_list *names)
{
	size_t n, i, kept = 0;
	const char **env;

	for (n = 0; environ[n] != NULL; n++)
		;
	env = mem_calloc(n + 1, sizeof(*env));
	for (n = 0; environ[n] != NULL; n++) {
		size_t len = strcspn(environ[n], "=");

		for (i = 0; i < names->n; i++)
			if (strlen(names->v[i]) == len && strncmp(names->v[i], environ[n], len) == 0)
				break;
		if (i == names->n)
			env[kept++] = environ[n];
	}
	return env;
}

static const char *
end_word(const struct supervise_event *e)
{
	static const char *const words[END_KINDS] = {[END_DELIVERED] = "delivered", [END_LANDED] = "landed",
	    [END_ESCALATED] = "needs a person", [END_WAITS] = "waits", [END_MEND] = "waits for this machine"};

	return words[e->end];
}

static void
say_times(struct out *o, const struct supervise_event *e)
{
	char took[CLOCK_TEXT];

	clock_format_span(e->ms / 1000, took);
	out_printf(o, " after %s", took);
}

static void
say_event(struct out *o, const struct supervise_event *e)
{
	if (e->task.s[0] != '\0')
		out_printf(o, "%s: ", e->task.s);
	switch (e->what) {
	case SUPERVISE_CLAIMED:
		out_printf(o, "run %s, attempt %" PRId64, e->run.s, e->attempt);
		break;
	case SUPERVISE_ENDED:
		out_printf(o, "%s", end_word(e));
		if (e->code < ERR_CODES)
			out_printf(o, " (%s)", err_row(e->code)->word);
		say_times(o, e);
		break;
	case SUPERVISE_KILLED:
		out_printf(o, "killed, %s", e->silent ? "for it showed no progress" : "at its deadline");
		say_times(o, e);
		break;
	case SUPERVISE_DIED:
		out_printf(o, "its process ended in the middle of the run, which goes on with the next start");
		break;
	case SUPERVISE_STUCK:
		out_printf(o, "no run can be started here (%s), for what is said above", err_row(e->code)->word);
		break;
	case SUPERVISE_DRAINING:
		out_printf(o, "no more is started; what runs comes to its end (once more to stop it)");
		break;
	case SUPERVISE_ALONE:
		out_printf(o, "the process above is gone: all is stopped");
		break;
	}
	out_printf(o, "\n");
}

static void
on_event(void *arg, const struct supervise_event *e)
{
	struct out *o = &((struct app *)arg)->note;

	say_event(o, e);
	err_ignore(out_flush(o));
}

static void
on_quiet_event(void *arg, const struct supervise_event *e)
{
	if (e->what == SUPERVISE_DIED || e->what == SUPERVISE_KILLED)
		on_event(arg, e);
}

static void
put_tally(struct app *app, const struct tally *t)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;

	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kint(&w, "landed", t->ended[END_LANDED]);
	jw_kint(&w, "delivered", t->ended[END_DELIVERED]);
	jw_kint(&w, "escalated", t->ended[END_ESCALATED]);
	jw_kint(&w, "waiting", t->ended[END_WAITS] + t->ended[END_MEND]);
	jw_kint(&w, "killed", t->killed);
	jw_kint(&w, "died", t->died);
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
}

static void
print_tally(struct app *app, const struct tally *t)
{
	const struct { const char *word; int64_t n; } all[] = {
	    {"landed", t->ended[END_LANDED]}, {"delivered", t->ended[END_DELIVERED]},
	    {"for a person", t->ended[END_ESCALATED]}, {"waiting", t->ended[END_WAITS] + t->ended[END_MEND]},
	    {"killed", t->killed}, {"died", t->died}};
	bool any = false;
	size_t i;

	for (i = 0; i < NITEMS(all); i++) {
		if (all[i].n == 0)
			continue;
		out_printf(&app->out, "%s%" PRId64 " %s", any ? ", " : "", all[i].n, all[i].word);
		any = true;
	}
	out_printf(&app->out, any ? "\n" : "nothing ran\n");
}

static struct err *
supervisor(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(strs_free) struct strs words = {0};
	AUTO(mem_free_p) const char **worker = NULL, **env = NULL;
	const struct work_opts *o = opts;
	const char *const sync[] = {proc_self(), "--publisher", "--now", NULL};
	const char *const publish[] = {proc_self(), "--publisher", NULL};
	const char *const mirror[] = {proc_self(), "--publisher", "--forge", NULL};
	const char *const upkeep[] = {"git", "-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false",
	    "maintenance", "run", "--auto", "--quiet", NULL};
	struct supervise_opts s = {.guard_fd = GUARD_FD, .on_event = o->quiet ? on_quiet_event : on_event, .arg = app};
	struct opt_list watch = o->watch, withhold = o->withhold;
	struct tally tally;
	struct err *e;
	size_t i;

	TRY(make_schedule(o, &s.schedule));
	strs_add(&words, proc_self());
	strs_add(&words, "--worker");
	add_common(&words, o, o->node_pid);
	add_number(&words, "apart", s.schedule.interval_ms / 1000);
	if (o->outside)
		strs_add(&words, "--outside");
	worker = strs_list(&words);
	env = env_without(&withhold);
	s.worker = worker;
	s.env = env;
	s.exchange = (struct exchange_opts){.sync = o->sync ? sync : o->outside ? mirror : NULL,
	    .publish = o->sync ? publish : mirror, .mirror = o->sync && o->outside ? mirror : NULL,
	    .interval_ms = s.schedule.interval_ms};
	s.upkeep = o->upkeep ? upkeep : NULL;
	for (i = 0; i < watch.n; i++)
		strs_add(&s.watch, watch.v[i]);
	hand_on_repo(app);
	e = supervise(&s, &tally);
	strs_free(&s.watch);
	vec_free(&watch);
	vec_free(&withhold);
	if (o->json)
		put_tally(app, &tally);
	else if (!o->quiet)
		print_tally(app, &tally);
	if (e == NULL && tally.stuck != ERR_CODES)
		e = err_new(tally.stuck, "not all could run here (%s), for what is said above", err_row(tally.stuck)->word);
	if (e == NULL && tally.unshared != ERR_CODES)
		e = err_hint(err_new(tally.unshared, "an exchange with the remote failed (%s), for what is said above", err_row(tally.unshared)->word),
		    tally.unshared == ERR_RATE_LIMIT ? "'git factory sync' does what is left, once the limits allow that" :
		    "mend that; 'git factory sync' does what is left");
	return e;
}

static const struct work_opts supervisor_defaults = {.slots = 1, .node_pid = 1};

const struct verb cmd_work[] = {
	{.noun = "work", .args = "", .doc = "run tasks, many at once, for as long as there are any",
	    .opts = work_table, .opts_size = sizeof(struct work_opts), .run = work},
	VERB_END,
};

const struct verb cmd_supervisor[] = {
	{.noun = "--supervisor", .args = "", .doc = "supervise workers", .opts = supervisor_table,
	    .opts_size = sizeof(struct work_opts), .defaults = &supervisor_defaults, .flags = VERB_INTERNAL,
	    .run = supervisor},
	VERB_END,
};

/*
 * git factory intake, event - from the issues of a forge to tasks, and back.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "forge/forge.h"
#include "forge/linear.h"
#include "forge/webhook.h"
#include "git/repo.h"
#include "line/intake/intake.h"
#include "line/intake/sweep.h"
#include "line/lent.h"
#include "line/policy.h"
#include "line/pulls/mirror.h"
#include "line/publish.h"
#include "line/run.h"
#include "store/nodes.h"
#include "store/state.h"
#include "store/sync.h"
#include "sys/sigs.h"
#include "wire/json.h"

struct intake_verb_opts {
	bool dry;
	bool json;
	bool quiet;
	bool pulls;		/* a sweep looks at pull requests, too */
	const char *forge;
};

static const struct opt intake_table[] = {
	OPT_FLAG('n', "dry-run", struct intake_verb_opts, dry, "decide, and write nothing"),
	OPT_FLAG(0, "json", struct intake_verb_opts, json, "print JSON"),
	OPT_END,
};

static const struct opt event_table[] = {
	OPT_STRING(0, "forge", "KIND", struct intake_verb_opts, forge, "who sent it: github, gitlab, gitea, forgejo, linear"),
	OPT_FLAG('n', "dry-run", struct intake_verb_opts, dry, "decide, and write nothing"),
	OPT_FLAG(0, "json", struct intake_verb_opts, json, "print JSON"),
	OPT_END,
};

/* ---- the forge of the repository, and what is said about its issues ---- */

struct window {
	struct app *app;
	const struct intake_verb_opts *o;
	struct desk desk;
	struct policy policy;
	bool has_policy;
	struct forge *forge;	/* either may be NULL, not both */
	struct forge *tracker;
	struct buf text;
	struct jw w;
	size_t said, filed;
};

static void
window_close(struct window *w)
{
	forge_close(w->forge);
	forge_close(w->tracker);
	if (w->has_policy)
		policy_free(&w->policy);
	desk_close(&w->desk);
	buf_free(&w->text);
}

static void
put_said(struct jw *w, const struct intake_said *s)
{
	jw_obj(w);
	jw_key(w, "issue");
	if (s->issue > 0)
		jw_int(w, s->issue);
	else
		jw_null(w);
	jw_kstr(w, "task", s->task[0] != '\0' ? s->task : NULL);
	jw_kstr(w, "did", intake_did_word(s->did));
	jw_kstr(w, "why", s->why);
	jw_kbool(w, "told", s->told);
	jw_end(w);
}

static void
on_said(void *arg, const struct intake_said *s)
{
	struct window *w = arg;
	struct out *o = &w->app->out;

	w->said++;
	w->filed += s->did != INTAKE_NOTHING;
	if (w->o->quiet)
		return;
	if (w->o->json) {
		put_said(&w->w, s);
		return;
	}
	if (s->issue > 0)
		out_printf(o, "#%lld  ", (long long)s->issue);
	if (s->task[0] != '\0')
		out_printf(o, "%s  ", s->task);
	out_printf(o, "%-7s  ", intake_did_word(s->did));
	out_line(o, str_of(s->why));
	out_printf(o, "%s\n", s->told ? " (comment written)" : "");
}

static struct err *
open_forge(struct window *w)
{
	AUTO(mem_free_p) char *why = NULL;
	AUTO(node_infos_free) struct node_infos others = {0};
	struct forge_opts fo = {0};

	TRY(policy_open_shared(w->desk.repo, state_remote(w->desk.state) != NULL, &w->policy));
	w->has_policy = true;
	TRY(policy_trusted(&w->policy));
	TRY(node_others(w->desk.state, &others));
	fo.nodes = others.n + 1;
	TRY(forge_open(w->desk.repo, &w->policy.cfg, &fo, &w->forge, &why));
	TRY(linear_open(w->desk.repo, &w->policy.cfg, &fo, &w->tracker));
	if (w->forge == NULL && w->tracker == NULL)
		return err_hint(err_new(ERR_CONFIG, "there is no forge here%s%s", why != NULL ? ": " : "",
		    why != NULL ? why : ""), "name it in " CONFIG_PATH ", 'forge: github' for one");
	return NULL;
}

/* Tasks that another machine filed are to be seen before, and ours by it after. */
static void
exchange(struct window *w)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	struct err *e;
	size_t folded;

	if (state_remote(w->desk.state) == NULL || w->o->dry)
		return;
	e = publish(w->desk.state, &r, &folded);
	if (e != NULL)
		out_printf(&w->app->note, "note: the tasks were not exchanged with '%s': %s\n",
		    state_remote(w->desk.state), err_msg(e));
	err_ignore(e);
}

/* A sweep, or what an event of this forge hints at. */
static struct err *
take_in(struct window *w, struct forge *f, const struct hook_event *event)
{
	AUTO(intake_close_p) struct intake *in = NULL;
	struct intake_opts io = {.state = w->desk.state, .forge = f, .config = &w->policy.cfg, .dry = w->o->dry,
	    .on_said = on_said, .arg = w};
	struct err *e;

	TRY(intake_open(&io, &in));
	if (event != NULL)
		return hook_about_pulls(event) ? intake_tell(in) : intake_events(in, event, 1);
	e = intake_sweep(in);
	return err_is(e, ERR_NOT_FOUND) && err_hint_of(e) == NULL ? err_hint(e,
	    "are issues switched on for the project there, and may the token see it?") : e;
}

/* What people and checks did to our pull requests, and what of ours is not there yet. */
static struct err *
look_at_pulls(struct window *w, const struct hook_event *event)
{
	struct line_opts line = {.state = w->desk.state, .cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = line_remark,
	    .arg = w->app};
	struct mirrored seen;

	if (w->o->dry || w->forge == NULL || !(event == NULL ? w->o->pulls : hook_about_pulls(event)))
		return NULL;
	return mirror_here(&line, &seen);
}

static void
on_lent(void *arg, const char *text)
{
	out_printf(&((struct app *)arg)->note, "note: %s\n", text);
}

/* With each sweep: what jobs of the CI were claimed for that are no more. */
static struct err *
free_lent(struct window *w, const struct hook_event *event)
{
	size_t freed;

	if (w->o->dry || w->forge == NULL || event != NULL)
		return NULL;
	return lent_free(w->desk.state, w->forge, on_lent, w->app, &freed);
}

static bool
is_linear(const struct intake_verb_opts *o)
{
	return o->forge != NULL && strcmp(o->forge, "linear") == 0;
}

static struct err *
with_intake(struct app *app, const struct intake_verb_opts *o, const struct hook_event *event)
{
	AUTO(window_close) struct window w = {.app = app, .o = o, .text = BUF_INIT(BUF_TEXT)};
	struct err *e = NULL, *other = NULL;

	TRY(desk_open(app, &w.desk));
	TRY(open_forge(&w));
	exchange(&w);
	jw_init(&w.w, &w.text, true);
	jw_list(&w.w);
	/* What pull requests have come to is told on the issues. */
	if (!is_linear(o))
		e = look_at_pulls(&w, event);
	if (e == NULL && w.forge != NULL && (event == NULL || !is_linear(o)))
		e = take_in(&w, w.forge, event);
	/* That one cannot be reached is no reason to leave the other. */
	if (w.tracker != NULL && (event == NULL || is_linear(o)))
		other = take_in(&w, w.tracker, event);
	jw_end(&w.w);
	if (e == NULL)
		e = free_lent(&w, event);
	if (o->json)
		out_raw(&app->out, buf_str(&w.text));
	else if (w.said == 0 && e == NULL && other == NULL && !o->quiet)
		out_printf(&app->note, "nothing new\n");
	if (w.filed > 0)
		exchange(&w);
	if (e != NULL && other != NULL)
		out_printf(&app->note, "note: %s\n", err_msg(other));
	if (e != NULL)
		err_ignore(other);
	return e != NULL ? e : other;
}

struct err *
intake_look(struct app *app, const char *sender, const struct hook_event *event, bool quiet)
{
	struct intake_verb_opts o = {.quiet = quiet, .pulls = true, .forge = sender};

	return with_intake(app, &o, event);
}

static struct err *
intake(struct app *app, const void *opts, const struct args *args UNUSED)
{
	return with_intake(app, opts, NULL);
}

/* ---- event ---- */

static struct err *
read_payload(const char *file, struct buf *out)
{
	if (strcmp(file, "-") == 0)
		return file_read_fd(STDIN_FILENO, "standard input", out);
	return file_read(AT_FDCWD, file, out);
}

static struct err *
event_of(const struct intake_verb_opts *o, const struct args *args, struct hook_event *out)
{
	AUTO(buf_free) struct buf body = BUF_INIT(HOOK_BODY_MAX);
	const char *name = args->n > 0 ? args->v[0] : getenv("GITHUB_EVENT_NAME");
	const char *file = args->n > 1 ? args->v[1] : args->n > 0 ? "-" : getenv("GITHUB_EVENT_PATH");
	enum hook_from from = HOOK_GITHUB;

	if (o->forge != NULL && !hook_from_find(o->forge, &from))
		return err_new(ERR_USAGE, "'%s' is no forge: github, gitlab, gitea, forgejo or linear", o->forge);
	if (name == NULL || file == NULL)
		return err_hint(err_new(ERR_USAGE, "the event's name is missing"),
		    "in GitHub Actions it comes from GITHUB_EVENT_NAME and GITHUB_EVENT_PATH");
	TRY(read_payload(file, &body));
	return err_wrap(webhook_parse(from, name, buf_str(&body), out), "event '%s'", name);
}

static struct err *
event(struct app *app, const void *opts, const struct args *args)
{
	AUTO(hook_event_free) struct hook_event e = {0};
	const struct intake_verb_opts *o = opts;

	TRY(event_of(o, args, &e));
	return with_intake(app, o, &e);
}

const struct verb cmd_intake[] = {
	{.noun = "intake", .args = "", .doc = "take in what people ask for on the issues of the forge",
	    .opts = intake_table, .opts_size = sizeof(struct intake_verb_opts), .run = intake},
	VERB_END,
};

const struct verb cmd_event[] = {
	{.noun = "event", .args = "[NAME [FILE]]", .doc = "look at what an event of the forge is about",
	    .opts = event_table, .opts_size = sizeof(struct intake_verb_opts), .max_args = 2, .run = event},
	VERB_END,
};

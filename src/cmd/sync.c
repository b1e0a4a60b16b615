/*
 * git factory sync - exchange tasks, records and notes with the remote.
 */
#include <unistd.h>

#include "base/err.h"
#include "base/id.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "line/await.h"
#include "line/policy.h"
#include "line/publish.h"
#include "line/pulls/mirror.h"
#include "line/run.h"
#include "store/state.h"
#include "store/sync.h"
#include "sys/channel.h"
#include "sys/sigs.h"
#include "wire/json.h"

struct sync_words {
	bool dry_run;
	const char *export;
	const char *apply;
	const char *run;
	bool forge;
	bool quiet;
	bool json;
};

static const struct opt sync_table[] = {
	OPT_FLAG('n', "dry-run", struct sync_words, dry_run, "only say what would be exchanged"),
	OPT_STRING(0, "export", "FILE", struct sync_words, export, "write what would be pushed to a file instead"),
	OPT_STRING(0, "apply", "FILE", struct sync_words, apply, "push what such a file holds, as far as it may"),
	OPT_STRING(0, "run", "RUN", struct sync_words, run, "with --apply: whose step the file must be"),
	OPT_FLAG(0, "forge", struct sync_words, forge, "bring the forge's pull requests in line as well, the default"),
	OPT_FLAG('q', "quiet", struct sync_words, quiet, "say nothing but errors"),
	OPT_FLAG(0, "json", struct sync_words, json, "print JSON"),
	OPT_END,
};

static const struct sync_words sync_defaults = {.forge = true};

static void
print_json(struct app *app, struct state *s, const struct sync_result *r, size_t folded)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;
	size_t i;

	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kstr(&w, "remote", state_remote(s));
	jw_kstr(&w, "state", oid_is_zero(&r->state) ? NULL : oid_hex(&r->state).s);
	jw_kint(&w, "received", (int64_t)r->received);
	jw_kint(&w, "sent", (int64_t)r->sent);
	jw_kbool(&w, "notes_received", r->notes_received);
	jw_kbool(&w, "notes_sent", r->notes_sent);
	jw_kint(&w, "refs_sent", (int64_t)r->refs_sent);
	jw_kint(&w, "pulls_received", (int64_t)r->pulls_received);
	jw_kint(&w, "folded", (int64_t)folded);
	jw_kint(&w, "rounds", r->rounds);
	jw_key(&w, "remarks");
	jw_list(&w);
	for (i = 0; i < r->remarks.n; i++)
		jw_str(&w, r->remarks.v[i]);
	jw_end(&w);
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
}

static void
add_count(struct buf *b, size_t n, const char *what)
{
	if (n > 0)
		buf_addf(b, "%s%zu %s%s", b->n > 0 ? ", " : "", n, what, n == 1 ? "" : "s");
}

static void
print_line(struct app *app, const char *verb, size_t commits, bool notes, size_t refs, const char *ref)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	add_count(&b, commits, "commit");
	if (notes)
		buf_addf(&b, "%snotes", b.n > 0 ? ", " : "");
	add_count(&b, refs, ref);
	if (b.n > 0)
		out_printf(&app->out, "%s %s\n", verb, buf_cstr(&b));
}

static void
print_text(struct app *app, const struct sync_words *o, const struct sync_result *r)
{
	bool idle = r->received + r->sent + r->refs_sent + r->pulls_received == 0 && !r->notes_received && !r->notes_sent;
	const char *in = o->dry_run ? "would receive" : "received";
	const char *out = o->dry_run ? "would send" : o->export != NULL ? "exported" : "sent";

	if (idle && o->export != NULL)
		out_printf(&app->out, "nothing to export: no file was written\n");
	else if (idle)
		out_printf(&app->out, "nothing to exchange\n");
	print_line(app, in, r->received, r->notes_received, r->pulls_received, "pull request");
	print_line(app, out, r->sent, r->notes_sent, r->refs_sent, "ref");
}

static void
show(struct app *app, struct state *s, const struct sync_words *o, const struct sync_result *r, size_t folded)
{
	size_t i;

	if (o->json)
		print_json(app, s, r, folded);
	if (o->json || o->quiet)
		return;
	for (i = 0; i < r->remarks.n; i++)
		out_printf(&app->note, "note: %s\n", r->remarks.v[i]);
	print_text(app, o, r);
	if (folded > 0)
		out_printf(&app->out, "folded %zu finished run%s into the state\n", folded, folded == 1 ? "" : "s");
}

static struct err *
apply(struct state *s, const struct sync_words *o, struct sync_result *r)
{
	struct id run;

	if (o->run != NULL && !id_parse(str_of(o->run), &run))
		return err_new(ERR_USAGE, "'%s' is not the full id of a run", o->run);
	return state_apply(s, o->apply, o->run != NULL ? &run : NULL, r);
}

/* The policy that names the remote may be on a branch that was not cloned. */
static struct err *
base_is_here(struct repo *r)
{
	AUTO(policy_free) struct policy p = {0};

	return policy_open(r, &p);
}

/* With the remote, and with the forge; one of them there must be. */
static struct err *
all_of_it(struct app *app, struct state *s, const struct sync_words *o, struct sync_result *r, size_t *folded)
{
	struct line_opts line = {.state = s, .cancel_fd = sigs_fd(), .cancel = sigs_flag(),
	    .on_event = o->quiet ? NULL : line_remark, .arg = app};
	struct mirrored seen;
	bool any = false;

	if (!o->forge)
		return publish(s, r, folded);
	if (state_remote(s) == NULL) {
		TRY(base_is_here(state_repo(s)));
		TRY(mirror_any(&line, &any, NULL));
	}
	if (!any)
		TRY(publish(s, r, folded));
	return mirror_here(&line, &seen);
}

static struct err *
sync_run(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct sync_words *o = opts;
	struct sync_opts how = {.dry_run = o->dry_run, .export = o->export};
	AUTO(sync_result_free) struct sync_result r = {0};
	AUTO(desk_close) struct desk d = {0};
	size_t folded = 0;
	struct err *e;

	if (o->apply != NULL && (o->export != NULL || o->dry_run))
		return err_new(ERR_USAGE, "--apply excludes --export and --dry-run");
	if (o->run != NULL && o->apply == NULL)
		return err_new(ERR_USAGE, "--run is for --apply");
	TRY(desk_open(app, &d));
	if (o->apply != NULL)
		e = apply(d.state, o, &r);
	else if (o->dry_run || o->export != NULL)
		e = state_sync(d.state, &how, &r);
	else
		e = all_of_it(app, d.state, o, &r, &folded);
	if (e == NULL)
		show(app, d.state, o, &r, folded);
	return e;
}

const struct verb cmd_sync[] = {
	{"sync", NULL, "", "exchange tasks, records and notes with the remote", sync_table, sizeof(struct sync_words), &sync_defaults, 0, 0, 0, sync_run},
	VERB_END,
};

/* ---- for the supervisor: what was delivered becomes part of the state ---- */

struct publisher_words {
	bool now, forge;
};

static const struct opt publisher_table[] = {
	OPT_FLAG(0, "now", struct publisher_words, now, "exchange all that there is, at once"),
	OPT_FLAG(0, "forge", struct publisher_words, forge, "bring the forge in line, and nothing else"),
	OPT_END,
};

/* One or the other: what the forge has us wait for keeps no run out of the state. */
static struct err *
exchange(struct app *app, const struct publisher_words *o)
{
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = line_remark, .arg = app};
	struct mirrored seen;
	AUTO(sync_result_free) struct sync_result r = {0};
	AUTO(desk_close) struct desk d = {0};
	size_t folded;

	TRY(desk_open(app, &d));
	line.state = d.state;
	if (o->forge)
		return mirror_here(&line, &seen);
	return o->now ? publish(d.state, &r, &folded) : await_fold(d.state);
}

/* People read why, the supervisor what kind of error it was. */
static struct err *
publisher(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct publisher_words *o = opts;
	AUTO(err_free_p) struct err *e = exchange(app, o);
	struct frame f = {.kind = FRAME_ENDED, .n = {END_WAITS, e == NULL ? ERR_CODES : err_code(e), 0}};

	if (err_is(e, ERR_INTERRUPTED))
		return STEAL(e);
	if (e != NULL)
		out_printf(&app->note, "note: %s: %s\n", o->forge ? "the forge is not in line" :
		    "not exchanged with the remote", err_msg(e));
	if (e != NULL && err_hint_of(e) != NULL)
		out_printf(&app->note, "hint: %s\n", err_hint_of(e));
	err_ignore(out_flush(&app->note));
	return channel_send(STDOUT_FILENO, &f);
}

const struct verb cmd_publisher[] = {
	{"--publisher", NULL, "", "exchange with the remote for a supervisor", publisher_table,
	    sizeof(struct publisher_words), NULL, 0, 0, VERB_INTERNAL, publisher},
	VERB_END,
};

/*
 * git factory gc - remove what runs left behind and nobody needs any more.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "line/policy.h"
#include "plant/hygiene.h"
#include "wire/json.h"

struct gc_opts {
	bool dry;
	bool verbose;
	bool json;
};

static const struct opt gc_table[] = {
	OPT_FLAG('n', "dry-run", struct gc_opts, dry, "only show what would be done"),
	OPT_FLAG('v', "verbose", struct gc_opts, verbose, "show what is kept, too, and why"),
	OPT_FLAG(0, "json", struct gc_opts, json, "print JSON"),
	OPT_END,
};

struct sweeping {
	struct app *app;
	const struct gc_opts *o;
	struct jw w;
	size_t swept, kept;
};

static const char *
fate(const struct gc_opts *o, const struct hygiene_item *i)
{
	if (!i->swept)
		return "kept";
	if (i->kind == HYGIENE_RUN)
		return o->dry ? "would end" : "ended";
	return o->dry ? "would remove" : "removed";
}

static void
put_item(struct jw *w, const struct gc_opts *o, const struct hygiene_item *i)
{
	jw_obj(w);
	jw_kstr(w, "kind", hygiene_word(i->kind));
	jw_kstr(w, "name", i->name);
	jw_kstr(w, "task", i->task[0] != '\0' ? i->task : NULL);
	jw_kstr(w, "action", fate(o, i));
	jw_kstr(w, "why", i->why);
	jw_end(w);
}

static void
on_item(void *arg, const struct hygiene_item *i)
{
	struct sweeping *s = arg;
	struct out *out = &s->app->out;

	s->swept += i->swept;
	s->kept += !i->swept;
	if (s->o->json) {
		put_item(&s->w, s->o, i);
		return;
	}
	if (!i->swept && !s->o->verbose)
		return;
	out_style(out, i->swept ? STYLE_YELLOW : STYLE_DIM);
	out_printf(out, "%-12s", fate(s->o, i));
	out_style(out, STYLE_RESET);
	out_printf(out, "  %-10s  ", hygiene_word(i->kind));
	out_line(out, str_of(i->name));
	if (i->task[0] != '\0' && i->kind != HYGIENE_LEASE)
		out_printf(out, " of task %s", i->task);
	out_printf(out, ": ");
	out_line(out, str_of(i->why));
	out_printf(out, "\n");
}

/* Policy's ages; the defaults where no commit holds one. */
static struct err *
read_policy(struct repo *r, struct policy *p)
{
	struct err *e = policy_open(r, p);

	if (!err_is(e, ERR_REPOSITORY) && !err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	config_init(&p->cfg);
	return NULL;
}

static struct err *
gc(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(policy_free) struct policy p = {0};
	AUTO(desk_close) struct desk d = {0};
	struct sweeping s = {.app = app, .o = opts};
	struct hygiene_opts h = {.config = &p.cfg, .dry = s.o->dry, .fn = on_item, .arg = &s};

	TRY(desk_queue(app, &d));
	TRY(read_policy(d.repo, &p));
	h.queue = d.queue;
	jw_init(&s.w, &text, true);
	jw_obj(&s.w);
	jw_kbool(&s.w, "dry_run", s.o->dry);
	jw_key(&s.w, "items");
	jw_list(&s.w);
	TRY(hygiene_sweep(&h));
	jw_end(&s.w);
	jw_end(&s.w);
	TRY(buf_check(&text, "the list"));
	if (s.o->json)
		out_raw(&app->out, buf_str(&text));
	else if (s.swept == 0)
		out_printf(&app->note, "nothing to sweep, %zu kept\n", s.kept);
	return NULL;
}

const struct verb cmd_gc[] = {
	{.noun = "gc", .args = "", .doc = "remove what runs left behind", .opts = gc_table,
	    .opts_size = sizeof(struct gc_opts), .run = gc},
	VERB_END,
};

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "git/repo.h"
#include "line/kind.h"
#include "model/run.h"
#include "model/task.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"
#include "wire/json.h"

#define REMARKS_SHOWN 20

/* ---- the desk ---- */

struct err *
desk_open(struct app *app, struct desk *out)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(said_free) struct said said = {0};
	AUTO(strs_free) struct strs labels = {0};
	struct state_opts o = {.clock = app->clock, .labels = &labels};
	struct str rest, label;

	TRY(repo_open(app->repo_path, &d.repo));
	TRY(said_learn(d.repo, &said));
	o.repo = d.repo;
	o.branch = said.branch;
	o.name = *said.name != '\0' ? said.name : NULL;
	o.email = *said.email != '\0' ? said.email : NULL;
	o.remote = said.remote;
	o.base = said.base;
	o.node = *said.node != '\0' ? said.node : NULL;
	for (rest = str_of(said.labels); str_next(&rest, ',', &label);)
		strs_addn(&labels, label.p, label.n);
	(void)str_int(str_of(said.ttl), 1, INT64_MAX, &o.lease_ttl);
	TRY(state_open(&o, &d.state));
	*out = d;
	d = (struct desk){0};
	return NULL;
}

void
desk_close(struct desk *d)
{
	queue_close(d->queue);
	state_close(d->state);
	repo_close(d->repo);
	*d = (struct desk){0};
}

struct err *
desk_queue(struct app *app, struct desk *out)
{
	AUTO(desk_close) struct desk d = {0};
	const struct strs *remarks;
	size_t i;

	TRY(desk_open(app, &d));
	TRY(queue_open(d.state, &d.queue));
	remarks = queue_remarks(d.queue);
	for (i = 0; i < remarks->n && i < REMARKS_SHOWN; i++)
		out_printf(&app->note, "note: %s\n", remarks->v[i]);
	if (i < remarks->n)
		out_printf(&app->note, "note: and %zu more of this kind\n", remarks->n - i);
	*out = d;
	d = (struct desk){0};
	return NULL;
}

/* ---- tasks ---- */

const char *
row_word(const struct queue_row *row)
{
	if (row->running)
		return "running";
	if (row->broken != NULL)
		return "broken";
	if (row->task->state != TASK_QUEUED)
		return task_state_word(row->task->state);
	if (*row->task->hold != '\0')
		return "held";
	return row->waits || row->later || row->unmet ? "waiting" : "ready";
}

enum out_style
word_style(const char *word)
{
	static const struct { const char *word; enum out_style style; } styles[] = {
	    {"running", STYLE_BLUE}, {"ready", STYLE_GREEN}, {"broken", STYLE_RED},
	    {"missing", STYLE_RED},
	    {"escalated", STYLE_YELLOW}, {"held", STYLE_DIM}, {"waiting", STYLE_DIM},
	    {"landed", STYLE_DIM}, {"closed", STYLE_DIM}};
	size_t i;

	for (i = 0; i < NITEMS(styles); i++)
		if (strcmp(styles[i].word, word) == 0)
			return styles[i].style;
	return STYLE_RESET;
}

void
row_line(struct app *app, const struct queue_row *row)
{
	const char *word = row_word(row);
	size_t left = app->out.columns > 50 ? (size_t)app->out.columns - 25 : 25;

	out_printf(&app->out, "%s  ", row->id.s);
	out_style(&app->out, word_style(word));
	out_printf(&app->out, "%-9s", word);
	out_style(&app->out, STYLE_RESET);
	if (row->task != NULL)
		out_printf(&app->out, "  p%lld  ", (long long)row->task->priority);
	else
		out_printf(&app->out, "  --  ");
	if (app->out.tty)
		out_cut(&app->out, str_of(row->task != NULL ? row->task->title : row->broken), left);
	else
		out_line(&app->out, str_of(row->task != NULL ? row->task->title : row->broken));
	if (row->task != NULL && *row->task->class != '\0') {
		out_style(&app->out, STYLE_DIM);
		out_printf(&app->out, "  (%s)", row->task->class);
		out_style(&app->out, STYLE_RESET);
	}
	out_printf(&app->out, "\n");
}

static void
put_strs(struct jw *w, const char *key, const struct strs *s)
{
	size_t i;

	jw_key(w, key);
	jw_list(w);
	for (i = 0; i < s->n; i++)
		jw_str(w, s->v[i]);
	jw_end(w);
}

static void
put_time(struct jw *w, const char *key, int64_t when)
{
	char text[CLOCK_TEXT];

	if (when != 0)
		clock_format(when, text);
	jw_kstr(w, key, when != 0 ? text : NULL);
}

static void
put_lease(struct jw *w, const struct lease_info *l)
{
	jw_key(w, "lease");
	if (l == NULL) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	jw_kstr(w, "run", l->run.s);
	jw_kint(w, "attempt", l->attempt);
	jw_kstr(w, "node", l->node);
	jw_kint(w, "pid", l->pid);
	put_time(w, "since", l->since);
	put_time(w, "beat", l->beat);
	jw_end(w);
}

static void
put_task(struct jw *w, const struct task *t)
{
	jw_kstr(w, "title", t->title);
	jw_kstr(w, "type", t->type);
	jw_kint(w, "priority", t->priority);
	put_strs(w, "labels", &t->labels);
	put_strs(w, "needs", &t->needs);
	put_strs(w, "after", &t->after);
	jw_kint(w, "estimate_s", t->estimate);
	jw_kstr(w, "dir", t->dir);
	put_strs(w, "scope", &t->scope);
	jw_kstr(w, "hold", t->hold);
	jw_kstr(w, "close", t->close);
	put_time(w, "created", t->created);
	jw_kint(w, "attempts", t->attempts);
	jw_kstr(w, "run", t->run);
	jw_kstr(w, "branch", t->branch);
	jw_kint(w, "pull", t->pull);
	jw_kstr(w, "commit", t->commit);
	jw_kstr(w, "error", t->error);
	jw_kstr(w, "question", t->question);
	jw_kstr(w, "issue", t->issue);
	jw_kstr(w, "asked_by", t->asked_by);
	put_time(w, "asked_at", t->asked_at);
	jw_kstr(w, "pinned", t->pinned);
	jw_kstr(w, "class", t->class);
	put_strs(w, "tries", &t->tries);
	put_time(w, "retry_at", t->retry_at);
	jw_kstr(w, "next", t->next);
}

static void
put_kind(struct jw *w, const struct kind *k)
{
	jw_key(w, "kind");
	jw_obj(w);
	jw_kstr(w, "type", k->name);
	jw_kstr(w, "severity", risk_word(k->severity));
	jw_kbool(w, "auto_merge", k->auto_merge);
	jw_kstr(w, "why", k->why);
	jw_end(w);
}

void
row_json(struct jw *w, struct queue *q, const struct queue_row *row, bool body, const struct kind *kind)
{
	AUTO(err_free_p) struct err *why = queue_ready(q, row);

	jw_obj(w);
	jw_kstr(w, "id", row->id.s);
	jw_kstr(w, "state", row_word(row));
	jw_kbool(w, "ready", why == NULL);
	jw_kstr(w, "why", why != NULL ? err_msg(why) : NULL);
	jw_kstr(w, "path", row->path);
	jw_kstr(w, "broken", row->broken);
	if (row->task != NULL)
		put_task(w, row->task);
	if (kind != NULL && kind->name != NULL)
		put_kind(w, kind);
	put_lease(w, queue_lease(q, &row->id));
	if (body && row->task != NULL)
		jw_kstr(w, "body", row->task->body);
	jw_end(w);
}

/* ---- runs ---- */

void
next_text(const char *class, const char *next, int64_t retry_at, struct buf *out)
{
	char when[CLOCK_TEXT];

	if (*class == '\0')
		return;
	buf_addf(out, "%s: %s", class, next);
	if (retry_at == 0)
		return;
	clock_format(retry_at, when);
	buf_addf(out, ", not before %s", when);
}

void
run_line(struct app *app, const struct run *r)
{
	AUTO(buf_free) struct buf cost = BUF_INIT(64), next = BUF_INIT(BUF_TEXT);
	char when[CLOCK_TEXT], span[CLOCK_TEXT];

	clock_format(r->started, when);
	clock_format_span(r->ended > r->started ? r->ended - r->started : 0, span);
	if (r->use.guessed > 0)
		buf_addc(&cost, '~');
	money_text(r->use.micro, &cost);
	out_printf(&app->out, "%s  %s  %s  %-9s  %8s  %6s  ", r->id, when, r->task,
	    run_outcome_word(r->outcome), buf_cstr(&cost), span);
	out_line(&app->out, str_of(r->title));
	out_printf(&app->out, "\n");
	next_text(r->class, r->next, r->retry_at, &next);
	if (next.n > 0) {
		out_printf(&app->out, "%-8s  ", "");
		out_line(&app->out, buf_str(&next));
		out_printf(&app->out, "\n");
	}
}

void
field_line(struct out *o, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	out_style(o, STYLE_DIM);
	out_printf(o, "%-11s", name);
	out_style(o, STYLE_RESET);
	out_line(o, str_of(value));
	out_printf(o, "\n");
}

void
line_remark(void *arg, enum line_event event, const char *text)
{
	struct out *o = &((struct app *)arg)->note;

	if (event != LINE_NOTE)
		return;
	out_printf(o, "note: ");
	out_line(o, str_of(text));
	out_printf(o, "\n");
	err_ignore(out_flush(o));
}

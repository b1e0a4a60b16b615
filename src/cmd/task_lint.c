/*
 * git factory task lint - is a spec good enough to start on?
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "conf/config.h"
#include "git/repo.h"
#include "line/kind.h"
#include "model/lint.h"
#include "model/spec.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"
#include "wire/json.h"

struct linting {
	struct app *app;
	const struct config *rules;
	bool json;
	struct jw w;
	size_t bad;
};

static void
put_lint(struct jw *w, const char *id, const char *path, const struct task *t, const struct lint *l,
    const struct kind *k)
{
	size_t i;

	jw_obj(w);
	jw_kstr(w, "id", id);
	jw_kstr(w, "title", t->title);
	jw_kstr(w, "type", k->name);
	jw_kstr(w, "severity", risk_word(k->severity));
	jw_kstr(w, "granularity", grain_word(l->grain));
	jw_kbool(w, "behaviour", l->behaviour);
	jw_kbool(w, "io", l->io);
	jw_kbool(w, "constraints", l->constraints);
	jw_kbool(w, "verify", l->verify);
	jw_kint(w, "steps", l->steps);
	jw_key(w, "findings");
	jw_list(w);
	for (i = 0; i < l->findings.n; i++) {
		jw_obj(w);
		jw_kstr(w, "path", path);
		jw_kint(w, "line", t->body_line + l->findings.v[i].line - 1);
		jw_kstr(w, "what", l->findings.v[i].what);
		jw_kstr(w, "add", l->findings.v[i].add);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}

static void
print_lint(struct out *o, const char *id, const char *path, const struct task *t, const struct lint *l,
    const struct kind *k)
{
	size_t i;

	if (id != NULL)
		out_printf(o, "%s  ", id);
	out_style(o, l->grain == GRAIN_VAGUE ? STYLE_RED : l->grain == GRAIN_WELL ? STYLE_GREEN : STYLE_YELLOW);
	out_printf(o, "%-15s", grain_word(l->grain));
	out_style(o, STYLE_RESET);
	out_printf(o, "  ");
	out_line(o, str_of(t->title));
	out_style(o, STYLE_DIM);
	out_printf(o, "  (%s, %s severity)\n", k->name, risk_word(k->severity));
	out_style(o, STYLE_RESET);
	if (k->type == NULL)
		out_printf(o, "  %s: the type is unknown, which never lands by itself: %s\n", path, k->why);
	for (i = 0; i < l->findings.n; i++)
		out_printf(o, "  %s:%lld: %s; %s\n", path, (long long)(t->body_line + l->findings.v[i].line - 1),
		    l->findings.v[i].what, l->findings.v[i].add);
}

static void
lint_one(struct linting *run, const char *id, const char *path, const struct task *t)
{
	AUTO(kind_free) struct kind k = {0};
	struct lint l = {0};

	lint_task(t, &l);
	kind_of(run->rules, t, &k);
	if (l.grain == GRAIN_VAGUE)
		run->bad++;
	if (run->json)
		put_lint(&run->w, id, path, t, &l, &k);
	else
		print_lint(&run->app->out, id, path, t, &l, &k);
	lint_free(&l);
}

static void
lint_broken(struct linting *run, const char *id, const char *message)
{
	run->bad++;
	if (!run->json) {
		out_printf(&run->app->out, "%s  broken\n  %s\n", id, message);
		return;
	}
	jw_obj(&run->w);
	jw_kstr(&run->w, "id", id);
	jw_kstr(&run->w, "broken", message);
	jw_end(&run->w);
}

static struct err *
finish(struct linting *run, struct buf *text)
{
	if (run->json) {
		jw_end(&run->w);
		out_raw(&run->app->out, buf_str(text));
	}
	if (run->bad == 0)
		return NULL;
	return err_new(ERR_FINDINGS, "%zu %s not good enough to start on", run->bad,
	    run->bad == 1 ? "spec is" : "specs are");
}

struct err *
lint_file(struct app *app, const char *name, struct str text, bool json)
{
	AUTO(buf_free) struct buf out = BUF_INIT(BUF_TEXT);
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config rules = {0};
	struct linting run = {.app = app, .json = json};
	AUTO(task_free) struct task t;

	/* A file may be judged anywhere. */
	err_ignore(repo_open(app->repo_path, &r));
	said_config(r, &rules);
	run.rules = &rules;
	task_init(&t);
	TRY(spec_is(text) ? spec_task(name, text, 1, false, &t) : task_parse(name, text, &t));
	jw_init(&run.w, &out, true);
	jw_list(&run.w);
	lint_one(&run, NULL, name, &t);
	return finish(&run, &out);
}

static struct err *
choose(struct queue *q, const struct args *args, struct ids *ids)
{
	struct id id;
	size_t i;

	if (args->n == 0)
		return queue_ids(q, QUEUE_OPEN, ids);
	for (i = 0; i < args->n; i++) {
		TRY(queue_find(q, args->v[i], &id));
		vec_push(ids, id);
	}
	return NULL;
}

struct err *
lint_queue(struct app *app, struct queue *q, const struct args *args, bool json)
{
	AUTO(buf_free) struct buf out = BUF_INIT(BUF_TEXT);
	AUTO(config_free) struct config rules = {0};
	struct linting run = {.app = app, .json = json};
	AUTO(ids_free) struct ids ids = {0};
	struct queue_row row;
	size_t i;

	TRY(choose(q, args, &ids));
	said_config(state_repo(queue_state(q)), &rules);
	run.rules = &rules;
	jw_init(&run.w, &out, true);
	jw_list(&run.w);
	for (i = 0; i < ids.n; i++) {
		TRY(queue_get(q, &ids.v[i], &row));
		if (row.broken != NULL)
			lint_broken(&run, row.id.s, row.broken);
		else
			lint_one(&run, row.id.s, row.path, row.task);
	}
	return err_hint(finish(&run, &out), "'git factory task edit ID' opens one in your editor");
}

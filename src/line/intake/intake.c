#include "line/intake/intake.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "forge/forge.h"
#include "forge/pull.h"
#include "forge/webhook.h"
#include "line/intake/decide.h"
#include "line/intake/guess.h"
#include "line/intake/look.h"
#include "line/intake/moved.h"
#include "line/intake/notebook.h"
#include "line/intake/report.h"
#include "line/kind.h"
#include "line/pulls/text.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/settle.h"
#include "store/state.h"

#define TURNS_MAX 8	/* ids that are tried for one issue */

struct intake {
	struct intake_opts o;
	struct forge *forge;
	char *project;		/* "github:owner/name" */
	struct forge_user own;	/* asked for once it is needed */
	struct notebook book;
	struct moved moved;	/* read once it is needed */
	bool sweeps;
	struct queue *queue;	/* as the state was when it was opened */
	struct secrets secrets;
	struct redactor *redact;
};

const char *
intake_did_word(enum intake_did did)
{
	static const char *const words[] = {"nothing", "filed", "again", "held", "asked", "refused"};

	return words[did];
}

struct err *
intake_open(const struct intake_opts *o, struct intake **out)
{
	struct intake *in = mem_alloc(sizeof(*in));
	struct err *e;

	*in = (struct intake){.o = *o};
	in->forge = o->forge;
	in->project = mem_printf("%s:%s", forge_kind_word(o->forge->place.kind), o->forge->place.project);
	e = notebook_open(state_repo(o->state), in->project, &in->book);
	if (e == NULL)
		e = config_secrets(o->config, &in->secrets);
	if (e != NULL) {
		intake_close(in);
		return e;
	}
	in->redact = redact_new(&in->secrets);
	*out = in;
	return NULL;
}

void
intake_close(struct intake *in)
{
	if (in == NULL)
		return;
	queue_close(in->queue);
	redact_free(in->redact);
	secrets_free(&in->secrets);
	notebook_free(&in->book);
	moved_free(&in->moved);
	forge_user_free(&in->own);
	free(in->project);
	free(in);
}

void
intake_close_p(struct intake **in)
{
	intake_close(*in);
}

static void
tell(struct intake *in, int64_t issue, const char *task, enum intake_did did, const char *why, bool told)
{
	struct intake_said said = {issue, task, did, why, told};

	if (in->o.on_said != NULL)
		in->o.on_said(in->o.arg, &said);
}

/* ---- the task of an issue ---- */

static struct err *
queue_of(struct intake *in, struct queue **out)
{
	if (in->queue == NULL)
		TRY(queue_open(in->o.state, &in->queue));
	*out = in->queue;
	return NULL;
}

static void
queue_stale(struct intake *in)
{
	queue_close(in->queue);
	in->queue = NULL;
}

/* Its id; *has: it is there, and 't' is it. */
static struct err *
task_of(struct intake *in, const char *name, struct id *id, struct task *t, bool *has)
{
	unsigned turn;

	for (turn = 0; turn < TURNS_MAX; turn++) {
		struct err *e;

		TRY(issue_task(name, turn, id));
		e = state_task(in->o.state, id, t);
		*has = e == NULL;
		if (err_is(e, ERR_NOT_FOUND)) {
			err_free(e);
			return NULL;
		}
		if (e != NULL || strcasecmp(t->issue, name) == 0)
			return e;
		task_free(t);
		task_init(t);
	}
	return err_new(ERR_STATE, "there is no id for the task of '%s': others have all of its own", name);
}

static struct err *
is_running(struct intake *in, const struct id *id, bool *out)
{
	struct queue *q;

	TRY(queue_of(in, &q));
	*out = queue_lease(q, id) != NULL;
	return NULL;
}

struct following {
	const struct look *look;
	struct decision *d;
};

static struct err *
follow_orders(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	struct following *f = ctx;

	if (f->look->formerly != NULL && strcasecmp(task->issue, f->look->formerly) == 0)
		task_set(task, &task->issue, f->look->name);
	/* Another issue's, since it was looked for: the next look takes the next id. */
	if (task->title[0] != '\0' && strcasecmp(task->issue, f->look->name) != 0)
		return err_new(ERR_STALE, "task '%s' was made meanwhile", task->id);
	decide(f->look, task, f->d);
	return NULL;
}

static struct err *
decide_task(struct intake *in, const struct look *l, const struct id *id, struct task *t, struct decision *d)
{
	AUTO(mem_free_p) char *message = mem_printf("take in %s as task %s", l->name, id->s);
	struct following f = {l, d};
	struct err *e;

	if (in->o.dry) {
		decide(l, t, d);
		return NULL;
	}
	TRY(state_take(in->o.state, id, message, follow_orders, &f));
	queue_stale(in);
	task_free(t);
	task_init(t);
	e = state_task(in->o.state, id, t);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

/* ---- the comment ---- */

static struct err *
own_user(struct intake *in)
{
	return in->own.id != NULL ? NULL : forge_self(in->forge, &in->own);
}

static struct err *
add_cost(const struct run *r, void *ctx, bool *more UNUSED)
{
	struct report *report = ctx;

	report->micro += r->use.micro;
	report->runs++;
	return NULL;
}

/* As the queue has it, "ready" where nothing stands in its way. */
static const char *
stands(const struct queue_row *row)
{
	const struct task *t = row->task;

	if (row->running)
		return "running";
	if (t->state != TASK_QUEUED)
		return task_state_word(t->state);
	if (t->hold[0] != '\0')
		return "held";
	return row->waits ? "waiting for others" : row->later ? "waiting for its next attempt" : "ready to start";
}

/* Its address, when it is one and nothing else. */
static void
add_url(const char *url, struct buf *out)
{
	size_t i;

	if (url == NULL || (!str_starts(str_of(url), "https://") && !str_starts(str_of(url), "http://")))
		return;
	for (i = 0; url[i] != '\0'; i++)
		if (!isalnum((unsigned char)url[i]) && strchr(":/.-_~%#?=&+!", url[i]) == NULL)
			return;
	buf_adds(out, url);
}

/*
 * Where the task's pull request is on the forge, and what it waits for; "" where
 * that is not known.  *early: it is on its way there, and to be told of then.
 */
static struct err *
add_pull(struct intake *in, const struct task *t, struct buf *url, struct buf *waits, bool *early)
{
	AUTO(pull_free) struct pull p = {0};
	struct err *e;

	if (t->pull == 0)
		return NULL;
	e = pull_read(state_repo(in->o.state), t->pull, &p);
	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	*early = t->state == TASK_DELIVERED && p.state == PULL_OPEN && p.outside == 0;
	add_url(p.url, url);
	pull_waits(&p, in->o.config->merge.automatic, waits);
	return NULL;
}

static struct err *
make_report(struct intake *in, const struct id *id, const char *ask, struct buf *out, char told[REPORT_TOLD + 1],
    bool *early)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4 * FORGE_TEXT_MAX);
	AUTO(buf_free) struct buf url = BUF_INIT(2 * FORGE_LINE_MAX), waits = BUF_INIT(2 * FORGE_LINE_MAX);
	AUTO(kind_free) struct kind kind = {0};
	struct report r = {.id = id->s, .ask = ask, .pull = "", .waits = ""};
	struct queue_row row;
	struct queue *q;
	struct err *e;

	TRY(queue_of(in, &q));
	e = queue_get(q, id, &row);
	if (e == NULL && row.task != NULL) {
		r.task = row.task;
		r.word = stands(&row);
		r.kind = &kind;
		kind_of(in->o.config, row.task, &kind);
		r.micro = task_guess_cost(row.task);
		e = add_pull(in, row.task, &url, &waits, early);
		r.pull = buf_cstr(&url);
		r.waits = buf_cstr(&waits);
	}
	if (e == NULL && r.task != NULL) {
		e = ledger_each(q, id, add_cost, &r);
	}
	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		e = NULL;
	}
	if (e == NULL)
		e = report_make(&r, &text, told);
	if (e == NULL)
		redact_str(in->redact, buf_str(&text), out);
	return e;
}

/* Ours of this task: by its mark, else the one that we remember. */
static const struct forge_comment *
find_report(struct intake *in, const struct forge_comments *all, const struct id *id,
    const struct notes_of_issue *notes, char told[REPORT_TOLD + 1])
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->v[i].author.id, in->own.id) == 0 && report_is(all->v[i].body, id->s, told))
			return &all->v[i];
	for (i = 0; i < all->n && notes->comment[0] != '\0'; i++)
		if (strcmp(all->v[i].author.id, in->own.id) == 0 && strcmp(all->v[i].id, notes->comment) == 0) {
			snprintf(told, REPORT_TOLD + 1, "%s", notes->told);
			return &all->v[i];
		}
	return NULL;
}

/* A comment whose answer was lost may be there. */
static struct err *
add_report(struct intake *in, int64_t number, const struct id *id, const char *text, char **comment)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	struct err *e = in->forge->api->comment_add(in->forge, number, text, comment);
	const struct forge_comment *c;
	char told[REPORT_TOLD + 1];

	if (!err_is(e, ERR_TIMEOUT) && !err_is(e, ERR_NETWORK) && !err_is(e, ERR_SERVER))
		return e;
	err_ignore(in->forge->api->comments(in->forge, number, 0, &all));
	c = find_report(in, &all, id, notebook_issue(&in->book, number), told);
	if (c == NULL)
		return e;
	*comment = mem_strdup(c->id);
	err_free(e);
	return NULL;
}

/*
 * Make the comment say what is true, where it says something else.  'all' are
 * the issue's comments where they are known, else NULL.
 */
static struct err *
write_report(struct intake *in, int64_t number, const struct id *id, const struct forge_comments *all, bool *wrote)
{
	AUTO(forge_comments_free) struct forge_comments mine = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(8 * FORGE_TEXT_MAX);
	AUTO(mem_free_p) char *comment = NULL;
	char told[REPORT_TOLD + 1], was[REPORT_TOLD + 1] = "";
	const struct forge_comment *c;
	bool early = false;

	*wrote = false;
	TRY(make_report(in, id, notebook_issue(&in->book, number)->ask, &text, told, &early));
	if (early && !in->sweeps)
		return NULL;
	if (strcmp(notebook_issue(&in->book, number)->told, told) == 0 || in->o.dry)
		return NULL;
	TRY(own_user(in));
	if (all == NULL) {
		TRY(in->forge->api->comments(in->forge, number, 0, &mine));
		all = &mine;
	}
	c = find_report(in, all, id, notebook_issue(&in->book, number), was);
	if (c != NULL)
		comment = mem_strdup(c->id);
	if (c == NULL)
		TRY(add_report(in, number, id, buf_cstr(&text), &comment));
	else if (strcmp(was, told) != 0)
		TRY(in->forge->api->comment_edit(in->forge, number, c->id, buf_cstr(&text)));
	*wrote = c == NULL || strcmp(was, told) != 0;
	notebook_tell(&in->book, number, comment, told);
	return notebook_save(&in->book);
}

/* ---- the issue's own state, on a tracker that has more than two ---- */

/* NULL: the policy leaves that one to people. */
static const char *
stage_name(const struct config *c, enum forge_stage stage)
{
	const char *name = stage == STAGE_STARTED ? c->linear.started : stage == STAGE_REVIEW ? c->linear.review :
	    c->linear.completed;

	return strcmp(name, "none") == 0 ? NULL : name;
}

static enum forge_stage
stage_of(const struct config *c, const struct queue_row *row)
{
	if (row->running)
		return STAGE_STARTED;
	switch (row->task->state) {
	case TASK_DELIVERED: return c->linear.review[0] != '\0' ? STAGE_REVIEW : STAGE_STARTED;
	case TASK_LANDED: return STAGE_DONE;
	default: return STAGE_NONE;
	}
}

/* Once for each stage, so that whoever moves it elsewhere is not fought. */
static struct err *
show_stage(struct intake *in, int64_t number, const struct id *id)
{
	AUTO(mem_free_p) char *moved = NULL, *why = NULL;
	struct notes_of_issue *n;
	enum forge_stage stage;
	struct queue_row row;
	const char *name;
	struct queue *q;
	struct err *e;

	if (in->forge->api->issue_stage == NULL || in->o.dry)
		return NULL;
	TRY(queue_of(in, &q));
	TRY(queue_peek(q, id, &row));
	stage = row.task != NULL ? stage_of(in->o.config, &row) : STAGE_NONE;
	n = notebook_issue(&in->book, number);
	if (stage == STAGE_NONE || n->stage == (int64_t)stage)
		return NULL;
	name = stage_name(in->o.config, stage);
	e = name != NULL ? in->forge->api->issue_stage(in->forge, number, stage, name, &moved) : NULL;
	if (e != NULL && !err_is(e, ERR_CONFIG))
		return e;
	if (e != NULL)
		why = mem_printf("%s: %s", err_msg(e), err_hint_of(e));
	else if (moved != NULL)
		why = mem_printf("the issue is '%s' now", moved);
	if (why != NULL)
		tell(in, number, id->s, INTAKE_NOTHING, why, false);
	if (e == NULL) {
		n->stage = stage;
		in->book.changed = true;
	}
	err_free(e);
	return NULL;
}

/* ---- one issue ---- */

static struct err *
note_look(struct intake *in, const struct look *l, const struct task *t, const struct decision *d)
{
	struct notes_of_issue *n = notebook_issue(&in->book, l->issue.number);

	n->looked = clock_wall(state_clock(in->o.state));
	n->done = !l->issue.open && (t->title[0] == '\0' || task_archived(t->state));
	notebook_ask(&in->book, l->issue.number, d->ask.n > 0 ? d->ask.p : "");
	return notebook_see(&in->book, &l->issue);
}

struct guessing {
	const char *pinned;	/* of the text that was asked about */
	char *guess;
};

static struct err *
put_guess(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	const struct guessing *g = ctx;

	if (strcmp(task->pinned, g->pinned) == 0)
		task_set(task, &task->guess, g->guess);
	return NULL;
}

/* Once for each text; that nobody could be asked leaves it unknown. */
static struct err *
guess(struct intake *in, int64_t number, const struct id *id, const struct task *t)
{
	AUTO(kind_free) struct kind kind = {0};
	AUTO(mem_free_p) char *text = NULL, *why = NULL;
	const char *type = TYPE_UNKNOWN;
	struct guessing g = {.pinned = t->pinned};
	int64_t micro = 0;
	struct err *e;

	kind_of(in->o.config, t, &kind);
	if (in->o.config->intake.classify != CLASSIFY_MODEL || !kind.silent || t->guess[0] != '\0' ||
	    t->state != TASK_QUEUED)
		return NULL;
	e = guess_type(in->o.config, &in->secrets, in->redact, t, &type, &micro);
	if (e != NULL && !err_is(e, ERR_INTERRUPTED)) {
		why = mem_printf("its type is unknown, and no model was asked: %s", err_msg(e));
		tell(in, number, id->s, INTAKE_NOTHING, why, false);
		err_free(e);
		return NULL;
	}
	TRY(e);
	text = mem_printf("%s %" PRId64, type, micro);
	g.guess = text;
	TRY(state_change(in->o.state, id, "note what a model says of its type", put_guess, &g));
	queue_stale(in);
	return NULL;
}

/* It may have been filed under a name that the project had before. */
static struct err *
find_moved(struct intake *in, int64_t number, struct id *id, struct task *t, bool *has)
{
	struct queue *q;

	TRY(queue_of(in, &q));
	TRY(moved_read(q, in->project, &in->moved));
	if (!moved_any(&in->moved, number))
		return NULL;
	TRY(own_user(in));
	TRY(moved_find(&in->moved, in->forge, number, in->own.id, id, has));
	return *has ? state_task(in->o.state, id, t) : NULL;
}

static struct err *
consider(struct intake *in, struct forge_issue *issue)
{
	int64_t number = issue->number;
	AUTO(mem_free_p) char *name = mem_printf("%s#%" PRId64, in->project, number);
	AUTO(decision_free) struct decision d = DECISION_INIT;
	AUTO(mem_free_p) char *formerly = NULL;
	AUTO(look_free) struct look l = {0};
	AUTO(task_free) struct task t;
	bool has, refused, wrote = false;
	struct id id;

	task_init(&t);
	TRY(task_of(in, name, &id, &t, &has));
	if (!has)
		TRY(find_moved(in, number, &id, &t, &has));
	if (has && strcasecmp(t.issue, name) != 0)
		formerly = mem_strdup(t.issue);
	if (issue->assignees.n > 0)
		TRY(own_user(in));
	TRY(look_read(in->forge, in->o.config, issue, in->own.login, t.heard, has, &l));
	l.name = name;
	l.formerly = formerly;
	TRY(is_running(in, &id, &l.running));
	TRY(pull_is(state_repo(in->o.state), t.pull, PULL_CLOSED, &refused));
	l.refused = refused ? t.pull : 0;
	/* Most issues ask for nothing, and leave no trace. */
	if (!has && l.orders.n == 0)
		decide(&l, &t, &d);
	else
		TRY(decide_task(in, &l, &id, &t, &d));
	has = t.title[0] != '\0';
	buf_cstr(&d.ask);
	TRY(note_look(in, &l, &t, &d));
	if (has && !in->o.dry)
		TRY(guess(in, number, &id, &t));
	if ((has || d.ask.n > 0) && !in->o.dry)
		TRY(write_report(in, number, &id, &l.comments, &wrote));
	if (has)
		TRY(show_stage(in, number, &id));
	tell(in, number, has ? id.s : "", d.did, buf_cstr(&d.why), wrote);
	return in->o.dry ? NULL : notebook_save(&in->book);
}

struct err *
intake_issue(struct intake *in, int64_t number)
{
	AUTO(forge_issue_free) struct forge_issue issue = {0};

	TRY(in->forge->api->issue(in->forge, number, &issue));
	return consider(in, &issue);
}

/* What is wrong with one issue is told, and holds up no other. */
static struct err *
consider_one(struct intake *in, int64_t number, struct forge_issue *issue)
{
	struct err *e = issue != NULL ? consider(in, issue) : intake_issue(in, number);

	if (!err_is(e, ERR_NOT_FOUND) && !err_is(e, ERR_LIMIT) && !err_is(e, ERR_USAGE))
		return e;
	tell(in, number, "", INTAKE_REFUSED, err_msg(e), false);
	err_free(e);
	return NULL;
}

struct err *
intake_events(struct intake *in, const struct hook_event *v, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		const struct hook_event *e = &v[i];

		if ((e->what != HOOK_ISSUE && e->what != HOOK_COMMENT) || e->issue <= 0 || e->pull > 0)
			continue;
		if (e->project[0] != '\0' && strcasecmp(e->project, in->forge->place.project) != 0) {
			AUTO(mem_free_p) char *why = mem_printf("the event is of '%s', and the remote here is '%s'", e->project,
			    in->forge->place.project);

			tell(in, 0, "", INTAKE_REFUSED, why, false);
			continue;
		}
		for (k = 0; k < i && (v[k].issue != e->issue || v[k].pull > 0 || v[k].what > HOOK_COMMENT); k++)
			;
		if (k == i)
			TRY(consider_one(in, e->issue, NULL));
	}
	return NULL;
}

/* ---- all of them ---- */

/* Was it put here, so that what is on it from before this clone came counts? */
static bool
concerns_us(struct intake *in, const struct forge_issue *i)
{
	size_t k;

	for (k = 0; k < i->labels.n; k++)
		if (strcasecmp(i->labels.v[k], in->o.config->forge.label) == 0)
			return true;
	for (k = 0; k < i->assignees.n && in->own.login != NULL; k++)
		if (strcasecmp(i->assignees.v[k], in->own.login) == 0)
			return true;
	return false;
}

/* What changed over there. */
static struct err *
sweep_issues(struct intake *in)
{
	AUTO(forge_issues_free) struct forge_issues all = {0};
	int64_t newest = in->book.newest;
	bool fresh = in->book.fresh;
	size_t i;

	TRY(in->forge->api->issues(in->forge, NULL, newest, &all, NULL));
	for (i = 0; i < all.n && fresh; i++)
		if (all.v[i].assignees.n > 0)
			TRY(own_user(in));
	/* From the oldest change on, so that a sweep that is cut short goes on where it was. */
	for (i = all.n; i-- > 0;) {
		struct forge_issue *issue = &all.v[i];
		int64_t updated = issue->updated;
		bool seen;

		TRY(notebook_seen(&in->book, issue, &seen));
		if (seen)
			continue;
		if (!fresh || concerns_us(in, issue))
			TRY(consider_one(in, issue->number, issue));
		else
			TRY(notebook_see(&in->book, issue));
		if (updated > in->book.newest) {
			in->book.newest = updated;
			in->book.changed = true;
		}
	}
	in->book.fresh = false;
	return in->o.dry ? NULL : notebook_save(&in->book);
}

struct ours {
	struct intake *in;
	struct ids ids;
	VEC(int64_t) numbers;
	VEC(bool) archived;
	bool settled;		/* only those whose pull request tells how they stand */
};

static struct err *
add_ours(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	struct ours *o = ctx;
	struct str issue = str_of(row->task != NULL ? row->task->issue : "");
	size_t n = strlen(o->in->project);
	int64_t number;

	if (issue.n < n + 2 || strncasecmp(issue.p, o->in->project, n) != 0 || issue.p[n] != '#' ||
	    !str_int(str_skip(issue, n + 1), 1, INT64_MAX, &number))
		return NULL;
	if (o->settled && (row->task->state == TASK_QUEUED || row->running))
		return NULL;
	vec_push(&o->ids, row->id);
	vec_push(&o->numbers, number);
	vec_push(&o->archived, row->archived);
	return NULL;
}

/* What changed here, and how long ago the issue of an open task was looked at. */
static struct err *
tell_ours(struct intake *in, const struct ours *o, bool seed, int64_t *oldest)
{
	int64_t least = INT64_MAX;
	bool wrote;
	size_t i;

	for (i = 0; i < o->ids.n; i++) {
		struct notes_of_issue *n = notebook_issue(&in->book, o->numbers.v[i]);

		if (o->archived.v[i] && (n->done || (seed && n->looked == 0)))
			continue;
		TRY(write_report(in, o->numbers.v[i], &o->ids.v[i], NULL, &wrote));
		TRY(show_stage(in, o->numbers.v[i], &o->ids.v[i]));
		n = notebook_issue(&in->book, o->numbers.v[i]);
		if (wrote)
			tell(in, n->number, o->ids.v[i].s, INTAKE_NOTHING, "it stands otherwise than the comment said", true);
		n->done = o->archived.v[i];
		if (!o->archived.v[i] && n->looked < least) {
			least = n->looked;
			*oldest = n->number;
		}
	}
	return NULL;
}

static struct err *
tell_all(struct intake *in, bool settled, bool seed, int64_t *oldest)
{
	struct ours o = {.in = in, .settled = settled};
	struct queue *q;
	struct err *e = queue_of(in, &q);

	if (e == NULL)
		e = queue_each(q, QUEUE_ALL, add_ours, &o);
	if (e == NULL)
		e = tell_ours(in, &o, seed, oldest);
	ids_free(&o.ids);
	vec_free(&o.numbers);
	vec_free(&o.archived);
	return e;
}

/* A closed issue is in no list of open ones. */
static struct err *
look_again(struct intake *in, int64_t number)
{
	AUTO(forge_issue_free) struct forge_issue now = {0};
	struct err *e = in->forge->api->issue(in->forge, number, &now);
	bool seen = true;

	if (e == NULL)
		TRY(notebook_seen(&in->book, &now, &seen));
	if (!seen)
		return consider_one(in, number, &now);
	notebook_issue(&in->book, number)->looked = clock_wall(state_clock(in->o.state));
	in->book.changed = true;
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

struct err *
intake_sweep(struct intake *in)
{
	bool seed = in->book.fresh;
	int64_t oldest = 0, before = in->book.newest;

	in->sweeps = true;
	TRY(sweep_issues(in));
	TRY(tell_all(in, false, seed, &oldest));
	if (oldest != 0 && before == in->book.newest && !seed)
		TRY(look_again(in, oldest));
	return in->o.dry ? NULL : notebook_save(&in->book);
}

struct err *
intake_tell(struct intake *in)
{
	int64_t oldest = 0;

	/* Who never swept knows of no comment yet. */
	if (in->book.fresh || in->o.dry)
		return NULL;
	TRY(tell_all(in, true, false, &oldest));
	return notebook_save(&in->book);
}

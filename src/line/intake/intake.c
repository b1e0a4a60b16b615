#include "line/intake/intake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "forge/forge.h"
#include "forge/pull.h"
#include "forge/webhook.h"
#include "line/intake/decide.h"
#include "line/intake/guess.h"
#include "line/intake/inside.h"
#include "line/intake/look.h"
#include "line/intake/moved.h"
#include "line/intake/notebook.h"
#include "line/intake/show.h"
#include "line/kind.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"

#define TURNS_MAX 8	/* ids that are tried for one issue */

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

void
intake_say(struct intake *in, int64_t issue, const char *task, enum intake_did did, const char *why, bool told)
{
	struct intake_said said = {issue, task, did, why, told};

	if (in->o.on_said != NULL)
		in->o.on_said(in->o.arg, &said);
}

struct err *
intake_queue(struct intake *in, struct queue **out)
{
	if (in->queue == NULL)
		TRY(queue_open(in->o.state, &in->queue));
	*out = in->queue;
	return NULL;
}

void
intake_stale(struct intake *in)
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

	TRY(intake_queue(in, &q));
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
	intake_stale(in);
	task_free(t);
	task_init(t);
	e = state_task(in->o.state, id, t);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

struct err *
intake_own(struct intake *in)
{
	return in->own.id != NULL ? NULL : forge_self(in->forge, &in->own);
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
		intake_say(in, number, id->s, INTAKE_NOTHING, why, false);
		err_free(e);
		return NULL;
	}
	TRY(e);
	text = mem_printf("%s %" PRId64, type, micro);
	g.guess = text;
	TRY(state_change(in->o.state, id, "note what a model says of its type", put_guess, &g));
	intake_stale(in);
	return NULL;
}

/* It may have been filed under a name that the project had before. */
static struct err *
find_moved(struct intake *in, int64_t number, struct id *id, struct task *t, bool *has)
{
	struct queue *q;

	TRY(intake_queue(in, &q));
	TRY(moved_read(q, in->project, &in->moved));
	if (!moved_any(&in->moved, number))
		return NULL;
	TRY(intake_own(in));
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
		TRY(intake_own(in));
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
		TRY(show_report(in, number, &id, &l.comments, &wrote));
	if (has)
		TRY(show_stage(in, number, &id));
	intake_say(in, number, has ? id.s : "", d.did, buf_cstr(&d.why), wrote);
	return in->o.dry ? NULL : notebook_save(&in->book);
}

struct err *
intake_issue(struct intake *in, int64_t number)
{
	AUTO(forge_issue_free) struct forge_issue issue = {0};

	TRY(in->forge->api->issue(in->forge, number, &issue));
	return consider(in, &issue);
}

struct err *
intake_consider(struct intake *in, int64_t number, struct forge_issue *issue)
{
	struct err *e = issue != NULL ? consider(in, issue) : intake_issue(in, number);

	if (!err_is(e, ERR_NOT_FOUND) && !err_is(e, ERR_LIMIT) && !err_is(e, ERR_USAGE))
		return e;
	intake_say(in, number, "", INTAKE_REFUSED, err_msg(e), false);
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

			intake_say(in, 0, "", INTAKE_REFUSED, why, false);
			continue;
		}
		for (k = 0; k < i && (v[k].issue != e->issue || v[k].pull > 0 || v[k].what > HOOK_COMMENT); k++)
			;
		if (k == i)
			TRY(intake_consider(in, e->issue, NULL));
	}
	return NULL;
}

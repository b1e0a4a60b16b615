#include "line/intake/show.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "forge/forge.h"
#include "forge/pull.h"
#include "line/intake/inside.h"
#include "line/intake/report.h"
#include "line/kind.h"
#include "line/pulls/text.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"

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

	TRY(intake_queue(in, &q));
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

struct err *
show_report(struct intake *in, int64_t number, const struct id *id, const struct forge_comments *all, bool *wrote)
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
	TRY(intake_own(in));
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

struct err *
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
	TRY(intake_queue(in, &q));
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
		intake_say(in, number, id->s, INTAKE_NOTHING, why, false);
	if (e == NULL) {
		n->stage = stage;
		in->book.changed = true;
	}
	err_free(e);
	return NULL;
}

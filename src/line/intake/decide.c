#include "line/intake/decide.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "line/intake/look.h"
#include "model/lint.h"
#include "model/spec.h"
#include "model/task.h"
#include "store/settle.h"

#define HOLD_MAX 600	/* bytes of a reason that others worded */
#define LOGIN_MAX 100	/* characters */
#define LABEL_MAX 64	/* characters of a label that a task takes over */

/* How a hold of ours begins; a person's own is left alone. */
#define HOLD_STOPPED "stopped on the issue by "
#define HOLD_VAGUE "the spec is vague: "
#define HOLD_BROKEN "the structured task cannot be read: "
#define HOLD_EDITED "the issue's text was changed after it was asked for: "

void
decision_free(struct decision *d)
{
	buf_free(&d->why);
	buf_free(&d->ask);
}

/* The last deed counts; that nothing was done does so only where nothing was. */
PRINTF(3, 4) static void
say(struct decision *d, enum intake_did did, const char *fmt, ...)
{
	AUTO(buf_free) struct buf line = BUF_INIT(4 * KIB);
	va_list ap;

	if ((did == INTAKE_NOTHING || did == INTAKE_REFUSED) && d->did != INTAKE_NOTHING && d->did != INTAKE_REFUSED)
		return;
	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	d->did = did;
	buf_clear(&d->why);
	text_visible(&d->why, buf_str(&line), true);
}

/* ---- the text ---- */

/* One line of at most so many characters. */
static size_t
clean_line(const char *text, size_t max, struct buf *out)
{
	AUTO(buf_free) struct buf clean = BUF_INIT(2 * FORGE_TEXT_MAX);
	size_t hidden = clean_text(str_of(text), &clean), n;
	struct str rest = str_trim(buf_str(&clean));

	for (n = 0; rest.n > 0 && n < max; n++) {
		struct str before = rest;
		int32_t c = utf8_next(&rest);

		if (c == '\n' || c == '\t')
			buf_addc(out, ' ');
		else
			buf_add(out, before.p, before.n - rest.n);
	}
	return hidden;
}

static void
take_labels(const struct look *l, struct task *t, bool hidden)
{
	size_t i;

	strs_free(&t->labels);
	for (i = 0; i < l->issue.labels.n && t->labels.n + 1 < TASK_LIST_MAX; i++) {
		AUTO(buf_free) struct buf label = BUF_INIT(2 * FORGE_LINE_MAX);

		clean_line(l->issue.labels.v[i], LABEL_MAX, &label);
		if (label.n > 0 && !strs_has(&t->labels, buf_cstr(&label)))
			strs_add(&t->labels, buf_cstr(&label));
	}
	if (hidden)
		strs_add(&t->labels, LABEL_HIDDEN);
}

/* Fails only for a structured task that is none: the text is taken all the same. */
static struct err *
take_text(const struct look *l, struct task *t)
{
	AUTO(buf_free) struct buf title = BUF_INIT(2 * FORGE_LINE_MAX), body = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct err *e = NULL;
	struct str block;
	unsigned line;
	size_t hidden;

	hidden = clean_line(l->issue.title, TASK_TITLE_MAX, &title);
	hidden += clean_text(str_of(l->issue.body), &body);
	if (title.n == 0)
		buf_addf(&title, "Issue %" PRId64, l->issue.number);
	task_set(t, &t->title, buf_cstr(&title));
	t->heading = false;
	task_set_str(t, &t->body, str_trim(buf_str(&body)));
	if (spec_find(buf_str(&body), &block, &line))
		e = spec_task("issue", block, line, true, t);
	take_labels(l, t, hidden > 0);
	task_set(t, &t->issue, l->name);
	if (strcmp(t->pinned, l->pin.hex) != 0)
		task_set(t, &t->guess, "");
	task_set(t, &t->pinned, l->pin.hex);
	return e;
}

/* ---- holds ---- */

static bool
held_for(const struct task *t, const char *prefix)
{
	return str_starts(str_of(t->hold), prefix);
}

static bool
held_by_us(const struct task *t)
{
	return held_for(t, HOLD_STOPPED) || held_for(t, HOLD_VAGUE) || held_for(t, HOLD_BROKEN) ||
	    held_for(t, HOLD_EDITED);
}

static void
hold(struct task *t, const char *reason, const char *what)
{
	AUTO(mem_free_p) char *text = mem_printf("%s%s", reason, what);

	task_set(t, &t->hold, text);
}

/* NULL: it says enough to start on. */
static char *
what_lacks(const struct task *t)
{
	AUTO(lint_free) struct lint lint = {0};
	AUTO(buf_free) struct buf add = BUF_INIT(4 * KIB);
	size_t i;

	lint_task(t, &lint);
	if (lint.grain != GRAIN_VAGUE)
		return NULL;
	for (i = 0; i < lint.findings.n && add.n < 600; i++)
		buf_addf(&add, "%s%s", i > 0 ? "; " : "", lint.findings.v[i].add);
	return mem_strdup(add.n > 0 ? buf_cstr(&add) : "say what is to be, and how to verify it");
}

/* A spec that nobody could tell the end of goes back to who wrote it. */
static void
hold_if_vague(struct task *t, struct decision *d)
{
	AUTO(mem_free_p) char *lacks = what_lacks(t);

	if (lacks == NULL || t->hold[0] != '\0')
		return;
	hold(t, HOLD_VAGUE, lacks);
	say(d, INTAKE_HELD, "%s", t->hold);
}

static void
hold_broken(struct task *t, const struct err *why, struct decision *d)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB), line = BUF_INIT(HOLD_MAX);

	text_visible(&text, str_of(err_msg(why)), true);
	buf_addstr(&line, text_cut(buf_str(&text), HOLD_MAX));
	hold(t, HOLD_BROKEN, buf_cstr(&line));
	say(d, INTAKE_HELD, "%s", t->hold);
}

/* ---- orders ---- */

/* Who names the hash has been told first. */
static void
warn_vague(const struct look *l, struct decision *d)
{
	AUTO(mem_free_p) char *lacks = NULL;
	AUTO(task_free) struct task t;

	task_init(&t);
	err_ignore(take_text(l, &t));
	lacks = what_lacks(&t);
	if (lacks != NULL)
		buf_addf(&d->ask, "\n\n**The text is vague**, and better said first: %s. What is edited has another hash.", lacks);
}

static void
ask_hash(const struct look *l, const char *why, struct decision *d)
{
	say(d, INTAKE_ASKED, "%s: '/factory run %.*s' starts it", why, PIN_SHOWN, l->pin.hex);
	buf_clear(&d->ask);
	buf_addf(&d->ask, "%s. Somebody who may write to this project starts it with a comment "
	    "`/factory run %.*s`, which stands for the text as it is now.", why, PIN_SHOWN, l->pin.hex);
	warn_vague(l, d);
}

/* NULL: the text is the one that was asked for. */
static const char *
doubt(const struct look *l, const struct order *o)
{
	size_t i;

	if (o->rest.n > 0)
		return pin_named(&l->pin, o->rest) ? NULL : "The text is not the one of that hash";
	if (o->who == NULL || o->when == 0)
		return "The forge does not tell who asked for it, or when";
	if (!l->proves)
		return "This forge does not tell whether the text was changed after it was asked for";
	for (i = 0; i < l->events.n; i++) {
		const struct forge_event *e = &l->events.v[i];

		if ((e->deed == DEED_EDITED || e->deed == DEED_RENAMED) && (e->when == 0 || e->when >= o->when))
			return "The text was changed after it was asked for";
	}
	return NULL;
}

/* A person closed it, and a person asks for the work again: that takes another one. */
static bool
is_refused(const struct look *l, const struct task *t)
{
	return l->refused != 0 && t->pull == l->refused;
}

static void
start(const struct look *l, const struct order *o, struct task *t, struct decision *d)
{
	bool known = t->title[0] != '\0', same = strcmp(t->pinned, l->pin.hex) == 0;
	bool waits = t->state == TASK_QUEUED && t->class[0] == '\0' && !held_by_us(t);
	AUTO(buf_free) struct buf login = BUF_INIT(2 * FORGE_LINE_MAX);
	AUTO(err_free_p) struct err *broken = NULL;

	buf_clear(&d->ask);
	if (known && same && (waits || (t->state == TASK_DELIVERED && o->sign))) {
		say(d, INTAKE_NOTHING, "the task is %s with this text already", task_state_word(t->state));
		return;
	}
	say(d, known ? INTAKE_AGAIN : INTAKE_FILED, "asked for by %s", o->who->login);
	if (t->state == TASK_LANDED || t->state == TASK_CLOSED || is_refused(l, t)) {
		/* Its pull request is history. */
		t->pull = 0;
		task_set(t, &t->commit, "");
		task_set(t, &t->close, "");
	}
	if (known)
		task_again(t);
	if (held_by_us(t))
		task_set(t, &t->hold, "");
	broken = take_text(l, t);
	clean_line(o->who->login, LOGIN_MAX, &login);
	task_set_str(t, &t->asked_by, buf_str(&login));
	t->asked_at = o->when;
	/* Who names the very text has read it. */
	if (broken != NULL)
		hold_broken(t, broken, d);
	else if (o->rest.n == 0)
		hold_if_vague(t, d);
}

static void
follow_run(const struct look *l, const struct order *o, struct task *t, struct decision *d, bool *heard)
{
	const char *why = doubt(l, o);

	*heard = why == NULL;
	if (why != NULL)
		ask_hash(l, why, d);
	else
		start(l, o, t, d);
}

static void
follow_retry(const struct look *l, const struct order *o, struct task *t, struct decision *d)
{
	if (t->state == TASK_LANDED) {
		say(d, INTAKE_NOTHING, "it has landed; '/factory run' starts it anew");
		return;
	}
	if (t->state == TASK_QUEUED && t->class[0] == '\0' && !held_for(t, HOLD_STOPPED)) {
		say(d, INTAKE_NOTHING, "the task is queued already");
		return;
	}
	if (t->state == TASK_CLOSED || is_refused(l, t)) {
		t->pull = 0;
		task_set(t, &t->close, "");
	}
	task_again(t);
	if (held_for(t, HOLD_STOPPED))
		task_set(t, &t->hold, "");
	say(d, INTAKE_AGAIN, "another attempt, asked for by %s", o->who->login);
}

/* The words go to the agent as what they are: somebody's text, with its origin. */
static void
follow_revise(const struct order *o, struct task *t, struct decision *d)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * FORGE_TEXT_MAX), body = BUF_INIT(2 * TASK_FILE_MAX);
	AUTO(buf_free) struct buf login = BUF_INIT(2 * FORGE_LINE_MAX);
	char when[CLOCK_TEXT];

	clean_line(o->who->login, LOGIN_MAX, &login);
	clean_text(o->rest, &text);
	if (str_trim(buf_str(&text)).n == 0 || t->state == TASK_LANDED || t->state == TASK_CLOSED) {
		say(d, INTAKE_NOTHING, t->state == TASK_LANDED || t->state == TASK_CLOSED ?
		    "the task is over; '/factory run' starts it anew" : "'/factory revise' wants words behind it");
		return;
	}
	clock_format(o->when, when);
	buf_addf(&body, "%s\n\n## Revision (asked for by %s, %s)\n\n", t->body, buf_cstr(&login), when);
	buf_addstr(&body, str_trim(buf_str(&text)));
	if (body.n > TASK_FILE_MAX / 2) {
		say(d, INTAKE_NOTHING, "the text of the task would be too long");
		return;
	}
	task_set_str(t, &t->body, buf_str(&body));
	task_again(t);
	if (held_by_us(t))
		task_set(t, &t->hold, "");
	say(d, INTAKE_AGAIN, "revised by %s", o->who->login);
}

static void
follow_stop(const struct order *o, struct task *t, struct decision *d)
{
	AUTO(buf_free) struct buf login = BUF_INIT(2 * FORGE_LINE_MAX);

	if (t->state == TASK_LANDED || t->state == TASK_CLOSED) {
		say(d, INTAKE_NOTHING, "the task is over");
		return;
	}
	clean_line(o->who->login, LOGIN_MAX, &login);
	hold(t, HOLD_STOPPED, buf_cstr(&login));
	say(d, INTAKE_HELD, "%s", t->hold);
}

static void
follow_approve(const struct order *o, struct task *t, struct decision *d)
{
	if (!held_for(t, HOLD_VAGUE)) {
		say(d, INTAKE_NOTHING, t->state == TASK_DELIVERED ? "a pull request is approved where it is" :
		    "nothing here waits for approval");
		return;
	}
	task_set(t, &t->hold, "");
	say(d, INTAKE_AGAIN, "approved by %s", o->who->login);
}

static void
follow(const struct look *l, const struct order *o, struct task *t, struct decision *d, bool *heard)
{
	*heard = true;
	if (o->refused != NULL) {
		say(d, INTAKE_REFUSED, "'%s' %s", o->who->login, o->refused);
		return;
	}
	if (o->word == ORDER_RUN) {
		if (l->issue.open)
			follow_run(l, o, t, d, heard);
		else
			say(d, INTAKE_NOTHING, "the issue is closed");
		return;
	}
	if (t->title[0] == '\0') {
		say(d, INTAKE_NOTHING, "there is no task yet to %s", order_name(o->word));
		return;
	}
	switch (o->word) {
	case ORDER_RETRY: follow_retry(l, o, t, d); break;
	case ORDER_REVISE: follow_revise(o, t, d); break;
	case ORDER_STOP: follow_stop(o, t, d); break;
	case ORDER_APPROVE: follow_approve(o, t, d); break;
	case ORDER_STATUS: say(d, INTAKE_NOTHING, "the comment tells the state"); break;
	default: say(d, INTAKE_NOTHING, "no such order; there are run, retry, stop, status, approve, revise");
	}
}

/* ---- what follows from the issue itself ---- */

static void
see_issue(const struct look *l, struct task *t, struct decision *d)
{
	bool starts = t->state == TASK_QUEUED && !l->running;
	AUTO(mem_free_p) char *command = NULL;

	if (!l->issue.open) {
		if (starts || t->state == TASK_ESCALATED) {
			task_set(t, &t->close, "the issue was closed");
			say(d, INTAKE_HELD, "the issue was closed");
		}
		return;
	}
	if (strcmp(t->pinned, l->pin.hex) == 0) {
		if (held_for(t, HOLD_EDITED)) {
			task_set(t, &t->hold, "");
			say(d, INTAKE_AGAIN, "the text is as it was asked for again");
		}
		return;
	}
	if (!starts || (t->hold[0] != '\0' && !held_for(t, HOLD_EDITED)))
		return;
	command = mem_printf("'/factory run %.*s' goes on with it as it is now", PIN_SHOWN, l->pin.hex);
	hold(t, HOLD_EDITED, command);
	say(d, INTAKE_HELD, "%s", t->hold);
}

void
decide(const struct look *l, struct task *t, struct decision *out)
{
	AUTO(mem_free_p) char *mark = mem_strdup(t->heard);
	bool heard;
	size_t i;

	buf_clear(&out->ask);
	out->did = INTAKE_NOTHING;
	say(out, INTAKE_NOTHING, "nothing new was asked for");
	for (i = 0; i < l->orders.n; i++) {
		const struct order *o = &l->orders.v[i];

		if (!order_is_new(mark, t->title[0] != '\0', o))
			continue;
		follow(l, o, t, out, &heard);
		if (heard) {
			char *next = order_heard(mark, o);

			free(mark);
			mark = next;
		}
	}
	if (t->title[0] == '\0')
		return;
	task_set(t, &t->heard, mark);
	see_issue(l, t, out);
}

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/tree.h"
#include "line/judge.h"
#include "line/pulls/feedback.h"
#include "line/pulls/outside.h"
#include "line/pulls/owners.h"
#include "model/failure.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

/* What people said since we last listened. */
struct words {
	struct outside *o;
	struct pull *p;
	struct buf text;	/* Markdown, each word quoted */
	struct strs remarks;	/* bodies of those on lines, which some forges list with the comments, too */
	bool asks;		/* for a change */
	bool any;		/* somebody reviewed, whatever they said */
};

static char *
path_of(int64_t number)
{
	return mem_printf("memory/reviews/%" PRId64 ".md", number);
}

/* ---- listening ---- */

/* Each line is marked, and what nobody sees is shown: it can be nothing but a quotation. */
static void
quote(struct words *w, const char *text)
{
	AUTO(buf_free) struct buf seen = BUF_INIT(BUF_TEXT);
	struct str all = str_trim(str_of(text)), rest, line;

	text_visible(&seen, text_cut(all, FEEDBACK_WORD_MAX), false);
	rest = buf_str(&seen);
	while (str_line(&rest, &line))
		buf_addf(&w->text, "> %.*s\n", STR_ARG(line));
	if (all.n > FEEDBACK_WORD_MAX)
		buf_adds(&w->text, "> (the rest is left out)\n");
	buf_addc(&w->text, '\n');
}

static void
add_word(struct words *w, const struct forge_user *who, const char *what, const char *text)
{
	AUTO(buf_free) struct buf login = BUF_INIT(KIB);

	text_visible(&login, text_cut(str_of(who->login), 100), true);
	buf_addf(&w->text, "%s %s:\n\n", buf_cstr(&login), what);
	quote(w, text);
}

/* New, by a person who may write here, and not by us. */
static struct err *
counts(struct words *w, const struct forge_user *who, int64_t when, bool *yes)
{
	bool me;

	*yes = false;
	if (when <= w->p->heard || who->bot)
		return NULL;
	TRY(outside_is_me(w->o, who->login, &me));
	return me ? NULL : outside_may_write(w->o, who, yes);
}

static struct err *
hear_reviews(struct words *w, const struct forge_reviews *all)
{
	size_t i;
	bool yes;

	for (i = 0; i < all->n; i++) {
		const struct forge_review *r = &all->v[i];

		if (r->verdict == REVIEW_PENDING || r->verdict == REVIEW_DISMISSED)
			continue;
		TRY(counts(w, &r->author, r->when, &yes));
		if (!yes)
			continue;
		w->any = true;
		w->asks = w->asks || r->verdict == REVIEW_CHANGES;
		if (r->verdict == REVIEW_CHANGES || str_trim(str_of(r->body)).n > 0)
			add_word(w, &r->author, r->verdict == REVIEW_CHANGES ? "asks for changes" :
			    r->verdict == REVIEW_APPROVED ? "approves" : "says", r->body);
	}
	return NULL;
}

static struct err *
hear_remarks(struct words *w, const struct forge_reviews *known)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	size_t i;
	bool yes;

	TRY(w->o->forge->api->remarks(w->o->forge, w->p->outside, known, &all));
	for (i = 0; i < all.n; i++) {
		const struct forge_comment *c = &all.v[i];
		AUTO(buf_free) struct buf path = BUF_INIT(KIB);
		AUTO(mem_free_p) char *where = NULL;

		if (c->resolved)
			continue;
		TRY(counts(w, &c->author, c->created, &yes));
		if (!yes)
			continue;
		w->any = w->asks = true;
		strs_add(&w->remarks, c->body);
		text_visible(&path, text_cut(str_of(c->path), 500), true);
		where = c->line > 0 ? mem_printf("says of '%s', line %" PRId64, buf_cstr(&path), c->line) :
		    mem_printf("says of '%s'", buf_cstr(&path));
		add_word(w, &c->author, where, c->body);
	}
	return NULL;
}

/* Where there is a request, what was said beside it belongs to it; on GitLab it is all that is said. */
static struct err *
hear_comments(struct words *w)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	size_t i;
	bool yes;

	TRY(w->o->forge->api->comments(w->o->forge, FORGE_OF_PULL(w->p->outside), w->p->heard, &all));
	for (i = 0; i < all.n; i++) {
		TRY(counts(w, &all.v[i].author, all.v[i].created, &yes));
		if (yes && !strs_has(&w->remarks, all.v[i].body))
			add_word(w, &all.v[i].author, "says", all.v[i].body);
	}
	return NULL;
}

/* ---- what follows ---- */

struct revising {
	const struct words *w;
	const char *question;	/* NULL: another attempt */
	bool done;
};

static struct err *
remember(struct state_step *t, const struct words *w)
{
	AUTO(mem_free_p) char *path = path_of(w->p->number);
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct err *e = step_read(t, path, &text);

	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		buf_addf(&text, "# Reviews of pull request %" PRId64 ", task %s", w->p->number, w->p->task.s);
		if (w->p->type != NULL)
			buf_addf(&text, " (%s)", w->p->type);
		buf_adds(&text, "\n");
	} else {
		TRY(e);
	}
	if (text.n + w->text.n > FEEDBACK_MAX || str_find(buf_str(&text), buf_str(&w->text)) >= 0)
		return NULL;
	buf_addf(&text, "\n## Of %.12s\n\n%s", oid_hex(&w->p->head).s, buf_cstr(&w->text));
	return step_put(t, path, buf_str(&text));
}

static struct err *
change_task(struct state_step *t, struct task *task, void *ctx)
{
	struct revising *r = ctx;

	TRY(remember(t, r->w));
	r->done = false;
	/* It went on without this pull request, or is at work on it already. */
	if (task->pull != r->w->p->number || (task->state != TASK_DELIVERED && task->state != TASK_ESCALATED))
		return NULL;
	r->done = true;
	task->state = r->question != NULL ? TASK_ESCALATED : TASK_QUEUED;
	if (r->question == NULL)
		task_forgive(task);
	task_set(task, &task->question, r->question != NULL ? r->question : "");
	return NULL;
}

static struct err *
build(struct state_step *t, void *ctx)
{
	struct revising *r = ctx;

	return step_change(t, &r->w->p->task, change_task, r);
}

static struct err *
change(struct words *w, const char *question, bool *done)
{
	AUTO(mem_free_p) char *message = mem_printf("take in reviews of pull request %" PRId64, w->p->number);
	AUTO(sync_result_free) struct sync_result r = {0};
	struct revising v = {.w = w, .question = question};
	struct state *s = w->o->state;

	TRY(state_remote(s) != NULL ? state_publish(s, message, build, &v, &r) :
	    state_change(s, &w->p->task, message, change_task, &v));
	*done = v.done;
	return NULL;
}

static struct err *
build_kept(struct state_step *t, void *ctx)
{
	return remember(t, ctx);
}

/* What asks for nothing is kept as well. */
static struct err *
keep(struct words *w)
{
	AUTO(mem_free_p) char *message = mem_printf("keep reviews of pull request %" PRId64, w->p->number);
	AUTO(sync_result_free) struct sync_result r = {0};
	struct state *s = w->o->state;

	return state_remote(s) != NULL ? state_publish(s, message, build_kept, w, &r) :
	    state_update(s, message, build_kept, w);
}

static struct err *
revise(struct words *w, size_t *revised)
{
	int64_t most = w->o->policy.cfg.merge.revisions;
	AUTO(mem_free_p) char *question = NULL;
	bool done;

	if (w->p->revisions >= most)
		question = mem_printf("reviewers ask for changes of pull request %" PRId64 " again, after %" PRId64
		    " attempts to please them", w->p->number, w->p->revisions);
	TRY(change(w, question, &done));
	if (!done)
		return NULL;
	line_tell(w->o->line, LINE_NOTE, "pull request %" PRId64 ": %s", w->p->number,
	    question != NULL ? question : "reviewers ask for changes, and its task is queued again");
	if (question != NULL)
		return NULL;
	w->p->revisions++;
	(*revised)++;
	return NULL;
}

/* ---- nobody comes ---- */

/* Of those who were not asked yet. */
static struct err *
ask_policys(struct words *w, const struct forge_pull *there)
{
	const struct strs *names = &w->o->policy.cfg.merge.reviewers;
	AUTO(strs_free) struct strs logins = {0}, teams = {0};
	size_t i;

	for (i = 0; i < names->n; i++)
		owners_add(names->v[i], &logins, &teams);
	owners_drop(&logins, there);
	if (!(w->o->forge->api->can & FORGE_CAN_TEAMS))
		strs_free(&teams);
	return logins.n + teams.n == 0 ? NULL :
	    w->o->forge->api->pull_reviewers(w->o->forge, there->number, &logins, &teams);
}

/* A review of any kind, by whoever may give one, ends the wait. */
static struct err *
escalate(struct words *w, const struct forge_pull *there)
{
	AUTO(mem_free_p) char *question = mem_printf("nobody has reviewed pull request %" PRId64 ", though they were reminded",
	    w->p->number);
	struct err *e = ask_policys(w, there);
	bool done;

	/* Somebody whom the forge does not ask keeps nobody else from hearing of it. */
	if (!err_is(e, ERR_DENIED) && !err_is(e, ERR_NOT_FOUND))
		TRY(e);
	else
		err_free(e);
	w->p->asked = 0;
	buf_adds(&w->text, "Nobody reviewed it in time.\n\n");
	TRY(change(w, question, &done));
	line_tell(w->o->line, LINE_NOTE, "%s", question);
	return NULL;
}

/* One that was written before its answer was lost, or this process killed, is there. */
static struct err *
has_comment(struct words *w, const char *mark, bool *has)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	size_t i;

	*has = false;
	TRY(w->o->forge->api->comments(w->o->forge, FORGE_OF_PULL(w->p->outside), w->p->asked, &all));
	for (i = 0; i < all.n && !*has; i++)
		if (strstr(all.v[i].body, mark) != NULL)
			TRY(outside_is_me(w->o, all.v[i].author.login, has));
	return NULL;
}

static struct err *
remind(struct words *w, const struct forge_pull *there)
{
	AUTO(mem_free_p) char *mark = mem_printf("<!-- git-factory:reminder=%" PRId64 " -->", w->p->asked);
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	bool has;
	size_t i;

	TRY(has_comment(w, mark, &has));
	buf_adds(&text, "This waits for a review");
	for (i = 0; i < there->reviewers.n; i++)
		buf_addf(&text, "%s@%s", i == 0 ? ": " : ", ", there->reviewers.v[i]);
	buf_addf(&text, ".\n\n%s", mark);
	if (!has)
		TRY(w->o->forge->api->comment_add(w->o->forge, FORGE_OF_PULL(w->p->outside), buf_cstr(&text), NULL));
	w->p->reminded = clock_wall(state_clock(w->o->state));
	return NULL;
}

static struct err *
wait_for_review(struct words *w, const struct forge_pull *there)
{
	const struct conf_type *type = w->p->type != NULL ? config_type(&w->o->policy.cfg, w->p->type) : NULL;
	int64_t now = clock_wall(state_clock(w->o->state));

	if (type == NULL || type->review_timeout <= 0 || w->p->asked == 0)
		return NULL;
	if (w->p->reminded < w->p->asked)
		return now - w->p->asked >= type->review_timeout ? remind(w, there) : NULL;
	return now - w->p->reminded >= type->review_timeout ? escalate(w, there) : NULL;
}

static struct err *
hear_all(struct words *w, const struct forge_pull *there, size_t *revised)
{
	AUTO(forge_reviews_free) struct forge_reviews reviews = {0};

	TRY(w->o->forge->api->reviews(w->o->forge, w->p->outside, &reviews));
	TRY(hear_reviews(w, &reviews));
	TRY(hear_remarks(w, &reviews));
	if (w->asks)
		TRY(hear_comments(w));
	if (w->any)
		w->p->asked = 0;
	if (w->asks && w->p->taken_by == NULL && oid_is_zero(&w->p->theirs))
		TRY(revise(w, revised));
	else if (w->text.n > 0)
		TRY(keep(w));
	w->p->heard = there->updated;
	return NULL;
}

struct err *
hear(struct outside *o, struct pull *p, const struct forge_pull *there, size_t *revised, bool *deaf)
{
	struct words w = {.o = o, .p = p, .text = BUF_INIT(BUF_TEXT)};
	struct err *e = NULL;

	if (there->updated > p->heard)
		e = hear_all(&w, there, revised);
	/* Whose word it is cannot be told, so nobody's counts; all else goes on. */
	*deaf = err_is(e, ERR_AUTH) || err_is(e, ERR_DENIED);
	if (*deaf) {
		line_tell(o->line, LINE_NOTE, "pull request %" PRId64 ": reviews are not taken in: %s%s%s", p->number, err_msg(e),
		    err_hint_of(e) != NULL ? "; " : "", err_hint_of(e) != NULL ? err_hint_of(e) : "");
		err_free(e);
		e = NULL;
	}
	if (e == NULL)
		e = wait_for_review(&w, there);
	buf_free(&w.text);
	strs_free(&w.remarks);
	return e;
}

/* ---- who is against it ---- */

/* A later approval, or a dismissal, takes it back; what is only said does not. */
static bool
is_taken_back(const struct forge_reviews *all, size_t at)
{
	size_t i;

	for (i = at + 1; i < all->n; i++)
		if (strcmp(all->v[i].author.login, all->v[at].author.login) == 0 &&
		    all->v[i].verdict != REVIEW_COMMENTED && all->v[i].verdict != REVIEW_PENDING)
			return true;
	return false;
}

/* Where the forge names no remedy there is none but time. */
static struct err *
try_later(struct err *e)
{
	return e == NULL || err_hint_of(e) != NULL ? e : err_hint(e, "try again later");
}

static struct err *
weigh(struct outside *o, const struct pull *p, const struct forge_user *author)
{
	bool may;

	TRY(try_later(err_wrap(outside_may_write(o, author, &may),
	    "'%s' asks for changes of pull request %" PRId64 ", and whether they may write is not known", author->login, p->number)));
	if (!may)
		return NULL;
	return err_hint(err_new(ERR_STATE, "'%s' asks for changes of pull request %" PRId64, author->login, p->number),
	    "once that is settled let them approve it, or have the review dismissed on the forge; who merges it there overrides it");
}

struct err *
hear_objections(struct outside *o, const struct pull *p)
{
	AUTO(forge_reviews_free) struct forge_reviews all = {0};
	size_t i;

	TRY(try_later(err_wrap(o->forge->api->reviews(o->forge, p->outside, &all),
	    "whether a reviewer asks for changes of pull request %" PRId64 " is not known", p->number)));
	for (i = 0; i < all.n; i++)
		if (all.v[i].verdict == REVIEW_CHANGES && !is_taken_back(&all, i))
			TRY(weigh(o, p, &all.v[i].author));
	return NULL;
}

/* ---- what they did ---- */

struct err *
hear_edit(struct outside *o, const struct pull *p, const struct oid *theirs)
{
	struct pull copy = *p;
	struct words w = {.o = o, .p = &copy, .text = BUF_INIT(BUF_TEXT)};
	AUTO(buf_free) struct buf patch = BUF_INIT(FEEDBACK_WORD_MAX);
	struct oid tip, old, new;
	struct err *e;
	bool cut;

	TRY(outside_fetch(o, p->branch, &tip));
	TRY(commit_tree(o->repo, &p->head, &old));
	TRY(commit_tree(o->repo, theirs, &new));
	TRY(diff_patch(o->repo, &old, &new, NULL, &patch, &cut));
	buf_addf(&w.text, "Somebody committed to its branch, up to %.12s:\n\n", oid_hex(theirs).s);
	quote(&w, buf_cstr(&patch));
	e = keep(&w);
	buf_free(&w.text);
	return e;
}

/* ---- for the next attempt ---- */

struct err *
feedback_read(struct state *s, int64_t number, struct buf *out)
{
	AUTO(mem_free_p) char *path = path_of(number);
	struct oid tip, tree;
	struct err *e;

	TRY(state_tip(s, &tip));
	TRY(commit_tree(state_repo(s), &tip, &tree));
	e = tree_read(state_repo(s), &tree, path, out);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

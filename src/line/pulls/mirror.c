#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/turn.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "git/merge.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/close.h"
#include "line/judge.h"
#include "line/land/land.h"
#include "line/pulls/armed.h"
#include "line/pulls/dispatch.h"
#include "line/pulls/feedback.h"
#include "line/pulls/freeze.h"
#include "line/pulls/merge.h"
#include "line/pulls/mirror.h"
#include "line/pulls/outside.h"
#include "line/pulls/over.h"
#include "line/pulls/owners.h"
#include "line/pulls/retarget.h"
#include "line/pulls/text.h"
#include "model/level.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"

#define CLONE_WAIT_MS 10000
#define FLUSH_AT 10	/* records that are noted and not written yet: so much is lost to a kill at most */

/* One pull request under way. */
struct turn {
	struct outside *o;
	struct mirrored *out;
	struct pull *p;
	struct forge_pull there;
	bool found;		/* 'there' is filled */
	bool made;		/* just now, by us: nobody has said anything yet */
	bool amiss;		/* not all of it is in line, which was told */
	char *title, *body;	/* as it is to be */
	struct oid text;	/* their hash */
};

static void
turn_free(struct turn *t)
{
	forge_pull_free(&t->there);
	free(t->title);
	free(t->body);
}

static const struct forge_api *
api(const struct turn *t)
{
	return t->o->forge->api;
}

static void
tell(const struct turn *t, const char *what, const struct err *e)
{
	line_tell(t->o->line, LINE_NOTE, "pull request %" PRId64 ": %s%s%s", t->p->number, what, e != NULL ? ": " : "",
	    e != NULL ? err_msg(e) : "");
}

/* ---- finding it ---- */

static bool
is_ours(const struct turn *t, const struct forge_pull *f)
{
	const char *project = t->o->forge->place.project;

	return strcmp(f->head, t->p->branch) == 0 && (f->head_project[0] == '\0' || strcmp(f->head_project, project) == 0);
}

static void
take(struct turn *t, struct forge_pull *f)
{
	forge_pull_free(&t->there);
	t->there = *f;
	*f = (struct forge_pull){0};
	t->found = true;
}

/* Among the open ones that were listed; by its number where that is known. What another one took is empty. */
static void
find_open(struct turn *t, struct forge_pulls *open)
{
	struct forge_pull *f;
	size_t i;

	for (i = 0; i < open->n && !t->found; i++) {
		f = &open->v[i];
		if (f->head != NULL && (t->p->outside != 0 ? f->number == t->p->outside : is_ours(t, f)))
			take(t, f);
	}
}

static struct err *
find_by_head(struct turn *t)
{
	AUTO(forge_pull_free) struct forge_pull f = {0};
	struct err *e = api(t)->pull_by_head(t->o->forge, t->p->branch, t->p->base, &f);

	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	/* An older one of this branch says nothing about what is delivered now. */
	if (is_ours(t, &f) && (f.state == FORGE_OPEN || strcmp(f.head_sha, oid_hex(&t->p->head).s) == 0))
		take(t, &f);
	return NULL;
}

static struct err *
find(struct turn *t, struct forge_pulls *open)
{
	AUTO(forge_pull_free) struct forge_pull f = {0};

	find_open(t, open);
	if (t->found)
		return NULL;
	if (t->p->outside == 0)
		return find_by_head(t);
	TRY(api(t)->pull(t->o->forge, t->p->outside, &f));
	take(t, &f);
	return NULL;
}

/* ---- its branch ---- */

/* Somebody else's commit is on it: from here on it is theirs. */
static struct err *
give_way(struct turn *t, const struct oid *there)
{
	if (oid_eq(&t->p->theirs, there))
		return NULL;
	TRY(hear_edit(t->o, t->p, there));
	t->p->theirs = *there;
	tell(t, "somebody else committed to its branch, to which nothing is pushed any more", NULL);
	return NULL;
}

static struct err *
push_branch(struct turn *t)
{
	struct pull *p = t->p;
	struct oid there;
	bool behind;

	if (t->found && strcmp(t->there.head_sha, oid_hex(&p->head).s) == 0) {
		p->pushed = p->head;
		return NULL;
	}
	/* The forge may lag behind its own branches. */
	TRY(outside_look(t->o, p, &there, &behind));
	if (oid_eq(&there, &p->head)) {
		p->pushed = p->head;
		return NULL;
	}
	/* What is on it may be our own, of which this record has not heard. */
	if (!oid_is_zero(&p->theirs) || p->taken_by != NULL || behind)
		return NULL;
	if ((!oid_is_zero(&there) && !oid_eq(&there, &p->pushed)) || (t->o->shared && !oid_is_zero(&there)))
		return give_way(t, &there);
	TRY(outside_push(t->o, p->branch, &there, &p->head));
	p->pushed = p->head;
	return NULL;
}

/* ---- what it says ---- */

static struct err *
make_text(struct turn *t)
{
	AUTO(buf_free) struct buf title = BUF_INIT(BUF_TEXT), body = BUF_INIT(BUF_TEXT);
	const struct conf_type *type = t->p->type != NULL ? config_type(&t->o->policy.cfg, t->p->type) : NULL;
	AUTO(task_free) struct task task;

	task_init(&task);
	/* A task that a person has broken or taken away still has its pull request. */
	err_ignore(state_task(t->o->state, &t->p->task, &task));
	pull_title_outside(t->p, &title);
	pull_body_outside(t->p, task.issue, t->o->forge->place.project, type != NULL ? &type->notify : NULL, &body);
	TRY(pull_hash(buf_cstr(&title), buf_cstr(&body), &t->text));
	t->title = buf_steal(&title);
	t->body = buf_steal(&body);
	return NULL;
}

static void
adopt(struct turn *t)
{
	t->p->outside = t->there.number;
	free(t->p->url);
	t->p->url = mem_strdup(t->there.url);
}

static struct err *
open_it(struct turn *t)
{
	const struct forge_new_pull new = {.title = t->title, .body = t->body, .head = t->p->branch, .base = t->p->base};
	AUTO(forge_pull_free) struct forge_pull made = {0};
	struct err *e = api(t)->pull_add(t->o->forge, &new, &made);

	if (e == NULL) {
		take(t, &made);
		t->made = true;
		t->out->opened++;
	} else if (outside_unsure(e)) {
		AUTO(err_free_p) struct err *why = e;

		TRY(find_by_head(t));
		if (!t->found || t->there.state != FORGE_OPEN)
			return STEAL(why);
		t->out->adopted++;
	} else {
		return e;
	}
	adopt(t);
	t->p->told = t->text;
	return NULL;
}

/* In place, and only what is still as we wrote it. */
static struct err *
update_text(struct turn *t)
{
	const struct forge_pull_edit edit = {.title = t->title, .body = t->body};
	struct oid has;

	TRY(pull_hash(t->there.title, t->there.body, &has));
	if (oid_eq(&has, &t->text)) {
		t->p->told = t->text;
		return NULL;
	}
	if (!oid_eq(&has, &t->p->told))
		return NULL;
	TRY(api(t)->pull_edit(t->o->forge, t->there.number, &edit, NULL));
	t->p->told = t->text;
	t->out->updated++;
	return NULL;
}

/* ---- label, reviewers, status ---- */

static struct err *
add_label(struct turn *t)
{
	AUTO(strs_free) struct strs labels = {0};
	size_t i;

	strs_addf(&labels, "review level %" PRId64, t->p->level);
	for (i = 0; i < t->there.labels.n; i++)
		if (strcmp(t->there.labels.v[i], labels.v[0]) == 0)
			return NULL;
	return api(t)->pull_labels(t->o->forge, t->there.number, &labels);
}

static struct err *
ask_reviewers(struct turn *t)
{
	AUTO(strs_free) struct strs logins = {0}, teams = {0};

	if (t->p->level == LEVEL_ALONE)
		return NULL;
	TRY(owners_of(t->o->repo, &t->o->policy, t->p, &logins, &teams));
	owners_drop(&logins, &t->there);
	if (!(api(t)->can & FORGE_CAN_TEAMS))
		strs_free(&teams);
	if (t->p->asked == 0)
		t->p->asked = clock_wall(state_clock(t->o->state));
	return logins.n + teams.n == 0 ? NULL : api(t)->pull_reviewers(t->o->forge, t->there.number, &logins, &teams);
}

static struct err *
set_status(struct turn *t)
{
	AUTO(mem_free_p) char *text = mem_printf("gates passed; review level %" PRId64 ": %s", t->p->level,
	    level_word((enum level)t->p->level));

	return api(t)->status(t->o->forge, oid_hex(&t->p->head).s, MIRROR_STATUS, CHECK_SUCCESS, text, t->there.url);
}

/* What the token may not do, or the forge does not know, leaves the rest as it is. */
static struct err *
forgive(struct turn *t, const char *what, struct err *e)
{
	if (!err_is(e, ERR_AUTH) && !err_is(e, ERR_DENIED) && !err_is(e, ERR_NOT_FOUND) && !err_is(e, ERR_STATE))
		return e;
	tell(t, what, e);
	t->amiss = true;
	err_ignore(e);
	return NULL;
}

static struct err *
mark(struct turn *t)
{
	if (oid_eq(&t->p->marked, &t->p->head) || !oid_eq(&t->p->pushed, &t->p->head) || t->p->reasons.n == 0)
		return NULL;
	TRY(forgive(t, "its status is not set", set_status(t)));
	TRY(forgive(t, "it has no label", add_label(t)));
	TRY(forgive(t, "not all reviewers are asked", ask_reviewers(t)));
	t->p->marked = t->p->head;
	return NULL;
}

/* ---- what people did ---- */

static struct err *
was_closed(struct turn *t)
{
	const char *by = t->there.closed_by[0] != '\0' ? t->there.closed_by : "somebody on the forge";

	TRY(outside_note(t->o, t->p));
	TRY(outside_flush(t->o));
	tell(t, "it was closed on the forge: its task goes to a person", NULL);
	t->out->closed++;
	return close_pull(t->o->line, t->p->number, by);
}

/* Is the tree what merging our head into what was there before gives? */
static struct err *
is_plain_merge(struct turn *t, const struct commit *c, bool *plain)
{
	AUTO(merge_free) struct merge m = {0};

	*plain = false;
	if (c->parents.n == 0)
		return NULL;
	TRY(merge_commits(t->o->repo, &c->parents.v[0], &t->p->head, &m));
	*plain = m.n == 0 && oid_eq(&m.tree, &c->tree);
	return NULL;
}

/* *gate: it is ours, and was not tested on the base that it met; landing is frozen then. */
static struct err *
compare_landed(struct turn *t, const struct commit *c, bool *gate)
{
	AUTO(mem_free_p) char *why = NULL;
	bool plain, ours;

	*gate = false;
	if (oid_eq(&c->tree, &t->p->tested))
		return NULL;
	TRY(is_plain_merge(t, c, &plain));
	TRY(outside_is_me(t->o, t->there.closed_by, &ours));
	if (plain && !ours) {
		tell(t, "it was merged on the forge onto a base that it was not tested on", NULL);
		return NULL;
	}
	why = mem_printf("pull request %" PRId64 " was merged on the forge as %.12s, which is %s", t->p->number,
	    oid_hex(&c->oid).s, plain ? "not tested yet on the base that it met" : "not what was tested");
	*gate = plain;
	if (!plain)
		line_tell(t->o->line, LINE_NOTE, "alarm: %s", why);
	return freeze_set(t->o->state, why);
}

static struct err *
landed_there(struct turn *t, struct commit *out)
{
	struct oid tip, commit;
	bool has;

	TRY(outside_fetch(t->o, t->p->base, &tip));
	if (!oid_parse(str_of(t->there.merge_sha), &commit) || !commit_exists(t->o->repo, &commit))
		return err_new(ERR_STATE, "it was merged on the forge, and what landed is not known here yet");
	TRY(commit_is_ancestor(t->o->repo, &commit, &tip, &has));
	if (!has)
		return err_new(ERR_STATE, "the forge says that it was merged as %.12s, which is not on '%s'",
		    t->there.merge_sha, t->p->base);
	return commit_read(t->o->repo, &commit, out);
}

/* What we told it to merge has a branch that only we would delete. */
static void
drop_branch(struct turn *t)
{
	if (!oid_is_zero(&t->p->armed) && strcmp(t->there.head_sha, oid_hex(&t->p->armed).s) == 0)
		err_ignore(api(t)->branch_delete(t->o->forge, t->p->branch));
}

static struct err *
was_merged(struct turn *t)
{
	const struct land_way there = {.more = dispatch_meant(t->o)};
	const struct land_opts lo = {.line = t->o->line, .way = &there};
	const char *by = t->there.closed_by[0] != '\0' ? t->there.closed_by : "somebody on the forge";
	AUTO(commit_free) struct commit c = {0};
	bool gate;

	TRY(outside_note(t->o, t->p));
	TRY(outside_flush(t->o));
	TRY(landed_there(t, &c));
	TRY(compare_landed(t, &c, &gate));
	tell(t, "it was merged on the forge", NULL);
	t->out->landed++;
	drop_branch(t);
	TRY(land_note(&lo, t->p->number, &c.oid, by));
	return gate ? gate_landed(t->o, t->p, &c) : NULL;
}

/* ---- one after the other ---- */

/* Once: it was closed before, so that a second look has nothing to say. */
static struct err *
say_over(struct turn *t)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(task_free) struct task task;

	task_init(&task);
	err_ignore(state_task(t->o->state, &t->p->task, &task));
	if (task.pull != t->p->number || task.close[0] == '\0')
		return NULL;
	pull_over_outside(t->p->task.s, task.close, &text);
	return api(t)->comment_add(t->o->forge, FORGE_OF_PULL(t->there.number), buf_cstr(&text), NULL);
}

/* Our record is closed or landed, and the forge has not heard of it. */
static struct err *
end_there(struct turn *t)
{
	const struct forge_pull_edit edit = {.close = true};

	if (t->there.state == FORGE_OPEN) {
		TRY(api(t)->pull_edit(t->o->forge, t->there.number, &edit, NULL));
		TRY(forgive(t, "it is closed, and the forge was not told why", say_over(t)));
	}
	TRY(dispatch_landed(t->o, &t->there));
	t->p->pushed = oid_zero;
	return NULL;
}

/* Another head there is somebody's commit, or ours on its way: the next look knows which. */
static struct err *
end_with_task(struct turn *t)
{
	if (t->found && oid_is_zero(&t->p->theirs) && strcmp(t->there.head_sha, oid_hex(&t->p->head).s) != 0)
		return NULL;
	TRY(over_close(t->o, t->p));
	if (t->p->state == PULL_OPEN)
		return NULL;
	t->out->over++;
	if (t->found)
		adopt(t);
	return NULL;
}

static struct err *
bring_in_line(struct turn *t)
{
	bool was_known = t->p->outside != 0, gone;

	if (t->found && !was_known) {
		adopt(t);
		t->out->adopted += t->there.state == FORGE_OPEN;
	}
	if (t->found && t->there.state == FORGE_CLOSED)
		return was_closed(t);
	if (t->found && t->there.state == FORGE_MERGED)
		return was_merged(t);
	TRY(retarget(t->o, t->p, t->found ? &t->there : NULL, &gone));
	t->amiss = t->amiss || gone;
	if (gone && !t->found)
		return NULL;
	if (t->found)
		TRY(armed_watch(t->o, t->p, &t->there));
	TRY(push_branch(t));
	TRY(make_text(t));
	if (!t->found && (!oid_eq(&t->p->pushed, &t->p->head) || t->p->taken_by != NULL))
		return NULL;
	TRY(t->found ? update_text(t) : open_it(t));
	return mark(t);
}

static struct err *
take_turn(struct turn *t, struct forge_pulls *open)
{
	struct err *e;
	bool deaf = false;

	TRY(find(t, open));
	if (t->p->state == PULL_OPEN && (!t->found || t->there.state == FORGE_OPEN))
		TRY(end_with_task(t));
	if (t->p->state != PULL_OPEN) {
		TRY(t->found ? end_there(t) : NULL);
		return outside_note(t->o, t->p);
	}
	e = bring_in_line(t);
	/* was_closed() and was_merged() have written the record themselves. */
	if (e == NULL && t->found && t->there.state != FORGE_OPEN)
		return NULL;
	if (t->found && !t->made && t->there.state == FORGE_OPEN && e == NULL)
		e = hear(t->o, t->p, &t->there, &t->out->revised, &deaf);
	t->amiss = t->amiss || deaf;
	if (e != NULL) {
		err_ignore(outside_note(t->o, t->p));
		return e;
	}
	return outside_note(t->o, t->p);
}

static bool
concerns(const struct pull *p)
{
	return p->state == PULL_OPEN || (p->outside != 0 && !oid_is_zero(&p->pushed));
}

/* It has nothing to do with the others: the connection, the token, a limit have. */
static bool
is_its_own(const struct err *e)
{
	return err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_STATE) || err_is(e, ERR_DENIED) || err_is(e, ERR_CONFLICT) ||
	    err_is(e, ERR_STALE) || err_is(e, ERR_EXISTS) || err_is(e, ERR_SYNTAX) || err_is(e, ERR_LIMIT);
}

/*
 * The forge is yet to hear of it, and does from the node that delivered it,
 * which is at work: all at once would only say the same several times.
 */
static struct err *
is_anothers(const struct outside *o, const struct pull *p, bool *out)
{
	AUTO(run_free) struct run r;
	bool has = false;
	size_t i;

	run_init(&r);
	*out = false;
	if (o->others.n == 0 || p->state != PULL_OPEN || (p->outside != 0 && oid_eq(&p->marked, &p->head)))
		return NULL;
	TRY(ledger_read(o->state, p->run.s, &has, &r));
	if (!has || strcmp(r.node, state_node(o->state)) == 0)
		return NULL;
	for (i = 0; i < o->others.n; i++)
		*out = *out || (o->others.v[i].forge && strcmp(o->others.v[i].name, r.node) == 0);
	return NULL;
}

/* The look may have begun long ago, where limits are waited for: the record as it is by now. */
static struct err *
refresh(struct outside *o, struct pull *p)
{
	AUTO(pull_free) struct pull was = *p;

	*p = (struct pull){0};
	return pull_read(o->repo, was.number, p);
}

static struct err *
one(struct outside *o, struct pull *p, struct forge_pulls *open, struct mirrored *out)
{
	AUTO(turn_free) struct turn t = {.o = o, .out = out, .p = p};
	bool anothers;
	struct err *e;

	TRY(refresh(o, p));
	TRY(is_anothers(o, p, &anothers));
	if (anothers || !concerns(p))
		return NULL;
	e = take_turn(&t, open);
	out->left += t.amiss || (e != NULL && is_its_own(e));
	if (e == NULL || !is_its_own(e))
		return e;
	tell(&t, "it is not in line with the forge", e);
	err_ignore(e);
	return NULL;
}

/* What was found out is kept, whatever stopped it. */
static struct err *
end(struct outside *o, struct err *e)
{
	struct err *kept = outside_flush(o);

	if (e == NULL)
		return kept;
	err_ignore(kept);
	return e;
}

/* A person closed it, and its task waits for one. */
static bool
may_return(const struct outside *o, const struct pull *p)
{
	AUTO(task_free) struct task t;

	if (p->state != PULL_CLOSED || p->outside == 0 || !oid_is_zero(&p->pushed))
		return false;
	task_init(&t);
	err_ignore(state_task(o->state, &p->task, &t));
	return t.pull == p->number && t.state == TASK_ESCALATED;
}

static struct err *
take_up_again(struct outside *o, struct pull *p, const struct forge_pulls *open, struct mirrored *out)
{
	const struct turn t = {.o = o, .p = p};
	int64_t number = p->number;
	size_t i;

	for (i = 0; i < open->n; i++)
		if (open->v[i].number == p->outside && open->v[i].state == FORGE_OPEN)
			break;
	if (i == open->n)
		return NULL;
	tell(&t, "it was opened again on the forge", NULL);
	out->reopened++;
	TRY(reopen_pull(o->line, number));
	pull_free(p);
	return pull_read(o->repo, number, p);
}

/* All that this pass is about; *back: some that people may have opened again. */
static size_t
count(const struct outside *o, const struct pulls *all, bool *back)
{
	size_t i, n = 0;

	for (i = 0; i < all->n; i++) {
		n += concerns(&all->v[i]);
		*back = *back || may_return(o, &all->v[i]);
	}
	return n;
}

/*
 * Two processes of one clone would ask the same and write it twice.  One that
 * takes long, as the forge's limits may have it, is not waited for to its end.
 */
static struct err *
begin(struct outside *o, int *fd)
{
	AUTO(mem_free_p) char *path = NULL;
	const char *dir;
	struct err *e;

	TRY(repo_factory_dir(o->repo, &dir));
	path = path_join(dir, "mirror.lock");
	e = turn_take(path, CLONE_WAIT_MS, o->line->cancel, fd);
	if (!err_is(e, ERR_TIMEOUT))
		return e;
	err_free(e);
	return NULL;
}

static struct err *
go_through(struct outside *o, struct mirrored *out)
{
	AUTO(pulls_free) struct pulls all = {0};
	AUTO(forge_pulls_free) struct forge_pulls open = {0};
	AUTO(fd_close_p) int turn = -1;
	struct err *e = NULL;
	bool back = false;
	size_t i, n;

	TRY(begin(o, &turn));
	TRY(pull_list(o->repo, REF_PULLS, &all));
	n = count(o, &all, &back);
	/* A single one is looked for by itself. */
	if (n > 1 || back)
		TRY(o->forge->api->pulls(o->forge, &open, NULL));
	for (i = 0; i < all.n && e == NULL && back; i++)
		if (may_return(o, &all.v[i]))
			e = take_up_again(o, &all.v[i], &open, out);
	for (i = 0; i < all.n && e == NULL; i++)
		if (concerns(&all.v[i])) {
			e = one(o, &all.v[i], &open, out);
			if (e == NULL && o->moves.n >= FLUSH_AT)
				e = outside_flush(o);
		}
	return end(o, e);
}

struct err *
mirror(struct outside *o, struct mirrored *out)
{
	struct merged merged = {0};
	bool starts;

	*out = (struct mirrored){0};
	TRY(go_through(o, out));
	TRY(merge_allowed(o, &merged));
	out->merged = merged.merged;
	out->caught_up = merged.caught_up;
	/* What they start is started now, and a new head has its status, not with the next sweep. */
	starts = out->merged + out->landed > 0 && dispatch_meant(o);
	if (!starts && out->caught_up == 0)
		return NULL;
	out->left = 0;
	return go_through(o, out);
}

struct err *
mirror_here(const struct line_opts *line, struct mirrored *out)
{
	AUTO(outside_close_p) struct outside *o = NULL;
	AUTO(mem_free_p) char *why = NULL;
	struct err *e;

	*out = (struct mirrored){0};
	e = outside_open(line, NULL, &o, &why);
	/* A clone without the base has no policy that could mean a forge. */
	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	if (o == NULL && why != NULL)
		line_tell(line, LINE_NOTE, "pull requests stay in this repository: %s", why);
	return o != NULL ? mirror(o, out) : NULL;
}

struct err *
mirror_any(const struct line_opts *line, bool *any, char **why)
{
	AUTO(outside_close_p) struct outside *o = NULL;

	TRY(outside_open(line, NULL, &o, why));
	*any = o != NULL;
	return NULL;
}

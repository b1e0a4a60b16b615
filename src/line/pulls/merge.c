#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "forge/rest.h"
#include "git/commit.h"
#include "git/ref.h"
#include "line/approve.h"
#include "line/judge.h"
#include "line/pulls/catchup.h"
#include "line/pulls/dispatch.h"
#include "line/pulls/feedback.h"
#include "line/pulls/freeze.h"
#include "line/pulls/merge.h"
#include "line/pulls/mirror.h"
#include "line/pulls/outside.h"
#include "line/pulls/text.h"
#include "model/level.h"
#include "store/state.h"

#define ASK_TRIES 5		/* while the forge does not know whether it can be merged */
#define ASK_PAUSE_MS 1000	/* doubled each time: half a minute in all */

struct merging {
	struct outside *o;
	bool alone;		/* no person asked for it */
	bool late;		/* nothing but checks that are required is missing, and none failed */
	bool waits;		/* not all checks are through, and none failed */
	bool lacks;		/* the head, something of the base */
	bool armed;		/* the forge merges it once they are green */
	bool caught_up;		/* instead of landing, its branch has all of the base now */
	const struct pull *first;	/* has all of the base, and is to land before; NULL */
	struct err *alarm;	/* it landed, and this is wrong with it */
};

static struct err *
fetch(void *arg, const struct pull *p)
{
	struct merging *m = arg;
	struct oid tip;

	if (m->o->shared)
		return NULL;
	TRY(outside_fetch(m->o, p->base, &tip));
	return outside_fetch(m->o, p->branch, &tip);
}

/* ---- may it? ---- */

static bool
is_green(enum forge_check_state s)
{
	return s == CHECK_SUCCESS || s == CHECK_NEUTRAL || s == CHECK_SKIPPED;
}

static struct err *
not_green(const struct forge_check *c)
{
	return err_hint(err_new(ERR_STATE, "the check '%s' is not green: %s", c->name, forge_check_word(c->state)),
	    c->state == CHECK_PENDING ? "try again when it is through" : "see it on the forge, or set 'merge.checks: false'");
}

/* Where some are required the others do not count; ours never does. */
static bool
counts(const struct forge_checks *checks, const struct forge_check *c)
{
	bool required = false;
	size_t i;

	for (i = 0; i < checks->n; i++)
		required = required || (checks->v[i].required && strcmp(checks->v[i].name, MIRROR_STATUS) != 0);
	return strcmp(c->name, MIRROR_STATUS) != 0 && (c->required || !required);
}

struct err *
checks_green(const struct forge_checks *checks)
{
	bool any = false;
	size_t i;

	for (i = 0; i < checks->n; i++) {
		const struct forge_check *c = &checks->v[i];

		if (strcmp(c->name, MIRROR_STATUS) == 0)
			continue;
		/* What may not be read could be red. */
		if ((counts(checks, c) || c->state == CHECK_UNKNOWN) && !is_green(c->state))
			return not_green(c);
		any = any || c->state == CHECK_SUCCESS;
	}
	if (any)
		return NULL;
	return err_hint(err_new(ERR_STATE, "the forge has no check of this head that succeeded"),
	    "wait for its CI, or set 'merge.checks: false' if there is none");
}

static bool
has_failed(const struct forge_checks *checks)
{
	bool failed = false;
	size_t i;

	for (i = 0; i < checks->n; i++) {
		const struct forge_check *c = &checks->v[i];

		failed = failed || (counts(checks, c) && !is_green(c->state) && c->state != CHECK_PENDING &&
		    c->state != CHECK_UNKNOWN);
	}
	return failed;
}

static bool
is_late(const struct forge_checks *checks)
{
	bool late = false;
	size_t i;

	for (i = 0; i < checks->n; i++) {
		const struct forge_check *c = &checks->v[i];

		if (!c->required || is_green(c->state) || strcmp(c->name, MIRROR_STATUS) == 0)
			continue;
		if (c->state != CHECK_PENDING && c->state != CHECK_UNKNOWN)
			return false;
		late = true;
	}
	return late;
}

static struct err *
look(struct merging *m, const struct land_ready *r, struct forge_pull *out)
{
	struct forge *f = m->o->forge;

	forge_pull_free(out);
	TRY(f->api->pull(f, r->pull->outside, out));
	if (out->state == FORGE_CLOSED)
		return err_hint(err_new(ERR_STATE, "it was closed on the forge"), "'git factory pr sync'");
	if (out->state == FORGE_OPEN && strcmp(out->head_sha, oid_hex(&r->head).s) != 0)
		return err_new(ERR_STALE, "its head on the forge is %.12s, and what was tested is %.12s", out->head_sha,
		    oid_hex(&r->head).s);
	if (out->state == FORGE_OPEN && out->draft)
		return err_new(ERR_STATE, "it is a draft on the forge");
	return NULL;
}

static struct err *
wait_until_known(struct merging *m, const struct land_ready *r, struct forge_pull *out)
{
	int64_t pause = ASK_PAUSE_MS;
	int tries;

	for (tries = 0;; tries++, pause *= 2) {
		TRY(look(m, r, out));
		if (out->state != FORGE_OPEN || out->mergeable == TRI_YES)
			return NULL;
		if (out->mergeable == TRI_NO)
			return err_new(ERR_STATE, "the forge says that it cannot be merged");
		if (tries == ASK_TRIES)
			return err_hint(err_new(ERR_STATE, "the forge does not know yet whether it can be merged"),
			    "try again later");
		TRY(rest_sleep(m->o->forge->rest, pause));
	}
}

static struct err *
ask(struct merging *m, const struct land_ready *r, struct forge_pull *there)
{
	AUTO(forge_checks_free) struct forge_checks checks = {0};
	struct forge *f = m->o->forge;

	TRY(wait_until_known(m, r, there));
	if (there->state != FORGE_OPEN || !r->base->cfg.merge.checks)
		return NULL;
	TRY(f->api->checks(f, oid_hex(&r->head).s, r->pull->base, &checks));
	m->late = is_late(&checks);
	m->waits = !has_failed(&checks);
	return checks_green(&checks);
}

/* Where nothing else than late checks is in its way: does the forge first want all of the base in it? */
static struct err *
ask_all(struct merging *m, const struct land_ready *r, struct forge_pull *there, bool *behind)
{
	struct err *e = ask(m, r, there), *unsaid;

	if ((e != NULL && !m->late) || there->state != FORGE_OPEN)
		return e;
	unsaid = catchup_lacks(m->o, r->pull->base, &r->head, &m->lacks);
	if (unsaid == NULL && m->lacks)
		unsaid = catchup_asked(m->o, r->pull, there, behind);
	if (e == NULL)
		return unsaid;
	err_ignore(unsaid);
	if (!*behind)
		return e;
	err_ignore(e);
	return NULL;
}

/* ---- doing it ---- */

static enum forge_method
method_of(enum merge_method m)
{
	static const enum forge_method methods[] = {
	    [MERGE_SQUASH] = FORGE_SQUASH, [MERGE_MERGE] = FORGE_MERGE, [MERGE_REBASE] = FORGE_REBASE};

	return methods[m];
}

struct order {
	struct buf text;
	char *head, *title;
	struct forge_merge how;
};

static void
order_free(struct order *o)
{
	buf_free(&o->text);
	free(o->head);
	free(o->title);
}

static void
order_make(const struct land_ready *r, struct order *out)
{
	struct str rest, subject;

	*out = (struct order){.text = BUF_INIT(BUF_TEXT), .head = mem_strdup(oid_hex(&r->head).s)};
	pull_inert(str_of(r->message), true, &out->text);
	rest = buf_str(&out->text);
	if (!str_line(&rest, &subject))
		subject = STR("");
	out->title = str_dup(subject);
	rest = str_trim(rest);
	out->how = (struct forge_merge){.head_sha = out->head, .method = method_of(r->method), .title = out->title,
	    .message = rest.n > 0 ? rest.p : "", .delete_branch = !r->keep_branch};
}

static struct err *
order(struct merging *m, const struct land_ready *r, char **sha, bool *behind)
{
	AUTO(order_free) struct order o = {0};

	order_make(r, &o);
	o.how.behind = behind;
	return m->o->forge->api->merge(m->o->forge, r->pull->outside, &o.how, sha);
}

/* The answer was lost, or somebody else was faster: the forge knows. */
static struct err *
read_back(struct merging *m, const struct land_ready *r, struct err *why, char **sha)
{
	AUTO(forge_pull_free) struct forge_pull there = {0};
	AUTO(err_free_p) struct err *lost = why;

	TRY(look(m, r, &there));
	if (there.state != FORGE_MERGED)
		return STEAL(lost);
	*sha = mem_strdup(there.merge_sha);
	return NULL;
}

/*
 * Once armed the forge looks at the head no more: only where its own rules
 * keep out every head but this, on every base but this.
 */
static struct err *
may_wait_there(struct merging *m, const struct land_ready *r, bool *may)
{
	struct forge *f = m->o->forge;
	struct forge_guard guard;
	struct oid tree;

	*may = false;
	TRY(commit_tree(m->o->repo, &r->head, &tree));
	if (!(f->api->can & FORGE_CAN_AUTO_MERGE) || !m->alone || !m->late || !oid_eq(&tree, &r->tree))
		return NULL;
	TRY(f->api->guarded(f, r->pull->base, MIRROR_STATUS, &guard));
	*may = guard.status && guard.whole;
	return NULL;
}

/* Takes over why it does not land now. */
static struct err *
arm(struct merging *m, const struct land_ready *r, const struct forge_pull *there, struct err *why)
{
	AUTO(order_free) struct order o = {0};
	struct err *e;
	bool may;

	e = may_wait_there(m, r, &may);
	if (e == NULL && may) {
		order_make(r, &o);
		e = m->o->forge->api->auto_merge(m->o->forge, there, &o.how);
		m->armed = e == NULL;
	}
	/* The next look asks again. */
	err_ignore(e);
	if (!m->armed)
		return why;
	err_free(why);
	return err_new(ERR_STATE, "the forge merges it once its checks are green");
}

/* In a line: each that lands leaves the others behind again. */
static struct err *
come_up(struct merging *m, const struct land_ready *r)
{
	const char *base = r->pull->base;

	if (m->first != NULL)
		return err_new(ERR_STATE, "it lacks what '%s' has by now, and is brought up to date after pull request %" PRId64 " has landed",
		    base, m->first->number);
	TRY(catchup(m->o, r));
	m->caught_up = true;
	return err_hint(err_new(ERR_STATE, "its branch was brought up to date with '%s', as the forge asks", base),
	    "it can land once the forge's checks of it are green%s", approvals_asked(&r->base->cfg) ? " and people have approved it again" : "");
}

static struct err *
merge_it(struct merging *m, const struct land_ready *r, char **sha)
{
	AUTO(forge_pull_free) struct forge_pull there = {0};
	bool behind = false;
	struct err *e = ask_all(m, r, &there, &behind);

	if (there.state == FORGE_OPEN && (e == NULL || m->late)) {
		struct err *against = hear_objections(m->o, r->pull);

		if (against != NULL) {
			err_ignore(e);
			return against;
		}
	}
	if (e != NULL)
		return arm(m, r, &there, e);
	if (there.state == FORGE_MERGED) {
		*sha = mem_strdup(there.merge_sha);
		return NULL;
	}
	if (!behind)
		e = order(m, r, sha, &behind);
	/* What it refuses without that is a base that has moved just now. */
	if (behind && m->lacks) {
		err_ignore(e);
		return come_up(m, r);
	}
	return outside_unsure(e) ? read_back(m, r, e, sha) : e;
}

/* ---- what landed ---- */

struct err *
gate_landed(struct outside *o, const struct pull *p, const struct commit *c)
{
	AUTO(mem_free_p) char *base = mem_printf("refs/heads/%s", p->base);
	AUTO(policy_free) struct policy before = {0};
	AUTO(verdicts_free) struct verdicts verdicts = {0};
	bool was;

	TRY(policy_at(o->repo, base, &c->parents.v[0], &before));
	line_tell(o->line, LINE_STEP, "'%s' moved in between: gates on what landed", p->base);
	TRY(judge_apart(o->state, o->line, &before, NULL, &c->tree, 0, &verdicts));
	if (verdicts_sum(&verdicts) != VERDICT_PASS)
		return err_hint(err_new(ERR_GATES_FAILED, "pull request %" PRId64 " landed as %.12s, on a base that moved, and its gates fail there",
		    p->number, oid_hex(&c->oid).s), "mend or revert it; 'git factory pr thaw' lets changes land again");
	return freeze_lift(o->state, &was);
}

static struct err *
compare(struct merging *m, const struct land_ready *r, const struct oid *commit)
{
	AUTO(mem_free_p) char *why = NULL;
	AUTO(commit_free) struct commit c = {0};
	bool moved;

	TRY(commit_read(m->o->repo, commit, &c));
	if (oid_eq(&c.tree, &r->tree))
		return NULL;
	moved = c.parents.n > 0 && !oid_eq(&c.parents.v[0], &r->base->commit);
	why = mem_printf("what landed as %.12s with pull request %" PRId64 " is %s", oid_hex(commit).s, r->pull->number,
	    moved ? "not tested yet on the base that it met" : "not what was tested");
	TRY(freeze_set(m->o->state, why));
	if (moved)
		return gate_landed(m->o, r->pull, &c);
	return err_hint(err_new(ERR_STATE, "alarm: %s: nothing lands any more", why),
	    "look at the base branch; 'git factory pr thaw' lets changes land again");
}

static struct err *
merge(void *arg, const struct land_ready *r, struct oid *commit)
{
	struct merging *m = arg;
	AUTO(mem_free_p) char *sha = NULL;
	struct oid tip, landed;

	if (r->pull->outside == 0)
		return err_hint(err_new(ERR_STATE, "pull request %" PRId64 " is not on the forge yet", r->pull->number),
		    "'git factory pr sync'");
	if (m->alone && !oid_eq(&r->head, &r->pull->head))
		return err_new(ERR_STATE, "somebody else committed to its branch");
	TRY(merge_it(m, r, &sha));
	TRY(outside_fetch(m->o, r->pull->base, &tip));
	if (!oid_parse(str_of(sha), &landed) || !commit_exists(m->o->repo, &landed))
		return err_new(ERR_STATE, "the forge merged it as '%.40s', which is not on '%s'", sha, r->pull->base);
	*commit = landed;
	/* It did land, and that goes on record first. */
	m->alarm = compare(m, r, commit);
	return NULL;
}

static struct err *
land(struct merging *m, const struct land_opts *how, int64_t number, struct oid *landed)
{
	const struct land_way way = {.arg = m, .fetch = fetch, .merge = merge, .more = dispatch_meant(m->o)};
	struct land_opts lo = *how;
	struct err *e;

	lo.way = &way;
	e = land_pull(&lo, number, landed);
	if (m->alarm == NULL)
		return e;
	err_ignore(e);
	return m->alarm;
}

struct err *
merge_outside(struct outside *o, const struct land_opts *how, int64_t number, bool *caught_up,
    struct oid *landed)
{
	struct merging m = {.o = o, .alone = how->alone};
	struct err *e = land(&m, how, number, landed);

	*caught_up = m.caught_up;
	return e;
}

/* ---- by itself ---- */

#define FIRST_S (60 * 60)	/* so long the others wait for its checks */

/* What one look has come to. */
struct going {
	struct outside *o;
	struct merged *out;
	const struct pull *first;	/* has all of its base, and is to land before the others; NULL */
	bool sure;			/* that none of its checks has failed */
};

static bool
may_land(const struct pull *p)
{
	return p->state == PULL_OPEN && p->outside != 0 && p->reasons.n > 0 && p->level == LEVEL_ALONE &&
	    oid_eq(&p->pushed, &p->head) && oid_is_zero(&p->theirs) &&
	    (oid_is_zero(&p->armed) || oid_eq(&p->armed, &p->head)) && p->taken_by == NULL;
}

static struct err *
note_armed(struct outside *o, int64_t number)
{
	AUTO(pull_free) struct pull p = {0};

	TRY(pull_read(o->repo, number, &p));
	p.armed = p.head;
	TRY(outside_note(o, &p));
	return outside_flush(o);
}

static struct err *
merge_alone(struct going *g, const struct pull *p, bool whole)
{
	struct outside *o = g->o;
	const struct land_opts how = {.line = o->line, .method = o->policy.cfg.merge.method, .alone = true};
	struct merging m = {.o = o, .alone = true, .first = g->first};
	struct oid landed;
	struct err *e = land(&m, &how, p->number, &landed);

	g->out->merged += e == NULL;
	g->out->caught_up += m.caught_up;
	if (e != NULL)
		line_tell(o->line, LINE_NOTE, "pull request %" PRId64 " waits: %s%s%s", p->number, err_msg(e),
		    err_hint_of(e) != NULL ? "; " : "", err_hint_of(e) != NULL ? err_hint_of(e) : "");
	if (g->first == NULL && e != NULL && (m.caught_up || (whole && m.waits))) {
		g->first = p;
		g->sure = true;
	}
	if (err_is(e, ERR_INTERRUPTED) || err_is(e, ERR_RATE_LIMIT) || err_is(e, ERR_NETWORK))
		return e;
	err_ignore(e);
	return m.armed ? note_armed(o, p->number) : NULL;
}

/* One that has failed, or takes too long, keeps nobody waiting. */
static struct err *
look_at_first(struct going *g)
{
	AUTO(forge_checks_free) struct forge_checks checks = {0};
	struct forge *f = g->o->forge;
	const struct pull *p = g->first;

	if (p->updated + FIRST_S < clock_wall(state_clock(g->o->state))) {
		g->first = NULL;
	} else if (!g->sure) {
		TRY(f->api->checks(f, oid_hex(&p->head).s, p->base, &checks));
		g->sure = !has_failed(&checks);
		if (!g->sure)
			g->first = NULL;
	}
	return NULL;
}

/* Is it behind where that matters, and another to land before it? */
static struct err *
waits_in_line(struct going *g, const struct pull *p, bool *waits)
{
	*waits = false;
	if (g->first == NULL || strcmp(g->first->base, p->base) != 0)
		return NULL;
	TRY(look_at_first(g));
	if (g->first == NULL)
		return NULL;
	TRY(catchup_asked(g->o, p, NULL, waits));
	if (*waits)
		line_tell(g->o->line, LINE_NOTE, "pull request %" PRId64 " waits: its branch is brought up to date after pull request %" PRId64 " has landed",
		    p->number, g->first->number);
	return NULL;
}

/* Those that have all of their base. */
static struct err *
land_whole(struct going *g, const struct pull *p)
{
	if (oid_is_zero(&p->armed))
		return merge_alone(g, p, true);
	if (g->first == NULL)
		g->first = p;
	return NULL;
}

static struct err *
land_behind(struct going *g, const struct pull *p)
{
	bool waits;

	TRY(waits_in_line(g, p, &waits));
	return waits ? NULL : merge_alone(g, p, false);
}

/* The forge waits for what it was told to merge: whether the base moved is for us to see. */
static struct err *
fetch_base(struct outside *o, const struct pulls *all)
{
	const char *fetched = NULL;
	struct oid tip;
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct pull *p = &all->v[i];

		if (!may_land(p) || oid_is_zero(&p->armed) || (fetched != NULL && strcmp(fetched, p->base) == 0))
			continue;
		TRY(outside_fetch(o, p->base, &tip));
		fetched = p->base;
	}
	return NULL;
}

struct err *
merge_allowed(struct outside *o, struct merged *out)
{
	AUTO(pulls_free) struct pulls all = {0}, behind = {0};
	struct going g = {.o = o, .out = out};
	bool lacks;
	size_t i;

	if (!o->policy.cfg.merge.automatic)
		return NULL;
	TRY(pull_list(o->repo, REF_PULLS, &all));
	TRY(fetch_base(o, &all));
	for (i = 0; i < all.n; i++) {
		if (!may_land(&all.v[i]))
			continue;
		TRY(catchup_lacks(o, all.v[i].base, &all.v[i].head, &lacks));
		if (lacks) {
			vec_push(&behind, all.v[i]);
			all.v[i] = (struct pull){0};
		} else {
			TRY(land_whole(&g, &all.v[i]));
		}
	}
	for (i = 0; i < behind.n; i++)
		TRY(land_behind(&g, &behind.v[i]));
	return NULL;
}

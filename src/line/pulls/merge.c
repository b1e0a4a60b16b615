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
#include "line/judge.h"
#include "line/pulls/dispatch.h"
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
	bool armed;		/* the forge merges it once they are green */
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

struct err *
checks_green(const struct forge_checks *checks)
{
	bool required = false, any = false;
	size_t i;

	for (i = 0; i < checks->n; i++)
		required = required || (checks->v[i].required && strcmp(checks->v[i].name, MIRROR_STATUS) != 0);
	for (i = 0; i < checks->n; i++) {
		const struct forge_check *c = &checks->v[i];

		if (strcmp(c->name, MIRROR_STATUS) == 0)
			continue;
		/* What may not be read could be red. */
		if ((c->required || !required || c->state == CHECK_UNKNOWN) && !is_green(c->state))
			return not_green(c);
		any = any || c->state == CHECK_SUCCESS;
	}
	if (any)
		return NULL;
	return err_hint(err_new(ERR_STATE, "the forge has no check of this head that succeeded"),
	    "wait for its CI, or set 'merge.checks: false' if there is none");
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
	return checks_green(&checks);
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
order(struct merging *m, const struct land_ready *r, char **sha)
{
	AUTO(order_free) struct order o = {0};

	order_make(r, &o);
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
	struct oid tree;

	*may = false;
	TRY(commit_tree(m->o->repo, &r->head, &tree));
	if (!(f->api->can & FORGE_CAN_AUTO_MERGE) || !m->alone || !m->late || !oid_eq(&tree, &r->tree))
		return NULL;
	return f->api->guarded(f, r->pull->base, MIRROR_STATUS, may);
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

static struct err *
merge_it(struct merging *m, const struct land_ready *r, char **sha)
{
	AUTO(forge_pull_free) struct forge_pull there = {0};
	struct err *e = ask(m, r, &there);

	if (e != NULL)
		return arm(m, r, &there, e);
	if (there.state == FORGE_MERGED) {
		*sha = mem_strdup(there.merge_sha);
		return NULL;
	}
	e = order(m, r, sha);
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
	TRY(judge_apart(o->state, o->line, &before, &c->tree, 0, &verdicts));
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
merge_outside(struct outside *o, const struct land_opts *how, int64_t number, struct oid *landed)
{
	struct merging m = {.o = o, .alone = how->alone};

	return land(&m, how, number, landed);
}

/* ---- by itself ---- */

static bool
may_land(const struct pull *p)
{
	return p->state == PULL_OPEN && p->outside != 0 && p->reasons.n > 0 && p->level == LEVEL_ALONE &&
	    oid_eq(&p->pushed, &p->head) && oid_is_zero(&p->theirs) && oid_is_zero(&p->armed) &&
	    p->taken_by == NULL;
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
merge_alone(struct outside *o, const struct pull *p, size_t *merged)
{
	const struct land_opts how = {.line = o->line, .method = o->policy.cfg.merge.method, .alone = true};
	struct merging m = {.o = o, .alone = true};
	struct oid landed;
	struct err *e = land(&m, &how, p->number, &landed);

	*merged += e == NULL;
	if (e != NULL)
		line_tell(o->line, LINE_NOTE, "pull request %" PRId64 " waits: %s%s%s", p->number, err_msg(e),
		    err_hint_of(e) != NULL ? "; " : "", err_hint_of(e) != NULL ? err_hint_of(e) : "");
	if (err_is(e, ERR_INTERRUPTED) || err_is(e, ERR_RATE_LIMIT) || err_is(e, ERR_NETWORK))
		return e;
	err_ignore(e);
	return m.armed ? note_armed(o, p->number) : NULL;
}

struct err *
merge_allowed(struct outside *o, size_t *merged)
{
	AUTO(pulls_free) struct pulls all = {0};
	size_t i;

	if (!o->policy.cfg.merge.automatic)
		return NULL;
	TRY(pull_list(o->repo, REF_PULLS, &all));
	for (i = 0; i < all.n; i++)
		if (may_land(&all.v[i]))
			TRY(merge_alone(o, &all.v[i], merged));
	return NULL;
}

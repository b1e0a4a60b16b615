#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/userconf.h"
#include "line/hooks/receive.h"
#include "line/policy.h"
#include "line/verify.h"
#include "store/permit.h"

#define GATES_SHOWN 5

void
pushes_free(struct pushes *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->v[i].ref);
		free(p->v[i].refused);
	}
	vec_free(p);
}

struct err *
pushes_read(struct str text, struct pushes *out)
{
	AUTO(pushes_free) struct pushes all = {0};
	struct str line, old, new;

	while (str_line(&text, &line)) {
		struct pushed p = {0};

		if (!str_next(&line, ' ', &old) || !str_next(&line, ' ', &new) || line.n == 0 ||
		    !oid_parse(old, &p.old) || !oid_parse(new, &p.new))
			return err_new(ERR_SYNTAX, "git's list of pushed refs has a line that is none");
		p.ref = str_dup(line);
		vec_push(&all, p);
	}
	*out = all;
	all = (struct pushes){0};
	return NULL;
}

/* "WHAT; REMEDY", of an error. */
static char *
told(const struct err *e)
{
	const char *hint = err_hint_of(e);

	return hint == NULL ? mem_strdup(err_msg(e)) : mem_printf("%s; %s", err_msg(e), hint);
}

static void
refuse(struct pushed *p, struct err *e)
{
	p->refused = told(e);
	err_ignore(e);
}

/* ---- which branches ---- */

#define ALIAS_DEPTH 5

struct guard {
	const struct receive_opts *o;
	struct strs branches;	/* full names */
	char *base;		/* the one that changes are made for */
	bool configured;	/* the base has a policy, readable or not */
	struct strs *remarks;
};

static void
guard_free(struct guard *g)
{
	strs_free(&g->branches);
	free(g->base);
}

/* What a push to this name moves: a branch may be another's alias (git-symbolic-ref(1)). */
static struct err *
real_name(struct repo *r, const char *ref, char **out)
{
	AUTO(mem_free_p) char *at = mem_strdup(ref);
	int depth;

	for (depth = 0; depth < ALIAS_DEPTH; depth++) {
		char *next = NULL;

		TRY(tip_symbolic(repo_place(r), at, &next));
		if (next == NULL)
			break;
		free(at);
		at = next;
	}
	*out = STEAL(at);
	return NULL;
}

static struct err *
add_branch(struct guard *g, const char *ref)
{
	AUTO(mem_free_p) char *name = NULL;

	TRY(real_name(g->o->repo, ref, &name));
	if (!strs_has(&g->branches, name))
		strs_add(&g->branches, name);
	return NULL;
}

/* The branch of HEAD stands in for a default that does not exist. */
static struct err *
find_base(struct repo *r, char **base, char **head)
{
	AUTO(mem_free_p) char *name = NULL;
	AUTO(mem_free_p) char *ref = NULL;
	struct oid tip;
	bool named;

	TRY(repo_head(r, head, &tip));
	TRY(policy_base_name(r, &tip, &name, &named));
	ref = mem_printf("refs/heads/%s", name);
	TRY(ref_read(r, ref, &tip));
	*base = named || !oid_is_zero(&tip) || *head == NULL ? STEAL(ref) : mem_strdup(*head);
	return NULL;
}

static struct err *
find_branches(struct guard *g)
{
	struct repo *r = g->o->repo;
	AUTO(mem_free_p) char *head = NULL;
	AUTO(mem_free_p) char *own = NULL;
	AUTO(policy_free) struct policy p = {0};
	struct oid tip = oid_zero;
	struct err *e;

	TRY(userconf_str(r, "factory.base", &own));
	TRY(find_base(r, &g->base, &head));
	TRY(add_branch(g, g->base));
	if (head != NULL && own == NULL)
		TRY(add_branch(g, head));
	TRY(ref_read(r, g->base, &tip));
	if (oid_is_zero(&tip))
		return NULL;
	e = policy_at(r, g->base, &tip, &p);
	g->configured = e != NULL || p.found;
	err_ignore(e);
	return NULL;
}

/* ---- one of them ---- */

/* Could anything be judged by what is pushed? */
static struct err *
leaves_policy(struct repo *r, const struct pushed *p)
{
	AUTO(policy_free) struct policy next = {0};
	struct err *e = policy_at(r, p->ref, &p->new, &next);

	return e == NULL ? NULL : err_hint(err_wrap(e, "the policy that it brings"), "mend it first: nothing could be pushed after it");
}

/* "Factory-Override: GATE by WHO: reason" */
static bool
says_override(struct str message, const char *gate, const char *who)
{
	AUTO(mem_free_p) char *words = mem_printf("Factory-Override: %s by %s: ", gate, who);
	struct str line;

	while (str_line(&message, &line))
		if (str_starts(line, words) && str_trim(str_skip(line, strlen(words))).n > 0)
			return true;
	return false;
}

static bool
is_overridden(const struct guard *g, const struct config *c, const struct verdict *v, const char *message)
{
	const struct conf_gate *gate = config_gate(c, v->gate);

	return g->o->signer != NULL && gate != NULL && strs_has(&gate->override, g->o->signer) &&
	    says_override(str_of(message), v->gate, g->o->signer);
}

/* The gates that are neither proven nor overridden, "'unit' (fail: 2 of 3 failed), 'lint'". */
static size_t
list_missing(const struct guard *g, const struct config *c, const struct verify *v, const char *message,
    struct buf *out)
{
	size_t i, n = 0;

	for (i = 0; i < v->check.verdicts.n; i++) {
		const struct verdict *known = &v->check.verdicts.v[i];

		if (known->advisory || verify_proven(v, i) || is_overridden(g, c, known, message))
			continue;
		if (n++ >= GATES_SHOWN)
			continue;
		buf_addf(out, "%s'%s'", n == 1 ? "" : ", ", known->gate);
		if (known->kind != VERDICT_INCONCLUSIVE || known->waits)
			buf_addf(out, " (%s: %s)", verdict_word(known->kind), known->summary);
	}
	if (n > GATES_SHOWN)
		buf_addf(out, " and %zu more", n - GATES_SHOWN);
	return n;
}

static struct err *
ask_for_proof(const struct guard *g, const struct policy *was, const struct pushed *p)
{
	struct oid_hex old = oid_hex(&p->old), new = oid_hex(&p->new);
	struct check_opts co = {.repo = g->o->repo, .clock = g->o->clock, .line = g->o->line, .base = old.s, .word = true};
	AUTO(buf_free) struct buf missing = BUF_INIT(BUF_TEXT);
	AUTO(verify_free) struct verify v = {0};
	AUTO(commit_free) struct commit c = {0};

	TRY(commit_read(g->o->repo, &p->new, &c));
	TRY(err_wrap(verify_rev(&co, new.s, false, &v), "nothing can be judged here"));
	if (!oid_eq(&v.check.tree, &c.tree))
		return err_new(ERR_STATE, "its tree is not the one that was judged");
	if (v.check.verdicts.n != 0 && list_missing(g, &was->cfg, &v, c.message, &missing) == 0)
		return NULL;
	return err_hint(err_new(ERR_GATES_FAILED, "not proven for %.12s: %s", new.s, buf_cstr(&missing)),
	    "'git factory gate --note'%s proves it where it was made, and refs/notes/factory is pushed before it or with it",
	    was->cfg.evidence.keys.n > 0 ? " with a key that evidence.keys names" : "");
}

/* HEAD's branch says which one is the base: nothing is said otherwise in passing. */
static struct err *
keeps_base(const struct guard *g, const struct pushed *p)
{
	AUTO(mem_free_p) char *name = NULL;
	bool named;

	if (!g->configured || strcmp(g->base, p->ref) == 0)
		return NULL;
	TRY(policy_base_name(g->o->repo, &p->new, &name, &named));
	if (strcmp(g->base + strlen("refs/heads/"), name) == 0)
		return NULL;
	return err_hint(err_new(ERR_DENIED, "another branch than '%s' would be the base", g->base),
	    "whoever runs this repository names it: git config factory.base BRANCH");
}

/* What the client says was there is for git to compare; nothing is judged by it. */
static struct err *
is_current(struct repo *r, const struct pushed *p)
{
	struct oid now;

	TRY(ref_read(r, p->ref, &now));
	return oid_eq(&now, &p->old) ? NULL : err_hint(err_new(ERR_STALE, "it is not where the push expects it"), "fetch first");
}

static struct err *
judge_branch(struct guard *g, const struct pushed *p)
{
	AUTO(policy_free) struct policy was = {0};
	struct repo *r = g->o->repo;
	bool forward;

	TRY(is_current(r, p));
	TRY(keeps_base(g, p));
	if (!oid_is_zero(&p->old))
		TRY(err_wrap(policy_at(r, p->ref, &p->old, &was), "nothing can be judged here"));
	if (oid_is_zero(&p->old) || !was.found || !config_gated(&was.cfg) || was.cfg.gates_none) {
		if (was.found && !was.cfg.gates_none)
			strs_addf(g->remarks, "the policy of '%s' has no gates, so nothing was asked of what is pushed to it", p->ref);
		return oid_is_zero(&p->new) ? NULL : leaves_policy(r, p);
	}
	if (oid_is_zero(&p->new))
		return err_hint(err_new(ERR_DENIED, "the base branch may not be deleted"), "its policy guards it");
	TRY(commit_is_ancestor(r, &p->old, &p->new, &forward));
	if (!forward)
		return err_hint(err_new(ERR_DENIED, "the base branch moves forward only, and this lacks what is there"),
		    "merge or rebase it, and prove the result");
	TRY(leaves_policy(r, p));
	return ask_for_proof(g, &was, p);
}

/* ---- all ---- */

/* Evidence may come along. */
static void
look_ahead(const struct guard *g, const struct pushes *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].refused == NULL && strcmp(p->v[i].ref, REF_NOTES) == 0)
			repo_suppose(g->o->repo, REF_NOTES, &p->v[i].new);
}

struct err *
receive_judge(const struct receive_opts *o, struct pushes *p, struct strs *remarks)
{
	AUTO(guard_free) struct guard g = {.o = o, .remarks = remarks};
	struct err *e;
	size_t i;

	e = find_branches(&g);
	if (e != NULL)
		return err_hint(err_wrap(e, "what is guarded here is not known"),
		    "whoever runs this repository mends it, without the hook where it takes a push: git factory hook remove pre-receive");
	for (i = 0; g.configured && i < p->n; i++) {
		e = permit_push(o->repo, p->v[i].ref, &p->v[i].old, &p->v[i].new);
		if (e != NULL)
			refuse(&p->v[i], e);
	}
	look_ahead(&g, p);
	for (i = 0; i < p->n; i++) {
		AUTO(mem_free_p) char *name = NULL;

		TRY(real_name(o->repo, p->v[i].ref, &name));
		if (p->v[i].refused != NULL || !strs_has(&g.branches, name))
			continue;
		e = judge_branch(&g, &p->v[i]);
		if (err_is(e, ERR_INTERRUPTED))
			return e;
		if (e != NULL)
			refuse(&p->v[i], e);
	}
	return NULL;
}

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/merge.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/staged.h"
#include "line/approve.h"
#include "line/base.h"
#include "line/check.h"
#include "line/hindsight.h"
#include "line/judge.h"
#include "line/policy.h"
#include "sys/jail.h"

#define PATHS_SHOWN 5

void
check_free(struct check *c)
{
	free(c->base_ref);
	free(c->rev);
	free(c->base_given);
	free(c->sandbox);
	verdicts_free(&c->verdicts);
	*c = (struct check){0};
}

static struct err *
conflict(const struct check *c, const struct merge *m)
{
	AUTO(buf_free) struct buf paths = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < m->n && i < PATHS_SHOWN; i++)
		buf_addf(&paths, "%s'%s'", i == 0 ? "" : ", ", m->v[i].path);
	if (m->n > PATHS_SHOWN)
		buf_addf(&paths, " and %zu more", m->n - PATHS_SHOWN);
	return err_hint(err_new(ERR_CONFLICT, "%.12s conflicts with the base %.12s in %s",
	    oid_hex(&c->commit).s, oid_hex(&c->base).s, buf_cstr(&paths)),
	    "rebase it on the base, or merge the base into it");
}

/*
 * A commit that names the base as its parent is its own merge with it: so CI
 * may have these two commits and nothing of the history behind them.
 */
static struct err *
is_child(struct repo *r, const struct check *c, bool *child)
{
	struct commit commit;
	size_t i;

	TRY(commit_read(r, &c->commit, &commit));
	*child = oid_eq(&c->commit, &c->base);
	for (i = 0; i < commit.parents.n; i++)
		*child |= oid_eq(&commit.parents.v[i], &c->base);
	commit_free(&commit);
	return NULL;
}

static struct err *
merged_tree(struct repo *r, struct check *c)
{
	AUTO(merge_free) struct merge m = {0};
	bool child;

	TRY(is_child(r, c, &child));
	if (child)
		return commit_tree(r, &c->commit, &c->tree);
	TRY(merge_commits(r, &c->base, &c->commit, &m));
	c->tree = m.tree;
	return m.n == 0 ? NULL : conflict(c, &m);
}

static bool
asks_people(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->gates.n; i++)
		if (c->gates.v[i].approve.n > 0)
			return true;
	return false;
}

static struct err *
judge_it(const struct check_opts *o, const struct policy *p, struct check *c)
{
	AUTO(redact_free_p) struct redactor *redact = NULL;
	AUTO(jail_policy_free) struct jail_policy jail = {0};
	AUTO(secrets_free) struct secrets secrets = {0};
	AUTO(approving_free) struct approving approving = {0};
	struct judge j = {.repo = o->repo, .clock = o->clock, .o = o->line, .jail = &jail,
	    .person = o->person, .quick = o->quick, .memory = o->memory, .word = o->word, .evidence = o->note, .only = o->only};

	TRY(policy_trusted(p));
	TRY(policy_jail(p, NULL, &jail));
	jail.unguarded = o->line->unguarded;
	/* Tests see no key; what they print may hold one that lies in the repository. */
	TRY(config_secrets(&p->cfg, &secrets));
	redact = redact_new(&secrets);
	j.redact = redact;
	j.head = c->commit;
	if (!oid_is_zero(&c->commit) && asks_people(&p->cfg)) {
		TRY(approving_open(o->repo, p, &c->commit, 0, &approving));
		j.approving = &approving;
	}
	c->sandbox = policy_sandbox_word(&jail);
	return judge_tree(&j, p, &c->tree, o->fast ? GATE_FAST : GATE_FULL, &c->verdicts);
}

/* Without a policy file the built-in gates have something to say; with one, gates are meant. */
static struct err *
see_policy(const struct check_opts *o, const struct policy *p, struct check *c)
{
	c->bare_policy = !p->found && !config_gated(&p->cfg) && !p->cfg.gates_none;
	return c->bare_policy || o->quick ? NULL : policy_proves(o->repo, p);
}

static struct err *
finish(const struct check_opts *o, const struct policy *p, struct check *c)
{
	c->unchanged = oid_eq(&c->tree, &p->tree);
	TRY(judge_it(o, p, c));
	/* A remark on advisory gates: a note that cannot be read is no reason to fail. */
	err_ignore(hindsight_add(o->repo, &c->base, &c->verdicts));
	c->passed = verdicts_sum(&c->verdicts) == VERDICT_PASS;
	return NULL;
}

static struct err *
note_it(const struct check_opts *o, const struct policy *p, const struct check *c)
{
	AUTO(strs_free) struct strs lines = {0};
	AUTO(ident_free) struct ident who = {0};
	VEC(struct note_line) notes = {0};
	struct oid patch;
	struct err *e;
	size_t i;

	TRY(diff_patch_id(o->repo, &p->tree, &c->tree, &patch));
	TRY(judge_lines(o->repo, o->line, p, &c->verdicts, &c->commit, &patch, &lines));
	if (lines.n == 0)
		return NULL;
	TRY(ident_user(o->repo, NULL, NULL, clock_wall(o->clock), &who));
	for (i = 0; i < lines.n; i++)
		vec_push(&notes, (struct note_line){c->commit, str_of(lines.v[i])});
	e = note_add(o->repo, REF_NOTES, notes.v, notes.n, &who);
	vec_free(&notes);
	return e;
}

struct err *
check_rev(const struct check_opts *o, const char *rev, struct check *out)
{
	AUTO(base_free) struct base base = {0};
	AUTO(policy_free) struct policy p = {0};
	AUTO(check_free) struct check c = {.rev = mem_strdup(rev), .fast = o->fast, .person = o->person,
	    .quick = o->quick};

	if (o->base != NULL)
		c.base_given = mem_strdup(o->base);
	TRY(repo_resolve(o->repo, rev, &c.commit));
	TRY(base_find(o->repo, o->base, &base));
	TRY(policy_at(o->repo, base.ref, &base.commit, &p));
	TRY(see_policy(o, &p, &c));
	c.base = base.commit;
	c.base_ref = STEAL(base.ref);
	TRY(merged_tree(o->repo, &c));
	TRY(finish(o, &p, &c));
	if (o->note)
		TRY(note_it(o, &p, &c));
	*out = c;
	c = (struct check){0};
	return NULL;
}

struct err *
check_index(const struct check_opts *o, const char *file, struct check *out)
{
	AUTO(policy_free) struct policy p = {0};
	AUTO(mem_free_p) char *branch = NULL;
	AUTO(check_free) struct check c = {.rev = mem_strdup("the index"), .base_ref = mem_strdup("HEAD"),
	    .fast = o->fast, .person = o->person, .quick = o->quick, .index = true};

	TRY(repo_head(o->repo, &branch, &c.base));
	if (oid_is_zero(&c.base))
		return err_new(ERR_REPOSITORY, "the repository has no commit yet that the index could be compared with");
	TRY(policy_at(o->repo, c.base_ref, &c.base, &p));
	TRY(see_policy(o, &p, &c));
	TRY(staged_tree(o->repo, file, &c.tree));
	TRY(finish(o, &p, &c));
	*out = c;
	c = (struct check){0};
	return NULL;
}

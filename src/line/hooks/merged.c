#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "line/check.h"
#include "line/hooks/merged.h"
#include "line/policy.h"

#define REMOTES "refs/remotes/"

struct merged {
	struct repo *repo;
	const struct clock *clock;
	char *branch;		/* that HEAD is */
	struct oid from, to;
	struct strs gates;	/* with a command */
};

static void
merged_free(struct merged *m)
{
	free(m->branch);
	strs_free(&m->gates);
}

/* Is it the base branch that moved forward? */
static struct err *
is_base(struct merged *m, bool *is)
{
	AUTO(mem_free_p) char *name = NULL;
	AUTO(mem_free_p) char *ref = NULL;
	bool named;

	*is = false;
	TRY(repo_head(m->repo, &m->branch, &m->to));
	TRY(tip_read(m->repo, "ORIG_HEAD", &m->from));
	if (m->branch == NULL || oid_is_zero(&m->from) || oid_eq(&m->from, &m->to))
		return NULL;
	TRY(policy_base_name(m->repo, &m->from, &name, &named));
	ref = mem_printf("refs/heads/%s", name);
	if (strcmp(ref, m->branch) != 0)
		return NULL;
	return commit_is_ancestor(m->repo, &m->from, &m->to, is);
}

static struct err *
is_elsewhere(struct merged *m, bool *is)
{
	AUTO(refs_free) struct refs refs = {0};
	AUTO(mem_free_p) char *tail = mem_printf("/%s", m->branch + strlen("refs/heads/"));
	size_t i;

	*is = false;
	TRY(ref_list(m->repo, REMOTES, &refs));
	for (i = 0; i < refs.n && !*is; i++)
		if (str_ends(str_of(refs.v[i].name), tail))
			TRY(commit_is_ancestor(m->repo, &m->to, &refs.v[i].oid, is));
	return NULL;
}

static struct err *
find_gates(struct merged *m)
{
	AUTO(policy_free) struct policy p = {0};
	size_t i;

	TRY(policy_at(m->repo, m->branch, &m->from, &p));
	for (i = 0; i < p.cfg.gates.n; i++)
		if (p.cfg.gates.v[i].run[0] != '\0' && p.cfg.gates.v[i].blocking)
			strs_add(&m->gates, p.cfg.gates.v[i].name);
	return NULL;
}

static struct err *
ask(struct merged *m, struct buf *names)
{
	static const struct line_opts quiet = {0};
	struct oid_hex from = oid_hex(&m->from), to = oid_hex(&m->to);
	struct check_opts co = {.repo = m->repo, .clock = m->clock, .line = &quiet, .base = from.s,
	    .only = &m->gates, .memory = GATE_MEMORY_ONLY};
	AUTO(check_free) struct check c = {0};
	size_t i;

	TRY(check_rev(&co, to.s, &c));
	for (i = 0; i < c.verdicts.n; i++)
		if (c.verdicts.v[i].kind != VERDICT_PASS)
			buf_addf(names, "%s%s", names->n > 0 ? ", " : "", c.verdicts.v[i].gate);
	return NULL;
}

struct err *
hook_merged(struct repo *r, const struct clock *clock, struct buf *names)
{
	AUTO(merged_free) struct merged m = {.repo = r, .clock = clock};
	bool is, elsewhere;

	TRY(is_base(&m, &is));
	if (!is)
		return NULL;
	TRY(is_elsewhere(&m, &elsewhere));
	if (elsewhere)
		return NULL;
	TRY(find_gates(&m));
	return m.gates.n == 0 ? NULL : ask(&m, names);
}

#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/merge.h"
#include "git/ref.h"
#include "line/judge.h"
#include "line/kind.h"
#include "line/next.h"
#include "line/prove.h"
#include "line/walk.h"
#include "store/journal.h"
#include "store/state.h"
#include "wire/json.h"

void
proof_free(struct proof *p)
{
	verdicts_free(&p->verdicts);
	free(p->evidence);
	*p = (struct proof){0};
}

/* The change on top of the base as it is now. */
static struct err *
merge_with(struct walk *w, const struct policy *now, const struct oid *tree, struct oid *out)
{
	AUTO(merge_free) struct merge m = {0};

	if (oid_eq(&now->commit, &w->policy.commit)) {
		*out = *tree;
		return NULL;
	}
	TRY(merge_trees(w->repo, &w->policy.tree, &now->tree, tree, &m));
	if (m.n > 0)
		return err_hint(err_new(ERR_CONFLICT, "the base moved, and '%s' was changed on both sides", m.v[0].path),
		    "'git factory run --fresh %s' starts from the new base", w->id.s);
	*out = m.tree;
	return NULL;
}

static struct err *
prove_on(struct walk *w, const struct oid *tree, bool full, const struct oid *base, struct proof *p)
{
	AUTO(policy_free) struct policy now = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

	TRY(policy_at(w->repo, w->policy.branch, base, &now));
	p->base = *base;
	TRY(merge_with(w, &now, tree, &p->merged));
	w->judge.redact = defence_on(DEFENCE_REDACT) ? w->redact : NULL;
	TRY(judge_tree(&w->judge, &now, &p->merged, full ? GATE_FULL : GATE_FAST, &p->verdicts));
	kind_hold(&now.cfg, &w->task, &p->verdicts);
	/* 'gates: none' leaves the built-in ones, which always run. */
	p->passed = verdicts_sum(&p->verdicts) == VERDICT_PASS;
	if (!p->passed) {
		gates_evidence(&p->verdicts, &text);
		p->evidence = walk_redact(w, buf_cstr(&text));
	}
	return NULL;
}

static struct err *
read_tip(struct walk *w, struct oid *tip)
{
	return policy_tip(w->repo, w->policy.branch, state_remote(w->state) != NULL, tip);
}

static struct err *
prove_now(struct walk *w, const struct oid *tree, bool full, struct proof *p)
{
	struct oid tip;

	TRY(read_tip(w, &tip));
	return prove_on(w, tree, full, &tip, p);
}

/* What is proven ahead holds when that landing came to its end. */
static struct err *
prove_ahead(struct walk *w, const struct oid *tree, const struct oid *next, struct proof *p)
{
	struct err *e = prove_on(w, tree, true, next, p), *waited;
	bool there = false;
	struct oid tip;

	waited = next_wait(w->o);
	if (waited == NULL)
		waited = read_tip(w, &tip);
	if (waited == NULL)
		waited = commit_is_ancestor(w->repo, next, &tip, &there);
	if (waited == NULL && there)
		return e;
	err_ignore(e);
	TRY(waited);
	proof_free(p);
	return prove_now(w, tree, true, p);
}

/* What lands right after this is proven in turn. */
static struct err *
prove_live(struct walk *w, const struct oid *tree, bool full, struct proof *p)
{
	struct oid tip, next;
	struct err *e;

	if (!full || !walk_lands(w))
		return prove_now(w, tree, full, p);
	TRY(next_prove(w->o, &w->proving));
	TRY(read_tip(w, &tip));
	TRY(next_base(w->repo, &tip, &next));
	e = oid_eq(&next, &tip) ? prove_on(w, tree, true, &tip, p) : prove_ahead(w, tree, &next, p);
	if (e != NULL || !p->passed)
		fd_close_p(&w->proving);
	return e;
}

static void
format(const struct proof *p, struct buf *out)
{
	struct jw j;
	size_t i;

	jw_init(&j, out, false);
	jw_obj(&j);
	jw_kstr(&j, "base", oid_hex(&p->base).s);
	jw_kstr(&j, "merged", oid_hex(&p->merged).s);
	jw_kbool(&j, "passed", p->passed);
	if (p->evidence != NULL)
		jw_kstr(&j, "evidence", p->evidence);
	jw_key(&j, "verdicts");
	jw_list(&j);
	for (i = 0; i < p->verdicts.n; i++)
		verdict_write(&j, &p->verdicts.v[i]);
	jw_end(&j);
	jw_end(&j);
}

static struct err *
parse(const struct node *n, struct proof *p)
{
	const char *base = node_get_str(n, "base"), *merged = node_get_str(n, "merged");
	const struct node *list = node_get(n, "verdicts"), *v;
	struct verdict verdict;

	if (base == NULL || merged == NULL || !oid_parse(str_of(base), &p->base) ||
	    !oid_parse(str_of(merged), &p->merged) || list == NULL)
		return node_err(n, "not a proof");
	p->passed = node_get_bool(n, "passed", false);
	p->evidence = mem_strdup(node_get_str(n, "evidence"));
	for (v = list->child; v != NULL; v = v->next) {
		TRY(verdict_read("journal", v, &verdict));
		vec_push(&p->verdicts, verdict);
	}
	return NULL;
}

struct err *
prove(struct walk *w, const struct oid *tree, bool full, struct proof *out)
{
	const char *step = full ? "gates" : "fast gates";
	AUTO(buf_free) struct buf json = BUF_INIT(BUF_TEXT);
	AUTO(proof_free) struct proof p = {0};
	const struct node *recorded;

	TRY(journal_next(w->journal, step, &recorded));
	if (recorded != NULL) {
		TRY(parse(recorded, &p));
	} else {
		line_tell(w->o, LINE_STEP, "%s on %.12s", step, oid_hex(tree).s);
		TRY(prove_live(w, tree, full, &p));
		format(&p, &json);
		TRY(buf_check(&json, "the gates' verdicts"));
		/* What has passed is delivered next, which begins with a put. */
		TRY(full && p.passed ? journal_note(w->journal, step, buf_str(&json)) :
		    journal_put(w->journal, step, buf_str(&json)));
	}
	*out = p;
	p = (struct proof){0};
	return NULL;
}

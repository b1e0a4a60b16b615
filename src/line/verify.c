#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/noteindex.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/sign.h"
#include "line/base.h"
#include "line/verify.h"
#include "model/attest.h"

void
verify_free(struct verify *v)
{
	check_free(&v->check);
	check_free(&v->again);
	vec_free(&v->others);
	arena_free(&v->mem);
	*v = (struct verify){0};
}

const struct verdict *
verify_again(const struct verify *v, size_t gate)
{
	const struct verdicts *vs = &v->again.verdicts;
	size_t i;

	for (i = 0; i < vs->n; i++)
		if (strcmp(vs->v[i].gate, v->check.verdicts.v[gate].gate) == 0)
			return &vs->v[i];
	return NULL;
}

bool
verify_proven(const struct verify *v, size_t gate)
{
	const struct verdict *known = &v->check.verdicts.v[gate], *again = verify_again(v, gate);

	/* What was known and what runs now must agree. */
	if (again != NULL && (again->kind != VERDICT_PASS ||
	    (known->kind != VERDICT_PASS && known->kind != VERDICT_INCONCLUSIVE)))
		return false;
	return known->kind == VERDICT_PASS || again != NULL;
}

bool
verify_holds(const struct verify *v)
{
	size_t i;

	for (i = 0; i < v->check.verdicts.n; i++)
		if (!v->check.verdicts.v[i].advisory && !verify_proven(v, i))
			return false;
	return v->check.verdicts.n != 0;
}

/* ---- what else the notes say ---- */

struct search {
	struct verify *v;
	struct repo *repo;
	struct oid commit;	/* whose note is read */
	const char *patch;	/* of the change, hex */
};

static const struct verdict *
verdict_of(const struct verify *v, const char *gate)
{
	size_t i;

	for (i = 0; i < v->check.verdicts.n; i++)
		if (strcmp(v->check.verdicts.v[i].gate, gate) == 0)
			return &v->check.verdicts.v[i];
	return NULL;
}

static const char *
why_not(const struct search *s, const struct verdict *v, const struct attest *a, bool is_signed)
{
	if (a->verdict.kind != VERDICT_PASS)
		return "it did not pass";
	if (strcmp(a->verdict.definition, v->definition) != 0)
		return "the gate was defined otherwise";
	if (strcmp(a->verdict.tree, v->tree) != 0)
		return strcmp(a->patch, s->patch) == 0 ? "the same change, but on another tree" : "for another tree";
	if (!is_signed)
		return "not signed, and from elsewhere";
	return "not signed by a key that policy names, too old, contradicted, or compared with another base";
}

static struct err *
see_line(struct search *s, struct str line)
{
	AUTO(buf_free) struct buf text = BUF_INIT(ATTEST_MAX);
	AUTO(attest_free) struct attest a = {0};
	const struct verdict *v;
	struct verify_other o;
	struct str signature;
	bool is_signed = sign_open(line, &text, &signature);
	struct err *e;

	e = attest_read("a note", is_signed ? buf_str(&text) : line, &a);
	v = e == NULL ? verdict_of(s->v, a.verdict.gate) : NULL;
	/* Lines of other kinds, and of other versions, are none of ours. */
	err_ignore(e);
	if (v == NULL || v->kind == VERDICT_PASS || strcmp(v->key, a.key) == 0)
		return NULL;
	o = (struct verify_other){.time = a.time, .verdict = verdict_word(a.verdict.kind),
	    .why = why_not(s, v, &a, is_signed)};
	o.gate = arena_strdup(&s->v->mem, a.verdict.gate);
	o.node = arena_strdup(&s->v->mem, a.node);
	o.commit = arena_strdup(&s->v->mem, oid_hex(&s->commit).s);
	vec_push(&s->v->others, o);
	return NULL;
}

static struct err *
see_note(struct search *s, const struct oid *commit)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_MAX);
	struct str rest, line;

	s->commit = *commit;
	TRY(note_read(s->repo, REF_NOTES, commit, &note));
	rest = buf_str(&note);
	while (str_line(&rest, &line))
		TRY(see_line(s, line));
	return NULL;
}

/* On the commit itself, and on those of the same change. */
static struct err *
see_others(struct repo *r, struct verify *v)
{
	AUTO(noteindex_hits_free) struct noteindex_hits hits = {0};
	struct search s = {.v = v, .repo = r};
	struct oid base, patch;
	struct oid_hex hex;
	size_t i;

	TRY(commit_tree(r, &v->check.base, &base));
	TRY(diff_patch_id(r, &base, &v->check.tree, &patch));
	hex = oid_hex(&patch);
	s.patch = hex.s;
	vec_push(&hits, v->check.commit);
	TRY(noteindex_find(r, REF_NOTES, &patch, &hits));
	for (i = 0; i < hits.n; i++)
		TRY(see_note(&s, &hits.v[i]));
	return NULL;
}

/* ---- the commit and its base ---- */

/* The first parent of a commit that the base has already; NULL: it is no part of it. */
static struct err *
own_base(const struct check_opts *o, const char *rev, char **base)
{
	AUTO(base_free) struct base tip = {0};
	AUTO(commit_free) struct commit c = {0};
	struct oid commit;
	bool inside;

	if (o->base != NULL)
		return NULL;
	TRY(repo_resolve(o->repo, rev, &commit));
	TRY(base_find(o->repo, NULL, &tip));
	TRY(commit_is_ancestor(o->repo, &commit, &tip.commit, &inside));
	if (!inside)
		return NULL;
	TRY(commit_read(o->repo, &commit, &c));
	*base = mem_strdup(oid_hex(c.parents.n > 0 ? &c.parents.v[0] : &commit).s);
	return NULL;
}

static struct err *
run_again(const struct check_opts *o, const char *rev, struct verify *v)
{
	struct check_opts co = *o;

	co.memory = GATE_MEMORY_RERUN;
	v->reran = true;
	return check_rev(&co, rev, &v->again);
}

struct err *
verify_rev(const struct check_opts *o, const char *rev, bool rerun, struct verify *out)
{
	AUTO(verify_free) struct verify v = {0};
	AUTO(mem_free_p) char *base = NULL;
	struct check_opts co = *o;

	TRY(own_base(o, rev, &base));
	v.landed = base != NULL;
	if (base != NULL)
		co.base = base;
	co.memory = GATE_MEMORY_ONLY;
	TRY(check_rev(&co, rev, &v.check));
	TRY(see_others(o->repo, &v));
	if (rerun)
		TRY(run_again(&co, rev, &v));
	*out = v;
	v = (struct verify){0};
	return NULL;
}

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/cli.h"
#include "git/commit.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/repo.h"
#include "git/shallow.h"

void
commit_free(struct commit *c)
{
	vec_free(&c->parents);
	ident_free(&c->author);
	ident_free(&c->committer);
	free(c->message);
	*c = (struct commit){0};
}

static struct err *
make_signature(const struct ident *i, git_signature **out)
{
	int rc = lg2.git_signature_new(out, i->name, i->email, i->when, i->offset);

	if (rc < 0)
		return err_recode(lg2_err(NULL, rc, "cannot sign as '%s <%s>'", i->name, i->email), ERR_CONFIG);
	return NULL;
}

static struct err *
lookup(struct repo *r, const struct oid *oid, git_commit **out)
{
	git_oid id = lg2_oid(oid);
	git_repository *g;
	int rc;

	TRY(repo_lg2(r, &g));
	rc = lg2.git_commit_lookup(out, g, &id);
	return rc < 0 ? lg2_err(r, rc, "cannot read the commit '%s'", oid_hex(oid).s) : NULL;
}

struct parents {
	VEC_FIELDS(git_commit *);
};

static void
parents_free(struct parents *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		lg2.git_commit_free(p->v[i]);
	vec_free(p);
}

/*
 * Not with git_commit_create(), which says in libgit2 1.5 that all is well
 * where the object could not be written.
 */
static int
write_text(git_repository *g, const git_buf *text, git_oid *id)
{
	AUTO(lg2_odb_free_p) git_odb *odb = NULL;
	int rc = lg2.git_repository_odb(&odb, g);

	return rc < 0 ? rc : lg2.git_odb_write(id, odb, text->ptr, text->size, GIT_OBJECT_COMMIT);
}

struct err *
commit_create(struct repo *r, const struct commit_spec *spec, struct oid *out)
{
	AUTO(lg2_signature_free_p) git_signature *author = NULL;
	AUTO(lg2_signature_free_p) git_signature *committer = NULL;
	AUTO(lg2_tree_free_p) git_tree *tree = NULL;
	AUTO(parents_free) struct parents parents = {0};
	AUTO(mem_free_p) char *message = NULL;
	size_t i, n = strlen(spec->message);
	git_oid tree_id = lg2_oid(&spec->tree), id;
	git_buf text = {0};
	git_repository *g;
	git_commit *parent;
	struct oid made;
	int rc;

	TRY(repo_lg2(r, &g));
	TRY(make_signature(spec->author, &author));
	TRY(make_signature(spec->committer == NULL ? spec->author : spec->committer, &committer));
	rc = lg2.git_tree_lookup(&tree, g, &tree_id);
	if (rc < 0)
		return lg2_err(r, rc, "cannot read the tree '%s'", oid_hex(&spec->tree).s);
	for (i = 0; i < spec->nparents; i++) {
		TRY(lookup(r, &spec->parents[i], &parent));
		vec_push(&parents, parent);
	}
	message = mem_printf("%s%s", spec->message, n > 0 && spec->message[n - 1] == '\n' ? "" : "\n");
	rc = lg2.git_commit_create_buffer(&text, g, author, committer, NULL, message, tree, parents.n,
	    (const git_commit **)parents.v);
	if (rc >= 0)
		rc = write_text(g, &text, &id);
	lg2.git_buf_dispose(&text);
	if (rc < 0)
		return lg2_err(r, rc, "cannot write a commit");
	made = lg2_oid_back(&id);
	objsync_note(r, &made);
	*out = made;
	return NULL;
}

static void
copy_ident(const git_signature *from, struct ident *to)
{
	to->name = mem_strdup(from->name);
	to->email = mem_strdup(from->email);
	to->when = from->when.time;
	to->offset = from->when.offset;
}

static void
copy_commit(git_commit *from, const struct oid *oid, struct commit *to)
{
	unsigned i, n = lg2.git_commit_parentcount(from);

	to->oid = *oid;
	to->tree = lg2_oid_back(lg2.git_commit_tree_id(from));
	for (i = 0; i < n; i++)
		vec_push(&to->parents, lg2_oid_back(lg2.git_commit_parent_id(from, i)));
	copy_ident(lg2.git_commit_author(from), &to->author);
	copy_ident(lg2.git_commit_committer(from), &to->committer);
	to->message = mem_strdup(lg2.git_commit_message_raw(from));
}

struct err *
commit_read(struct repo *r, const struct oid *oid, struct commit *out)
{
	AUTO(lg2_commit_free_p) git_commit *c = NULL;
	struct commit made = {0};

	TRY(lookup(r, oid, &c));
	copy_commit(c, oid, &made);
	*out = made;
	return NULL;
}

struct err *
commit_tree(struct repo *r, const struct oid *oid, struct oid *tree)
{
	AUTO(lg2_commit_free_p) git_commit *c = NULL;

	if (oid_is_zero(oid)) {
		*tree = oid_empty_tree;
		return NULL;
	}
	TRY(lookup(r, oid, &c));
	*tree = lg2_oid_back(lg2.git_commit_tree_id(c));
	return NULL;
}

bool
commit_exists(struct repo *r, const struct oid *oid)
{
	AUTO(lg2_commit_free_p) git_commit *c = NULL;
	AUTO(err_free_p) struct err *e = lookup(r, oid, &c);

	return e == NULL;
}

/* What one commit was made on is what both have; an unreadable one is left to libgit2 to tell of. */
static bool
is_parent(struct repo *r, const struct oid *parent, const struct oid *of)
{
	AUTO(lg2_commit_free_p) git_commit *c = NULL;
	AUTO(err_free_p) struct err *e = lookup(r, of, &c);
	unsigned i, n = e == NULL ? lg2.git_commit_parentcount(c) : 0;
	struct oid one;

	for (i = 0; i < n; i++) {
		one = lg2_oid_back(lg2.git_commit_parent_id(c, i));
		if (oid_eq(&one, parent))
			return true;
	}
	return false;
}

struct err *
commit_merge_base(struct repo *r, const struct oid *a, const struct oid *b, struct oid *out)
{
	git_oid x = lg2_oid(a), y = lg2_oid(b), base;
	git_repository *g;
	int rc;

	if (oid_eq(a, b)) {
		*out = *a;
		return NULL;
	}
	if (is_parent(r, a, b)) {
		*out = *a;
		return NULL;
	}
	if (repo_is_shallow(r))
		return shallow_merge_base(r, a, b, out);
	TRY(repo_lg2(r, &g));
	rc = lg2.git_merge_base(&base, g, &x, &y);
	if (rc < 0 && (rc != GIT_ENOTFOUND || !commit_exists(r, a) || !commit_exists(r, b)))
		return lg2_err(r, rc, "cannot find a common ancestor");
	*out = rc == GIT_ENOTFOUND ? oid_zero : lg2_oid_back(&base);
	return NULL;
}

struct err *
commit_is_ancestor(struct repo *r, const struct oid *ancestor, const struct oid *of, bool *out)
{
	struct oid base;

	TRY(commit_merge_base(r, ancestor, of, &base));
	*out = oid_eq(&base, ancestor);
	return NULL;
}

static struct err *
start_walk(struct repo *r, const struct oid *from, const struct oid *hide, git_revwalk **out)
{
	git_oid first = lg2_oid(from), last;
	git_repository *g;
	int rc;

	TRY(repo_lg2(r, &g));
	rc = lg2.git_revwalk_new(out, g);
	if (rc == 0)
		rc = lg2.git_revwalk_sorting(*out, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
	if (rc == 0)
		rc = lg2.git_revwalk_push(*out, &first);
	if (rc == 0 && hide != NULL && !oid_is_zero(hide)) {
		last = lg2_oid(hide);
		rc = lg2.git_revwalk_hide(*out, &last);
	}
	return rc < 0 ? lg2_err(r, rc, "cannot walk the history of '%s'", oid_hex(from).s) : NULL;
}

/* Read the commit and hand it to the callback. */
static struct err *
visit(struct repo *r, const struct oid *oid, commit_fn *fn, void *arg, bool *more)
{
	AUTO(commit_free) struct commit c = {0};

	TRY(commit_read(r, oid, &c));
	return fn(arg, &c, more);
}

static struct err *
walk_shallow(struct repo *r, const struct oid *from, const struct oid *hide, commit_fn *fn, void *arg)
{
	AUTO(buf_free) struct buf list = BUF_INIT(CLI_OUT_MAX);
	struct str rest, line;
	bool more = true;
	struct oid oid;

	TRY(shallow_list(r, from, hide, &list));
	rest = buf_str(&list);
	while (more && str_line(&rest, &line)) {
		if (!oid_parse(line, &oid))
			return err_new(ERR_COMMAND, "'git rev-list' printed no object id");
		TRY(visit(r, &oid, fn, arg, &more));
	}
	return NULL;
}

struct err *
commit_walk(struct repo *r, const struct oid *from, const struct oid *hide, commit_fn *fn, void *arg)
{
	AUTO(lg2_revwalk_free_p) git_revwalk *walk = NULL;
	bool more = true;
	struct oid oid;
	git_oid id;
	int rc;

	if (oid_is_zero(from))
		return NULL;
	if (repo_is_shallow(r))
		return walk_shallow(r, from, hide, fn, arg);
	TRY(start_walk(r, from, hide, &walk));
	while (more) {
		rc = lg2.git_revwalk_next(&id, walk);
		if (rc == GIT_ITEROVER)
			return NULL;
		if (rc < 0)
			return lg2_err(r, rc, "cannot walk the history of '%s'", oid_hex(from).s);
		oid = lg2_oid_back(&id);
		TRY(visit(r, &oid, fn, arg, &more));
	}
	return NULL;
}

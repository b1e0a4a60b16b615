#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/lg2.h"
#include "git/merge.h"
#include "git/repo.h"
#include "git/tree.h"

void
merge_free(struct merge *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->v[i].path);
	vec_free(m);
	m->tree = oid_zero;
}

/* ---- the sides touched different paths: apply theirs to ours ---- */

struct touched {
	struct map paths;	/* of our changes, to the change */
	struct map folders;	/* all folders above them */
};

static void
touched_free(struct touched *t)
{
	map_free(&t->paths, NULL);
	map_free(&t->folders, NULL);
}

static void
touch(struct touched *t, struct diff_file *f)
{
	AUTO(mem_free_p) char *dir = mem_strdup(f->path);
	char *slash;

	map_set(&t->paths, f->path, f);
	while ((slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		if (map_get(&t->folders, dir) != NULL)
			return;
		map_set(&t->folders, dir, f);
	}
}

/*
 * Does their change meet one of ours?  The same change on both sides does
 * not, but for a deletion: each side may have moved the file elsewhere.
 */
static bool
meets(const struct touched *t, const struct diff_file *f, bool *same)
{
	AUTO(mem_free_p) char *dir = mem_strdup(f->path);
	const struct diff_file *ours = map_get(&t->paths, f->path);
	char *slash;

	*same = ours != NULL && f->new_mode != 0 && ours->new_mode == f->new_mode && oid_eq(&ours->new_oid, &f->new_oid);
	if (*same)
		return false;
	if (ours != NULL || map_get(&t->folders, f->path) != NULL)
		return true;
	while ((slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		if (map_get(&t->paths, dir) != NULL)
			return true;
	}
	return false;
}

/*
 * libgit2's merge opens and writes every tree of the repository; this one
 * only those that changed.  *done is false when a path was changed on both
 * sides; only then can a rename matter, since what was renamed here and
 * changed there is a path that both sides touched.
 */
static struct err *
merge_disjoint(struct repo *r, const struct oid *base, const struct oid *ours,
    const struct oid *theirs, struct oid *tree, bool *done)
{
	AUTO(diff_free) struct diff mine = {0};
	AUTO(diff_free) struct diff other = {0};
	AUTO(touched_free) struct touched t = {0};
	AUTO(tree_edit_free) struct tree_edit edit = {.lenient = true};
	bool same;
	size_t i;

	*done = false;
	TRY(diff_tree_names(r, base, ours, &mine));
	TRY(diff_tree_names(r, base, theirs, &other));
	for (i = 0; i < mine.n; i++)
		touch(&t, &mine.v[i]);
	for (i = 0; i < other.n; i++) {
		struct diff_file *f = &other.v[i];

		if (meets(&t, f, &same))
			return NULL;
		if (same)
			continue;
		if (f->new_mode == 0)
			tree_edit_delete(&edit, f->path);
		else
			tree_edit_put(&edit, f->path, f->new_mode, &f->new_oid);
	}
	TRY(tree_apply(r, ours, &edit, tree));
	*done = true;
	return NULL;
}

/* ---- libgit2's merge ---- */

static struct err *
open_tree(struct repo *r, git_repository *g, const struct oid *oid, git_tree **out)
{
	git_oid id = lg2_oid(oid);
	int rc;

	if (oid_is_zero(oid))
		return NULL;
	rc = lg2.git_tree_lookup(out, g, &id);
	return rc < 0 ? lg2_err(r, rc, "cannot read the tree '%s'", oid_hex(oid).s) : NULL;
}

static void
take_side(const git_index_entry *from, struct merge_conflict *c, unsigned *mode, struct oid *oid)
{
	if (from == NULL)
		return;
	if (c->path == NULL)
		c->path = mem_strdup(from->path);
	*mode = from->mode;
	*oid = lg2_oid_back(&from->id);
}

static struct err *
list_conflicts(struct repo *r, git_index *index, struct merge *m)
{
	const git_index_entry *base, *ours, *theirs;
	git_index_conflict_iterator *it = NULL;
	int rc = lg2.git_index_conflict_iterator_new(&it, index);

	while (rc == 0 && (rc = lg2.git_index_conflict_next(&base, &ours, &theirs, it)) == 0) {
		struct merge_conflict c = {0};

		take_side(ours, &c, &c.our_mode, &c.ours);
		take_side(theirs, &c, &c.their_mode, &c.theirs);
		take_side(base, &c, &c.base_mode, &c.base);
		vec_push(m, c);
	}
	lg2.git_index_conflict_iterator_free(it);
	return rc < 0 && rc != GIT_ITEROVER ? lg2_err(r, rc, "cannot list the conflicts") : NULL;
}

static struct err *
merge_all(struct repo *r, const struct oid *base, const struct oid *ours, const struct oid *theirs,
    struct merge *m)
{
	AUTO(lg2_tree_free_p) git_tree *a = NULL;
	AUTO(lg2_tree_free_p) git_tree *b = NULL;
	AUTO(lg2_tree_free_p) git_tree *c = NULL;
	AUTO(lg2_index_free_p) git_index *index = NULL;
	git_merge_options o = {.version = GIT_MERGE_OPTIONS_VERSION, .flags = GIT_MERGE_FIND_RENAMES};
	git_repository *g;
	git_oid id;
	int rc;

	TRY(repo_lg2(r, &g));
	TRY(open_tree(r, g, base, &a));
	TRY(open_tree(r, g, ours, &b));
	TRY(open_tree(r, g, theirs, &c));
	rc = lg2.git_merge_trees(&index, g, a, b, c, &o);
	if (rc < 0)
		return lg2_err(r, rc, "cannot merge");
	if (lg2.git_index_has_conflicts(index))
		return list_conflicts(r, index, m);
	lg2_fsync(true);
	rc = lg2.git_index_write_tree_to(&id, index, g);
	lg2_fsync(false);
	if (rc < 0)
		return lg2_err(r, rc, "cannot write the merged tree");
	m->tree = lg2_oid_back(&id);
	return NULL;
}

struct err *
merge_trees(struct repo *r, const struct oid *base, const struct oid *ours,
    const struct oid *theirs, struct merge *out)
{
	AUTO(merge_free) struct merge m = {0};
	bool done = true;

	if (oid_eq(base, theirs) || oid_eq(ours, theirs))
		m.tree = *ours;
	else if (oid_eq(base, ours))
		m.tree = *theirs;
	else
		TRY(merge_disjoint(r, base, ours, theirs, &m.tree, &done));
	if (!done)
		TRY(merge_all(r, base, ours, theirs, &m));
	*out = m;
	m = (struct merge){0};
	return NULL;
}

struct err *
merge_commits(struct repo *r, const struct oid *ours, const struct oid *theirs, struct merge *out)
{
	struct oid base, a, b, c;

	TRY(commit_merge_base(r, ours, theirs, &base));
	if (oid_is_zero(&base))
		return err_new(ERR_CONFLICT, "'%.12s' and '%.12s' have no common ancestor",
		    oid_hex(ours).s, oid_hex(theirs).s);
	TRY(commit_tree(r, &base, &a));
	TRY(commit_tree(r, ours, &b));
	TRY(commit_tree(r, theirs, &c));
	return merge_trees(r, &a, &b, &c, out);
}

static git_merge_file_input
text_input(struct str text)
{
	return (git_merge_file_input){.version = GIT_MERGE_FILE_INPUT_VERSION,
	    .ptr = text.n == 0 ? "" : text.p, .size = text.n};
}

struct err *
merge_text(struct str base, struct str ours, struct str theirs, struct buf *out, bool *clean)
{
	git_merge_file_input a = text_input(base), b = text_input(ours), c = text_input(theirs);
	git_merge_file_options o = {.version = GIT_MERGE_FILE_OPTIONS_VERSION, .our_label = "ours",
	    .their_label = "theirs"};
	git_merge_file_result result = {0};
	struct err *e;
	int rc;

	TRY(lg2_open());
	rc = lg2.git_merge_file(&result, &a, &b, &c, &o);
	if (rc < 0)
		return lg2_err(NULL, rc, "cannot merge a text");
	buf_add(out, result.ptr, result.len);
	e = buf_check(out, "merged text");
	if (e == NULL)
		*clean = result.automergeable != 0;
	lg2.git_merge_file_result_free(&result);
	return e;
}

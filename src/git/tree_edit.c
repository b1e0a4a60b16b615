#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/repo.h"
#include "git/tree.h"

static void
edit_add(struct tree_edit *e, const char *path, unsigned mode, const struct oid *oid)
{
	struct tree_change change = {mem_strdup(path), mode, *oid};

	vec_push(e, change);
}

void
tree_edit_put(struct tree_edit *e, const char *path, unsigned mode, const struct oid *oid)
{
	edit_add(e, path, mode, oid);
}

void
tree_edit_delete(struct tree_edit *e, const char *path)
{
	edit_add(e, path, 0, &oid_zero);
}

void
tree_edit_free(struct tree_edit *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->v[i].path);
	vec_free(e);
}

struct err *
tree_edit_write(struct repo *r, struct tree_edit *e, const char *path, struct str data)
{
	struct oid oid;

	TRY(blob_write(r, data, &oid));
	tree_edit_put(e, path, MODE_FILE, &oid);
	return NULL;
}

/* A change with what is left of its path below the tree in hand. */
struct step {
	const char *path;
	const struct tree_change *change;
};

struct steps {
	VEC_FIELDS(struct step);
};

static void
steps_free(struct steps *s)
{
	vec_free(s);
}

/* "a" before "a/b" before "a.c": all below one folder lie together. */
static int
by_path(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	const unsigned char *p = (const unsigned char *)x->path, *q = (const unsigned char *)y->path;
	int c, d;

	while (*p != '\0' && *p == *q) {
		p++;
		q++;
	}
	c = *p == '/' ? 1 : *p == '\0' ? 0 : *p + 1;
	d = *q == '/' ? 1 : *q == '\0' ? 0 : *q + 1;
	if (c != d)
		return c - d;
	return (x->change > y->change) - (x->change < y->change);
}

/* A name that we would not make is no reason not to change a file that has it. */
static struct err *
check_path(struct repo *r, const struct oid *base, const char *path)
{
	AUTO(err_free_p) struct err *fault = path_check(str_of(path));
	struct tree_entry old;

	if (fault == NULL)
		return NULL;
	if (path[0] == '\0' || path[0] == '/')
		return STEAL(fault);
	TRY(tree_find(r, base, path, &old));
	return old.mode != 0 ? NULL : STEAL(fault);
}

/* Sorted; of several changes of one path the last. */
static struct err *
make_steps(struct repo *r, const struct oid *base, const struct tree_edit *e, struct steps *out)
{
	size_t i, kept = 0;

	for (i = 0; i < e->n; i++) {
		if (!e->lenient)
			TRY(check_path(r, base, e->v[i].path));
		vec_push(out, (struct step){e->v[i].path, &e->v[i]});
	}
	vec_sort(out, by_path);
	for (i = 0; i < out->n; i++)
		if (i + 1 == out->n || strcmp(out->v[i].path, out->v[i + 1].path) != 0)
			out->v[kept++] = out->v[i];
	out->n = kept;
	return NULL;
}

static struct err *apply(struct repo *r, const struct oid *base, const struct step *steps, size_t n,
    struct oid *out);

static struct err *
put(struct repo *r, git_treebuilder *b, const char *name, const struct oid *oid, unsigned mode)
{
	git_oid id = lg2_oid(oid);
	int rc = lg2.git_treebuilder_insert(NULL, b, name, &id, (git_filemode_t)mode);

	return rc < 0 ? lg2_err(r, rc, "cannot put '%s' into a tree", name) : NULL;
}

static struct err *
drop(struct repo *r, git_treebuilder *b, const char *name)
{
	int rc;

	if (lg2.git_treebuilder_get(b, name) == NULL)
		return NULL;
	rc = lg2.git_treebuilder_remove(b, name);
	return rc < 0 ? lg2_err(r, rc, "cannot remove '%s' from a tree", name) : NULL;
}

/* The steps below one name, which is cut off their paths.  Deleting below a file deletes nothing. */
static struct err *
apply_below(struct repo *r, const char *name, bool is_file, struct step *steps, size_t n,
    struct oid *sub, bool *keep)
{
	bool puts = false;
	size_t i;

	for (i = 0; i < n; i++) {
		steps[i].path += strlen(name) + 1;
		puts |= steps[i].change->mode != 0;
	}
	*keep = is_file && !puts;
	return *keep ? NULL : apply(r, sub, steps, n, sub);
}

/* All steps of one name; they are consecutive, the name itself first. */
static struct err *
apply_name(struct repo *r, git_treebuilder *b, const char *name, struct step *steps, size_t n)
{
	const git_tree_entry *old = lg2.git_treebuilder_get(b, name);
	const struct tree_change *first = steps[0].change;
	bool whole = steps[0].path[strlen(name)] == '\0', is_file = false, keep = false;
	struct oid sub = oid_zero;

	if (whole && first->mode != 0)
		return n == 1 ? put(r, b, name, &first->oid, first->mode) :
		    err_new(ERR_BUG, "an edit puts both '%s' and '%s'", first->path, steps[1].change->path);
	if (!whole && old != NULL && lg2.git_tree_entry_filemode_raw(old) == GIT_FILEMODE_TREE)
		sub = lg2_oid_back(lg2.git_tree_entry_id(old));
	else if (!whole)
		is_file = old != NULL;
	if (n > whole)
		TRY(apply_below(r, name, is_file, steps + whole, n - whole, &sub, &keep));
	if (keep)
		return NULL;
	if (oid_is_zero(&sub) || oid_eq(&sub, &oid_empty_tree))
		return drop(r, b, name);
	return put(r, b, name, &sub, MODE_TREE);
}

static struct err *
open_builder(struct repo *r, const struct oid *base, git_treebuilder **out)
{
	AUTO(lg2_tree_free_p) git_tree *t = NULL;
	git_oid id = lg2_oid(base);
	git_repository *g;
	int rc = 0;

	TRY(repo_lg2(r, &g));
	if (!oid_is_zero(base) && !oid_eq(base, &oid_empty_tree))
		rc = lg2.git_tree_lookup(&t, g, &id);
	if (rc == 0)
		rc = lg2.git_treebuilder_new(out, g, t);
	return rc < 0 ? lg2_err(r, rc, "cannot read the tree '%s'", oid_hex(base).s) : NULL;
}

static struct err *
apply(struct repo *r, const struct oid *base, const struct step *given, size_t n, struct oid *out)
{
	AUTO(lg2_treebuilder_free_p) git_treebuilder *b = NULL;
	AUTO(mem_free_p) struct step *steps = mem_dup(given, n * sizeof(*given));
	git_oid id;
	size_t i, j;
	int rc;

	TRY(open_builder(r, base, &b));
	for (i = 0; i < n; i = j) {
		size_t length = strcspn(steps[i].path, "/");
		AUTO(mem_free_p) char *name = mem_strndup(steps[i].path, length);

		for (j = i + 1; j < n && strncmp(steps[j].path, name, length) == 0 &&
		     (steps[j].path[length] == '/' || steps[j].path[length] == '\0'); j++)
			;
		TRY(apply_name(r, b, name, steps + i, j - i));
	}
	rc = lg2.git_treebuilder_write(&id, b);
	if (rc < 0)
		return lg2_err(r, rc, "cannot write a tree");
	*out = lg2_oid_back(&id);
	objsync_note(r, out);
	return NULL;
}

struct err *
tree_apply(struct repo *r, const struct oid *base, const struct tree_edit *e, struct oid *out)
{
	AUTO(steps_free) struct steps steps = {0};

	TRY(make_steps(r, base, e, &steps));
	if (steps.n == 0 && !oid_is_zero(base)) {
		*out = *base;
		return NULL;
	}
	return apply(r, base, steps.v, steps.n, out);
}

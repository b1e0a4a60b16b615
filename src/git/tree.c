#include <string.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/lg2.h"
#include "git/repo.h"
#include "git/tree.h"

static struct err *
open_tree(struct repo *r, const struct oid *oid, git_tree **out)
{
	git_oid id = lg2_oid(oid);
	git_repository *g;
	int rc;

	TRY(repo_lg2(r, &g));
	rc = lg2.git_tree_lookup(out, g, &id);
	return rc < 0 ? lg2_err(r, rc, "cannot read the tree '%s'", oid_hex(oid).s) : NULL;
}

static bool
is_empty(const struct oid *tree)
{
	return oid_is_zero(tree) || oid_eq(tree, &oid_empty_tree);
}

struct err *
tree_find(struct repo *r, const struct oid *tree, const char *path, struct tree_entry *out)
{
	AUTO(lg2_tree_free_p) git_tree *t = NULL;
	struct tree_entry found = {.path = path};
	git_tree_entry *entry = NULL;
	int rc;

	if (path[0] == '\0') {
		found.mode = MODE_TREE;
		found.oid = oid_is_zero(tree) ? oid_empty_tree : *tree;
	} else if (!is_empty(tree)) {
		TRY(open_tree(r, tree, &t));
		rc = lg2.git_tree_entry_bypath(&entry, t, path);
		if (rc < 0 && rc != GIT_ENOTFOUND)
			return lg2_err(r, rc, "cannot look up '%s'", path);
		if (rc == 0) {
			found.mode = (unsigned)lg2.git_tree_entry_filemode_raw(entry);
			found.oid = lg2_oid_back(lg2.git_tree_entry_id(entry));
			lg2.git_tree_entry_free(entry);
		}
	}
	*out = found;
	return NULL;
}

struct err *
tree_read(struct repo *r, const struct oid *tree, const char *path, struct buf *out)
{
	struct tree_entry e;

	TRY(tree_find(r, tree, path, &e));
	if (e.mode == 0)
		return err_new(ERR_NOT_FOUND, "there is no '%s'", path);
	if (e.mode == MODE_TREE || e.mode == MODE_GITLINK)
		return err_new(ERR_NOT_FOUND, "'%s' is no file", path);
	return err_wrap(blob_read(r, &e.oid, out), "'%s'", path);
}

struct walk {
	struct repo *r;
	tree_fn *fn;
	void *arg;
	struct buf path;
	int depth;
	size_t seen;
};

struct err *
tree_too_large(const char *path)
{
	return err_hint(err_new(ERR_REPOSITORY, "there are more than %zu files, as of '%s'", TREE_ENTRIES_MAX, path),
	    "a tree that holds one folder many times over is met like this; see 'git ls-tree'");
}

static struct err *
walk_tree(struct walk *w, const struct oid *oid)
{
	AUTO(lg2_tree_free_p) git_tree *t = NULL;
	const git_tree_entry *entry;
	struct tree_entry e;
	size_t i, n, length = w->path.n;
	bool descend;

	TRY(open_tree(w->r, oid, &t));
	if (w->depth > TREE_DEPTH_MAX)
		return err_new(ERR_LIMIT, "'%s' is over %d folders deep", buf_cstr(&w->path), TREE_DEPTH_MAX);
	n = lg2.git_tree_entrycount(t);
	w->seen += n;
	if (w->seen > TREE_ENTRIES_MAX && defence_on(DEFENCE_CEILINGS))
		return tree_too_large(buf_cstr(&w->path));
	for (i = 0; i < n; i++) {
		entry = lg2.git_tree_entry_byindex(t, i);
		buf_trunc(&w->path, length);
		if (length > 0)
			buf_addc(&w->path, '/');
		buf_adds(&w->path, lg2.git_tree_entry_name(entry));
		TRY(buf_check(&w->path, "path"));
		e.path = buf_cstr(&w->path);
		e.mode = (unsigned)lg2.git_tree_entry_filemode_raw(entry);
		e.oid = lg2_oid_back(lg2.git_tree_entry_id(entry));
		descend = e.mode == MODE_TREE;
		TRY(w->fn(w->arg, &e, &descend));
		if (e.mode != MODE_TREE || !descend)
			continue;
		w->depth++;
		TRY(walk_tree(w, &e.oid));
		w->depth--;
	}
	return NULL;
}

struct err *
tree_walk(struct repo *r, const struct oid *tree, const char *prefix, tree_fn *fn, void *arg)
{
	struct walk w = {.r = r, .fn = fn, .arg = arg, .path = BUF_INIT(64 * KIB)};
	struct tree_entry top;
	struct err *e = NULL;

	if (is_empty(tree))
		return NULL;
	TRY(tree_find(r, tree, prefix == NULL ? "" : prefix, &top));
	if (top.mode != MODE_TREE || is_empty(&top.oid))
		return NULL;
	if (prefix != NULL)
		buf_adds(&w.path, prefix);
	e = walk_tree(&w, &top.oid);
	buf_free(&w.path);
	return e;
}

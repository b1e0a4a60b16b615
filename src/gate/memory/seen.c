#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/config.h"
#include "gate/glob.h"
#include "gate/memory/seen.h"
#include "gate/room.h"
#include "git/diff.h"
#include "git/tree.h"

struct pick {
	const struct strs *paths;
	struct tree_edit edit;	/* what is seen; whole folders where all of one is */
};

static void
pick_free(struct pick *p)
{
	tree_edit_free(&p->edit);
}

static bool
is_plain(struct str part)
{
	size_t i;

	for (i = 0; i < part.n; i++)
		if (strchr("*?[\\", part.p[i]) != NULL)
			return false;
	return true;
}

/* May the pattern match anything below the folder?  True whenever that is not plain. */
static bool
leads_below(const char *pattern, const char *folder)
{
	struct str p = str_of(pattern), f = str_of(folder), want, have;
	ptrdiff_t slash = str_chr(p, '/');

	/* Without a slash inside it matches in any folder. */
	if (slash < 0 || (size_t)slash + 1 == p.n)
		return true;
	while (str_next(&f, '/', &have)) {
		if (!str_next(&p, '/', &want) || !is_plain(want))
			return true;
		if (!str_eq(want, have))
			return false;
	}
	return true;
}

static struct err *
see(void *arg, const struct tree_entry *e, bool *descend)
{
	struct pick *p = arg;
	size_t i;

	if (glob_paths(p->paths, e->path, 0)) {
		tree_edit_put(&p->edit, e->path, e->mode, &e->oid);
		*descend = false;
		return NULL;
	}
	if (e->mode != MODE_TREE)
		return NULL;
	for (i = 0; i < p->paths->n; i++)
		if (leads_below(p->paths->v[i], e->path))
			return NULL;
	*descend = false;
	return NULL;
}

/* The tree with the base's own harness in it. */
static struct err *
put_harness(const struct gates *g, const struct oid *tree, struct oid *out)
{
	const struct strs *harness = &g->o.config->harness;
	AUTO(tree_edit_free) struct tree_edit edit = {.lenient = true};
	AUTO(diff_free) struct diff d = {0};
	size_t i;

	*out = *tree;
	if (harness->n == 0 || g->o.person || oid_eq(tree, &g->base_tree))
		return NULL;
	TRY(diff_tree_names(g->o.repo, &g->base_tree, tree, &d));
	for (i = 0; i < d.n; i++)
		if (glob_paths(harness, d.v[i].path, GLOB_ICASE))
			tree_edit_put(&edit, d.v[i].path, d.v[i].old_mode, &d.v[i].old_oid);
	return edit.n == 0 ? NULL : tree_apply(g->o.repo, tree, &edit, out);
}

struct err *
seen_id(const struct gates *g, const struct conf_gate *gate, const struct oid *tree, struct oid *out)
{
	AUTO(pick_free) struct pick p = {.paths = &gate->paths};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct oid whole;
	size_t i;

	TRY(put_harness(g, tree, &whole));
	if (gate->paths.n == 0) {
		*out = whole;
		return NULL;
	}
	TRY(tree_walk(g->o.repo, &whole, "", see, &p));
	for (i = 0; i < p.edit.n; i++)
		buf_addf(&text, "%o %s %s%c", p.edit.v[i].mode, oid_hex(&p.edit.v[i].oid).s,
		    p.edit.v[i].path, '\0');
	TRY(buf_check(&text, "the list of a gate's files"));
	return blob_hash(buf_str(&text), out);
}

struct err *
seen_tree(const struct gates *g, const struct conf_gate *gate, const struct oid *tree, struct oid *out)
{
	AUTO(pick_free) struct pick p = {.paths = &gate->paths, .edit = {.lenient = true}};
	struct oid whole;

	TRY(put_harness(g, tree, &whole));
	if (gate->paths.n == 0) {
		*out = whole;
		return NULL;
	}
	TRY(tree_walk(g->o.repo, &whole, "", see, &p));
	return tree_apply(g->o.repo, &oid_zero, &p.edit, out);
}

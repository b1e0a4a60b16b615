#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/diff.h"
#include "git/lg2.h"
#include "git/repo.h"
#include "git/tree.h"

#define TEXT_MAX (64 * MIB)	/* a larger file counts as binary */

void
diff_free(struct diff *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		free(d->v[i].path);
	vec_free(d);
	d->added = d->deleted = 0;
}

static struct err *
open_tree(struct repo *r, git_repository *g, const struct oid *oid, git_tree **out)
{
	git_oid id = lg2_oid(oid);
	int rc;

	if (oid_is_zero(oid) || oid_eq(oid, &oid_empty_tree))
		return NULL;
	rc = lg2.git_tree_lookup(out, g, &id);
	return rc < 0 ? lg2_err(r, rc, "cannot read the tree '%s'", oid_hex(oid).s) : NULL;
}

struct err *
diff_open(struct repo *r, const struct oid *old, const struct oid *new, const struct strs *paths,
    uint32_t flags, git_diff **out)
{
	AUTO(lg2_tree_free_p) git_tree *a = NULL;
	AUTO(lg2_tree_free_p) git_tree *b = NULL;
	git_diff_options o = {.version = GIT_DIFF_OPTIONS_VERSION, .context_lines = 3};
	git_repository *g;
	int rc;

	TRY(repo_lg2(r, &g));
	TRY(open_tree(r, g, old, &a));
	TRY(open_tree(r, g, new, &b));
	o.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH | flags;
	o.ignore_submodules = GIT_SUBMODULE_IGNORE_NONE;
	o.pathspec.strings = paths->v;
	o.pathspec.count = paths->n;
	o.id_abbrev = OID_HEX;
	o.max_size = TEXT_MAX;
	rc = lg2.git_diff_tree_to_tree(out, g, a, b, &o);
	return rc < 0 ? lg2_err(r, rc, "cannot compare two trees") : NULL;
}

static void
paths_of(const struct diff *d, struct strs *paths)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		strs_add(paths, d->v[i].path);
}

static struct diff_file *
find_path(struct diff *d, const char *path)
{
	size_t low = 0, high = d->n, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(d->v[mid].path, path);
		if (order == 0)
			return &d->v[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static struct err *
count_one(struct repo *r, git_diff *diff, size_t i, struct diff *d)
{
	git_patch *patch = NULL;
	const git_diff_delta *delta;
	struct diff_file *f;
	size_t context, added = 0, deleted = 0;
	int rc = lg2.git_patch_from_diff(&patch, diff, i);

	if (rc < 0)
		return lg2_err(r, rc, "cannot compare two files");
	delta = patch == NULL ? lg2.git_diff_get_delta(diff, i) : lg2.git_patch_get_delta(patch);
	f = find_path(d, delta->new_file.path != NULL ? delta->new_file.path : delta->old_file.path);
	if (f != NULL && (delta->flags & GIT_DIFF_FLAG_BINARY) != 0)
		f->binary = true;
	else if (f != NULL && patch != NULL)
		rc = lg2.git_patch_line_stats(&context, &added, &deleted, patch);
	if (f != NULL && rc == 0) {
		/* A file that became a link is two: one deleted, one added. */
		f->added += added;
		f->deleted += deleted;
		d->added += added;
		d->deleted += deleted;
	}
	lg2.git_patch_free(patch);
	return rc < 0 ? lg2_err(r, rc, "cannot count lines") : NULL;
}

struct err *
diff_trees(struct repo *r, const struct oid *old, const struct oid *new, bool count,
    struct diff *out)
{
	AUTO(diff_free) struct diff d = {0};
	AUTO(lg2_diff_free_p) git_diff *diff = NULL;
	AUTO(strs_free) struct strs paths = {0};
	size_t i, n;

	TRY(diff_tree_names(r, old, new, &d));
	if (count && d.n > 0) {
		paths_of(&d, &paths);
		TRY(diff_open(r, old, new, &paths, 0, &diff));
		n = lg2.git_diff_num_deltas(diff);
		for (i = 0; i < n; i++)
			TRY(count_one(r, diff, i, &d));
	}
	*out = d;
	d = (struct diff){0};
	return NULL;
}

struct printing {
	struct buf *out;
	bool cut;
};

static int
print_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line,
    void *arg)
{
	struct printing *p = arg;
	char origin = line->origin;
	bool shown = origin == GIT_DIFF_LINE_CONTEXT || origin == GIT_DIFF_LINE_ADDITION ||
	    origin == GIT_DIFF_LINE_DELETION;

	(void)delta;
	(void)hunk;
	if (line->content_len + shown > p->out->max - p->out->n) {
		p->cut = true;
		return GIT_EUSER;
	}
	if (shown)
		buf_addc(p->out, origin);
	buf_add(p->out, line->content, line->content_len);
	return 0;
}

struct err *
diff_patch(struct repo *r, const struct oid *old, const struct oid *new, const struct strs *paths,
    struct buf *out, bool *cut)
{
	AUTO(diff_free) struct diff names = {0};
	AUTO(lg2_diff_free_p) git_diff *diff = NULL;
	AUTO(strs_free) struct strs all = {0};
	struct printing p = {.out = out};
	int rc = 0;

	if (paths == NULL) {
		TRY(diff_tree_names(r, old, new, &names));
		paths_of(&names, &all);
		paths = &all;
	}
	if (paths->n > 0) {
		TRY(diff_open(r, old, new, paths, 0, &diff));
		rc = lg2.git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, print_line, &p);
	}
	if (rc < 0 && !p.cut)
		return lg2_err(r, rc, "cannot write a patch");
	*cut = p.cut;
	return NULL;
}

static struct err *
compute_patch_id(struct repo *r, const struct oid *old, const struct oid *new, struct oid *out)
{
	AUTO(diff_free) struct diff names = {0};
	AUTO(lg2_diff_free_p) git_diff *diff = NULL;
	AUTO(strs_free) struct strs paths = {0};
	git_diff_patchid_options o = GIT_DIFF_PATCHID_OPTIONS_INIT;
	git_oid id;
	int rc;

	TRY(diff_tree_names(r, old, new, &names));
	if (names.n == 0) {
		*out = oid_zero;
		return NULL;
	}
	paths_of(&names, &paths);
	TRY(diff_open(r, old, new, &paths, 0, &diff));
	rc = lg2.git_diff_patchid(&id, diff, &o);
	if (rc < 0)
		return lg2_err(r, rc, "cannot compute a patch id");
	*out = lg2_oid_back(&id);
	return NULL;
}

struct err *
diff_patch_id(struct repo *r, const struct oid *old, const struct oid *new, struct oid *out)
{
	struct patch_kept *kept = repo_patch(r);

	if (oid_is_zero(&kept->id) || !oid_eq(&kept->from, old) || !oid_eq(&kept->to, new)) {
		struct oid id;

		TRY(compute_patch_id(r, old, new, &id));
		*kept = (struct patch_kept){*old, *new, id};
	}
	*out = kept->id;
	return NULL;
}

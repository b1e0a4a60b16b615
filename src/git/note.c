#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/lg2.h"
#include "git/note.h"
#include "git/notetree.h"
#include "git/race.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"

#define RACE_MS 20000

static struct err *
make_commit(struct repo *r, const struct oid *tree, const struct oid *parents, size_t n,
    const struct ident *who, const char *message, struct oid *out)
{
	struct commit_spec spec = {.tree = *tree, .parents = parents, .nparents = n, .author = who,
	    .message = message};

	return commit_create(r, &spec, out);
}

struct err *
note_prepare(struct repo *r, const char *ref, const struct note_line *lines, size_t n,
    const struct ident *who, struct oid *old, struct oid *new)
{
	struct oid tip, tree, next, made;

	TRY(ref_read(r, ref, &tip));
	TRY(commit_tree(r, &tip, &tree));
	TRY(notetree_add(r, &tree, lines, n, &next));
	made = tip;
	if (!oid_eq(&tree, &next))
		TRY(make_commit(r, &next, &tip, oid_is_zero(&tip) ? 0 : 1, who,
		    "Notes added by 'git factory'", &made));
	*old = tip;
	*new = made;
	return NULL;
}

struct err *
note_add(struct repo *r, const char *ref, const struct note_line *lines, size_t n,
    const struct ident *who)
{
	struct race race = race_start(clock_system(), RACE_MS);
	struct oid old, new;
	struct err *e;

	for (;;) {
		TRY(note_prepare(r, ref, lines, n, who, &old, &new));
		if (oid_eq(&old, &new))
			return NULL;
		e = ref_cas(r, ref, &old, &new, "notes: added by 'git factory'");
		if (e == NULL || !race_goes_on(&race, e))
			return e;
		err_free(e);
		race_pause(&race);
	}
}

struct err *
note_read(struct repo *r, const char *ref, const struct oid *commit, struct buf *out)
{
	struct oid tip, tree, blob;

	TRY(ref_read(r, ref, &tip));
	TRY(commit_tree(r, &tip, &tree));
	TRY(notetree_find(r, &tree, commit, &blob));
	return oid_is_zero(&blob) ? NULL : blob_read(r, &blob, out);
}

struct err *
note_each(struct repo *r, const char *ref, note_fn *fn, void *arg)
{
	struct oid tip, tree;

	TRY(ref_read(r, ref, &tip));
	TRY(commit_tree(r, &tip, &tree));
	return notetree_each(r, &tree, fn, arg);
}

struct err *
note_merge(struct repo *r, const struct oid *ours, const struct oid *theirs,
    const struct ident *who, struct oid *out)
{
	struct oid base = oid_zero, trees[3], merged, parents[2] = {*ours, *theirs};

	if (oid_is_zero(ours) || oid_is_zero(theirs)) {
		*out = oid_is_zero(ours) ? *theirs : *ours;
		return NULL;
	}
	TRY(commit_merge_base(r, ours, theirs, &base));
	if (oid_eq(&base, ours) || oid_eq(&base, theirs)) {
		*out = oid_eq(&base, ours) ? *theirs : *ours;
		return NULL;
	}
	TRY(commit_tree(r, &base, &trees[0]));
	TRY(commit_tree(r, ours, &trees[1]));
	TRY(commit_tree(r, theirs, &trees[2]));
	TRY(notetree_union(r, &trees[0], &trees[1], &trees[2], &merged));
	return make_commit(r, &merged, parents, 2, who, "Notes merged by 'git factory'", out);
}

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/lg2.h"
#include "git/note.h"
#include "git/notetree.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"

#define RETRY_MS 20000

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

/* Losers of a race wait a little, each its own while. */
static void
back_off(int attempt)
{
	struct clock clock = clock_system();
	int64_t most = attempt < 6 ? 1 << attempt : 64;
	uint64_t seed = (uint64_t)clock_mono(&clock) * 2654435761u + (uint64_t)getpid() * 40503u;

	clock_sleep_ms(1 + (int64_t)((seed >> 8) % (uint64_t)most));
}

struct err *
note_add(struct repo *r, const char *ref, const struct note_line *lines, size_t n,
    const struct ident *who)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + RETRY_MS;
	struct oid old, new;
	struct err *e;
	int attempt;

	for (attempt = 0;; attempt++) {
		TRY(note_prepare(r, ref, lines, n, who, &old, &new));
		if (oid_eq(&old, &new))
			return NULL;
		e = ref_cas(r, ref, &old, &new, "notes: added by 'git factory'");
		if (e == NULL || (!err_is(e, ERR_STALE) && !err_is(e, ERR_LOCKED)) ||
		    clock_mono(&clock) >= until)
			return e;
		err_ignore(e);
		back_off(attempt);
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

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/tip.h"
#include "git/txn.h"
#include "store/nodes.h"
#include "store/state.h"
#include "store/sync_refs.h"

#define ATTEMPTS_AT_ONCE 200	/* in one push: a command line has an end */

/* ---- pull requests ---- */

enum newer { NEWER_SAME, NEWER_OURS, NEWER_THEIRS, NEWER_BOTH, NEWER_UNRELATED };

static struct err *
compare(struct repo *r, const struct oid *ours, const struct oid *theirs, enum newer *out)
{
	struct oid base;

	if (oid_eq(ours, theirs) || oid_is_zero(ours) || oid_is_zero(theirs)) {
		*out = oid_eq(ours, theirs) ? NEWER_SAME : oid_is_zero(ours) ? NEWER_THEIRS : NEWER_OURS;
		return NULL;
	}
	TRY(commit_merge_base(r, ours, theirs, &base));
	*out = oid_is_zero(&base) ? NEWER_UNRELATED : oid_eq(&base, ours) ? NEWER_THEIRS :
	    oid_eq(&base, theirs) ? NEWER_OURS : NEWER_BOTH;
	return NULL;
}

static struct err *
sync_pull(struct repo *r, const char *name, const struct oid *ours, const struct oid *theirs,
    struct txn *push, struct txn *moves, struct strs *remarks)
{
	enum newer newer;

	TRY(compare(r, ours, theirs, &newer));
	if (push != NULL && newer == NEWER_OURS)
		txn_add(push, name, theirs, ours);
	if (moves != NULL && (newer == NEWER_THEIRS || newer == NEWER_BOTH))
		txn_add(moves, name, ours, theirs);
	if (remarks != NULL && newer == NEWER_BOTH)
		strs_addf(remarks, "pull request %s went on here and on the remote: what it is there stays",
		    name + strlen(REF_PULLS));
	if (remarks != NULL && newer == NEWER_UNRELATED)
		strs_addf(remarks, "pull request %s is another one here than on the remote: ours stays in this clone alone",
		    name + strlen(REF_PULLS));
	return NULL;
}

struct err *
sync_pulls(struct repo *r, const struct refs *seen, struct txn *push, struct txn *moves, struct strs *remarks)
{
	AUTO(refs_free) struct refs ours = {0};
	struct oid other;
	size_t i;

	TRY(ref_list(r, REF_PULLS, &ours));
	for (i = 0; i < ours.n; i++) {
		other = refs_get(seen, ours.v[i].name);
		TRY(sync_pull(r, ours.v[i].name, &ours.v[i].oid, &other, push, moves, remarks));
	}
	for (i = 0; i < seen->n; i++) {
		if (!str_starts(str_of(seen->v[i].name), REF_PULLS))
			continue;
		other = refs_get(&ours, seen->v[i].name);
		if (oid_is_zero(&other))
			TRY(sync_pull(r, seen->v[i].name, &other, &seen->v[i].oid, push, moves, remarks));
	}
	return NULL;
}

struct err *
sync_mirror(struct repo *r, const struct txn_ref *ref, struct txn *moves)
{
	static const char shared[] = "refs/factory/", heads[] = "refs/heads/";
	bool head = str_starts(str_of(ref->name), heads);
	AUTO(mem_free_p) char *mirror = NULL;
	struct oid was;

	if (!head && !str_starts(str_of(ref->name), shared))
		return NULL;
	mirror = head ? mem_printf(REMOTE_HEADS "%s", ref->name + strlen(heads)) :
	    mem_printf(REF_REMOTE "%s", ref->name + strlen(shared));
	TRY(ref_read(r, mirror, &was));
	/* A branch that was never looked at is not looked at now. */
	if (!oid_eq(&was, &ref->new) && !(head && oid_is_zero(&was)))
		txn_add(moves, mirror, &was, &ref->new);
	return NULL;
}

struct err *
sync_follow(struct repo *r, const struct txn_ref *ref, struct txn *moves)
{
	enum newer newer;
	struct oid has;
	size_t i;

	TRY(tip_read(r, ref->name, &has));
	TRY(compare(r, &has, &ref->new, &newer));
	if (newer == NEWER_UNRELATED)
		return NULL;
	for (i = 0; i < moves->n; i++)
		if (strcmp(moves->v[i].name, ref->name) == 0) {
			moves->v[i].new = ref->new;
			return NULL;
		}
	if (!oid_eq(&has, &ref->new))
		txn_add(moves, ref->name, &has, &ref->new);
	return NULL;
}

/* ---- the node ---- */

/* Is what the remote has of our name from this clone, or from a process of this host that is gone? */
static struct err *
is_left_over(struct state *s, const struct oid *oid, bool *out)
{
	struct node_infos all = {0};
	struct oid said;
	size_t i;

	TRY(tip_read(state_repo(s), REF_ANNOUNCED, &said));
	TRY(node_list(s, &all));
	*out = oid_eq(&said, oid);
	for (i = 0; i < all.n; i++)
		if (oid_eq(&all.v[i].oid, oid))
			*out = *out || node_dead(&all.v[i]);
	node_infos_free(&all);
	return NULL;
}

struct err *
sync_node(struct state *s, const struct refs *seen, struct txn *push)
{
	AUTO(mem_free_p) char *name = mem_printf(REF_NODES "%s", state_node(s));
	struct oid ours, theirs = refs_get(seen, name);
	bool gone = false;

	TRY(tip_read(state_repo(s), name, &ours));
	if (oid_eq(&ours, &theirs))
		return NULL;
	if (oid_is_zero(&ours))
		TRY(is_left_over(s, &theirs, &gone));
	if (gone || oid_is_zero(&theirs) || (!oid_is_zero(&ours) && push->n > 0))
		txn_add(push, name, &theirs, &ours);
	return NULL;
}

struct err *
sync_announced(struct state *s, const struct refs *seen, const struct txn *push, struct txn *moves)
{
	AUTO(mem_free_p) char *name = mem_printf(REF_NODES "%s", state_node(s));
	AUTO(mem_free_p) char *mirror = mem_printf(REMOTE_NODES "%s", state_node(s));
	struct oid was, ours, seen_there, there = refs_get(seen, name);
	bool known;
	size_t i;

	TRY(tip_read(state_repo(s), REF_ANNOUNCED, &was));
	TRY(tip_read(state_repo(s), name, &ours));
	/* Also that neither has any: the answer of the push that took it back may be lost. */
	known = oid_eq(&there, &ours);
	for (i = 0; i < push->n; i++)
		if (strcmp(push->v[i].name, name) == 0) {
			there = push->v[i].new;
			known = true;
		}
	/* Whoever lists the nodes next is not to see one there that has just gone. */
	TRY(tip_read(state_repo(s), mirror, &seen_there));
	if (known && oid_is_zero(&there) && !oid_is_zero(&seen_there))
		txn_add(moves, mirror, &seen_there, &there);
	if (known && !oid_eq(&was, &there))
		txn_add(moves, REF_ANNOUNCED, &was, &there);
	return NULL;
}

/* ---- attempts ---- */

/* Did the remote have this one when it was looked at before? */
static bool
was_there(const struct refs *had, const char *name)
{
	AUTO(mem_free_p) char *mirror = mem_printf(REMOTE_ATTEMPTS "%s", name + strlen(REF_ATTEMPTS));
	struct oid was = refs_get(had, mirror);

	return !oid_is_zero(&was);
}

struct err *
sync_attempts(struct repo *r, const struct refs *had, const struct refs *seen, struct txn *push)
{
	AUTO(refs_free) struct refs ours = {0};
	struct oid there;
	size_t i, n = 0;

	TRY(ref_list(r, REF_ATTEMPTS, &ours));
	for (i = 0; i < ours.n && n < ATTEMPTS_AT_ONCE; i++) {
		there = refs_get(seen, ours.v[i].name);
		if (oid_is_zero(&there) && !was_there(had, ours.v[i].name)) {
			txn_add(push, ours.v[i].name, &oid_zero, &ours.v[i].oid);
			n++;
		}
	}
	return NULL;
}

struct err *
sync_gone_attempts(struct repo *r, const struct refs *had, const struct refs *seen, struct txn *moves)
{
	struct oid there, ours;
	size_t i;

	for (i = 0; i < had->n; i++) {
		AUTO(mem_free_p) char *name = mem_printf(REF_ATTEMPTS "%s", had->v[i].name + strlen(REMOTE_ATTEMPTS));

		there = refs_get(seen, name);
		TRY(tip_read(r, name, &ours));
		if (oid_is_zero(&there) && oid_eq(&ours, &had->v[i].oid))
			txn_add(moves, name, &ours, &oid_zero);
	}
	return NULL;
}

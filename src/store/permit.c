#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/txn.h"
#include "store/lease_kind.h"
#include "store/permit.h"
#include "store/state.h"

#define TASK_HEADS "refs/heads/factory/"

static struct err *
check_expected(const struct refs *seen, const struct txn *t)
{
	struct oid has;
	size_t i;

	for (i = 0; i < t->n; i++) {
		has = refs_get(seen, t->v[i].name);
		if (!oid_eq(&has, &t->v[i].old) && !oid_eq(&has, &t->v[i].new))
			return err_hint(err_new(ERR_STALE, "'%s' is not where the file expects it", t->v[i].name),
			    "somebody else was faster: write the file again");
	}
	return NULL;
}

/* ---- one run ---- */

static struct err *
denied(const struct id *run, const char *name, const char *why)
{
	return err_new(ERR_DENIED, "the run %s may not move '%s'%s%s", run->s, name, *why != '\0' ? ": " : "", why);
}

/* The one lease of the transaction, and so the task. */
static struct err *
find_lease(struct repo *r, const struct id *run, const struct txn *t, struct lease_info *out)
{
	const struct txn_ref *ref, *lease = NULL;

	for (ref = t->v; ref < t->v + t->n; ref++) {
		if (!str_starts(str_of(ref->name), REF_LEASES))
			continue;
		if (lease != NULL)
			return denied(run, ref->name, "a run ends one lease only");
		lease = ref;
	}
	if (lease == NULL || oid_is_zero(&lease->old))
		return err_new(ERR_DENIED, "the file does not end the lease of the run %s", run->s);
	TRY(lease_read(r, lease->name, &lease->old, out));
	if (strcmp(out->run.s, run->s) != 0)
		return denied(run, lease->name, "another run holds it");
	return NULL;
}

static struct err *
check_lease(struct repo *r, const struct id *run, const struct txn_ref *ref, const struct lease_info *held)
{
	AUTO(lease_info_free) struct lease_info end = {0};

	if (held->ended)
		return denied(run, ref->name, "it has ended already");
	if (oid_is_zero(&ref->new))
		return NULL;
	TRY(lease_read(r, ref->name, &ref->new, &end));
	if (!end.ended || strcmp(end.run.s, run->s) != 0)
		return denied(run, ref->name, "only its end may stand there");
	return NULL;
}

/* "refs/heads/factory/<task>-..." */
static bool
is_branch_of(const struct id *task, const char *name)
{
	size_t n = strlen(TASK_HEADS);

	return strncmp(name, TASK_HEADS, n) == 0 && strncmp(name + n, task->s, ID_LEN) == 0 &&
	    name[n + ID_LEN] == '-';
}

static bool
is_made(const struct txn_ref *ref, const char *prefix, const struct id *run)
{
	return str_starts(str_of(ref->name), prefix) && strcmp(ref->name + strlen(prefix), run->s) == 0 &&
	    oid_is_zero(&ref->old);
}

static struct err *
check_run_ref(struct repo *r, const struct id *run, const struct txn_ref *ref, const struct lease_info *held)
{
	if (str_starts(str_of(ref->name), REF_LEASES))
		return check_lease(r, run, ref, held);
	if (oid_is_zero(&ref->new))
		return denied(run, ref->name, "it may delete nothing but its lease");
	if (is_made(ref, REF_RUNS, run) || is_made(ref, REF_ATTEMPTS, run) || is_branch_of(&held->task, ref->name))
		return NULL;
	return denied(run, ref->name, "");
}

struct err *
permit_run(struct state *s, const struct id *run, const struct refs *seen, const struct txn *t)
{
	AUTO(lease_info_free) struct lease_info held = {0};
	struct repo *r = state_repo(s);
	size_t i;

	TRY(find_lease(r, run, t, &held));
	for (i = 0; i < t->n; i++)
		TRY(check_run_ref(r, run, &t->v[i], &held));
	return check_expected(seen, t);
}

/* ---- a sync ---- */

static struct err *
check_sync_ref(struct state *s, const struct txn_ref *ref)
{
	const char *view = state_view(s);
	bool forward = true;

	if (str_starts(str_of(ref->name), REF_ATTEMPTS) && oid_is_zero(&ref->old))
		return NULL;
	if (strcmp(ref->name, REF_STATE) != 0 && strcmp(ref->name, REF_NOTES) != 0 &&
	    (view == NULL || strcmp(ref->name, view) != 0) && !str_starts(str_of(ref->name), REF_PULLS))
		return err_new(ERR_DENIED, "a sync may not move '%s'", ref->name);
	if (oid_is_zero(&ref->new))
		return err_new(ERR_DENIED, "a sync may not delete '%s'", ref->name);
	if (!oid_is_zero(&ref->old))
		TRY(commit_is_ancestor(state_repo(s), &ref->old, &ref->new, &forward));
	return forward ? NULL : err_new(ERR_DENIED, "a sync may not take '%s' back", ref->name);
}

struct err *
permit_sync(struct state *s, const struct refs *seen, const struct txn *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		TRY(check_sync_ref(s, &t->v[i]));
	return check_expected(seen, t);
}

/* ---- a push by anyone ---- */

static bool
is_name(struct str tail)
{
	return tail.n > 0 && !str_has(tail, '/');
}

static bool
is_number(struct str tail)
{
	size_t i;

	for (i = 0; i < tail.n && tail.p[i] >= '0' && tail.p[i] <= '9'; i++)
		;
	return i == tail.n && i > 0 && i <= 18 && tail.p[0] != '0';
}

static bool
is_nothing(struct str tail)
{
	return tail.n == 0;
}

static const struct push_rule {
	const char *prefix;
	bool (*tail)(struct str tail);
	bool stays;		/* moves forward only */
} push_rules[] = {
	{REF_STATE, is_nothing, true},
	{REF_NOTES, is_nothing, true},
	{REF_PULLS, is_number, true},
	{REF_LEASES, id_valid, false},
	{REF_RUNS, id_valid, false},
	{REF_ATTEMPTS, id_valid, false},
	{REF_NODES, is_name, false},
	{REF_PROBE, is_name, false},
};

static struct err *
check_forward(struct repo *r, const struct oid *old, const struct oid *new)
{
	bool forward = true;

	if (oid_is_zero(new))
		return err_new(ERR_DENIED, "it may not be deleted: the factory's record would be lost");
	if (!commit_exists(r, new))
		return err_new(ERR_DENIED, "it must be a commit");
	if (!oid_is_zero(old))
		TRY(commit_is_ancestor(r, old, new, &forward));
	return forward ? NULL : err_hint(err_new(ERR_DENIED, "it may only move forward, and this lacks what is there"),
	    "'git factory sync' brings the two together");
}

struct err *
permit_push(struct repo *r, const char *name, const struct oid *old, const struct oid *new)
{
	size_t i;

	for (i = 0; i < NITEMS(push_rules); i++) {
		const struct push_rule *rule = &push_rules[i];

		if (str_starts(str_of(name), rule->prefix) && rule->tail(str_of(name + strlen(rule->prefix))))
			return rule->stays ? check_forward(r, old, new) : NULL;
	}
	if (!str_starts(str_of(name), "refs/factory/"))
		return NULL;
	return err_hint(err_new(ERR_DENIED, "the factory shares no ref of that name"),
	    "keep refs of your own outside of refs/factory/");
}

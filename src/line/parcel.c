#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/ref.h"
#include "line/parcel.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/state.h"

void
parcel_free(struct parcel *p)
{
	pull_free(&p->pull);
	*p = (struct parcel){0};
}

bool
parcel_applied(const struct parcel *p, const struct task *task)
{
	return strcmp(task->run, p->rec->id) == 0;
}

/*
 * A kill in the middle of the step leaves the refs that were written first:
 * they hold what they would be given again.
 */
static struct err *
attempt_ref(const struct parcel *p, struct state_step *t)
{
	AUTO(mem_free_p) char *name = mem_printf(REF_ATTEMPTS "%s", p->rec->id);
	struct oid now;

	TRY(ref_read(state_repo(step_state(t)), name, &now));
	if (!oid_eq(&now, &p->attempt))
		step_ref(t, name, &now, &p->attempt);
	return NULL;
}

struct err *
parcel_apply(const struct parcel *p, const struct pull_move *move, struct state_step *t, struct task *task)
{
	const struct run *r = p->rec;

	task_take_run(task, r);
	TRY(ledger_put(t, r));
	if (!oid_is_zero(&p->attempt))
		TRY(attempt_ref(p, t));
	if (p->has_pull) {
		task->pull = p->pull.number;
		task_set(task, &task->branch, p->pull.branch);
		if (!oid_eq(&move->from, &move->to))
			step_ref(t, move->name, &move->from, &move->to);
	}
	return NULL;
}

/* From the base that the change was made on to the change. */
static struct err *
patch_of(struct repo *r, const struct run *rec, struct oid *out)
{
	struct oid base, from, to;

	if (!oid_parse(str_of(rec->base), &base) || !oid_parse(str_of(rec->tree), &to))
		return err_new(ERR_BUG, "the record of run '%s' names no trees", rec->id);
	TRY(commit_tree(r, &base, &from));
	return diff_patch_id(r, &from, &to, out);
}

struct err *
parcel_note(const struct parcel *p, struct state *s)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	struct oid patch;

	if (oid_is_zero(&p->commit))
		return NULL;
	TRY(patch_of(state_repo(s), p->rec, &patch));
	run_evidence(p->rec, "attempt", p->rec->ended, oid_hex(&p->commit).s, p->rec->tree,
	    oid_hex(&patch).s, &line);
	return ledger_note(s, &p->commit, str_trim(buf_str(&line)));
}

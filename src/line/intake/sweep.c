#include "line/intake/sweep.h"

#include <strings.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "forge/forge.h"
#include "line/intake/inside.h"
#include "line/intake/show.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"

/* ---- all of them ---- */

/* Was it put here, so that what is on it from before this clone came counts? */
static bool
concerns_us(struct intake *in, const struct forge_issue *i)
{
	size_t k;

	for (k = 0; k < i->labels.n; k++)
		if (strcasecmp(i->labels.v[k], in->o.config->forge.label) == 0)
			return true;
	for (k = 0; k < i->assignees.n && in->own.login != NULL; k++)
		if (strcasecmp(i->assignees.v[k], in->own.login) == 0)
			return true;
	return false;
}

/* What changed over there. */
static struct err *
sweep_issues(struct intake *in)
{
	AUTO(forge_issues_free) struct forge_issues all = {0};
	int64_t newest = in->book.newest;
	bool fresh = in->book.fresh;
	size_t i;

	TRY(in->forge->api->issues(in->forge, NULL, newest, &all, NULL));
	for (i = 0; i < all.n && fresh; i++)
		if (all.v[i].assignees.n > 0)
			TRY(intake_own(in));
	/* From the oldest change on, so that a sweep that is cut short goes on where it was. */
	for (i = all.n; i-- > 0;) {
		struct forge_issue *issue = &all.v[i];
		int64_t updated = issue->updated;
		bool seen;

		TRY(notebook_seen(&in->book, issue, &seen));
		if (seen)
			continue;
		if (!fresh || concerns_us(in, issue))
			TRY(intake_consider(in, issue->number, issue));
		else
			TRY(notebook_see(&in->book, issue));
		if (updated > in->book.newest) {
			in->book.newest = updated;
			in->book.changed = true;
		}
	}
	in->book.fresh = false;
	return in->o.dry ? NULL : notebook_save(&in->book);
}

struct ours {
	struct intake *in;
	struct ids ids;
	VEC(int64_t) numbers;
	VEC(bool) archived;
	bool settled;		/* only those whose pull request tells how they stand */
};

static struct err *
add_ours(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	struct ours *o = ctx;
	struct str issue = str_of(row->task != NULL ? row->task->issue : "");
	size_t n = strlen(o->in->project);
	int64_t number;

	if (issue.n < n + 2 || strncasecmp(issue.p, o->in->project, n) != 0 || issue.p[n] != '#' ||
	    !str_int(str_skip(issue, n + 1), 1, INT64_MAX, &number))
		return NULL;
	if (o->settled && (row->task->state == TASK_QUEUED || row->running))
		return NULL;
	vec_push(&o->ids, row->id);
	vec_push(&o->numbers, number);
	vec_push(&o->archived, row->archived);
	return NULL;
}

/* What changed here, and how long ago the issue of an open task was looked at. */
static struct err *
tell_ours(struct intake *in, const struct ours *o, bool seed, int64_t *oldest)
{
	int64_t least = INT64_MAX;
	bool wrote;
	size_t i;

	for (i = 0; i < o->ids.n; i++) {
		struct notes_of_issue *n = notebook_issue(&in->book, o->numbers.v[i]);

		if (o->archived.v[i] && (n->done || (seed && n->looked == 0)))
			continue;
		TRY(show_report(in, o->numbers.v[i], &o->ids.v[i], NULL, &wrote));
		TRY(show_stage(in, o->numbers.v[i], &o->ids.v[i]));
		n = notebook_issue(&in->book, o->numbers.v[i]);
		if (wrote)
			intake_say(in, n->number, o->ids.v[i].s, INTAKE_NOTHING, "it stands otherwise than the comment said", true);
		n->done = o->archived.v[i];
		if (!o->archived.v[i] && n->looked < least) {
			least = n->looked;
			*oldest = n->number;
		}
	}
	return NULL;
}

static struct err *
tell_all(struct intake *in, bool settled, bool seed, int64_t *oldest)
{
	struct ours o = {.in = in, .settled = settled};
	struct queue *q;
	struct err *e = intake_queue(in, &q);

	if (e == NULL)
		e = queue_each(q, QUEUE_ALL, add_ours, &o);
	if (e == NULL)
		e = tell_ours(in, &o, seed, oldest);
	ids_free(&o.ids);
	vec_free(&o.numbers);
	vec_free(&o.archived);
	return e;
}

/* A closed issue is in no list of open ones. */
static struct err *
look_again(struct intake *in, int64_t number)
{
	AUTO(forge_issue_free) struct forge_issue now = {0};
	struct err *e = in->forge->api->issue(in->forge, number, &now);
	bool seen = true;

	if (e == NULL)
		TRY(notebook_seen(&in->book, &now, &seen));
	if (!seen)
		return intake_consider(in, number, &now);
	notebook_issue(&in->book, number)->looked = clock_wall(state_clock(in->o.state));
	in->book.changed = true;
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

struct err *
intake_sweep(struct intake *in)
{
	bool seed = in->book.fresh;
	int64_t oldest = 0, before = in->book.newest;

	in->sweeps = true;
	TRY(sweep_issues(in));
	TRY(tell_all(in, false, seed, &oldest));
	if (oldest != 0 && before == in->book.newest && !seed)
		TRY(look_again(in, oldest));
	return in->o.dry ? NULL : notebook_save(&in->book);
}

struct err *
intake_tell(struct intake *in)
{
	int64_t oldest = 0;

	/* Who never swept knows of no comment yet. */
	if (in->book.fresh || in->o.dry)
		return NULL;
	TRY(tell_all(in, true, false, &oldest));
	return notebook_save(&in->book);
}

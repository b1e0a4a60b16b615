#include "line/intake/moved.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "forge/forge.h"
#include "line/intake/pin.h"
#include "line/intake/report.h"
#include "model/task.h"
#include "store/queue.h"

struct reading {
	const char *project;
	struct moved *out;
};

/* Another project of the same kind of forge, or ours by a task that has followed. */
static struct err *
add(const struct queue_row *row, void *ctx, bool *more UNUSED)
{
	const struct reading *r = ctx;
	size_t ours = strlen(r->project), kind = strcspn(r->project, ":") + 1;
	const char *issue = row->task != NULL ? row->task->issue : "", *mark = strrchr(issue, '#');
	struct moved_issue m = {.task = row->id};
	struct id id;

	if (mark == NULL || strncasecmp(issue, r->project, kind) != 0 ||
	    !str_int(str_of(mark + 1), 1, INT64_MAX, &m.number))
		return NULL;
	if ((size_t)(mark - issue) == ours && strncasecmp(issue, r->project, ours) == 0) {
		TRY(issue_task(issue, 0, &id));
		m.followed = true;
		if (strcmp(id.s, row->id.s) == 0)
			return NULL;
	}
	vec_push(r->out, m);
	return NULL;
}

struct err *
moved_read(struct queue *q, const char *project, struct moved *out)
{
	struct reading r = {project, out};

	if (out->read)
		return NULL;
	out->read = true;
	return queue_each(q, QUEUE_ALL, add, &r);
}

void
moved_free(struct moved *m)
{
	vec_free(m);
}

bool
moved_any(const struct moved *m, int64_t number)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->v[i].number == number)
			return true;
	return false;
}

static bool
is_named(const struct id *task, const struct forge_comments *all, const char *own)
{
	char told[REPORT_TOLD + 1];
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->v[i].author.id, own) == 0 && report_is(all->v[i].body, task->s, told))
			return true;
	return false;
}

struct err *
moved_find(const struct moved *m, struct forge *f, int64_t number, const char *own, struct id *out, bool *found)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	size_t i;

	TRY(f->api->comments(f, number, 0, &all));
	for (i = 0; i < m->n && !*found; i++) {
		if (m->v[i].number != number || (!m->v[i].followed && !is_named(&m->v[i].task, &all, own)))
			continue;
		*out = m->v[i].task;
		*found = true;
	}
	return NULL;
}

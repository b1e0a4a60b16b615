#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/tree.h"
#include "model/failure.h"
#include "store/settle.h"

#define HISTORY_MAX 10000	/* commits looked at to find an old version */

static bool
strs_equal(const struct strs *a, const struct strs *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static bool
spec_changed(const struct task *a, const struct task *b)
{
	return strcmp(a->title, b->title) != 0 || strcmp(a->body, b->body) != 0 ||
	    strcmp(a->type, b->type) != 0 || strcmp(a->dir, b->dir) != 0 ||
	    !strs_equal(&a->needs, &b->needs);
}

void
task_again(struct task *t)
{
	t->state = TASK_QUEUED;
	task_set(t, &t->error, "");
	task_set(t, &t->question, "");
	task_forgive(t);
}

void
task_settle(const struct task *before, struct task *after)
{
	if (*after->close != '\0') {
		if (!task_archived(after->state))
			after->state = TASK_CLOSED;
		return;
	}
	if (after->state == TASK_CLOSED)
		task_again(after);
	else if (before != NULL && spec_changed(before, after) &&
	    (after->state == TASK_ESCALATED || (after->state == TASK_QUEUED && *after->class != '\0')))
		task_again(after);
}

void
task_begin(struct task *t, const struct id *id, int64_t now)
{
	task_set(t, &t->id, id->s);
	t->state = TASK_QUEUED;
	t->created = now;
	t->attempts = 0;
	t->pull = 0;
	task_set(t, &t->run, "");
	task_set(t, &t->branch, "");
	task_set(t, &t->commit, "");
	task_set(t, &t->error, "");
	task_set(t, &t->question, "");
	task_set(t, &t->issue, "");
	task_set(t, &t->asked_by, "");
	t->asked_at = 0;
	task_set(t, &t->pinned, "");
	task_set(t, &t->guess, "");
	task_set(t, &t->heard, "");
	task_forgive(t);
}

struct err *
task_locate(struct repo *r, const struct oid *tree, const char *id, char **path)
{
	struct tree_entry e;
	int archived;

	for (archived = 0; archived < 2; archived++) {
		AUTO(buf_free) struct buf b = BUF_INIT(TREE_PATH_MAX);

		task_path(id, archived != 0, &b);
		TRY(tree_find(r, tree, buf_cstr(&b), &e));
		if (e.mode == MODE_FILE || e.mode == MODE_EXEC) {
			*path = buf_steal(&b);
			return NULL;
		}
	}
	*path = NULL;
	return NULL;
}

struct err *
task_new_id(struct repo *r, const struct oid *tree, struct id *out)
{
	struct id id;
	char *taken;

	for (;;) {
		id = id_new();
		TRY(task_locate(r, tree, id.s, &taken));
		if (taken == NULL)
			break;
		free(taken);
	}
	*out = id;
	return NULL;
}

struct search {
	struct repo *repo;
	const char *path;
	size_t seen;
	struct buf *text;
};

static struct err *
visit_version(void *arg, const struct commit *c, bool *more)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TASK_FILE_MAX);
	AUTO(task_free) struct task t;
	struct search *s = arg;
	struct err *e;

	task_init(&t);
	e = tree_read(s->repo, &c->tree, s->path, &text);
	if (e == NULL)
		e = task_parse(s->path, buf_str(&text), &t);
	*more = e != NULL && ++s->seen < HISTORY_MAX;
	if (e == NULL)
		buf_addstr(s->text, buf_str(&text));
	err_ignore(e);
	return NULL;
}

struct err *
task_last_good(struct repo *r, const struct oid *tip, const char *path, struct buf *text)
{
	struct search s = {.repo = r, .path = path, .text = text};

	return commit_walk(r, tip, NULL, visit_version, &s);
}

char *
task_place(const struct task *t)
{
	struct buf b = BUF_INIT(TREE_PATH_MAX);

	task_path(t->id, task_archived(t->state), &b);
	return buf_steal(&b);
}

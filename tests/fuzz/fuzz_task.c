/*
 * A task's file may hold anything: parsing, splicing and merging it neither
 * crash nor lose what was asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/lint.h"
#include "model/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_splice(struct str text, struct task *t)
{
	AUTO(buf_free) struct buf out = BUF_INIT(BUF_TEXT), again = BUF_INIT(BUF_TEXT);
	struct task back;

	err_ignore(task_splice("f", text, t, &out));
	if (!str_eq(buf_str(&out), text))
		abort();
	t->state = TASK_ESCALATED;
	t->priority = (t->priority + 1) % 5;
	task_set(t, &t->question, "what: then?\n# no");
	strs_add(&t->labels, "one - more");
	err_ignore(task_splice("f", text, t, &again));
	if (task_parse("f", buf_str(&again), &back) != NULL)
		abort();
	if (back.state != TASK_ESCALATED || back.priority != t->priority ||
	    strcmp(back.question, t->question) != 0 || strcmp(back.title, t->title) != 0)
		abort();
	task_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf merged = BUF_INIT(BUF_TEXT);
	AUTO(strs_free) struct strs conflicts = {0};
	struct str text = str_mk((const char *)data, size);
	struct lint lint;
	struct task t;
	struct err *e = task_parse("f", text, &t);

	if (e != NULL) {
		err_free(e);
		return 0;
	}
	lint_task(&t, &lint);
	lint_free(&lint);
	if (t.labels.n < TASK_LIST_MAX)
		check_splice(text, &t);
	task_free(&t);
	e = task_merge("f", str_take(text, size / 2), text, text, &merged, &conflicts);
	if (e != NULL)
		abort();
	return 0;
}

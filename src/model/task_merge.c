#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/lines.h"
#include "model/task.h"
#include "model/task_field.h"

static const struct strs *
list_of(const struct task_field *f, const struct task *t)
{
	return (const void *)((const char *)t + f->offset);
}

/* As a set: what either side added is in, what either side removed is out. */
static void
list_merge(const struct task_field *f, const struct task *base, const struct task *ours,
    struct task *theirs)
{
	const struct strs *b = list_of(f, base), *o = list_of(f, ours);
	struct strs *t = (void *)((char *)theirs + f->offset);
	size_t i;

	for (i = t->n; i-- > 0;)
		if (strs_has(b, t->v[i]) && !strs_has(o, t->v[i])) {
			free(t->v[i]);
			vec_drop(t, i);
		}
	for (i = 0; i < o->n; i++)
		if (!strs_has(b, o->v[i]) && !strs_has(t, o->v[i]))
			strs_add(t, o->v[i]);
}

static void
field_merge(const struct task_field *f, const struct task *base, const struct task *ours,
    struct task *theirs, struct strs *conflicts)
{
	if (f->owner == OWNER_FACTORY || task_field_same(f, theirs, base)) {
		task_field_copy(f, theirs, ours);
		return;
	}
	if (task_field_same(f, ours, base) || task_field_same(f, ours, theirs))
		return;
	if (task_field_is_list(f))
		list_merge(f, base, ours, theirs);
	else
		strs_add(conflicts, f->name);
}

static void
body_merge(const struct task *base, const struct task *ours, struct task *theirs,
    struct strs *conflicts)
{
	AUTO(buf_free) struct buf merged = BUF_INIT(BUF_TEXT);

	if (strcmp(ours->body, base->body) == 0 || strcmp(ours->body, theirs->body) == 0)
		return;
	if (strcmp(theirs->body, base->body) == 0)
		task_set(theirs, &theirs->body, ours->body);
	else {
		if (!lines_merge(str_of(base->body), str_of(ours->body), str_of(theirs->body),
		    &merged))
			strs_add(conflicts, "body");
		task_set_str(theirs, &theirs->body, str_trim(buf_str(&merged)));
	}
}

/* A base that is missing or broken is one in which nothing was said yet. */
static void
base_parse(const char *file, struct str text, struct task *out)
{
	struct err *e;

	task_init(out);
	if (text.n == 0)
		return;
	e = task_parse(file, text, out);
	if (e != NULL)
		task_init(out);
	err_free(e);
}

struct err *
task_merge(const char *file, struct str base, struct str ours, struct str theirs,
    struct buf *out, struct strs *conflicts)
{
	AUTO(task_free) struct task b, o, t;
	const struct task_field *f;

	task_init(&o);
	task_init(&t);
	base_parse(file, base, &b);
	TRY(task_parse(file, theirs, &t));
	TRY(task_parse(file, ours, &o));
	for (f = task_fields; f->name != NULL; f++)
		field_merge(f, &b, &o, &t, conflicts);
	body_merge(&b, &o, &t, conflicts);
	return task_splice(file, theirs, &t, out);
}

#include "model/task_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "model/after.h"
#include "model/task_field.h"
#include "wire/json.h"

#define KEY_REF "ref"
#define KEY_BODY "body"

/* ---- reading ---- */

static const struct task_field *
field_of(struct str key)
{
	const struct task_field *f;

	for (f = task_fields; f->name != NULL; f++)
		if (str_is(key, f->name))
			return f;
	return NULL;
}

struct nearest {
	struct str key;
	const char *name;
	size_t distance;
};

static void
compare(struct nearest *n, const char *name)
{
	size_t d = str_distance(n->key, str_of(name));

	if (d >= n->distance)
		return;
	n->distance = d;
	n->name = name;
}

static struct err *
unknown(const struct node *n)
{
	struct nearest best = {.key = n->key, .distance = n->key.n / 3 + 2};
	const struct task_field *f;

	for (f = task_fields; f->name != NULL; f++)
		if (f->owner == OWNER_PERSON)
			compare(&best, f->name);
	compare(&best, KEY_BODY);
	compare(&best, KEY_REF);
	if (best.name != NULL)
		return node_key_err(n, "unknown key '%s'; did you mean '%s'?", n->key.p, best.name);
	return node_key_err(n, "unknown key '%s': leave it out", n->key.p);
}

static struct err *
read_ref(const struct node *n, struct task_line *l)
{
	struct str ref = n->kind == NODE_STRING ? n->text : STR(""), rest = ref;
	size_t length;
	int32_t c;

	for (length = 0; rest.n > 0; length++) {
		c = utf8_next(&rest);
		if (c < 0x20 || c == 0x7f)
			return node_err(n, "'" KEY_REF "' must be one line without control characters");
	}
	if (length == 0 || length > TASK_REF_MAX)
		return node_err(n, "'" KEY_REF "' must be a string of 1 to %d characters", TASK_REF_MAX);
	free(l->ref);
	l->ref = str_dup(ref);
	l->ref_column = n->column;
	return NULL;
}

static struct err *
read_name(const struct node *n, struct task_line *l)
{
	struct task_line_after a = {.column = n->column};

	if (n->kind != NODE_STRING || n->text.n == 0)
		return node_err(n, "'after' must be a list of refs of this file or ids of tasks, not of %s",
		    n->kind == NODE_STRING ? "empty strings" : node_kind_name(n->kind));
	if (l->after.n == TASK_LIST_MAX)
		return node_err(n, "'after' has more than %d entries", TASK_LIST_MAX);
	a.name = str_dup(after_split(n->text, &a.delivered));
	vec_push(&l->after, a);
	return NULL;
}

static struct err *
read_after(const struct node *n, struct task_line *l)
{
	const struct node *each;

	if (n->kind != NODE_LIST)
		return read_name(n, l);
	for (each = n->child; each != NULL; each = each->next)
		TRY(read_name(each, l));
	return NULL;
}

static struct err *
read_body(const struct node *n, struct task *t)
{
	if (n->kind != NODE_STRING)
		return node_err(n, "'" KEY_BODY "' must be a string, not %s", node_kind_name(n->kind));
	if (n->text.n > TASK_FILE_MAX / 2)
		return node_err(n, "'" KEY_BODY "' has more than %zu KiB", TASK_FILE_MAX / 2 / KIB);
	task_set_str(t, &t->body, n->text);
	return NULL;
}

static struct err *
read_member(const struct node *n, struct task_line *l)
{
	const struct task_field *f = field_of(n->key);

	if (f != NULL && f->owner != OWNER_PERSON)
		return node_key_err(n, "'%s' is kept by the factory: leave it out", f->name);
	if (n->kind == NODE_NULL)
		return NULL;
	if (str_is(n->key, KEY_REF))
		return read_ref(n, l);
	if (str_is(n->key, KEY_BODY))
		return read_body(n, &l->task);
	if (f == NULL)
		return unknown(n);
	if (f->kind == TF_AFTER)
		return read_after(n, l);
	return task_field_read(f, n, &l->task);
}

static struct err *
read_line(const struct node *n, struct task_line *l)
{
	const struct node *each;

	if (n->kind != NODE_MAP)
		return node_err(n, "must be an object with a title, not %s", node_kind_name(n->kind));
	for (each = n->child; each != NULL; each = each->next)
		TRY(read_member(each, l));
	if (*l->task.title == '\0')
		return node_err(n, "'title' is missing: say in one line what is wanted");
	return NULL;
}

struct err *
task_line_parse(const char *file, unsigned number, struct str text, struct task_line *out)
{
	AUTO(arena_free) struct arena a = {0};
	AUTO(task_line_free) struct task_line l = {0};
	struct node *n;

	task_init(&l.task);
	TRY(json_parse_line(&a, file, number, text, &n));
	TRY(read_line(n, &l));
	*out = l;
	l = (struct task_line){0};
	return NULL;
}

void
task_line_free(struct task_line *l)
{
	size_t i;

	for (i = 0; i < l->after.n; i++)
		free(l->after.v[i].name);
	vec_free(&l->after);
	free(l->ref);
	task_free(&l->task);
	*l = (struct task_line){0};
}

/* ---- writing ---- */

static void
put_list(struct jw *w, const char *name, const struct strs *list)
{
	size_t i;

	if (list->n == 0)
		return;
	jw_key(w, name);
	jw_list(w);
	for (i = 0; i < list->n; i++)
		jw_str(w, list->v[i]);
	jw_end(w);
}

static void
put_text(struct jw *w, const char *name, const char *value, const char *plain)
{
	if (strcmp(value, plain) != 0)
		jw_kstr(w, name, value);
}

void
task_line_format(const struct task *t, const char *ref, const struct strs *after, struct buf *out)
{
	char span[CLOCK_TEXT];
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kstr(&w, KEY_REF, ref);
	jw_kstr(&w, "title", t->title);
	put_text(&w, "type", t->type, "");
	if (t->priority != TASK_PRIORITY)
		jw_kint(&w, "priority", t->priority);
	put_list(&w, "labels", &t->labels);
	put_list(&w, "needs", &t->needs);
	put_list(&w, "after", after);
	clock_format_span(t->estimate, span);
	if (t->estimate != TASK_ESTIMATE_S)
		jw_kstr(&w, "estimate", span);
	put_text(&w, "dir", t->dir, "");
	put_list(&w, "scope", &t->scope);
	put_text(&w, "hold", t->hold, "");
	put_text(&w, "close", t->close, "");
	put_text(&w, KEY_BODY, t->body, "");
	jw_end(&w);
	buf_addc(out, '\n');
}

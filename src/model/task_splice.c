#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/task.h"
#include "model/task_field.h"
#include "model/task_text.h"
#include "wire/node.h"
#include "wire/yaml.h"

/* Replace the bytes [at, at + cut) of the old text. */
struct edit {
	size_t at;
	size_t cut;
	char *text;
};

struct splice {
	const struct task_text *x;
	const struct task *old;
	const struct task *want;
	struct { VEC_FIELDS(struct edit); } edits;
};

static const struct task blank_strings = {
	.title = "", .body = "", .type = "", .priority = TASK_PRIORITY,
	.estimate = TASK_ESTIMATE_S, .dir = "", .hold = "", .close = "", .id = "",
	.run = "", .branch = "", .commit = "", .error = "", .question = "",
	.issue = "", .asked_by = "", .pinned = "", .guess = "", .heard = "",
	.class = "", .next = "",
};

static bool
is_default(const struct task_field *f, const struct task *t)
{
	return task_field_same(f, t, &blank_strings);
}

/* "key: value" with a line break. */
static void
field_line(const struct task_field *f, const struct task *t, const char *eol, struct buf *out)
{
	buf_addf(out, "%s: ", f->name);
	task_field_yaml(f, t, out);
	buf_adds(out, eol);
}

void
task_format(const struct task *t, struct buf *out)
{
	const struct task_field *f;

	buf_adds(out, "---\n");
	for (f = task_fields; f->name != NULL; f++) {
		if (f->offset == offsetof(struct task, title) && t->heading)
			continue;
		if (!is_default(f, t))
			field_line(f, t, "\n", out);
	}
	buf_adds(out, "---\n");
	if (t->body[0] != '\0')
		buf_addf(out, "\n%s\n", t->body);
}

static void
edit_add(struct splice *s, size_t at, size_t cut, struct buf *text)
{
	vec_push(&s->edits, (struct edit){at, cut, buf_steal(text)});
}

/* Offsets of a node count from the front matter's first byte. */
static size_t
place(const struct splice *s, size_t offset)
{
	return s->x->front + offset;
}

static size_t
line_start(struct str text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n')
		at--;
	return at;
}

static void
lines_drop(struct splice *s, size_t from, size_t to)
{
	struct buf none = BUF_INIT(BUF_TEXT);
	size_t start = line_start(s->x->text, from);

	edit_add(s, start, task_text_line_end(s->x->text, to) - start, &none);
}

static bool
in_list(const struct strs *list, const struct node *n)
{
	return strs_has(list, n->text.p);
}

/* What was in the old list is kept in its own lines, with its comments. */
static void
block_list_edit(struct splice *s, const struct task_field *f, const struct node *n)
{
	const struct strs *want = (const void *)((const char *)s->want + f->offset);
	const struct strs *old = (const void *)((const char *)s->old + f->offset);
	struct str text = s->x->text;
	struct buf added = BUF_INIT(BUF_TEXT);
	const struct node *each, *last = n->child;
	size_t first, i;

	for (each = n->child; each != NULL; each = each->next) {
		if (!in_list(want, each))
			lines_drop(s, place(s, each->start), place(s, each->end));
		last = each;
	}
	first = place(s, n->child->start);
	for (i = 0; i < want->n; i++) {
		if (strs_has(old, want->v[i]))
			continue;
		buf_addstr(&added, str_mk(text.p + line_start(text, first),
		    first - line_start(text, first)));
		yaml_add_str(&added, str_of(want->v[i]), false);
		buf_adds(&added, s->x->eol);
	}
	edit_add(s, task_text_line_end(text, place(s, last->end)), 0, &added);
}

/* A list of lines that can be edited item by item, if the order allows it. */
static bool
is_block_list(const struct splice *s, const struct task_field *f, const struct node *n)
{
	const struct node *each;
	size_t first;

	if (!task_field_is_list(f) || n->kind != NODE_LIST || n->flow || n->child == NULL)
		return false;
	first = place(s, n->child->start);
	for (each = n->child; each != NULL; each = each->next)
		if (line_start(s->x->text, place(s, each->start)) <
		    line_start(s->x->text, place(s, n->start)) ||
		    each->kind == NODE_LIST || each->kind == NODE_MAP)
			return false;
	return str_trim(str_mk(s->x->text.p + line_start(s->x->text, first),
	    first - line_start(s->x->text, first))).n == 1;
}

static void
value_edit(struct splice *s, const struct task_field *f, const struct node *n)
{
	struct buf text = BUF_INIT(BUF_TEXT);
	size_t start = place(s, n->start), end = place(s, n->end);

	if (is_default(f, s->want)) {
		lines_drop(s, place(s, n->key_start), end > start ? end - 1 : end);
		return;
	}
	if (is_block_list(s, f, n)) {
		block_list_edit(s, f, n);
		return;
	}
	/* A block list begins below its key: its new form stands beside it. */
	if (n->kind == NODE_LIST && !n->flow) {
		start = place(s, n->key_start);
		buf_addf(&text, "%s: ", f->name);
	} else if (start > 0 && s->x->text.p[start - 1] == ':')
		buf_addc(&text, ' ');
	task_field_yaml(f, s->want, &text);
	edit_add(s, start, end - start, &text);
}

/* After the nearest field before this one that the file has. */
static size_t
insertion(const struct splice *s, const struct task_field *f)
{
	const struct node *n;
	size_t i;

	for (i = (size_t)(f - task_fields) + 1; i-- > 0;) {
		n = node_get(s->x->map, task_fields[i].name);
		if (n != NULL && n->end > n->start)
			return task_text_line_end(s->x->text, place(s, n->end - 1));
		if (n != NULL)
			return task_text_line_end(s->x->text, place(s, n->key_start));
	}
	return s->x->front;
}

static void
field_edit(struct splice *s, const struct task_field *f)
{
	const struct node *n = s->x->map == NULL ? NULL : node_get(s->x->map, f->name);
	struct buf text = BUF_INIT(BUF_TEXT);

	if (n != NULL)
		value_edit(s, f, n);
	else if (!is_default(f, s->want)) {
		field_line(f, s->want, s->x->eol, &text);
		edit_add(s, insertion(s, f), 0, &text);
	}
}

static void
title_edit(struct splice *s, const struct task_field *f, bool body)
{
	struct buf text = BUF_INIT(BUF_TEXT);
	size_t start, end;

	if (!s->old->heading)
		field_edit(s, f);
	else if (!body) {
		buf_adds(&text, s->want->title);
		edit_add(s, s->x->title, s->x->title_end - s->x->title, &text);
	} else if (!task_text_heading(str_of(s->want->body), &start, &end) ||
	    !str_is(str_mk(s->want->body + start, end - start), s->want->title))
		field_edit(s, f);
}

static void
body_edit(struct splice *s)
{
	struct buf text = BUF_INIT(BUF_TEXT);

	if (s->x->fenced)
		buf_adds(&text, s->x->eol);
	buf_addf(&text, "%s%s", s->want->body, s->x->eol);
	edit_add(s, s->x->body, s->x->text.n - s->x->body, &text);
}

static void
edits_find(struct splice *s)
{
	const struct task_field *f;
	bool body = strcmp(s->old->body, s->want->body) != 0;

	for (f = task_fields; f->name != NULL; f++) {
		bool same = task_field_same(f, s->old, s->want);

		if (f->offset == offsetof(struct task, title)) {
			if (!same || (body && s->old->heading))
				title_edit(s, f, body);
		} else if (!same)
			field_edit(s, f);
	}
	if (body)
		body_edit(s);
}

/* Stable: what is inserted at one place keeps its order. */
static void
edits_sort(struct splice *s)
{
	size_t i, j;

	for (i = 1; i < s->edits.n; i++) {
		struct edit e = s->edits.v[i];

		for (j = i; j > 0 && s->edits.v[j - 1].at > e.at; j--)
			s->edits.v[j] = s->edits.v[j - 1];
		s->edits.v[j] = e;
	}
}

static void
edits_apply(struct splice *s, struct buf *out)
{
	struct str text = s->x->text;
	size_t at = 0, i;
	bool fence;

	edits_sort(s);
	/* Fields for a file without front matter all go to its first byte. */
	fence = !s->x->fenced && s->edits.v[0].at == s->x->front && s->edits.v[0].cut == 0;
	for (i = 0; i < s->edits.n; i++) {
		const struct edit *e = &s->edits.v[i];

		if (e->at > at)
			buf_addstr(out, str_mk(text.p + at, e->at - at));
		if (fence && i == 0)
			buf_addf(out, "---%s", s->x->eol);
		if (fence && (e->at > s->x->front || e->cut > 0)) {
			buf_addf(out, "---%s", s->x->eol);
			fence = false;
		}
		buf_adds(out, e->text);
		if (e->at + e->cut > at)
			at = e->at + e->cut;
	}
	if (fence)
		buf_addf(out, "---%s", s->x->eol);
	buf_addstr(out, str_skip(text, at));
}

static bool
task_same(const struct task *a, const struct task *b)
{
	const struct task_field *f;

	for (f = task_fields; f->name != NULL; f++)
		if (!task_field_same(f, a, b))
			return false;
	return strcmp(a->body, b->body) == 0;
}

/* What came out must say what was wanted, or the file is written anew. */
static void
splice_prove(const char *file, const struct task *want, struct buf *spliced)
{
	struct task again, plain;
	struct err *e = task_parse(file, buf_str(spliced), &again);
	bool same = e == NULL && task_same(&again, want);

	if (e == NULL)
		task_free(&again);
	err_free(e);
	if (same)
		return;
	task_init(&plain);
	task_copy(&plain, want);
	plain.heading = false;
	buf_clear(spliced);
	task_format(&plain, spliced);
	task_free(&plain);
}

/* The body as it will be read back, so that equal is equal. */
static void
want_settle(const struct task *want, struct task *out)
{
	struct str body = str_of(want->body), line, rest = body;

	task_init(out);
	task_copy(out, want);
	task_set_str(out, &out->title, str_trim(str_of(want->title)));
	while (str_line(&rest, &line) && str_trim(line).n == 0)
		body = rest;
	while (body.n > 0 && strchr(" \t\r\n", body.p[body.n - 1]) != NULL)
		body.n--;
	task_set_str(out, &out->body, body);
}

/* A title that lives in the body changes the body with it. */
static void
heading_settle(const struct task *before, struct task *after)
{
	AUTO(buf_free) struct buf body = BUF_INIT(BUF_TEXT);
	size_t start, end;

	if (!before->heading || strcmp(before->title, after->title) == 0 ||
	    strcmp(before->body, after->body) != 0 ||
	    !task_text_heading(str_of(after->body), &start, &end))
		return;
	buf_add(&body, after->body, start);
	buf_adds(&body, after->title);
	buf_adds(&body, after->body + end);
	task_set(after, &after->body, buf_cstr(&body));
}

static void
splice_free(struct splice *s)
{
	size_t i;

	for (i = 0; i < s->edits.n; i++)
		free(s->edits.v[i].text);
	vec_free(&s->edits);
}

struct err *
task_splice(const char *file, struct str old, const struct task *want, struct buf *out)
{
	AUTO(task_text_free) struct task_text x;
	AUTO(task_free) struct task before, after;
	AUTO(buf_free) struct buf spliced = BUF_INIT(BUF_TEXT);
	struct splice s = {.x = &x, .old = &before, .want = &after};
	struct err *e;

	e = task_text_read(file, old, &x, &before);
	if (e != NULL) {
		task_init(&after);
		return e;
	}
	want_settle(want, &after);
	edits_find(&s);
	if (s.edits.n == 0)
		buf_addstr(&spliced, old);
	else {
		edits_apply(&s, &spliced);
		heading_settle(&before, &after);
		splice_prove(file, &after, &spliced);
	}
	splice_free(&s);
	buf_addstr(out, buf_str(&spliced));
	return NULL;
}

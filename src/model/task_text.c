#include "model/task_text.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "model/task.h"
#include "model/task_field.h"
#include "wire/node.h"
#include "wire/yaml.h"

size_t
task_text_line_end(struct str text, size_t at)
{
	ptrdiff_t line = str_chr(str_skip(text, at), '\n');

	return line < 0 ? text.n : at + (size_t)line + 1;
}

static int64_t
line_of(struct str text, size_t at)
{
	int64_t line = 1;
	size_t i;

	for (i = 0; i < at; i++)
		line += text.p[i] == '\n';
	return line;
}

static struct err *
check_utf8(const char *file, struct str text)
{
	struct str rest = text;
	int64_t line = 1, column = 1;

	while (rest.n > 0) {
		int32_t c = utf8_next(&rest);

		if (c < 0)
			return err_new(ERR_SYNTAX, "%s:%lld:%lld: bytes that are not UTF-8", file,
			    (long long)line, (long long)column);
		if (c == 0)
			return err_new(ERR_SYNTAX, "%s:%lld:%lld: the character NUL is not allowed here",
			    file, (long long)line, (long long)column);
		column = c == '\n' ? 1 : column + 1;
		line += c == '\n';
	}
	return NULL;
}

static bool
is_fence(struct str text, size_t at)
{
	struct str rest = str_skip(text, at), line;

	return str_line(&rest, &line) && str_starts(line, "---") &&
	    str_trim(str_skip(line, 3)).n == 0;
}

/* Find the front matter: between a first line '---' and the next one. */
static struct err *
split(const char *file, struct task_text *x)
{
	size_t at = str_starts(x->text, "\xef\xbb\xbf") ? 3 : 0;

	x->eol = str_find(x->text, STR("\r\n")) >= 0 ? "\r\n" : "\n";
	x->front = x->fence = x->body = at;
	if (!is_fence(x->text, at))
		return NULL;
	x->fenced = true;
	x->front = task_text_line_end(x->text, at);
	for (at = x->front; at < x->text.n; at = task_text_line_end(x->text, at))
		if (is_fence(x->text, at)) {
			x->fence = at;
			x->body = task_text_line_end(x->text, at);
			return NULL;
		}
	return err_hint(err_new(ERR_SYNTAX, "%s:1:1: the front matter has no end", file),
	    "end it with a line '---'");
}

bool
task_text_heading(struct str body, size_t *start, size_t *end)
{
	struct str rest = body, line;
	bool code = false;

	while (str_line(&rest, &line)) {
		if (str_starts(line, "```") || str_starts(line, "~~~"))
			code = !code;
		if (code || !str_starts(line, "# "))
			continue;
		line = str_trim(str_skip(line, 2));
		if (line.n == 0)
			continue;
		*start = (size_t)(line.p - body.p);
		*end = *start + line.n;
		return true;
	}
	return false;
}

static struct err *
read_front(const char *file, struct task_text *x, struct task *t)
{
	const struct task_field *f;
	const struct node *n;

	TRY(yaml_parse(&x->mem, file, str_take(str_skip(x->text, x->front), x->fence - x->front), 2,
	    &x->map));
	if (x->map->kind == NODE_NULL)
		return NULL;
	if (x->map->kind != NODE_MAP)
		return node_err(x->map, "the front matter must be 'key: value' lines, not %s",
		    node_kind_name(x->map->kind));
	for (n = x->map->child; n != NULL; n = n->next) {
		for (f = task_fields; f->name != NULL; f++)
			if (str_is(n->key, f->name))
				break;
		if (f->name == NULL)
			return task_field_unknown(n);
		TRY(task_field_read(f, n, t));
	}
	return NULL;
}

/* Blank lines around the body belong to nobody. */
static struct str
body_trim(struct str body)
{
	struct str line, rest = body;

	while (str_line(&rest, &line) && str_trim(line).n == 0)
		body = rest;
	while (body.n > 0 && strchr(" \t\r\n", body.p[body.n - 1]) != NULL)
		body.n--;
	return body;
}

static struct err *
read_body(const char *file, struct task_text *x, struct task *t)
{
	struct str all = str_skip(x->text, x->body), body = body_trim(all);
	size_t skipped = body.n == 0 ? 0 : (size_t)(body.p - all.p), start, end;
	struct str title;

	task_set_str(t, &t->body, body);
	t->body_line = line_of(x->text, x->body + skipped);
	if (t->title[0] != '\0')
		return NULL;
	if (!task_text_heading(body, &start, &end))
		return err_hint(err_new(ERR_SYNTAX, "%s:1:1: the task has no title", file),
		    "add 'title: ...' to the front matter, or begin the text with '# Title'");
	x->title = x->body + skipped + start;
	x->title_end = x->body + skipped + end;
	title = str_mk(body.p + start, end - start);
	task_set_str(t, &t->title, title);
	t->heading = true;
	if (text_width(title) > TASK_TITLE_MAX)
		return err_new(ERR_SYNTAX, "%s:%lld:3: the title is longer than %d characters", file,
		    (long long)line_of(x->text, x->title), TASK_TITLE_MAX);
	return NULL;
}

static struct err *
read_all(const char *file, struct task_text *x, struct task *t)
{
	if (x->text.n > TASK_FILE_MAX)
		return err_new(ERR_LIMIT, "%s is larger than %zu bytes", file, TASK_FILE_MAX);
	TRY(check_utf8(file, x->text));
	TRY(split(file, x));
	if (x->fenced)
		TRY(read_front(file, x, t));
	return read_body(file, x, t);
}

struct err *
task_text_read(const char *file, struct str text, struct task_text *x, struct task *t)
{
	struct err *e;

	*x = (struct task_text){.text = text};
	task_init(t);
	e = read_all(file, x, t);
	if (e != NULL) {
		task_free(t);
		task_text_free(x);
	}
	return e;
}

void
task_text_free(struct task_text *x)
{
	arena_free(&x->mem);
}

struct err *
task_parse(const char *file, struct str text, struct task *out)
{
	struct task_text x;
	struct task t;

	TRY(task_text_read(file, text, &x, &t));
	task_text_free(&x);
	*out = t;
	return NULL;
}

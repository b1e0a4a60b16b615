#include "model/spec.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"
#include "model/task.h"
#include "wire/field.h"
#include "wire/json.h"
#include "wire/node.h"
#include "wire/yaml.h"

#define NAME_BYTES 60	/* of a test's function */

struct part {
	char *name, *type, *about;
};

struct test {
	char *name, *given, *expect, *run, *file;
};

struct rollback {
	char *when, *how;
};

struct spec {
	int64_t version;
	char *title, *what, *why, *type, *dir;
	struct strs constraints, labels, needs, scope;
	int64_t priority, estimate;
	VEC(struct part) input;
	VEC(struct part) output;
	VEC(struct test) tests;
	struct rollback rollback;
};

static const struct field part_fields[] = {
	{"name", FIELD_STRING, offsetof(struct part, name), FIELD_REQUIRED},
	{"type", FIELD_STRING, offsetof(struct part, type)},
	{"about", FIELD_STRING, offsetof(struct part, about)},
	{0}};

static const struct field test_fields[] = {
	{"name", FIELD_STRING, offsetof(struct test, name), FIELD_REQUIRED},
	{"given", FIELD_STRING, offsetof(struct test, given)},
	{"expect", FIELD_STRING, offsetof(struct test, expect), FIELD_REQUIRED},
	{"run", FIELD_STRING, offsetof(struct test, run)},
	{"file", FIELD_STRING, offsetof(struct test, file)},
	{0}};

static const struct field rollback_fields[] = {
	{"when", FIELD_STRING, offsetof(struct rollback, when)},
	{"how", FIELD_STRING, offsetof(struct rollback, how)},
	{0}};

static const struct field spec_fields[] = {
	{"factory", FIELD_INT, offsetof(struct spec, version), FIELD_REQUIRED, .min = 1, .max = 1},
	{"title", FIELD_STRING, offsetof(struct spec, title)},
	{"type", FIELD_STRING, offsetof(struct spec, type)},
	{"what", FIELD_STRING, offsetof(struct spec, what), FIELD_REQUIRED},
	{"why", FIELD_STRING, offsetof(struct spec, why)},
	{"input", FIELD_LIST, offsetof(struct spec, input), .sub = part_fields, .size = sizeof(struct part)},
	{"output", FIELD_LIST, offsetof(struct spec, output), .sub = part_fields, .size = sizeof(struct part)},
	{"constraints", FIELD_STRS, offsetof(struct spec, constraints)},
	{"tests", FIELD_LIST, offsetof(struct spec, tests), FIELD_REQUIRED, .sub = test_fields,
	    .size = sizeof(struct test)},
	{"rollback", FIELD_MAP, offsetof(struct spec, rollback), .sub = rollback_fields},
	{"priority", FIELD_INT, offsetof(struct spec, priority), .min = 0, .max = 4, .init = "2"},
	{"labels", FIELD_STRS, offsetof(struct spec, labels)},
	{"needs", FIELD_STRS, offsetof(struct spec, needs)},
	{"scope", FIELD_STRS, offsetof(struct spec, scope)},
	{"dir", FIELD_STRING, offsetof(struct spec, dir)},
	{"estimate", FIELD_SPAN, offsetof(struct spec, estimate), .min = 60, .max = 30 * 24 * 3600, .init = "20m"},
	{0}};

static void
spec_free(struct spec *s)
{
	fields_free(spec_fields, s);
}

/* ---- where one is ---- */

bool
spec_is(struct str text)
{
	struct str line;

	while (str_line(&text, &line)) {
		struct str s = str_trim(line);

		if (s.n > 0 && s.p[0] == '{')
			return true;
		if (s.n > 0 && s.p[0] != '#')
			return str_starts(line, "factory:");
	}
	return false;
}

/* Three or more of one mark; 0: no fence. */
static size_t
fence_of(struct str line, char *mark)
{
	struct str s = line;
	size_t n = 0;

	while (s.n > 0 && s.p[0] == ' ')
		s = str_skip(s, 1);
	if (line.n - s.n > 3 || s.n < 3 || (s.p[0] != '`' && s.p[0] != '~'))
		return 0;
	while (n < s.n && s.p[n] == s.p[0])
		n++;
	*mark = s.p[0];
	return n >= 3 ? n : 0;
}

/* In the midst of other text the key alone may be anybody's: a number must follow. */
static bool
names_version(struct str block)
{
	bool json = str_starts(str_trim(block), "{");
	ptrdiff_t at = str_find(block, json ? STR("\"factory\"") : STR("factory:"));
	struct str after;

	if (at < 0 || !spec_is(block))
		return false;
	after = str_trim(str_skip(block, (size_t)at + (json ? 9 : 8)));
	if (json && str_starts(after, ":"))
		after = str_trim(str_skip(after, 1));
	return after.n > 0 && isdigit((unsigned char)after.p[0]);
}

bool
spec_find(struct str markdown, struct str *block, unsigned *line)
{
	struct str rest = markdown, each;
	const char *begin = NULL;
	unsigned number = 0, first = 0;
	char mark = 0, other = 0;
	size_t open = 0, n;

	while (str_next(&rest, '\n', &each)) {
		number++;
		n = fence_of(each, &other);
		if (open == 0 && n > 0) {
			open = n;
			mark = other;
			begin = rest.p;
			first = number + 1;
		} else if (open > 0 && n >= open && other == mark) {
			*block = str_mk(begin, (size_t)(each.p - begin));
			*line = first;
			if (names_version(*block))
				return true;
			open = 0;
		}
	}
	return false;
}

/* ---- into Markdown ---- */

static bool
has(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* Text of one line as code; of more, a block below. */
static void
add_value(struct buf *b, const char *lead, const char *value)
{
	struct str text = str_trim(str_of(value)), line;
	size_t most = 2, run = 0, i;

	if (str_chr(text, '\n') < 0 && str_chr(text, '`') < 0) {
		buf_addf(b, "%s `%.*s`", lead, STR_ARG(text));
		return;
	}
	for (i = 0; i < text.n; i++) {
		run = text.p[i] == '`' ? run + 1 : 0;
		most = run > most ? run : most;
	}
	buf_addf(b, "%s\n\n      %.*s\n", lead, (int)most + 1, "````````````````");
	while (str_next(&text, '\n', &line))
		buf_addf(b, "      %.*s\n", STR_ARG(line));
	buf_addf(b, "      %.*s\n     ", (int)most + 1, "````````````````");
}

static void
add_parts(struct buf *b, const char *heading, const struct part *v, size_t n)
{
	size_t i;

	if (n > 0)
		buf_addf(b, "\n## %s\n\n", heading);
	for (i = 0; i < n; i++) {
		buf_addf(b, "- `%s`", v[i].name);
		if (has(v[i].type))
			buf_addf(b, " (%s)", v[i].type);
		buf_addf(b, "%s%s\n", has(v[i].about) ? ": " : "", has(v[i].about) ? v[i].about : "");
	}
}

static void
add_tests(struct buf *b, const struct spec *s)
{
	size_t i;

	buf_adds(b, "\n## Acceptance criteria\n\n");
	for (i = 0; i < s->tests.n; i++) {
		const struct test *t = &s->tests.v[i];

		buf_addf(b, "- [ ] %s:", t->name);
		if (has(t->given))
			add_value(b, " given", t->given);
		add_value(b, has(t->given) ? " the output must be" : " it must be so:", t->expect);
		if (has(t->run))
			add_value(b, "; verify with", t->run);
		buf_addc(b, '\n');
	}
}

/* ---- stubs ---- */

struct language {
	const char *suffix, *fence;
	const char *open;	/* with %s for the name */
	const char *comment;
	const char *fail, *close;
};

static const struct language languages[] = {
	{".py", "python", "def test_%s():\n", "    # ", "    raise NotImplementedError\n", ""},
	{".js", "javascript", "test('%s', () => {\n", "  // ", "  assert.fail('to be written')\n", "})\n"},
	{".mjs", "javascript", "test('%s', () => {\n", "  // ", "  assert.fail('to be written')\n", "})\n"},
	{".ts", "typescript", "test('%s', () => {\n", "  // ", "  assert.fail('to be written')\n", "})\n"},
	{".go", "go", "func Test_%s(t *testing.T) {\n", "\t// ", "\tt.Fatal(\"to be written\")\n", "}\n"},
	{".rs", "rust", "#[test]\nfn %s() {\n", "    // ", "    panic!(\"to be written\");\n", "}\n"},
	{".c", "c", "static void\ntest_%s(void)\n{\n", "\t// ", "\tabort();\n", "}\n"},
	{".sh", "sh", "test_%s() {\n", "\t# ", "\tfalse\n", "}\n"},
};

static const struct language *
language_of(const char *file)
{
	size_t i;

	for (i = 0; has(file) && i < NITEMS(languages); i++)
		if (str_ends(str_of(file), languages[i].suffix))
			return &languages[i];
	return NULL;
}

/* Every line of it behind the comment's mark. */
static void
add_comment(struct buf *b, const struct language *l, const char *what, const char *text)
{
	struct str rest = str_of(text), line;
	bool first = true;

	while (str_line(&rest, &line)) {
		buf_addf(b, "%s%s%.*s\n", l->comment, first ? what : "  ", STR_ARG(line));
		first = false;
	}
}

static void
add_stub(struct buf *b, const struct language *l, const struct test *t)
{
	AUTO(buf_free) struct buf name = BUF_INIT(KIB);
	const char *p;
	size_t i;

	text_slug(&name, str_of(t->name), NAME_BYTES);
	for (i = 0; i < name.n; i++)
		if (name.p[i] == '-')
			name.p[i] = '_';
	for (p = l->open; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 's') {
			buf_adds(b, buf_cstr(&name));
			p++;
		} else {
			buf_addc(b, *p);
		}
	}
	if (has(t->given))
		add_comment(b, l, "given: ", t->given);
	add_comment(b, l, "expect: ", t->expect);
	buf_addf(b, "%s%s\n", l->fail, l->close);
}

/* The tests of each file together, in the order in which the files come. */
static void
add_stubs(struct buf *b, const struct spec *s)
{
	bool any = false;
	size_t i, k;

	for (i = 0; i < s->tests.n; i++) {
		const char *file = s->tests.v[i].file;
		const struct language *l = language_of(file);

		for (k = 0; k < i && l != NULL; k++)
			if (has(s->tests.v[k].file) && strcmp(s->tests.v[k].file, file) == 0)
				l = NULL;
		if (l == NULL)
			continue;
		if (!any)
			buf_adds(b, "\n## Test stubs\n\nTo be completed in these files; the tests must pass.\n");
		any = true;
		/* A fence that no comment can end: their lines begin with a mark. */
		buf_addf(b, "\n`%s`:\n\n```%s\n", file, l->fence);
		for (k = i; k < s->tests.n; k++)
			if (has(s->tests.v[k].file) && strcmp(s->tests.v[k].file, file) == 0)
				add_stub(b, l, &s->tests.v[k]);
		buf_adds(b, "```\n");
	}
}

static void
make_body(const struct spec *s, bool form, struct buf *b)
{
	size_t i;

	buf_addf(b, "%s\n", s->what);
	if (form && has(s->type))
		buf_addf(b, "\n### Type\n\n%s\n", s->type);
	if (has(s->why))
		buf_addf(b, "\n## Why\n\n%s\n", s->why);
	add_parts(b, "Input", s->input.v, s->input.n);
	add_parts(b, "Output", s->output.v, s->output.n);
	if (s->constraints.n > 0)
		buf_adds(b, "\n## Constraints\n\n");
	for (i = 0; i < s->constraints.n; i++)
		buf_addf(b, "- %s\n", s->constraints.v[i]);
	add_tests(b, s);
	add_stubs(b, s);
	if (has(s->rollback.when) || has(s->rollback.how))
		buf_adds(b, "\n## Rollback\n\n");
	if (has(s->rollback.when))
		buf_addf(b, "Take the change back when: %s\n", s->rollback.when);
	if (has(s->rollback.how))
		buf_addf(b, "How: %s\n", s->rollback.how);
}

/* ---- into a task ---- */

static void
move_list(struct strs *to, struct strs *from)
{
	struct strs was = *to;

	*to = *from;
	*from = was;
}

/* Names stand in code and in lists: one line each. */
static struct err *
check_lines(const struct node *root)
{
	static const char *const lists[] = {"input", "output", "tests"};
	const struct node *n, *m;
	size_t i;

	for (i = 0; i < NITEMS(lists); i++) {
		const struct node *list = node_get(root, lists[i]);

		for (n = list != NULL ? list->child : NULL; n != NULL; n = n->next)
			for (m = n->child; m != NULL; m = m->next)
				if (!str_is(m->key, "given") && !str_is(m->key, "expect") &&
				    (str_chr(m->text, '\n') >= 0 || str_chr(m->text, '`') >= 0))
					return node_err(m, "'%s' must be one line without '`'", m->key.p);
	}
	n = node_get(root, "tests");
	if (n != NULL && n->kind == NODE_LIST && (n->n == 0 || n->n > SPEC_TESTS_MAX))
		return node_err(n, "'tests' must have from 1 to %d entries", SPEC_TESTS_MAX);
	return NULL;
}

static struct err *
read_spec(struct arena *mem, const char *file, struct str text, unsigned line, struct spec *out)
{
	AUTO(buf_free) struct buf padded = BUF_INIT(JSON_MAX);
	struct node *root;
	unsigned i;

	if (str_starts(str_trim(text), "{")) {
		/* Lines before it count, and say nothing. */
		for (i = 1; i < line; i++)
			buf_addc(&padded, '\n');
		buf_addstr(&padded, text);
		TRY(json_parse(mem, file, buf_str(&padded), &root));
	} else {
		TRY(yaml_parse(mem, file, text, line, &root));
	}
	TRY(fields_read(spec_fields, root, out));
	return check_lines(root);
}

struct err *
spec_task(const char *file, struct str text, unsigned line, bool form, struct task *out)
{
	AUTO(buf_free) struct buf body = BUF_INIT(TASK_FILE_MAX);
	AUTO(spec_free) struct spec s = {0};
	AUTO(arena_free) struct arena mem = {0};

	fields_init(spec_fields, &s);
	TRY(read_spec(&mem, file, text, line, &s));
	make_body(&s, form, &body);
	TRY(buf_check(&body, "the text of the task"));
	if (has(s.title))
		task_set_str(out, &out->title, str_trim(str_of(s.title)));
	out->heading = false;
	task_set_str(out, &out->body, str_trim(buf_str(&body)));
	if (has(s.type) && !form)
		task_set(out, &out->type, s.type);
	if (has(s.dir))
		task_set(out, &out->dir, s.dir);
	out->priority = s.priority;
	out->estimate = s.estimate;
	move_list(&out->labels, &s.labels);
	move_list(&out->needs, &s.needs);
	move_list(&out->scope, &s.scope);
	return NULL;
}

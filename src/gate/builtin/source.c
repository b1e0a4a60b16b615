#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/source.h"
#include "gate/change.h"
#include "gate/glob.h"
#include "gate/testfile.h"

void
source_free(struct source *s)
{
	int i;

	for (i = 0; i < VIEWS; i++)
		buf_free(&s->mem[i]);
	free(s->starts);
	*s = (struct source){0};
}

/* ---- views ---- */

struct reading {
	struct source *s;
	const struct lang *l;
	struct str text;
	size_t at;
	char last;		/* the last character of code that is no space */
};

static bool
at(const struct reading *r, const char *word)
{
	return word != NULL && str_starts(str_skip(r->text, r->at), word);
}

/* Blank [from, r->at) in one view. */
static void
blank(const struct reading *r, enum source_view view, size_t from)
{
	char *p = r->s->mem[view].p;
	size_t i;

	for (i = from; i < r->at; i++)
		if (p[i] != '\n')
			p[i] = ' ';
}

/* Up to behind 'end', or to the end of all. */
static bool
skip_to(struct reading *r, size_t from, const char *end)
{
	ptrdiff_t found = str_find(str_skip(r->text, from), str_of(end));

	r->at = found < 0 ? r->text.n : from + (size_t)found + strlen(end);
	return found >= 0;
}

static void
take_comment(struct reading *r, size_t from)
{
	blank(r, VIEW_TEXT, from);
	blank(r, VIEW_CODE, from);
}

static void
take_code(struct reading *r, size_t from)
{
	blank(r, VIEW_COMMENT, from);
}

/* Between quotes; those of one line end with it. */
static void
take_text(struct reading *r)
{
	size_t from = r->at, open = 1, shut = 0;
	char quote = r->text.p[r->at];
	bool many = quote == '`' || (quote == '"' && lang_is(r->l, "rust")) || lang_is(r->l, "shell ruby perl sql elixir php r lua");
	char triple[4] = {quote, quote, quote, '\0'};

	if (lang_is(r->l, "python elixir java swift dart toml") && quote != '`' && at(r, triple)) {
		open = 3;
		shut = skip_to(r, r->at + 3, triple) ? 3 : 0;
		r->s->open_text |= shut == 0;
		many = false;
	} else {
		for (r->at++; r->at < r->text.n && r->text.p[r->at] != quote; r->at++) {
			if (r->text.p[r->at] == '\n' && !many)
				break;
			if (r->text.p[r->at] == '\\' && r->at + 1 < r->text.n && r->text.p[r->at + 1] != '\n' &&
			    !(quote == '\'' && lang_is(r->l, "shell sql")))
				r->at++;
		}
		/* An apostrophe somewhere: better none of it than all that follows. */
		if (many && quote != '`' && r->at >= r->text.n) {
			r->at = from + 1;
			take_code(r, from);
			return;
		}
		r->s->open_text |= r->at >= r->text.n && quote == '`';
		shut = r->at < r->text.n && r->text.p[r->at] == quote;
		r->at += shut;
	}
	r->at -= shut;
	blank(r, VIEW_CODE, from + open);
	r->at += shut;
	take_code(r, from);
	r->last = quote;
}

/* In JavaScript a '/' where a value is awaited begins a pattern. */
static bool
begins_pattern(const struct reading *r)
{
	return r->text.p[r->at] == '/' && lang_is(r->l, "javascript") &&
	    (r->last == '\0' || strchr("(,=:[!&|?{};+-*%~^<>n", r->last) != NULL);
}

static void
take_pattern(struct reading *r)
{
	size_t from = r->at++;
	bool in_class = false;

	for (; r->at < r->text.n && r->text.p[r->at] != '\n'; r->at++) {
		if (r->text.p[r->at] == '\\')
			r->at++;
		else if (r->text.p[r->at] == '[')
			in_class = true;
		else if (r->text.p[r->at] == ']')
			in_class = false;
		else if (r->text.p[r->at] == '/' && !in_class)
			break;
	}
	if (r->at > r->text.n)
		r->at = r->text.n;
	/* Without an end it was a division. */
	if (r->at == r->text.n || r->text.p[r->at] == '\n')
		r->at = from + 1;
	else
		r->at++;
	blank(r, VIEW_CODE, from + 1);
	take_code(r, from);
	r->last = '/';
}

/* '#' begins a comment only where a word could. */
static bool
begins_comment(const struct reading *r)
{
	int i;

	for (i = 0; i < 2; i++) {
		const char *mark = r->l->line[i];

		if (!at(r, mark))
			continue;
		if (mark[0] != '#' || r->at == 0 || strchr(" \t\n;", r->text.p[r->at - 1]) != NULL ||
		    lang_is(r->l, "python php ruby toml"))
			return true;
	}
	return false;
}

/* 'a' of C and its kin; Rust's lifetimes have no end. */
static bool
is_letter_in_quotes(const struct reading *r)
{
	return r->at > 0 && (isalnum((unsigned char)r->text.p[r->at - 1]) || r->text.p[r->at - 1] == '_') &&
	    !lang_is(r->l, "python");
}

/* 'x' of Rust, where a lone apostrophe names a lifetime. */
static bool
is_rust_letter(const struct reading *r)
{
	struct str rest = str_skip(r->text, r->at);

	return lang_is(r->l, "rust") && rest.n > 3 && rest.p[0] == '\'' && rest.p[1] != '\n' &&
	    (rest.p[2] == '\'' || rest.p[1] == '\\');
}

static void
take_one(struct reading *r)
{
	size_t from = r->at;
	char c = r->text.p[from];

	if (begins_comment(r)) {
		skip_to(r, from, "\n");
		r->at -= r->at > from && r->text.p[r->at - 1] == '\n';
		take_comment(r, from);
	} else if (at(r, r->l->open)) {
		r->s->open_text |= !skip_to(r, from + strlen(r->l->open), r->l->close);
		take_comment(r, from);
	} else if (is_rust_letter(r) || (strchr(r->l->quotes, c) != NULL && c != '\0' && !(c == '\'' && is_letter_in_quotes(r)))) {
		take_text(r);
	} else if (begins_pattern(r)) {
		take_pattern(r);
	} else {
		/* What is escaped outside of quotes quotes nothing (shell). */
		r->at += c == '\\' && from + 1 < r->text.n && lang_is(r->l, "shell") ? 2 : 1;
		take_code(r, from);
		if (!isspace((unsigned char)c))
			r->last = c;
		r->s->open_brackets += (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
	}
}

static void
index_lines(struct source *s, struct str text)
{
	size_t i, n = 1;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	s->starts = mem_calloc(n + 1, sizeof(*s->starts));
	for (i = 0; i < text.n; i++)
		if (text.p[i] == '\n')
			s->starts[++s->lines] = i + 1;
	s->lines++;
}

/* A program without an extension says in its first line who reads it. */
static const struct lang *
lang_by_line(struct str text)
{
	static const struct {
		const char *word, *name;
	} readers[] = {{"python", "x.py"}, {"node", "x.js"}, {"perl", "x.pl"}, {"ruby", "x.rb"}, {"php", "x.php"},
	    {"bash", "x.sh"}, {"sh", "x.sh"}};
	struct str line;
	size_t i;

	if (!str_starts(text, "#!") || !str_line(&text, &line))
		return NULL;
	for (i = 0; i < NITEMS(readers); i++)
		if (str_find(line, str_of(readers[i].word)) >= 0)
			return lang_of(readers[i].name);
	return NULL;
}

static bool
is_docs(const char *path, const struct lang *l)
{
	static const char *const globs[] = {"docs/", "doc/", "examples/", "example/", "samples/",
	    "*.example", "*.sample", "*.template", "*.dist", "*.tmpl", "*.example.*", "*.sample.*"};
	size_t i;

	if (l != NULL && l->kind == LANG_PROSE)
		return true;
	for (i = 0; i < NITEMS(globs); i++)
		if (glob_path(globs[i], path, 0))
			return true;
	return false;
}

static bool
is_test(const char *path)
{
	return testlang_in_test_dir(path) || glob_path("fixtures/", path, 0) || glob_path("testdata/", path, 0) ||
	    glob_path("__mocks__/", path, 0) ||
	    (testlang_of(path) != NULL && !glob_path("*.rs", path, 0));
}

void
source_read(const char *path, struct str text, struct source *out)
{
	struct source s = {.lang = lang_of(path)};
	struct reading r = {.s = &s, .text = text};
	int i;

	if (s.lang == NULL)
		s.lang = lang_by_line(text);
	r.l = s.lang;

	s.docs = is_docs(path, s.lang);
	s.test = is_test(path);
	s.view[VIEW_RAW] = s.view[VIEW_TEXT] = s.view[VIEW_CODE] = text;
	index_lines(&s, text);
	if (s.lang != NULL && (s.lang->kind == LANG_CODE || s.lang->kind == LANG_CONFIG)) {
		for (i = VIEW_TEXT; i < VIEWS; i++) {
			buf_init(&s.mem[i], text.n + 1);
			buf_addstr(&s.mem[i], text);
		}
		while (r.at < text.n)
			take_one(&r);
		for (i = VIEW_TEXT; i < VIEWS; i++)
			s.view[i] = buf_str(&s.mem[i]);
	}
	*out = s;
}

struct err *
source_open(struct change *c, const struct change_file *f, bool base, struct source *out, bool *found)
{
	struct str text;
	struct err *e;

	*found = false;
	if (f->binary || f->large || !change_is_file(base ? f->old_mode : f->new_mode))
		return NULL;
	e = change_text(c, base ? f->from : f->path, base, &text);
	if (err_is(e, ERR_LIMIT)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	source_read(base ? f->from : f->path, text, out);
	*found = true;
	return NULL;
}

struct str
source_line(const struct source *s, enum source_view view, int64_t line)
{
	struct str text = s->view[view], rest;

	if (line < 1 || (size_t)line > s->lines || text.n == 0)
		return (struct str){0};
	rest = str_skip(text, s->starts[line - 1]);
	if ((size_t)line < s->lines)
		rest = str_take(rest, s->starts[line] - s->starts[line - 1] - 1);
	return rest;
}

int64_t
source_line_at(const struct source *s, size_t offset)
{
	size_t low = 0, high = s->lines, mid;

	while (low + 1 < high) {
		mid = low + (high - low) / 2;
		if (s->starts[mid] <= offset)
			low = mid;
		else
			high = mid;
	}
	return (int64_t)low + 1;
}

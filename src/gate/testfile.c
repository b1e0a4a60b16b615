#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"
#include "gate/glob.h"
#include "gate/testfile.h"

enum comments { COMMENTS_C, COMMENTS_HASH, COMMENTS_PYTHON };

struct testlang {
	enum comments comments;
	const char *extensions, *names;	/* words */
	const char *decls, *skips;	/* patterns */
};

struct runner_file {
	const char *names, *lines;
};

static const struct testlang langs[] = {
#define TESTLANG(comments, extensions, names, decls, skips) \
	{comments, extensions, names, decls, skips},
#define RUNNER(names, lines)
#include "gate/testlang.tbl.h"
#undef TESTLANG
#undef RUNNER
};

static const struct runner_file runners[] = {
#define TESTLANG(comments, extensions, names, decls, skips)
#define RUNNER(names, lines) {names, lines},
#include "gate/testlang.tbl.h"
#undef TESTLANG
#undef RUNNER
};

/*
 * What checks something, of all languages at once.  An assertion of what is
 * always true asserts nothing.
 */
static const char asserts[] =
    "\\b(?:assert\\w*+|\\w*_assert\\w*+)(?![ \\t(]*(?:true|1)[ \\t]*(?:\\)|,|;|#|$))"
    "|\\bexpect(?![ \\t]*\\([ \\t]*true[ \\t]*\\))\\w*"
    "|\\b(?:should|verify|require|check|fail|raises|throws|refute|ck_|xctassert|must_)\\w*"
    "|\\b\\w+\\.(?:error|errorf|fatal|fatalf|failnow|equal|deepequal|strictequal|ok|is|true"
    "|same|throws|rejects)\\("
    "|\\b(?:ok|is|isnt|like|unlike|is_deeply|cmp_ok|equal|deepequal|same)[ \\t]*\\(";

/* ---- which file ---- */

static bool
in_words(const char *words, const char *s, bool globs)
{
	struct str rest = str_of(words), word;

	while (str_next(&rest, ' ', &word)) {
		AUTO(mem_free_p) char *w = str_dup(word);

		if (globs ? glob_match(w, s, 0) : strcmp(w, s) == 0)
			return true;
	}
	return false;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

bool
testlang_in_test_dir(const char *path)
{
	static const char dirs[] = "test tests __tests__ spec specs e2e t testing testsuite";
	struct str rest = str_of(path), piece;

	while (str_next(&rest, '/', &piece)) {
		AUTO(mem_free_p) char *name = str_dup(piece);

		if (rest.n != 0 && in_words(dirs, name, false))
			return true;
	}
	return false;
}

const struct testlang *
testlang_of(const char *path)
{
	const char *name = base_name(path), *dot = strrchr(name, '.');
	bool in_dir = testlang_in_test_dir(path);
	size_t i;

	for (i = 0; i < NITEMS(langs); i++)
		if (in_words(langs[i].names, name, true) ||
		    (in_dir && dot != NULL && in_words(langs[i].extensions, dot + 1, false)))
			return &langs[i];
	return NULL;
}

const struct runner_file *
runner_of(const char *path)
{
	size_t i;

	for (i = 0; i < NITEMS(runners); i++)
		if (in_words(runners[i].names, base_name(path), true))
			return &runners[i];
	return NULL;
}

/* ---- comments ---- */

static void
blank(struct buf *b, size_t from, size_t to)
{
	for (; from < to && from < b->n; from++)
		if (b->p[from] != '\n')
			b->p[from] = ' ';
}

/* Offset behind the next 'end' at or after i; the end of the text without one. */
static size_t
behind(const struct buf *b, size_t i, const char *end)
{
	ptrdiff_t at = str_find(str_skip(buf_str(b), i), str_of(end));

	return at == -1 ? b->n : i + (size_t)at + strlen(end);
}

/* Behind a string that starts at i; one that does not end, ends with its line. */
static size_t
behind_string(const struct buf *b, size_t i)
{
	char quote = b->p[i++];

	for (; i < b->n && b->p[i] != quote; i++) {
		if (b->p[i] == '\n' && quote != '`')
			return i;
		if (b->p[i] == '\\')
			i++;
	}
	return i < b->n ? i + 1 : b->n;
}

static bool
at(const struct buf *b, size_t i, const char *s)
{
	return str_starts(str_skip(buf_str(b), i), s);
}

static size_t
blank_from(struct buf *b, size_t i, size_t end)
{
	blank(b, i, end);
	return end > i ? end : i + 1;
}

static void
strip_comments(struct buf *b, enum comments kind)
{
	size_t i = 0;

	while (i < b->n) {
		if (kind == COMMENTS_C && at(b, i, "//"))
			i = blank_from(b, i, behind(b, i, "\n"));
		else if (kind == COMMENTS_C && at(b, i, "/*"))
			i = blank_from(b, i, behind(b, i + 2, "*/"));
		else if (kind == COMMENTS_PYTHON && at(b, i, "\"\"\""))
			i = blank_from(b, i, behind(b, i + 3, "\"\"\""));
		else if (kind == COMMENTS_PYTHON && at(b, i, "'''"))
			i = blank_from(b, i, behind(b, i + 3, "'''"));
		else if (kind != COMMENTS_C && b->p[i] == '#' &&
		    (i == 0 || strchr(" \t\n;", b->p[i - 1]) != NULL))
			i = blank_from(b, i, behind(b, i, "\n"));
		else if (b->p[i] == '"' || (kind != COMMENTS_C && b->p[i] == '\''))
			i = behind_string(b, i);
		else if (kind == COMMENTS_C && b->p[i] == '\'' && (i == 0 ||
		    strchr(" \t\n(,=[{:+", b->p[i - 1]) != NULL))
			i = behind_string(b, i);
		else if (kind == COMMENTS_C && b->p[i] == '`')
			i = behind_string(b, i);
		else
			i++;
	}
}

/* ---- what it declares ---- */

/* Line number, for offsets that only grow. */
struct place {
	size_t offset;
	int64_t line;
};

static int64_t
line_at(struct place *p, struct str text, size_t offset)
{
	for (; p->offset < offset && p->offset < text.n; p->offset++)
		if (text.p[p->offset] == '\n')
			p->line++;
	return p->line;
}

static struct str
line_around(struct str text, size_t offset)
{
	size_t from = offset, to = offset;

	while (from > 0 && text.p[from - 1] != '\n')
		from--;
	while (to < text.n && text.p[to] != '\n')
		to++;
	return str_trim(str_mk(text.p + from, to - from));
}

typedef void match_fn(struct testfile *t, struct str text, const struct regex_match *m,
    int64_t line);

static struct err *
each_match(const char *pattern, unsigned flags, struct str text, match_fn *fn,
    struct testfile *t)
{
	AUTO(regex_free_p) struct regex *re = NULL;
	struct place place = {0, 1};
	struct regex_match m;
	size_t from = 0;
	bool found;

	TRY(regex_new(str_of(pattern), REGEX_LINES | flags, &re));
	while (from <= text.n) {
		TRY(regex_find(re, text, from, &found, &m));
		if (!found)
			break;
		fn(t, text, &m, line_at(&place, text, m.start));
		from = m.end > from ? m.end : from + 1;
	}
	return NULL;
}

static void
add_decl(struct testfile *t, struct str text, const struct regex_match *m, int64_t line)
{
	struct str name = str_trim(str_mk(text.p + m->start, m->end - m->start));
	struct test_decl d = {arena_str(&t->mem, name), line, 0};

	vec_push(&t->decls, d);
}

static void
add_skip(struct testfile *t, struct str text, const struct regex_match *m, int64_t line)
{
	struct test_mark mark = {arena_str(&t->mem, line_around(text, m->start)), line};

	/* Several on one line are one. */
	if (t->skips.n == 0 || t->skips.v[t->skips.n - 1].line != line)
		vec_push(&t->skips, mark);
}

/* An assertion belongs to the last declaration before it. */
static void
add_assert(struct testfile *t, struct str text, const struct regex_match *m, int64_t line)
{
	size_t i = t->decls.n;

	(void)text;
	(void)m;
	while (i > 0 && t->decls.v[i - 1].line > line)
		i--;
	if (i > 0)
		t->decls.v[i - 1].asserts++;
}

struct err *
testfile_scan(const struct testlang *lang, struct str text, struct testfile *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(TESTFILE_MAX);

	buf_addstr(&b, text);
	TRY(buf_check(&b, "a test file"));
	strip_comments(&b, lang->comments);
	out->blank = str_trim(buf_str(&b)).n == 0;
	TRY(each_match(lang->decls, 0, buf_str(&b), add_decl, out));
	TRY(each_match(lang->skips, 0, buf_str(&b), add_skip, out));
	if (out->decls.n != 0)
		TRY(each_match(asserts, REGEX_ICASE, buf_str(&b), add_assert, out));
	return NULL;
}

struct err *
runner_scan(const struct runner_file *r, struct str text, struct testfile *out)
{
	return each_match(r->lines, 0, text, add_skip, out);
}

void
testfile_free(struct testfile *t)
{
	vec_free(&t->decls);
	vec_free(&t->skips);
	arena_free(&t->mem);
}

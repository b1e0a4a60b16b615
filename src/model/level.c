#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/level.h"

#define WORD_MAX 64		/* bytes of one word of a path */
#define TURNED_DOWN_OF 5	/* one in so many is too many for landing by itself */

static const char *const level_words[LEVELS] = {"may land by itself", "a quick look", "a full review", "a review by two"};

const char *
level_word(enum level l)
{
	return level_words[l];
}

struct touch {
	unsigned bit;
	enum level level;
	const char *what;
};

static const struct touch touches[] = {
#define LEVEL_TOUCH(bit, shift, level, what) {bit, level, what},
#include "model/level.tbl.h"
#undef LEVEL_TOUCH
};

struct listed {
	unsigned bit;
	const char *list;
};

static const struct listed words[] = {
#define LEVEL_WORDS(bit, list) {bit, list},
#include "model/level.tbl.h"
#undef LEVEL_WORDS
};

static const struct listed names[] = {
#define LEVEL_NAMES(bit, list) {bit, list},
#include "model/level.tbl.h"
#undef LEVEL_NAMES
};

/* Folders that say what a file in them is, when nothing in its name does. */
static const struct listed folders[] = {
	{TOUCH_CI, ".github .gitlab .gitea .forgejo .circleci .buildkite .builds .husky .githooks .factory .claude .codex "
	    ".cursor .gemini .vscode"},
	{TOUCH_TEST, "test tests __tests__ spec specs testdata fixtures e2e"},
	{TOUCH_PROSE, "doc docs man"},
};

/* ---- what a path tells ---- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* At most one star. 'pattern' is in lower case. */
static bool
matches(struct str pattern, struct str s)
{
	ptrdiff_t star = str_chr(pattern, '*');
	size_t head = star < 0 ? pattern.n : (size_t)star, tail = star < 0 ? 0 : pattern.n - head - 1, i;

	if (star < 0 ? s.n != pattern.n : s.n < head + tail)
		return false;
	for (i = 0; i < head; i++)
		if (lower(s.p[i]) != pattern.p[i])
			return false;
	for (i = 0; i < tail; i++)
		if (lower(s.p[s.n - tail + i]) != pattern.p[head + 1 + i])
			return false;
	return true;
}

static unsigned
in_lists(const struct listed *lists, size_t n, struct str s)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct str rest = str_of(lists[i].list), word;

		while (str_next(&rest, ' ', &word))
			if (matches(word, s))
				bits |= lists[i].bit;
	}
	return bits;
}

/* "userAuth", "user_auth" and "HTTPAuth" each hold the word "auth". */
static unsigned
touches_of_words(struct str path)
{
	unsigned bits = 0;
	size_t i = 0, from;

	while (i < path.n) {
		if (!is_alpha(path.p[i])) {
			i++;
			continue;
		}
		from = i++;
		while (i < path.n && i - from < WORD_MAX && (is_alpha(path.p[i]) || (path.p[i] >= '0' && path.p[i] <= '9'))) {
			bool rises = is_upper(path.p[i]) && !is_upper(path.p[i - 1]);
			bool ends = is_upper(path.p[i]) && i + 1 < path.n && is_alpha(path.p[i + 1]) && !is_upper(path.p[i + 1]);

			if (rises || ends)
				break;
			i++;
		}
		bits |= in_lists(words, NITEMS(words), str_mk(path.p + from, i - from));
	}
	return bits;
}

static bool
is_test_name(struct str name)
{
	static const struct listed tests[] = {
	    {TOUCH_TEST, "test_* *_test.c *_test.cc *_test.cpp *_test.go *_test.py *_test.rs *_test.rb *_spec.rb *test.java "
	        "*tests.java *test.kt *tests.cs *.test.js *.test.ts *.test.jsx *.test.tsx *.test.mjs *.spec.js *.spec.ts "
	        "*.spec.tsx *.t *_test.sh *test.php conftest.py"}};

	return in_lists(tests, 1, name) != 0;
}

static unsigned
kind_of_name(struct str name)
{
	static const struct listed kinds[] = {
	    {TOUCH_PROSE, "*.md *.markdown *.rst *.adoc *.txt *.1 *.5 *.7 license* copying* authors* changelog* readme* notice"},
	    {TOUCH_CODE, "*.c *.cc *.cpp *.cxx *.h *.hh *.hpp *.m *.mm *.go *.rs *.py *.pyi *.rb *.php *.java *.kt *.kts "
	        "*.scala *.groovy *.cs *.fs *.vb *.swift *.js *.jsx *.mjs *.cjs *.ts *.tsx *.vue *.svelte *.sh *.bash *.zsh "
	        "*.pl *.pm *.lua *.r *.jl *.ex *.exs *.erl *.hs *.ml *.mli *.clj *.dart *.zig *.nim *.sql *.proto *.asm *.s "
	        "*.ps1 *.tcl *.awk *.el *.lisp *.d *.f90 *.sol *.cu *.html *.css *.scss"}};

	return in_lists(kinds, NITEMS(kinds), name);
}

unsigned
level_path(const char *path)
{
	struct str all = str_of(path), rest = all, piece, name = {NULL, 0};
	unsigned bits = 0, where = 0, kind;

	while (str_next(&rest, '/', &piece)) {
		if (rest.n > 0)
			where |= in_lists(folders, NITEMS(folders), piece);
		name = piece;
	}
	bits = in_lists(names, NITEMS(names), name) | (where & TOUCH_CI);
	kind = kind_of_name(name);
	if (is_test_name(name) || (where & TOUCH_TEST) != 0)
		return TOUCH_TEST | (bits & (unsigned)(TOUCH_CI | TOUCH_DEPENDENCY));
	/* requirements.txt is no prose, and a document about logins no login; one about the architecture decides it. */
	if ((kind & TOUCH_PROSE) != 0 || ((where & TOUCH_PROSE) != 0 && kind == 0))
		return bits != 0 ? bits : TOUCH_PROSE | (touches_of_words(all) & (unsigned)TOUCH_SHAPE);
	return bits | (kind & (unsigned)TOUCH_CODE) | touches_of_words(all);
}

/* ---- what a line tells ---- */

static bool
begins_public(struct str line, const char *keyword)
{
	char c;

	if (!str_starts(line, keyword))
		return false;
	line = str_skip(line, strlen(keyword));
	c = line.n > 0 ? line.p[0] : '_';
	return is_alpha(c);
}

static bool
go_declares(struct str line)
{
	static const char *const keywords[] = {"func ", "type ", "var ", "const "};
	ptrdiff_t close;
	size_t i;

	for (i = 0; i < NITEMS(keywords); i++) {
		if (!str_starts(line, keywords[i]))
			continue;
		line = str_skip(line, strlen(keywords[i]));
		close = str_starts(line, "(") ? str_chr(line, ')') : -1;
		if (close > 0)
			line = str_trim(str_skip(line, (size_t)close + 1));
		return line.n > 0 && is_upper(line.p[0]);
	}
	return false;
}

unsigned
level_line(const char *path, struct str line)
{
	struct str p = str_of(path), trimmed = str_trim(line);
	bool hit = false;

	if ((level_path(path) & (unsigned)TOUCH_TEST) != 0)
		return 0;
	if (str_ends(p, ".py"))
		hit = begins_public(line, "def ") || begins_public(line, "class ") || begins_public(line, "async def ") ||
		    str_starts(line, "__all__");
	else if (str_ends(p, ".go"))
		hit = go_declares(line);
	else if (str_ends(p, ".rs"))
		hit = str_starts(trimmed, "pub ") || str_starts(trimmed, "#[no_mangle]");
	else if (str_ends(p, ".js") || str_ends(p, ".ts") || str_ends(p, ".tsx") || str_ends(p, ".jsx") ||
	    str_ends(p, ".mjs") || str_ends(p, ".cjs"))
		hit = str_starts(line, "export ") || str_starts(trimmed, "module.exports") || str_starts(trimmed, "exports.");
	else if (str_ends(p, ".java") || str_ends(p, ".kt") || str_ends(p, ".cs") || str_ends(p, ".scala") ||
	    str_ends(p, ".swift") || str_ends(p, ".php"))
		hit = str_starts(trimmed, "public ") || str_starts(trimmed, "open ") || str_starts(trimmed, "protected ");
	return hit ? TOUCH_API : 0;
}

/* ---- all of it together ---- */

/* Reasons by level, so that the weightiest come first. */
struct verdict_on {
	struct strs at[LEVELS];
};

static void
add_path(struct buf *out, const char *path)
{
	buf_addc(out, '\'');
	text_visible(out, str_of(path), true);
	buf_addc(out, '\'');
}

/* One reason that names the first files of those that have it. */
static void
add_files(struct verdict_on *v, enum level level, const char *what, const struct level_facts *f,
    bool (*has)(const struct level_file *file, unsigned arg), unsigned arg)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	size_t i, n = 0;

	buf_addf(&text, "%s: ", what);
	for (i = 0; i < f->nfiles; i++) {
		if (!has(&f->files[i], arg))
			continue;
		if (n++ >= LEVEL_REASON_FILES)
			continue;
		if (n > 1)
			buf_adds(&text, ", ");
		add_path(&text, f->files[i].path);
	}
	if (n > LEVEL_REASON_FILES)
		buf_addf(&text, " and %zu more", n - LEVEL_REASON_FILES);
	if (n > 0)
		strs_add(&v->at[level], buf_cstr(&text));
}

static bool
touches_it(const struct level_file *file, unsigned bit)
{
	return ((level_path(file->path) | file->touches) & bit) != 0;
}

static bool
is_new_code(const struct level_file *file, unsigned unused UNUSED)
{
	return file->status == 'A' && (level_path(file->path) & (unsigned)(TOUCH_CODE | TOUCH_TEST)) == TOUCH_CODE;
}

static bool
is_binary(const struct level_file *file, unsigned unused UNUSED)
{
	return file->binary;
}

static bool
is_elsewhere(const struct level_file *file, unsigned unused UNUSED)
{
	return file->elsewhere;
}

static size_t
code_folders(const struct level_facts *f)
{
	AUTO(strs_free) struct strs seen = {0};
	size_t i;

	for (i = 0; i < f->nfiles; i++) {
		struct str path = str_of(f->files[i].path);
		ptrdiff_t slash = str_chr(path, '/');
		AUTO(mem_free_p) char *top = NULL;

		if (slash < 0 || (level_path(f->files[i].path) & (unsigned)(TOUCH_CODE | TOUCH_TEST)) != TOUCH_CODE)
			continue;
		top = str_dup(str_take(path, (size_t)slash));
		if (!strs_has(&seen, top))
			strs_add(&seen, top);
	}
	return seen.n;
}

static void
judge_files(const struct level_facts *f, struct verdict_on *v)
{
	size_t i, lines = 0, folders_n = code_folders(f);

	for (i = 0; i < f->nfiles; i++)
		lines += f->files[i].lines;
	for (i = 0; i < NITEMS(touches); i++)
		add_files(v, touches[i].level, touches[i].what, f, touches_it, touches[i].bit);
	add_files(v, LEVEL_REVIEW, "a new module", f, is_new_code, 0);
	add_files(v, LEVEL_LOOK, "nobody can read a binary file's change", f, is_binary, 0);
	if (folders_n >= LEVEL_WIDE_FOLDERS)
		strs_addf(&v->at[LEVEL_PAIR], "it cuts across %zu folders at the top", folders_n);
	if (lines >= LEVEL_LARGE_LINES)
		strs_addf(&v->at[LEVEL_REVIEW], "it is large: %zu lines", lines);
	else if (lines >= LEVEL_SMALL_LINES)
		strs_addf(&v->at[LEVEL_LOOK], "it has %zu lines, and what lands by itself has fewer than %d", lines,
		    LEVEL_SMALL_LINES);
	if (f->nfiles > LEVEL_LARGE_FILES)
		strs_addf(&v->at[LEVEL_REVIEW], "it changes %zu files", f->nfiles);
	strs_addf(&v->at[LEVEL_ALONE], "%zu line%s in %zu file%s", lines, lines == 1 ? "" : "s", f->nfiles,
	    f->nfiles == 1 ? "" : "s");
}

static void
judge_type(const struct level_facts *f, struct verdict_on *v)
{
	static const enum level levels[] = {[RISK_LOW] = LEVEL_ALONE, [RISK_MEDIUM] = LEVEL_LOOK,
	    [RISK_HIGH] = LEVEL_REVIEW, [RISK_CRITICAL] = LEVEL_PAIR};
	AUTO(mem_free_p) char *elsewhere = mem_printf("it is not all of type '%s'", f->type);
	size_t all = f->turned_down + f->accepted;

	if (!f->type_known) {
		if (strcmp(f->type, "unknown") == 0)
			strs_addf(&v->at[LEVEL_REVIEW], "its type is unknown, so it counts as high");
		else
			strs_addf(&v->at[LEVEL_REVIEW], "its type '%s' is unknown, so it counts as high", f->type);
		return;
	}
	strs_addf(&v->at[levels[f->severity]], "changes of type '%s' are of %s severity", f->type,
	    risk_word(f->severity));
	/* A title makes a task one of a type; the change itself has to be one, too. */
	add_files(v, LEVEL_LOOK, elsewhere, f, is_elsewhere, 0);
	if (!f->type_alone)
		strs_addf(&v->at[LEVEL_LOOK], "changes of type '%s' do not land by themselves", f->type);
	if (f->turned_down > 0 && f->turned_down * TURNED_DOWN_OF >= all)
		strs_addf(&v->at[LEVEL_LOOK], "people turned down %zu of the last %zu of type '%s'", f->turned_down, all,
		    f->type);
}

static void
judge_proof(const struct level_facts *f, struct verdict_on *v)
{
	size_t i;

	if (f->unproven > 0)
		strs_addf(&v->at[LEVEL_REVIEW], "%zu gate%s did not pass", f->unproven, f->unproven == 1 ? "" : "s");
	else if (f->passed == 0)
		strs_add(&v->at[LEVEL_LOOK], "no gate of the project proves it");
	else
		strs_addf(&v->at[LEVEL_ALONE], "%zu gate%s passed", f->passed, f->passed == 1 ? "" : "s");
	if (f->author == AUTHOR_UNKNOWN)
		strs_add(&v->at[LEVEL_LOOK], "nobody with write access is known to have asked for it");
	for (i = 0; f->flagged != NULL && i < f->flagged->n; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

		text_visible(&text, str_of(f->flagged->v[i]), true);
		strs_add(&v->at[LEVEL_REVIEW], buf_cstr(&text));
	}
}

enum level
level_of(const struct level_facts *f, struct strs *reasons)
{
	struct verdict_on v = {0};
	enum level level = LEVEL_PAIR;
	size_t i, k;

	judge_files(f, &v);
	judge_type(f, &v);
	judge_proof(f, &v);
	while (level > LEVEL_ALONE && v.at[level].n == 0)
		level--;
	for (i = level + 1; i-- > 0;) {
		for (k = 0; k < v.at[i].n && (i > 0 || level == LEVEL_ALONE); k++)
			strs_add(reasons, v.at[i].v[k]);
	}
	for (i = 0; i < LEVELS; i++)
		strs_free(&v.at[i]);
	return level;
}

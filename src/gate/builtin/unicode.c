#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/text.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/testfile.h"
#include "git/tree.h"

#define SHOWN_PER_FILE 10	/* findings; the first says it all */
#define ALIKE_MIN 3		/* characters of a word that is all of another script */

struct range {
	int32_t lo, hi;
};

static bool
within(int32_t c, const struct range *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (c >= v[i].lo && c <= v[i].hi)
			return true;
	return false;
}

/* ---- what nobody sees ---- */

/* Turns the order of what is read (Trojan Source). */
static bool
is_bidi(int32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

/* Scripts that are written from the right, and those that need joiners. */
static bool
is_rtl(int32_t c)
{
	static const struct range v[] = {{0x590, 0x8ff}, {0xfb1d, 0xfdff}, {0xfe70, 0xfefc}};

	return within(c, v, NITEMS(v));
}

static bool
takes_joiner(int32_t c)
{
	static const struct range v[] = {{0x600, 0x8ff}, {0x900, 0xdff}, {0xe00, 0x109f},
	    {0x1780, 0x18af}, {0xa8e0, 0xa8ff}, {0xfb50, 0xfdff}, {0xfe70, 0xfefc}};

	return within(c, v, NITEMS(v));
}

static bool
is_emoji(int32_t c)
{
	static const struct range v[] = {{0x2190, 0x2bff}, {0x3030, 0x303d}, {0xfe0f, 0xfe0f},
	    {0x1f000, 0x1faff}};

	return c == 0x200d || within(c, v, NITEMS(v));
}

struct place {
	int32_t before, after;
	bool first;		/* of the file */
	bool rtl;		/* the line has letters that are written from the right */
	bool code;
	bool flag;		/* in an emoji of a flag that is spelt in tags */
};

/* What scripts and emoji are written with. */
static bool
is_honest(int32_t c, const struct place *p)
{
	if (c == '\r' || c == '\f' || c == 0)
		return true;
	if (c == 0xfeff)
		return p->first;
	if (c == 0x200d && is_emoji(p->before) && is_emoji(p->after))
		return true;
	if (c == 0x200c || c == 0x200d)
		return takes_joiner(p->before) && (takes_joiner(p->after) || p->after == 0 || p->after == ' ');
	if (c >= 0xe0020 && c <= 0xe007f)
		return p->flag;
	if (c == 0x200e || c == 0x200f || c == 0x061c)
		return p->rtl && !p->code;
	return !p->code && (c == 0xad || c == 0x200b || c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0e) ||
	    (c >= 0x180b && c <= 0x180f));
}

static bool
has_rtl(struct str s)
{
	while (s.n != 0)
		if (is_rtl(utf8_next(&s)))
			return true;
	return false;
}

/* The first code point of the line that hides or deceives, or -1. */
static int32_t
hidden_in(struct str line, bool first, bool code)
{
	struct place p = {.first = first, .code = code};
	struct str ahead;
	int32_t c;
	bool looked = false;

	while (line.n != 0) {
		c = utf8_next(&line);
		if (c == 0x1f3f4)
			p.flag = true;
		else if (c < 0xe0000)
			p.flag = false;
		if (c >= 0 && text_hidden(c)) {
			ahead = line;
			p.after = ahead.n == 0 ? 0 : utf8_next(&ahead);
			if (!looked)
				p.rtl = p.rtl || has_rtl(line);
			looked = true;
			if (!is_honest(c, &p))
				return c;
		}
		p.rtl |= is_rtl(c);
		p.before = c;
		p.first = false;
	}
	return -1;
}

/* ---- what looks like something else ---- */

/* The ASCII character that this one is read as, or 0 (Unicode TR 39). */
static char
looks_like(int32_t c)
{
	static const struct {
		uint16_t c;
		char as;
	} v[] = {
		/* Greek, but what formulas are written with */
		{0x37e, ';'}, {0x391, 'A'}, {0x392, 'B'}, {0x395, 'E'}, {0x396, 'Z'}, {0x397, 'H'},
		{0x399, 'I'}, {0x39a, 'K'}, {0x39c, 'M'}, {0x39d, 'N'}, {0x39f, 'O'}, {0x3a1, 'P'},
		{0x3a4, 'T'}, {0x3a5, 'Y'}, {0x3a7, 'X'}, {0x3bf, 'o'}, {0x3f2, 'c'}, {0x3f3, 'j'},
		{0x37f, 'J'},
		/* Cyrillic */
		{0x405, 'S'}, {0x406, 'I'}, {0x408, 'J'}, {0x410, 'A'}, {0x412, 'B'}, {0x415, 'E'},
		{0x41a, 'K'}, {0x41c, 'M'}, {0x41d, 'H'}, {0x41e, 'O'}, {0x420, 'P'}, {0x421, 'C'},
		{0x422, 'T'}, {0x423, 'Y'}, {0x425, 'X'}, {0x430, 'a'}, {0x435, 'e'}, {0x43e, 'o'},
		{0x440, 'p'}, {0x441, 'c'}, {0x443, 'y'}, {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'},
		{0x458, 'j'}, {0x475, 'v'}, {0x4ae, 'Y'}, {0x4af, 'y'}, {0x4bb, 'h'}, {0x4cf, 'l'},
		{0x501, 'd'}, {0x51b, 'q'}, {0x51d, 'w'}, {0x4c0, 'I'},
		/* Armenian, Cherokee, and letters of phonetics */
		{0x570, 'h'}, {0x578, 'n'}, {0x57d, 'u'}, {0x581, 'g'}, {0x585, 'o'}, {0x13a0, 'D'},
		{0x13a1, 'R'}, {0x13a2, 'T'}, {0x13aa, 'A'}, {0x13b3, 'W'}, {0x13c0, 'G'}, {0x13de, 'L'},
		{0x251, 'a'}, {0x261, 'g'}, {0x131, 'i'}, {0x1c0, '|'}, {0x1c3, '!'}, {0x2d0, ':'},
		{0x212a, 'K'}, {0x2b9, '\''},
	};
	size_t i;

	if (c >= 0xff21 && c <= 0xff5a)
		return (char)(c - 0xff01 + '!');
	if (c >= 0x1d400 && c <= 0x1d6a3)
		return (char)((c - 0x1d400) % 52 < 26 ? 'A' + (c - 0x1d400) % 52 : 'a' + (c - 0x1d400) % 52 - 26);
	for (i = 0; i < NITEMS(v); i++)
		if (v[i].c == c)
			return v[i].as;
	return 0;
}

static bool
is_ascii_letter(int32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_word(int32_t c)
{
	return is_ascii_letter(c) || (c >= '0' && c <= '9') || c >= 0x80;
}

/* A word of the line, with what it is read as. */
struct word {
	struct str text;
	struct buf *as;
	bool latin, alike, other;
};

static bool
next_word(struct str *line, struct word *w)
{
	const char *from = NULL;
	struct str before;
	int32_t c;
	char as;

	buf_clear(w->as);
	w->latin = w->alike = w->other = false;
	while (line->n != 0) {
		before = *line;
		c = utf8_next(line);
		if (!is_word(c)) {
			if (from == NULL)
				continue;
			*line = before;
			break;
		}
		if (from == NULL)
			from = before.p;
		as = c < 0x80 ? (char)c : looks_like(c);
		w->latin |= is_ascii_letter(c);
		w->alike |= c >= 0x80 && as != 0;
		w->other |= as == 0;
		if (as != 0)
			buf_addc(w->as, as);
	}
	if (from != NULL)
		w->text = str_mk(from, (size_t)(line->p - from));
	return from != NULL;
}

/* Is the word, plain ASCII, one of the text's? */
static bool
has_word(struct str text, struct str word)
{
	ptrdiff_t at;
	size_t end;

	while (word.n != 0 && (at = str_find(text, word)) >= 0) {
		end = (size_t)at + word.n;
		if ((at == 0 || !is_word((unsigned char)text.p[at - 1])) &&
		    (end == text.n || !is_word((unsigned char)text.p[end])))
			return true;
		text = str_skip(text, end);
	}
	return false;
}

/* A word that is read as another one: its text, else nothing. */
static struct err *
alike_in(struct inspect *in, const struct change_file *f, struct str line, struct str *found)
{
	AUTO(buf_free) struct buf as = BUF_INIT(BUF_TEXT);
	struct word w = {.as = &as};
	struct str text;
	struct err *e;

	*found = (struct str){0};
	while (next_word(&line, &w)) {
		if (!w.alike)
			continue;
		if (w.latin && !w.other)
			*found = w.text;
		if (w.latin || w.other || as.n < ALIKE_MIN)
			continue;
		/* All of it is of another script: then it matters what else is there. */
		e = change_text(in->change, f->path, false, &text);
		if (err_is(e, ERR_LIMIT)) {
			err_ignore(e);
			continue;
		}
		TRY(e);
		if (has_word(text, buf_str(&as)))
			*found = w.text;
	}
	return NULL;
}

/* ---- judging ---- */

static bool
is_plain(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x7f || ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t'))
			return false;
	return true;
}

static void
tell_hidden(struct inspect *in, const char *file, int64_t line, int32_t c)
{
	/* Recordings of terminals and the like, for a test to read. */
	bool recorded = c < ' ' && testlang_in_test_dir(file) && !lang_is_code(lang_of(file));

	inspect_find(in, recorded ? FINDING_NOTE : FINDING_FLAGGED, is_bidi(c) ? "bidi" : "invisible", file, line,
	    is_bidi(c) ? "U+%04X turns the order in which this line is read" :
	    "U+%04X, which nobody sees", (unsigned)c);
}

static struct err *
judge_line(struct inspect *in, const struct change_file *f, const struct change_line *l, bool code,
    size_t *shown)
{
	struct str word = {0};
	int32_t c;

	if (is_plain(l->text) || *shown >= SHOWN_PER_FILE)
		return NULL;
	c = hidden_in(l->text, l->line == 1, code);
	if (c >= 0)
		tell_hidden(in, f->path, l->line, c);
	else if (code)
		TRY(alike_in(in, f, l->text, &word));
	if (word.n != 0)
		inspect_find(in, FINDING_FLAGGED, "confusable", f->path, l->line,
		    "'%.*s' has letters of another script that look like Latin ones",
		    STR_ARG(text_cut(word, 80)));
	*shown += c >= 0 || word.n != 0;
	return NULL;
}

static void
judge_name(struct inspect *in, const struct change_file *f)
{
	struct str rest = str_of(f->path);
	int32_t c;

	if (strcmp(f->from, f->path) == 0 || f->status == 'D')
		return;
	while (rest.n != 0) {
		c = utf8_next(&rest);
		if (c >= 0 && text_hidden(c) && c != 0x200d && c != 0x200c) {
			tell_hidden(in, f->path, 0, c);
			return;
		}
	}
}

static struct err *
judge_file(struct inspect *in, const struct change_file *f)
{
	const struct lang *lang = lang_of(f->path);
	bool code = lang != NULL && (lang->kind == LANG_CODE || lang->kind == LANG_CONFIG);
	size_t i, shown = 0;

	judge_name(in, f);
	if (f->status == 'D' || !(change_is_file(f->new_mode) || f->new_mode == MODE_LINK))
		return NULL;
	if (f->large)
		inspect_find(in, code ? FINDING_FLAGGED : FINDING_NOTE, "unjudged", f->path, 0,
		    "too large to be looked into");
	else if (f->binary && code)
		inspect_find(in, lang_is_code(lang) || !testlang_in_test_dir(f->path) ? FINDING_FLAGGED : FINDING_NOTE, "unjudged", f->path, 0,
		    "holds NUL bytes, so no gate looks into it");
	for (i = 0; i < f->added.n; i++)
		if (!f->added.v[i].moved)
			TRY(judge_line(in, f, &f->added.v[i], code, &shown));
	return NULL;
}

struct err *
unicode_judge(struct inspect *in)
{
	size_t i;

	for (i = 0; i < change_count(in->change) && defence_on(DEFENCE_HIDDEN); i++)
		if (inspect_sees(in, change_at(in->change, i)->path))
			TRY(judge_file(in, change_at(in->change, i)));
	return NULL;
}

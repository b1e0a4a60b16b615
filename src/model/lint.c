#include "model/lint.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/lint_words.h"
#include "model/task.h"

#define WORDS_FEW 12		/* a text of fewer says too little */
#define CODE_LINES 6		/* a block of this many lines is code to copy */
#define HOW_LEAST 4		/* dictating lines that are no accident */
#define HOW_SHARE 40		/* of a hundred lines of prose */

const char *
grain_word(enum grain grain)
{
	static const char *const words[] = {
		"vague", "moderate", "well-specified", "over-specified",
	};

	return words[grain];
}

/* One reading of a text, line by line. */
struct reading {
	struct lint *lint;
	unsigned signals;
	size_t words;
	size_t prose;		/* lines that say something, code left out */
	size_t vague;
	int64_t first_how;	/* line, 0 for none */
	bool fence;		/* inside of a fenced block */
	bool sample;		/* the block shows input or output */
	int64_t fence_line;
	size_t fence_lines;
	bool announced;		/* the line before speaks of an example */
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The phrase in the line, at word boundaries where it has letters itself. */
static bool
has_phrase(struct str line, const char *phrase)
{
	struct str p = str_of(phrase), rest = line;
	bool open = str_ends(p, "*");
	ptrdiff_t at;

	if (open)
		p.n--;
	while ((at = str_find(rest, p)) >= 0) {
		const char *start = rest.p + at, *end = start + p.n;
		bool head = start == line.p || !is_word(*p.p) || !is_word(start[-1]);
		bool tail = open || end == line.p + line.n || !is_word(p.p[p.n - 1]) || !is_word(*end);

		if (head && tail)
			return true;
		rest = str_skip(rest, (size_t)at + 1);
	}
	return false;
}

static bool
has_any(struct str line, const char *const phrases[])
{
	for (; *phrases != NULL; phrases++)
		if (has_phrase(line, *phrases))
			return true;
	return false;
}

static void
finding(struct lint *l, int64_t line, const char *what, const char *add)
{
	struct lint_finding f = {line, mem_strdup(what), mem_strdup(add)};

	vec_push(&l->findings, f);
}

/* Without "- ", "1. ", "- [ ] ", "> " and the like. */
static struct str
item_text(struct str line)
{
	size_t n = 0;

	line = str_trim(line);
	while (line.n > 1 && strchr("-*+>", line.p[0]) != NULL && line.p[1] == ' ')
		line = str_trim(str_skip(line, 1));
	if (str_starts(line, "[ ]") || str_starts(line, "[x]"))
		line = str_trim(str_skip(line, 3));
	while (n < line.n && isdigit((unsigned char)line.p[n]))
		n++;
	if (n > 0 && n + 1 < line.n && strchr(".)", line.p[n]) != NULL && line.p[n + 1] == ' ')
		line = str_trim(str_skip(line, n + 1));
	return line;
}

static bool
dictates(struct str line)
{
	struct str item = item_text(line), rest = item, verb;
	size_t i;

	if (has_any(line, lint_how_phrases))
		return true;
	if (!str_next(&rest, ' ', &verb))
		return false;
	for (i = 0; lint_how_verbs[i] != NULL; i++)
		if (str_is(verb, lint_how_verbs[i]))
			return has_any(line, lint_how_nouns) || str_find(item, STR("()")) >= 0;
	return false;
}

static size_t
words_in(struct str line)
{
	struct str word;
	size_t n = 0;

	while (str_next(&line, ' ', &word))
		n += word.n > 0 && is_word(word.p[0] == '`' && word.n > 1 ? word.p[1] : word.p[0]);
	return n;
}

static void
vague_words(struct reading *r, struct str line, int64_t number)
{
	const struct lint_vague *v;

	for (v = lint_vague; v->text != NULL; v++) {
		AUTO(buf_free) struct buf what = BUF_INIT(BUF_TEXT);
		struct str text = str_of(v->text);

		if (!has_phrase(line, v->text))
			continue;
		if (str_ends(text, "*"))
			text.n--;
		buf_addf(&what, "'%.*s' can mean anything", STR_ARG(text));
		finding(r->lint, number, buf_cstr(&what), v->add);
		r->vague++;
	}
}

/* Numbers with what they count, quoted values, flags and paths. */
static unsigned
signs(struct str line)
{
	unsigned found = 0;
	size_t i;

	for (i = 0; i + 1 < line.n; i++) {
		char c = line.p[i], next = line.p[i + 1];

		if ((c == '`' && next != '`') || (c == '"' && is_word(next)) ||
		    (c == '-' && next == '-' && i + 2 < line.n && isalpha((unsigned char)line.p[i + 2])))
			found |= SIGNAL_IO;
		if (isdigit((unsigned char)c) && (next == '%' || (next == ' ' &&
		    (has_phrase(line, "ms") || has_phrase(line, "seconds") || has_phrase(line, "mib") ||
		    has_phrase(line, "bytes") || has_phrase(line, "times")))))
			found |= SIGNAL_CONSTRAINT;
	}
	return found;
}

static void
prose_line(struct reading *r, struct str line, int64_t number)
{
	const struct lint_phrase *p;

	if (str_trim(line).n == 0)
		return;
	for (p = lint_phrases; p->text != NULL; p++)
		if ((r->signals & p->signals) != p->signals && has_phrase(line, p->text))
			r->signals |= p->signals;
	r->signals |= signs(line);
	r->words += words_in(line);
	r->prose++;
	r->announced = has_phrase(line, "example*") || has_phrase(line, "input*") ||
	    has_phrase(line, "output*") || has_phrase(line, "expected") ||
	    has_phrase(line, "print*") || has_phrase(line, "reproduce") || has_phrase(line, "run");
	if (number > 0)
		vague_words(r, line, number);
	if (number > 0 && dictates(line)) {
		r->lint->steps++;
		if (r->first_how == 0)
			r->first_how = number;
	}
}

/* A block that shows code rather than data or a session. */
static bool
is_sample(struct str info, bool announced)
{
	static const char *const data[] = {"console", "sh", "shell", "bash", "text", "txt",
		"json", "yaml", "yml", "csv", "xml", "http", "toml", "ini", "output"};
	size_t i;

	for (i = 0; i < NITEMS(data); i++)
		if (str_is(info, data[i]))
			return true;
	return info.n == 0 || announced;
}

static void
fence_line(struct reading *r, struct str line, int64_t number)
{
	if (!r->fence) {
		r->fence = true;
		r->sample = is_sample(str_trim(str_skip(str_trim(line), 3)), r->announced);
		r->fence_line = number;
		r->fence_lines = 0;
		return;
	}
	r->fence = false;
	if (r->sample)
		r->signals |= SIGNAL_IO;
	else if (r->fence_lines >= CODE_LINES) {
		r->lint->steps += (int64_t)(r->fence_lines / 2);
		r->prose += r->fence_lines / 2;
		finding(r->lint, r->fence_line, "code to copy dictates how",
		    "say what it must do, and leave how to the one who does it");
	}
}

static void
read_text(struct reading *r, struct str text)
{
	struct str line;
	int64_t number = 0;

	while (str_line(&text, &line)) {
		number++;
		if (str_starts(str_trim(line), "```") || str_starts(str_trim(line), "~~~"))
			fence_line(r, line, number);
		else if (r->fence)
			r->fence_lines++;
		else
			prose_line(r, line, number);
	}
}

static void
lower(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++)
		buf_addc(out, (char)tolower((unsigned char)*text));
}

static int64_t
last_line(struct str text)
{
	struct str line;
	int64_t n = 0;

	while (str_line(&text, &line))
		n++;
	return n == 0 ? 1 : n;
}

static void
missing(struct lint *l, int64_t last)
{
	if (!l->behaviour)
		finding(l, last, "nothing says what can be observed when it is done",
		    "describe what the program does: \"when ..., it must ...\"");
	if (!l->io)
		finding(l, last, "no input, output or example",
		    "give an input and the output that belongs to it");
	if (!l->constraints)
		finding(l, last, "nothing says what must stay as it is, or what limits it",
		    "name what must not change, and any limits");
	if (!l->verify)
		finding(l, last, "nothing says how to verify it",
		    "name a command to run or a test that must pass");
}

static enum grain
judge(const struct reading *r)
{
	const struct lint *l = r->lint;
	int stated = l->behaviour + l->io + l->constraints + l->verify;

	if (l->steps >= HOW_LEAST && (size_t)l->steps * 100 >= r->prose * HOW_SHARE)
		return GRAIN_OVER;
	if (r->words < WORDS_FEW || stated < 2 || !l->behaviour)
		return GRAIN_VAGUE;
	if (r->vague >= 3 && stated < 4)
		return GRAIN_VAGUE;
	if (stated < 3 || !l->verify || r->vague >= 2)
		return GRAIN_MODERATE;
	return GRAIN_WELL;
}

static int
by_line(const void *a, const void *b)
{
	const struct lint_finding *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

void
lint_task(const struct task *t, struct lint *out)
{
	AUTO(buf_free) struct buf title = BUF_INIT(BUF_TEXT), body = BUF_INIT(BUF_TEXT);
	struct lint l = {.grain = GRAIN_VAGUE};
	struct reading r = {.lint = &l};

	lower(t->title, &title);
	lower(t->body, &body);
	if (!t->heading)
		prose_line(&r, buf_str(&title), 0);
	read_text(&r, buf_str(&body));
	l.behaviour = (r.signals & SIGNAL_BEHAVIOUR) != 0;
	l.io = (r.signals & SIGNAL_IO) != 0;
	l.constraints = (r.signals & SIGNAL_CONSTRAINT) != 0;
	l.verify = (r.signals & SIGNAL_VERIFY) != 0;
	l.grain = judge(&r);
	if (l.grain == GRAIN_OVER)
		finding(&l, r.first_how == 0 ? 1 : r.first_how, "the text tells how instead of what and why",
		    "say what must be observed, and leave the steps out");
	if (r.words < WORDS_FEW)
		finding(&l, 1, "too short to tell when it is done", "say what, why, and how to verify it");
	missing(&l, last_line(buf_str(&body)));
	vec_sort(&l.findings, by_line);
	*out = l;
}

void
lint_free(struct lint *l)
{
	size_t i;

	for (i = 0; i < l->findings.n; i++) {
		free(l->findings.v[i].what);
		free(l->findings.v[i].add);
	}
	vec_free(&l->findings);
}

#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "base/regex.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/rule.h"
#include "gate/builtin/source.h"

static const struct rule table[] = {
#define RULE(name, langs, view, kind, pattern, text) {name, langs, view, kind, pattern, text, NULL},
#include "gate/builtin/truncation.tbl.h"
#undef RULE
};

static bool
decide(void *arg, const struct rule *rule, const struct source *s, struct str match, enum finding_kind *kind)
{
	(void)arg;
	(void)rule;
	(void)match;
	/* Tests of tools that handle such things have them. */
	if (s->test)
		*kind = *kind == FINDING_BLOCKS && lang_is_code(s->lang) ? FINDING_FLAGGED : FINDING_NOTE;
	return true;
}

/* ---- a block that begins and has nothing in it, over lines ---- */

/* Which languages have it, and how the error, or the work, comes to nothing. */
static const struct block {
	const char *langs;
	enum source_view view;
	const char *pattern, *rule, *text;
} empty_blocks[] = {
	{"javascript java csharp php swift dart c", VIEW_CODE, "\\bcatch\\b\\s*(?:\\([^()]{0,200}(?:\\([^()]{0,80}\\)[^()]{0,80})?\\)\\s*)?\\{\\s*\\}", "swallowed", "an error vanishes here"},
	{"python", VIEW_CODE, "(?m)^[ \\t]*except(?:\\s+(?:Base)?Exception(?:\\s+as\\s+\\w+)?)?\\s*:[ \\t]*\\n[ \\t]*(?:pass|\\.\\.\\.)[ \\t]*$", "swallowed", "an error vanishes here"},
	{"ruby", VIEW_CODE, "(?m)^[ \\t]*rescue\\b[^\\n]{0,100}\\n[ \\t]*end\\b", "swallowed", "an error vanishes here"},
	{"go", VIEW_CODE, "\\bif\\s+err\\s*!=\\s*nil\\s*\\{\\s*\\}", "swallowed", "an error vanishes here"},
	{"c javascript java csharp go rust php swift dart python", VIEW_RAW,
	    "(?:TODO|FIXME|XXX)\\b[^\\n]{0,200}\\n\\s*(?:break|pass|continue|return(?:\\s+(?:None|null|nil|0|false|False|\\{\\}|\\[\\]))?)\\s*;?[ \\t]*(?=\\n|$)",
	    "stub", "says what is to be done, and does nothing"},
};

/* Its line, and the one behind it, and those of the block. */
static bool
is_new(const struct change_file *f, const struct source *s, const struct regex_match *m)
{
	int64_t line, last = source_line_at(s, m->end);

	for (line = source_line_at(s, m->start); line <= last; line++)
		if (change_has_added(f, line))
			return true;
	return false;
}


static struct err *
find_empty(struct inspect *in, const struct change_file *f, const struct source *s, const struct block *b)
{
	AUTO(regex_free_p) struct regex *re = NULL;
	struct str code = s->view[b->view];
	struct regex_match m;
	size_t from = 0;
	bool found;
	struct err *e;

	TRY(regex_new(str_of(b->pattern), REGEX_BRIEF, &re));
	while (from <= code.n) {
		e = regex_find(re, code, from, &found, &m);
		if (err_is(e, ERR_LIMIT)) {
			err_ignore(e);
			inspect_find(in, FINDING_FLAGGED, "unjudged", f->path, 0, "too intricate to be judged");
			return NULL;
		}
		TRY(e);
		if (!found)
			break;
		from = m.end > m.start ? m.end : m.end + 1;
		if (is_new(f, s, &m) && !inspect_has(in, b->rule, f->path, source_line_at(s, m.start)))
			inspect_find(in, s->test ? FINDING_NOTE : FINDING_FLAGGED, b->rule, f->path,
			    source_line_at(s, m.start), "%s", b->text);
	}
	return NULL;
}

/* ---- a file that ends in the middle ---- */

static bool
is_whole(const struct source *s)
{
	return !s->open_text && s->open_brackets == 0;
}

static struct str
last_line(const struct source *s, enum source_view view)
{
	int64_t line;

	for (line = (int64_t)s->lines; line > 0; line--) {
		struct str l = str_trim(source_line(s, view, line));

		if (l.n != 0)
			return l;
	}
	return (struct str){0};
}

/* Python: a block that is announced and does not come. */
static bool
awaits_more(const struct source *s)
{
	struct str last = last_line(s, VIEW_CODE);

	return (lang_is(s->lang, "python") && str_ends(last, ":")) ||
	    (lang_is_code(s->lang) && !lang_is(s->lang, "shell ruby lua sql perl r elixir css") &&
	    (str_ends(last, ",") || str_ends(last, "&&") || str_ends(last, "||") || str_ends(last, " =")));
}

static struct err *
judge_end(struct inspect *in, const struct change_file *f, const struct source *s)
{
	AUTO(source_free) struct source base = {0};
	bool had, cut, balanced = lang_is(s->lang,
	    "c python javascript go rust java csharp php swift dart json css");

	cut = awaits_more(s) || (balanced && (s->open_text || s->open_brackets > 0));
	if (!cut)
		return NULL;
	TRY(source_open(in->change, f, true, &base, &had));
	/* Where the base looks the same, it is this reading that is wrong. */
	if (had && (awaits_more(s) ? awaits_more(&base) : !is_whole(&base)))
		return NULL;
	inspect_find(in, s->test ? FINDING_FLAGGED : had || !str_ends(s->view[VIEW_RAW], "\n") ? FINDING_BLOCKS :
	    FINDING_FLAGGED, "cut", f->path, (int64_t)s->lines,
	    awaits_more(s) ? "ends where something must follow" :
	    s->open_text ? "ends within a text or a comment" : "ends with brackets that are not closed");
	return NULL;
}

/* ---- judging ---- */

static struct err *
judge_file(struct inspect *in, const struct change_file *f)
{
	AUTO(source_free) struct source s = {0};
	const struct lang *l = lang_of(f->path);
	bool found;
	size_t i;

	if (f->added.n + f->deleted.n == 0 || (!lang_is_code(l) && !lang_is(l, "json")))
		return NULL;
	TRY(source_open(in->change, f, false, &s, &found));
	if (!found)
		return NULL;
	TRY(judge_end(in, f, &s));
	for (i = 0; i < NITEMS(empty_blocks); i++)
		if (lang_is(l, empty_blocks[i].langs))
			TRY(find_empty(in, f, &s, &empty_blocks[i]));
	return NULL;
}

struct err *
truncation_judge(struct inspect *in)
{
	static struct regex *kept[NITEMS(table)];
	AUTO(rules_free) struct rules r = {.v = table, .n = NITEMS(table), .kept = kept, .decide = decide};
	size_t i;

	TRY(rules_judge(in, &r));
	for (i = 0; i < change_count(in->change); i++)
		if (inspect_sees(in, change_at(in->change, i)->path))
			TRY(judge_file(in, change_at(in->change, i)));
	return NULL;
}

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/room.h"
#include "gate/run/exec.h"

#define WORDS_MAX 20000
#define WORD_MAX 40
#define LINE_BYTES ((size_t)16 * KIB)	/* looked at of a line */
#define INPUT_MAX ((size_t)WORDS_MAX * (WORD_MAX + 2))

/* One word of the added prose, where it stands first. */
struct word {
	const char *text;
	const struct change_file *file;
	int64_t line;
};

struct words {
	struct arena mem;
	VEC_FIELDS(struct word);
	struct map at;		/* text -> index + 1 */
};

static void
words_free(struct words *ws)
{
	vec_free(ws);
	map_free(&ws->at, NULL);
	arena_free(&ws->mem);
}

/* ---- what is prose ---- */

/* Code between backquotes, and where links lead, become blanks. */
static void
prose_of(struct str line, struct buf *out)
{
	bool code = false, link = false;
	size_t i;

	for (i = 0; i < line.n; i++) {
		char c = line.p[i];

		if (c == '`')
			code = !code;
		else if (!code && c == '(' && i > 0 && line.p[i - 1] == ']')
			link = true;
		buf_addc(out, code || link || c == '`' ? ' ' : c);
		link = link && c != ')';
	}
}

static bool
is_letter(char c)
{
	return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Letters as people write words: no NAMES, no camelCase; an apostrophe within. */
static bool
is_word(struct str s)
{
	size_t i, upper = 0;

	if (s.n < 3 || s.n > WORD_MAX)
		return false;
	for (i = 0; i < s.n; i++) {
		if (!is_letter(s.p[i]) && s.p[i] != '\'')
			return false;
		upper += i > 0 && isupper((unsigned char)s.p[i]);
	}
	return upper == 0;
}

static void
take_word(struct words *ws, const struct change_file *f, int64_t line, struct str s)
{
	AUTO(mem_free_p) char *key = NULL;
	struct word w = {.file = f, .line = line};

	if (!is_word(s) || ws->n >= WORDS_MAX)
		return;
	key = str_dup(s);
	if (map_get(&ws->at, key) != NULL)
		return;
	w.text = arena_str(&ws->mem, s);
	vec_push(ws, w);
	map_set(&ws->at, key, (void *)(uintptr_t)ws->n);
}

static bool
is_edge(char c)
{
	return strchr(".,;:!?()[]{}\"'*_~|#>", c) != NULL;
}

/* What holds a sign that no word has is a name, a path, an address or a number. */
static void
take_token(struct words *ws, const struct change_file *f, int64_t line, struct str s)
{
	struct str part;

	while (s.n > 0 && is_edge(s.p[0]))
		s = str_skip(s, 1);
	while (s.n > 0 && is_edge(s.p[s.n - 1]))
		s.n--;
	if (str_ends(s, "'s"))
		s.n -= 2;
	for (part = s; part.n > 0; part = str_skip(part, 1))
		if (!is_letter(part.p[0]) && part.p[0] != '\'' && part.p[0] != '-')
			return;
	while (str_next(&s, '-', &part))
		take_word(ws, f, line, part);
}

static void
take_line(struct words *ws, const struct change_file *f, int64_t line, struct str text)
{
	AUTO(buf_free) struct buf prose = BUF_INIT(LINE_BYTES);
	struct str rest, token;
	size_t n;

	prose_of(str_take(text, LINE_BYTES), &prose);
	for (rest = str_trim(buf_str(&prose)); rest.n > 0; rest = str_trim(str_skip(rest, n))) {
		for (n = 0; n < rest.n && !isspace((unsigned char)rest.p[n]); n++)
			;
		token = str_take(rest, n);
		take_token(ws, f, line, token);
	}
}

/* Fences and indented blocks show code. */
static void
take_file(struct words *ws, const struct change_file *f, struct str text)
{
	bool fence = false;
	int64_t n = 0;
	struct str line;

	while (str_line(&text, &line)) {
		n++;
		if (str_starts(str_trim(line), "```") || str_starts(str_trim(line), "~~~"))
			fence = !fence;
		else if (!fence && !str_starts(line, "    ") && !str_starts(line, "\t") && change_has_added(f, n))
			take_line(ws, f, n, line);
	}
}

static struct err *
take_all(const struct inspect *in, struct words *ws)
{
	struct str text;
	size_t i;

	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		if (f->added.n == 0 || !inspect_sees(in, f->path) || !lang_is(lang_of(f->path), "prose"))
			continue;
		TRY(change_text(in->change, f->path, false, &text));
		take_file(ws, f, text);
	}
	return NULL;
}

/* ---- asking ---- */

/* As ispell has spoken since 1971: a word a line behind '^', and "& word n at: others" for an answer. */
static struct err *
ask(const struct inspect *in, const struct words *ws, struct outcome *out)
{
	AUTO(buf_free) struct buf input = BUF_INIT(INPUT_MAX);
	AUTO(strs_free) struct strs env = {0};
	struct gates *g = in->s->gates;
	struct exec_spec spec = {.gate = in->set, .env = &env, .report = EXEC_REPORT_NONE,
	    .command = "hunspell -a -i utf-8 -d \"$SPELLING\"", .tree = &g->base_tree, .quiet = true};
	size_t i;

	for (i = 0; i < ws->n; i++)
		buf_addf(&input, "^%s\n", ws->v[i].text);
	TRY(buf_check(&input, "the words"));
	strs_addf(&env, "SPELLING=%s", in->set->language);
	spec.input = buf_str(&input);
	return exec_run(g, &spec, out);
}

/* A word that the file had before is the project's. */
static struct err *
was_there(const struct inspect *in, const struct word *w, bool *yes)
{
	struct str text;

	*yes = false;
	if (w->file->from[0] == '\0')
		return NULL;
	TRY(change_text(in->change, w->file->from, true, &text));
	*yes = str_find(text, str_of(w->text)) >= 0;
	return NULL;
}

static bool
is_excepted(const struct conf_gate *gate, const char *word)
{
	size_t i;

	for (i = 0; i < gate->except.n; i++)
		if (strcasecmp(gate->except.v[i], word) == 0)
			return true;
	return false;
}

static struct err *
judge_answer(struct inspect *in, const struct words *ws, struct str line)
{
	struct str rest = str_skip(line, 2), word, first = {0};
	AUTO(mem_free_p) char *key = NULL;
	const struct word *w;
	size_t at;
	bool yes;

	if (!str_next(&rest, ' ', &word))
		return NULL;
	key = str_dup(word);
	at = (size_t)(uintptr_t)map_get(&ws->at, key);
	if (at == 0 || is_excepted(in->set, key))
		return NULL;
	w = &ws->v[at - 1];
	TRY(was_there(in, w, &yes));
	if (yes)
		return NULL;
	if (str_starts(line, "&") && str_find(rest, STR(": ")) >= 0) {
		rest = str_skip(rest, (size_t)str_find(rest, STR(": ")) + 2);
		str_next(&rest, ',', &first);
	}
	inspect_find(in, FINDING_BLOCKS, "word", w->file->path, w->line, first.n > 0 ? "'%s' is no word: '%.*s'?" :
	    "'%s' is no word", w->text, STR_ARG(first));
	return NULL;
}

struct err *
spelling_judge(struct inspect *in)
{
	AUTO(words_free) struct words ws = {0};
	AUTO(outcome_free) struct outcome o = {0};
	struct str rest, line;

	/* It flags nothing, so where only that is asked (and no sandbox is there) it has no say. */
	if (in->set == NULL || in->s->gates->o.policy == NULL)
		return NULL;
	TRY(take_all(in, &ws));
	if (ws.n == 0)
		return NULL;
	TRY(ask(in, &ws, &o));
	if (o.kind != OUTCOME_PASSED) {
		inspect_find(in, FINDING_BLOCKS, "speller", "", 0,
		    "no answer from 'hunspell -d %s': install it with that dictionary", in->set->language);
		return NULL;
	}
	for (rest = str_of(o.output); str_line(&rest, &line);)
		if (str_starts(line, "& ") || str_starts(line, "# "))
			TRY(judge_answer(in, &ws, line));
	return NULL;
}

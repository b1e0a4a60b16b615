/*
 * ws/attr.c - see ws/attr.h.
 */
#include "git/ws/attr.h"

#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/tree.h"
#include "git/ws/match.h"

#define RULES_MAX MIB

/* The attributes that we ask for. */
enum attr {
	ATTR_TEXT,
	ATTR_CRLF,
	ATTR_EOL,
	ATTR_FILTER,
	ATTR_COUNT
};

static const char *const attr_names[ATTR_COUNT] = {"text", "crlf", "eol", "filter"};

enum value {
	VALUE_NONE,	/* this rule says nothing */
	VALUE_UNSPEC,	/* "!text" */
	VALUE_SET,
	VALUE_UNSET,
	VALUE_AUTO,
	VALUE_INPUT,
	VALUE_LF,
	VALUE_CRLF,
	VALUE_LFS,
	VALUE_OTHER
};

struct values {
	enum value v[ATTR_COUNT];
};

struct rule {
	struct ws_pattern pattern;
	struct values values;
};

/* One folder's .gitattributes or .gitignore. */
struct rules {
	struct buf text;	/* the patterns point into it */
	VEC_FIELDS(struct rule);
};

struct ws_attr {
	struct repo *repo;
	struct oid tree;
	struct map attributes, ignores;	/* folder -> struct rules */
	struct map macros;		/* name -> struct values */
};

static void
rules_free(void *p)
{
	struct rules *rs = p;

	buf_free(&rs->text);
	vec_free(rs);
	free(rs);
}

struct ws_attr *
ws_attr_new(struct repo *r, const struct oid *tree)
{
	struct ws_attr *a = mem_alloc(sizeof(*a));
	struct values *binary = mem_alloc(sizeof(*binary));

	a->repo = r;
	a->tree = *tree;
	binary->v[ATTR_TEXT] = VALUE_UNSET;
	map_set(&a->macros, "binary", binary);
	return a;
}

void
ws_attr_free(struct ws_attr *a)
{
	if (a == NULL)
		return;
	map_free(&a->attributes, rules_free);
	map_free(&a->ignores, rules_free);
	map_free(&a->macros, free);
	free(a);
}

/* ---- reading ---- */

static void
overlay_values(struct values *to, const struct values *from)
{
	for (size_t i = 0; i < ATTR_COUNT; i++)
		if (from->v[i] != VALUE_NONE)
			to->v[i] = from->v[i];
}

static enum value
value_of(struct str text)
{
	static const struct {
		const char *word;
		enum value value;
	} words[] = {
		{"auto", VALUE_AUTO}, {"input", VALUE_INPUT}, {"lf", VALUE_LF},
		{"crlf", VALUE_CRLF}, {"lfs", VALUE_LFS},
	};

	for (size_t i = 0; i < NITEMS(words); i++)
		if (str_is(text, words[i].word))
			return words[i].value;
	return VALUE_OTHER;
}

/* One word: "text", "-text", "!text", "eol=crlf", or a macro's name. */
static void
add_word(struct ws_attr *a, struct values *to, struct str word)
{
	enum value value = VALUE_SET;
	ptrdiff_t eq;
	struct values *macro;

	if (word.p[0] == '-' || word.p[0] == '!') {
		value = word.p[0] == '-' ? VALUE_UNSET : VALUE_UNSPEC;
		word = str_skip(word, 1);
	}
	eq = str_chr(word, '=');
	if (eq >= 0 && value == VALUE_SET) {
		value = value_of(str_skip(word, (size_t)eq + 1));
		word = str_take(word, (size_t)eq);
	}
	macro = map_get_str(&a->macros, word);
	if (macro != NULL && value == VALUE_SET)
		overlay_values(to, macro);
	for (size_t i = 0; i < ATTR_COUNT; i++)
		if (str_is(word, attr_names[i]))
			to->v[i] = value;
}

static bool
next_word(struct str *rest, struct str *word)
{
	size_t n = 0;

	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t' || rest->p[0] == '\r'))
		*rest = str_skip(*rest, 1);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != '\r')
		n++;
	*word = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return n > 0;
}

/* A pattern in double quotes, as C writes strings; undone in place. */
static bool
quoted(struct str *rest, struct str *word)
{
	char *p = (char *)(uintptr_t)rest->p;
	size_t from = 1, to = 0;

	while (from < rest->n && p[from] != '"') {
		if (p[from] == '\\' && from + 1 < rest->n)
			from++;
		p[to++] = p[from++];
	}
	if (from >= rest->n)
		return false;
	*word = str_mk(p, to);
	*rest = str_skip(*rest, from + 1);
	return true;
}

static void
attribute_line(struct ws_attr *a, struct rules *rs, struct str line, bool top)
{
	struct rule rule = {0};
	struct str word;

	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return;
	if (line.p[0] == '"' ? !quoted(&line, &word) : !next_word(&line, &word))
		return;
	if (str_starts(word, "[attr]")) {
		struct values *macro = mem_alloc(sizeof(*macro));
		struct str name = str_skip(word, 6);

		while (next_word(&line, &word))
			add_word(a, macro, word);
		free(top ? map_set_str(&a->macros, name, macro) : macro);
		return;
	}
	if (!ws_pattern_parse(word, &rule.pattern) || rule.pattern.negated)
		return;
	while (next_word(&line, &word))
		add_word(a, &rule.values, word);
	vec_push(rs, rule);
}

static void
ignore_line(struct rules *rs, struct str line)
{
	struct rule rule = {0};

	if (ws_pattern_parse(line, &rule.pattern))
		vec_push(rs, rule);
}

/* The rules of one folder ("" or "a/b"), read at the first question. */
static struct err *
rules_of(struct ws_attr *a, struct str folder, bool attributes, struct rules **out)
{
	struct map *m = attributes ? &a->attributes : &a->ignores;
	AUTO(mem_free_p) char *path = NULL;
	struct rules *rs = map_get_str(m, folder);
	struct tree_entry e;
	struct str text, line;
	struct err *err;

	*out = rs;
	if (rs != NULL)
		return NULL;
	path = mem_printf("%.*s%s%s", STR_ARG(folder), folder.n > 0 ? "/" : "",
	    attributes ? ".gitattributes" : ".gitignore");
	TRY(tree_find(a->repo, &a->tree, path, &e));
	rs = mem_alloc(sizeof(*rs));
	buf_init(&rs->text, RULES_MAX);
	err = e.mode == MODE_FILE || e.mode == MODE_EXEC ?
	    blob_read(a->repo, &e.oid, &rs->text) : NULL;
	if (err != NULL) {
		rules_free(rs);
		return err_wrap(err, "'%s'", path);
	}
	text = buf_str(&rs->text);
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_skip(text, 3);
	while (str_line(&text, &line)) {
		if (attributes)
			attribute_line(a, rs, line, folder.n == 0);
		else
			ignore_line(rs, line);
	}
	map_set_str(m, folder, rs);
	*out = rs;
	return NULL;
}

/* ---- asking ---- */

static enum ws_eol
eol_of(const struct values *v)
{
	enum value text = v->v[ATTR_TEXT], eol = v->v[ATTR_EOL];
	bool crlf = eol == VALUE_CRLF;

	if (text != VALUE_SET && text != VALUE_UNSET && text != VALUE_AUTO && text != VALUE_INPUT)
		text = v->v[ATTR_CRLF];
	if (text == VALUE_UNSET)
		return EOL_ASIS;
	if (text == VALUE_AUTO)
		return crlf ? EOL_AUTO_CRLF : EOL_AUTO;
	if (text == VALUE_SET || text == VALUE_INPUT || crlf || eol == VALUE_LF)
		return crlf && text != VALUE_INPUT ? EOL_TEXT_CRLF : EOL_TEXT;
	return EOL_ASIS;
}

/* Folders from the root down to the path's own; ends behind that. */
static bool
next_folder(const char *path, size_t *at, struct str *folder, struct str *below)
{
	const char *slash;

	if (*at == SIZE_MAX)
		return false;
	*folder = str_mk(path, *at > 0 ? *at - 1 : 0);
	*below = str_of(path + *at);
	slash = strchr(path + *at, '/');
	*at = slash != NULL ? (size_t)(slash - path) + 1 : SIZE_MAX;
	return true;
}

struct err *
ws_attr_conv(struct ws_attr *a, const char *path, struct ws_conv *out)
{
	struct values v = {{VALUE_NONE}};
	struct str folder, below;
	struct rules *rs;
	size_t at = 0;

	if (oid_is_zero(&a->tree)) {
		*out = (struct ws_conv){.eol = EOL_ASIS};
		return NULL;
	}
	while (next_folder(path, &at, &folder, &below)) {
		TRY(rules_of(a, folder, true, &rs));
		for (size_t i = 0; i < rs->n; i++)
			if (ws_pattern_match(&rs->v[i].pattern, below, false))
				overlay_values(&v, &rs->v[i].values);
	}
	out->eol = eol_of(&v);
	out->lfs = v.v[ATTR_FILTER] == VALUE_LFS;
	return NULL;
}

struct err *
ws_attr_ignored(struct ws_attr *a, const char *path, bool is_dir, bool *out)
{
	bool ignored = false;
	struct str folder, below;
	struct rules *rs;
	size_t at = 0;

	while (!oid_is_zero(&a->tree) && next_folder(path, &at, &folder, &below)) {
		TRY(rules_of(a, folder, false, &rs));
		for (size_t i = 0; i < rs->n; i++)
			if (ws_pattern_match(&rs->v[i].pattern, below, is_dir))
				ignored = !rs->v[i].pattern.negated;
	}
	*out = ignored;
	return NULL;
}

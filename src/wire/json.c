#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "wire/json.h"

/* cJSON copies a number into 64 bytes; a longer one would be cut. */
#define NUMBER_MAX 63

/* Pairs of keys are compared one by one up to here, through a map above. */
#define SMALL_MAP 12

/* What the strict pass learned about one value, in document order. */
struct spot {
	size_t start;
	size_t end;
	size_t key_start;
	int64_t integer;
	unsigned line;
	unsigned column;
	unsigned key_line;
	unsigned key_column;
	bool is_int;
};

struct scan {
	const char *file;
	const char *begin;
	const char *p;
	const char *end;
	unsigned line;
	unsigned column;
	unsigned depth;
	VEC(struct spot) spots;
};

static struct err *scan_value(struct scan *s, struct spot spot) MUST_USE;

static struct err *PRINTF(2, 3)
scan_err(const struct scan *s, const char *fmt, ...)
{
	struct err *e;
	va_list ap;

	va_start(ap, fmt);
	e = err_newv(ERR_SYNTAX, fmt, ap);
	va_end(ap);
	return err_wrap(e, "%s:%u:%u", s->file, s->line, s->column);
}

static bool
scan_is(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static bool
scan_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* Over one byte that is no newline; a character counts by its first byte. */
static void
scan_step(struct scan *s)
{
	if (((unsigned char)*s->p & 0xc0) != 0x80)
		s->column++;
	s->p++;
}

static void
scan_space(struct scan *s)
{
	for (; s->p < s->end; s->p++) {
		if (*s->p == '\n') {
			s->line++;
			s->column = 1;
		} else if (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')
			s->column++;
		else
			break;
	}
}

static struct err *
scan_hex4(struct scan *s, uint32_t *out)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++) {
		char c = s->p < s->end ? *s->p : '\0';

		if (c >= '0' && c <= '9')
			v = v * 16 + (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return scan_err(s, "'\\u' needs four hexadecimal digits");
		scan_step(s);
	}
	*out = v;
	return NULL;
}

static struct err *
scan_unicode(struct scan *s)
{
	uint32_t low, high;

	TRY(scan_hex4(s, &high));
	if (high == 0)
		return scan_err(s, "a string may not hold the character NUL");
	if (high < 0xd800 || high > 0xdfff)
		return NULL;
	if (high > 0xdbff || s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
		return scan_err(s, "a surrogate without its other half");
	s->p += 2;
	s->column += 2;
	TRY(scan_hex4(s, &low));
	if (low < 0xdc00 || low > 0xdfff)
		return scan_err(s, "a surrogate without its other half");
	return NULL;
}

static struct err *
scan_escape(struct scan *s)
{
	scan_step(s);
	if (scan_is(s, 'u')) {
		scan_step(s);
		return scan_unicode(s);
	}
	if (s->p == s->end || *s->p == '\0' || strchr("\"\\/bfnrt", *s->p) == NULL)
		return scan_err(s, "unknown escape in a string");
	scan_step(s);
	return NULL;
}

static struct err *
scan_utf8(struct scan *s)
{
	struct str rest = {s->p, (size_t)(s->end - s->p)};

	if (utf8_next(&rest) < 0)
		return scan_err(s, "bytes that are not UTF-8");
	s->p = rest.p;
	s->column++;
	return NULL;
}

static struct err *
scan_string(struct scan *s)
{
	if (!scan_is(s, '"'))
		return scan_err(s, "expected a string");
	scan_step(s);
	while (s->p < s->end) {
		unsigned char c = (unsigned char)*s->p;

		if (c == '"') {
			scan_step(s);
			return NULL;
		}
		if (c == '\\')
			TRY(scan_escape(s));
		else if (c < 0x20)
			return scan_err(s, "a control character in a string must be escaped");
		else if (c < 0x80)
			scan_step(s);
		else
			TRY(scan_utf8(s));
	}
	return scan_err(s, "the string does not end");
}

static struct err *
scan_digits(struct scan *s)
{
	if (!scan_digit(s))
		return scan_err(s, "expected a digit");
	while (scan_digit(s))
		scan_step(s);
	return NULL;
}

static struct err *
scan_number(struct scan *s, struct spot *spot)
{
	struct scan at = *s;
	char copy[NUMBER_MAX + 1];
	size_t n;

	spot->is_int = true;
	if (scan_is(s, '-'))
		scan_step(s);
	if (scan_is(s, '0')) {
		scan_step(s);
		if (scan_digit(s))
			return scan_err(&at, "a number may not begin with 0");
	} else
		TRY(scan_digits(s));
	if (scan_is(s, '.')) {
		spot->is_int = false;
		scan_step(s);
		TRY(scan_digits(s));
	}
	if (scan_is(s, 'e') || scan_is(s, 'E')) {
		spot->is_int = false;
		scan_step(s);
		if (scan_is(s, '+') || scan_is(s, '-'))
			scan_step(s);
		TRY(scan_digits(s));
	}
	n = (size_t)(s->p - at.p);
	if (n > NUMBER_MAX)
		return scan_err(&at, "a number of more than %d characters", NUMBER_MAX);
	if (spot->is_int && !str_int(str_mk(at.p, n), INT64_MIN, INT64_MAX, &spot->integer))
		return scan_err(&at, "an integer beyond 64 bits");
	memcpy(copy, at.p, n);
	copy[n] = '\0';
	if (!isfinite(strtod(copy, NULL)))
		return scan_err(&at, "a number that is too large");
	return NULL;
}

static struct err *
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return scan_err(s, "expected a value");
	s->p += n;
	s->column += (unsigned)n;
	return NULL;
}

static struct err *
scan_member(struct scan *s)
{
	struct spot spot = {.key_start = (size_t)(s->p - s->begin),
	    .key_line = s->line, .key_column = s->column};

	if (!scan_is(s, '"'))
		return scan_err(s, "expected a key in quotes");
	TRY(scan_string(s));
	scan_space(s);
	if (!scan_is(s, ':'))
		return scan_err(s, "expected ':'");
	scan_step(s);
	scan_space(s);
	return scan_value(s, spot);
}

/* What stands between the brackets of an object or a list. */
static struct err *
scan_children(struct scan *s, char close)
{
	if (++s->depth > JSON_DEPTH && defence_on(DEFENCE_CEILINGS))
		return err_recode(scan_err(s, "nested deeper than %d levels", JSON_DEPTH), ERR_LIMIT);
	scan_step(s);
	scan_space(s);
	if (!scan_is(s, close)) {
		for (;;) {
			if (close == '}')
				TRY(scan_member(s));
			else
				TRY(scan_value(s, (struct spot){0}));
			scan_space(s);
			if (!scan_is(s, ','))
				break;
			scan_step(s);
			scan_space(s);
		}
		if (!scan_is(s, close))
			return scan_err(s, s->p == s->end ? "the text ends before its '%c'" :
			    "expected ',' or '%c'", close);
	}
	scan_step(s);
	s->depth--;
	return NULL;
}

static struct err *
scan_value(struct scan *s, struct spot spot)
{
	size_t i = s->spots.n;

	spot.start = (size_t)(s->p - s->begin);
	spot.line = s->line;
	spot.column = s->column;
	vec_push(&s->spots, spot);
	switch (s->p < s->end ? *s->p : '\0') {
	case '{':
		TRY(scan_children(s, '}'));
		break;
	case '[':
		TRY(scan_children(s, ']'));
		break;
	case '"':
		TRY(scan_string(s));
		break;
	case 't':
		TRY(scan_word(s, "true"));
		break;
	case 'f':
		TRY(scan_word(s, "false"));
		break;
	case 'n':
		TRY(scan_word(s, "null"));
		break;
	default:
		if (!scan_is(s, '-') && !scan_digit(s))
			return scan_err(s, s->p == s->end ? "the text ends where a value should be" :
			    "expected a value");
		TRY(scan_number(s, &s->spots.v[i]));
	}
	s->spots.v[i].end = (size_t)(s->p - s->begin);
	return NULL;
}

static struct err *
scan_text(struct scan *s)
{
	scan_space(s);
	TRY(scan_value(s, (struct spot){0}));
	scan_space(s);
	if (s->p < s->end)
		return scan_err(s, "something follows after the end");
	return NULL;
}

/* From cJSON's tree and the spots to nodes; both are in document order. */
struct build {
	struct arena *arena;
	const char *file;
	const char *text;
	const struct spot *spots;
	size_t i;
};

static struct err *
duplicate(const struct node *n)
{
	return node_key_err(n, "the key '%s' is there twice", n->key.p);
}

static struct err *
check_keys(const struct node *map)
{
	struct map seen = {0};
	struct err *e = NULL;
	const struct node *m, *o;

	for (m = map->child; m != NULL && e == NULL; m = m->next) {
		if (map->n > SMALL_MAP) {
			if (map_set_str(&seen, m->key, (void *)m) != NULL)
				e = duplicate(m);
			continue;
		}
		for (o = map->child; o != m; o = o->next)
			if (str_eq(o->key, m->key))
				return duplicate(m);
	}
	map_free(&seen, NULL);
	return e;
}

static struct node *
build_one(struct build *b, const cJSON *item)
{
	const struct spot *spot = &b->spots[b->i++];
	struct node *n = arena_alloc(b->arena, sizeof(*n));

	n->file = b->file;
	n->line = spot->line;
	n->column = spot->column;
	n->start = spot->start;
	n->end = spot->end;
	if (item->string != NULL) {
		n->key = str_of(arena_strdup(b->arena, item->string));
		n->key_start = spot->key_start;
		n->key_line = spot->key_line;
		n->key_column = spot->key_column;
	}
	if (cJSON_IsString(item)) {
		n->kind = NODE_STRING;
		n->text = str_of(arena_strdup(b->arena, item->valuestring));
		return n;
	}
	if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
		n->kind = cJSON_IsObject(item) ? NODE_MAP : NODE_LIST;
		return n;
	}
	n->text.n = spot->end - spot->start;
	n->text.p = arena_str(b->arena, str_mk(b->text + spot->start, n->text.n));
	if (cJSON_IsNumber(item)) {
		n->kind = spot->is_int ? NODE_INT : NODE_REAL;
		n->integer = spot->integer;
		n->real = spot->is_int ? (double)spot->integer : item->valuedouble;
	} else if (cJSON_IsBool(item)) {
		n->kind = NODE_BOOL;
		n->boolean = cJSON_IsTrue(item);
	}
	return n;
}

static struct err *
build_tree(struct build *b, const cJSON *item, struct node **out)
{
	struct node *n = build_one(b, item);
	struct node **tail = &n->child;
	const cJSON *c;

	for (c = item->child; c != NULL; c = c->next) {
		TRY(build_tree(b, c, tail));
		tail = &(*tail)->next;
		n->n++;
	}
	if (n->kind == NODE_MAP)
		TRY(check_keys(n));
	*out = n;
	return NULL;
}

static void *
get_memory(size_t n)
{
	return mem_grow(NULL, n, 1);
}

struct err *
json_parse(struct arena *a, const char *file, struct str text, struct node **out)
{
	return json_parse_line(a, file, 1, text, out);
}

struct err *
json_parse_line(struct arena *a, const char *file, unsigned line, struct str text, struct node **out)
{
	struct scan s = {.file = file, .begin = text.p, .p = text.p,
	    .end = text.n == 0 ? text.p : text.p + text.n, .line = line, .column = 1};
	struct build b = {.arena = a, .text = text.p};
	struct node *root = NULL;
	struct err *e;
	cJSON *tree;

	if (text.n > JSON_MAX && defence_on(DEFENCE_CEILINGS))
		return err_new(ERR_LIMIT, "'%s' has more than %zu MiB", file, JSON_MAX / MIB);
	e = scan_text(&s);
	if (e == NULL) {
		cJSON_InitHooks(&(cJSON_Hooks){get_memory, free});
		tree = cJSON_ParseWithLength(text.p, text.n);
		b.file = arena_strdup(a, file);
		b.spots = s.spots.v;
		if (tree == NULL)
			e = err_new(ERR_SYNTAX, "%s:%u:1: not JSON", file, line);
		else
			e = build_tree(&b, tree, &root);
		cJSON_Delete(tree);
	}
	vec_free(&s.spots);
	if (e == NULL)
		*out = root;
	return e;
}

#include "conf/key.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"

#define LINE_MAX_BYTES (64 * KIB)

struct any_vec *
place_vec(struct config *c, enum key_place place)
{
	return (struct any_vec *)(void *)((char *)c + places[place].offset);
}

void *
place_add(struct config *c, enum key_place place, struct str name)
{
	struct any_vec *v = place_vec(c, place);
	size_t size = places[place].size;
	const struct key *k;
	char *obj;

	if (v->n == v->cap) {
		v->cap = v->cap < 8 ? 8 : v->cap * 2;
		v->v = mem_grow(v->v, v->cap, size);
	}
	obj = v->v + v->n++ * size;
	memset(obj, 0, size);
	if (places[place].named)
		*(const char **)(void *)obj = arena_str(&c->mem, name);
	for (k = keys; k->name != NULL; k++)
		if (k->place == place)
			key_default(k, c, obj);
	return obj;
}

void *
key_place_find(const struct config *c, enum key_place place, struct str name)
{
	const struct any_vec *v =
	    (const struct any_vec *)(const void *)((const char *)c + places[place].offset);
	size_t i;

	for (i = 0; i < v->n; i++) {
		char *obj = v->v + i * places[place].size;

		if (str_is(name, *(const char **)(void *)obj))
			return obj;
	}
	return NULL;
}

const char *
key_tail(const struct key *k)
{
	const char *tail = k->name + strlen(places[k->place].prefix);

	return places[k->place].named ? tail + strlen("<name>.") : tail;
}

bool
key_is_list(const struct key *k)
{
	return k->kind >= KEY_LINES;
}

bool
key_shown(const struct key *k)
{
	switch (k->kind) {
	case KEY_WORD: case KEY_ENUM: case KEY_INT: case KEY_BOOL: case KEY_SPAN:
	case KEY_BYTES: case KEY_MONEY: case KEY_PRICE: case KEY_BRANCH: case KEY_VIEW:
	case KEY_REMOTE:
	case KEY_REL: case KEY_RELS: case KEY_PATHS:
		return true;
	default:
		return false;
	}
}

static void *
at(const struct key *k, void *obj)
{
	return (char *)obj + k->offset;
}

static bool
is_line(struct str s)
{
	struct str rest = s;

	if (s.n > LINE_MAX_BYTES)
		return false;
	while (rest.n > 0) {
		int32_t c = utf8_next(&rest);

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

/* What git-check-ref-format(1) allows, without its rarer corners. */
static bool
is_branch(struct str s)
{
	size_t i;

	if (s.n == 0 || s.n > 255 || !is_line(s) || s.p[0] == '-' || s.p[0] == '/' ||
	    s.p[0] == '.' || str_ends(s, "/") || str_ends(s, ".") || str_ends(s, ".lock"))
		return false;
	for (i = 0; i < s.n; i++)
		if (strchr(" ~^:?*[\\", s.p[i]) != NULL)
			return false;
	return str_find(s, STR("..")) < 0 && str_find(s, STR("//")) < 0 &&
	    str_find(s, STR("@{")) < 0 && str_find(s, STR("/.")) < 0;
}

static bool
is_inside(struct str s)
{
	struct str part;

	if (!is_line(s) || str_starts(s, "/"))
		return false;
	while (str_next(&s, '/', &part))
		if (str_is(part, "..") || str_is(part, ".git"))
			return false;
	return true;
}

static bool
is_env(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!isalpha((unsigned char)s.p[i]) && s.p[i] != '_' &&
		    (i == 0 || !isdigit((unsigned char)s.p[i])))
			return false;
	return s.n > 0 && s.n <= 255;
}

/* No user, no password, no query: an address and nothing else. */
static bool
is_url(struct str s)
{
	struct str rest = str_starts(s, "https://") ? str_skip(s, 8) :
	    str_starts(s, "http://") ? str_skip(s, 7) : (struct str){0};
	size_t i;

	for (i = 0; i < rest.n; i++)
		if (!isgraph((unsigned char)rest.p[i]) || strchr("@?#\\", rest.p[i]) != NULL)
			return false;
	return rest.n > 0 && rest.p[0] != '/';
}

/* "2.50" or "$2.50" into micro-dollars. */
static bool
parse_money(struct str s, int64_t *out)
{
	struct str whole, part = {0};
	int64_t dollars = 0, fraction = 0;
	ptrdiff_t dot;
	size_t i;

	if (str_starts(s, "$"))
		s = str_skip(s, 1);
	dot = str_chr(s, '.');
	whole = dot < 0 ? s : str_take(s, (size_t)dot);
	if (dot >= 0)
		part = str_skip(s, (size_t)dot + 1);
	if (!str_int(whole, 0, 1000000, &dollars) || part.n > 6 ||
	    (part.n > 0 && !str_int(part, 0, 999999, &fraction)) || str_has(part, '-'))
		return false;
	for (i = part.n; i < 6; i++)
		fraction *= 10;
	*out = dollars * 1000000 + fraction;
	return true;
}

static bool
parse_bytes(struct str s, int64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	int shift = 0;
	int64_t v;

	if (s.n == 0)
		return false;
	unit = strchr(units, s.p[s.n - 1]);
	if (unit != NULL && *unit != '\0') {
		shift = 10 * (int)(unit - units + 1);
		s.n--;
	}
	if (!str_int(s, 0, (int64_t)1 << 20, &v) &&
	    (shift != 0 || !str_int(s, 0, (int64_t)1 << 50, &v)))
		return false;
	*out = v << shift;
	return true;
}

static bool
set_string(const struct key *k, struct config *c, void *obj, struct str s)
{
	switch (k->kind) {
	case KEY_BRANCH:
		if (!is_branch(s))
			return false;
		break;
	case KEY_VIEW:
	case KEY_REMOTE:
		if (str_is(s, "none"))
			s.n = 0;
		else if (!is_branch(s))
			return false;
		break;
	case KEY_REL:
		if (!is_inside(s))
			return false;
		break;
	case KEY_URL:
		if (s.n > 0 && !is_url(s))
			return false;
		while (str_ends(s, "/"))
			s.n--;
		break;
	case KEY_ENV:
		if (s.n > 0 && !is_env(s))
			return false;
		break;
	default:
		if (!is_line(s))
			return false;
	}
	*(const char **)at(k, obj) = s.n == 0 ? "" : arena_str(&c->mem, s);
	return true;
}

static bool
set_number(const struct key *k, void *obj, struct str s)
{
	char text[CLOCK_TEXT];
	int64_t v;
	bool good;

	if (s.n == 0 && *k->init == '\0') {
		*(int64_t *)at(k, obj) = -1;
		return true;
	}
	switch (k->kind) {
	case KEY_SPAN:
		if (s.n >= sizeof(text))
			return false;
		memcpy(text, s.p, s.n);
		text[s.n] = '\0';
		good = clock_parse_span(text, &v) && v >= k->lo && v <= k->hi;
		break;
	case KEY_BYTES:
		good = parse_bytes(s, &v) && v >= k->lo && v <= k->hi;
		break;
	case KEY_MONEY:
	case KEY_PRICE:
		good = parse_money(s, &v);
		break;
	default:
		good = str_int(s, k->lo, k->hi, &v);
	}
	if (good)
		*(int64_t *)at(k, obj) = v;
	return good;
}

static bool
set_word(const struct key *k, void *obj, struct str s)
{
	int i;

	for (i = 0; k->words[i] != NULL; i++)
		if (str_is(s, k->words[i])) {
			if (k->kind == KEY_WORD)
				*(const char **)at(k, obj) = k->words[i];
			else
				*(int *)at(k, obj) = i;
			return true;
		}
	return false;
}

static bool
set_fast(struct config *c, struct conf_gate *gate, struct str s)
{
	if (!is_line(s))
		return false;
	gate->late = str_is(s, "false");
	gate->fast = gate->late || s.n == 0 || str_is(s, "true") ? "" : arena_str(&c->mem, s);
	return true;
}

/* "PRINCIPALS [OPTIONS] TYPE KEY [COMMENT]"; every public key begins with the length of its type's name. */
static bool
is_signer(struct str line)
{
	struct str word, before = {0};
	size_t n = 0;

	while (str_next(&line, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (n >= 2 && (str_starts(before, "ssh-") || str_starts(before, "ecdsa-sha2-") ||
		    str_starts(before, "sk-ssh-") || str_starts(before, "sk-ecdsa-")))
			return str_starts(word, "AAAA") && word.n >= 20;
		before = word;
		n++;
	}
	return false;
}

static bool
add_path(struct strs *list, struct str s)
{
	const char *home = getenv("HOME");
	struct str part, rest = s;

	if (!is_line(s) || str_is(s, "/"))
		return false;
	while (str_next(&rest, '/', &part))
		if (str_is(part, ".."))
			return false;
	if (str_starts(s, "~/") && home != NULL)
		strs_addf(list, "%s/%.*s", home, STR_ARG(str_skip(s, 2)));
	else if (str_starts(s, "/"))
		strs_addn(list, s.p, s.n);
	else
		return false;
	return true;
}

static bool
add_entry(const struct key *k, void *obj, struct str s)
{
	struct strs *list = at(k, obj);

	if (k->kind == KEY_PATHS)
		return add_path(list, s);
	if (!is_line(s) || s.n == 0 || (k->kind == KEY_ENVS && !is_env(s)) ||
	    (k->kind == KEY_SIGNERS && !is_signer(s)) ||
	    (k->kind == KEY_RELS && !is_inside(s)))
		return false;
	strs_addn(list, s.p, s.n);
	return true;
}

bool
key_set(const struct key *k, struct config *c, void *obj, struct str text)
{
	if (key_is_list(k))
		return add_entry(k, obj, text);
	switch (k->kind) {
	case KEY_WORD:
	case KEY_ENUM:
		return set_word(k, obj, text);
	case KEY_BOOL:
		if (!str_is(text, "true") && !str_is(text, "false"))
			return false;
		*(bool *)at(k, obj) = str_is(text, "true");
		return true;
	case KEY_FAST:
		return set_fast(c, obj, text);
	case KEY_INT:
	case KEY_SPAN:
	case KEY_BYTES:
	case KEY_MONEY:
	case KEY_PRICE:
		return set_number(k, obj, text);
	default:
		return set_string(k, c, obj, text);
	}
}

void
key_clear(const struct key *k, void *obj)
{
	if (key_is_list(k))
		strs_free(at(k, obj));
}

void
key_default(const struct key *k, struct config *c, void *obj)
{
	if (!key_is_list(k) && !key_set(k, c, obj, str_of(k->init)))
		abort();
}

void
key_wants(const struct key *k, struct buf *out)
{
	char lo[CLOCK_TEXT], hi[CLOCK_TEXT];
	size_t i;

	switch (k->kind) {
	case KEY_BRANCH: buf_adds(out, "the name of a branch"); break;
	case KEY_VIEW: buf_adds(out, "the name of a branch, or none"); break;
	case KEY_REMOTE: buf_adds(out, "the name of a git remote, or none"); break;
	case KEY_REL: buf_adds(out, "a path in the repository"); break;
	case KEY_URL: buf_adds(out, "an http or https address without user, password or query"); break;
	case KEY_ENV: buf_adds(out, "the name of an environment variable"); break;
	case KEY_SIGNERS: buf_adds(out, "a list of names, each with a public ssh key"); break;
	case KEY_ENVS: buf_adds(out, "a list of names of environment variables"); break;
	case KEY_PATHS: buf_adds(out, "a list of absolute paths, or paths below ~/"); break;
	case KEY_RELS: buf_adds(out, "a list of paths in the repository"); break;
	case KEY_LINES: buf_adds(out, "a list of strings"); break;
	case KEY_ARGV: buf_adds(out, "a command: a list of strings"); break;
	case KEY_BOOL: buf_adds(out, "true or false"); break;
	case KEY_FAST: buf_adds(out, "a command, or true or false without quotes"); break;
	case KEY_MONEY:
	case KEY_PRICE: buf_adds(out, "an amount of dollars like 2.50"); break;
	case KEY_BYTES: buf_adds(out, "a size from 1M on, like 512M or 2G"); break;
	case KEY_INT:
		buf_addf(out, "an integer from %lld to %lld", (long long)k->lo, (long long)k->hi);
		break;
	case KEY_SPAN:
		clock_format_span(k->lo, lo);
		clock_format_span(k->hi, hi);
		buf_addf(out, "a span from %s to %s, like 20m", lo, hi);
		break;
	case KEY_WORD:
	case KEY_ENUM:
		for (i = 0; k->words[i] != NULL; i++)
			buf_addf(out, "%s%s", i == 0 ? "" : k->words[i + 1] == NULL ? " or " : ", ",
			    k->words[i]);
		break;
	default: buf_adds(out, "a string of one line");
	}
}

static void
money_write(int64_t micro, struct buf *out)
{
	int64_t fraction = micro % 1000000;
	int digits = 6;

	if (micro < 0)
		return;
	while (digits > 2 && fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	buf_addf(out, "%lld.%0*lld", (long long)(micro / 1000000), digits, (long long)fraction);
}

static void
bytes_write(int64_t bytes, struct buf *out)
{
	static const char units[] = "KMGT";
	int unit = 0;

	while (unit < 4 && bytes > 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	buf_addf(out, "%lld", (long long)bytes);
	if (unit > 0)
		buf_addc(out, units[unit - 1]);
}

void
key_text(const struct key *k, const void *obj, struct buf *out)
{
	const void *p = (const char *)obj + k->offset;
	const struct strs *list = p;
	char span[CLOCK_TEXT];
	size_t i;

	switch (k->kind) {
	case KEY_ENUM: buf_adds(out, k->words[*(const int *)p]); break;
	case KEY_INT:
		if (*k->init != '\0' || *(const int64_t *)p >= 0)
			buf_addf(out, "%lld", (long long)*(const int64_t *)p);
		break;
	case KEY_BOOL: buf_adds(out, *(const bool *)p ? "true" : "false"); break;
	case KEY_SPAN:
		if (*k->init == '\0' && *(const int64_t *)p < 0)
			break;
		clock_format_span(*(const int64_t *)p, span);
		buf_adds(out, span);
		break;
	case KEY_BYTES: bytes_write(*(const int64_t *)p, out); break;
	case KEY_MONEY:
	case KEY_PRICE: money_write(*(const int64_t *)p, out); break;
	case KEY_VIEW:
	case KEY_REMOTE:
		buf_adds(out, **(const char *const *)p == '\0' ? "none" : *(const char *const *)p);
		break;
	case KEY_FAST:
		buf_adds(out, ((const struct conf_gate *)obj)->late ? "false" : *(const char *const *)p);
		break;
	case KEY_LINES: case KEY_SIGNERS: case KEY_ENVS: case KEY_PATHS: case KEY_RELS: case KEY_ARGV:
		for (i = 0; i < list->n; i++)
			buf_addf(out, "%s%s", i > 0 ? "\n" : "", list->v[i]);
		break;
	default: buf_adds(out, *(const char *const *)p);
	}
}

#include "conf/nfa.h"

#include <ctype.h>

#include "base/mem.h"
#include "base/text.h"

static uint32_t
state_new(struct nfa *a)
{
	vec_push(&a->states, (struct nfa_state){.edges = NFA_NONE});
	return (uint32_t)(a->states.n - 1);
}

static void
edge_add(struct nfa *a, uint32_t from, unsigned char lo, unsigned char hi, uint32_t to)
{
	struct nfa_state *s = &a->states.v[from];

	vec_push(&a->edges, (struct nfa_edge){lo, hi, to, s->edges});
	s->edges = (uint32_t)(a->edges.n - 1);
}

static void
edge_set(struct nfa *a, uint32_t from, const char *bytes, uint32_t to)
{
	for (; *bytes != '\0'; bytes++)
		edge_add(a, from, (unsigned char)*bytes, (unsigned char)*bytes, to);
}

static uint32_t
step(struct nfa *a, uint32_t from, char c)
{
	uint32_t to = state_new(a);

	edge_add(a, from, (unsigned char)c, (unsigned char)c, to);
	return to;
}

/* The text's bytes in order, its letters in either case. */
static void
path_nocase(struct nfa *a, uint32_t from, const char *text, uint32_t to)
{
	for (; *text != '\0'; text++) {
		uint32_t next = text[1] == '\0' ? to : state_new(a);
		int lower = tolower((unsigned char)*text), upper = toupper((unsigned char)*text);

		edge_add(a, from, (unsigned char)lower, (unsigned char)lower, next);
		if (upper != lower)
			edge_add(a, from, (unsigned char)upper, (unsigned char)upper, next);
		from = next;
	}
}

/* The value in a base, with zeros up to so many digits. */
static void
path_number(struct nfa *a, uint32_t from, uint32_t base, int digits, uint32_t value, uint32_t to)
{
	char text[16];
	size_t at = sizeof(text);

	text[--at] = '\0';
	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
		digits--;
	} while (value > 0 || digits > 0);
	path_nocase(a, from, text + at, to);
	mem_wipe(text, sizeof(text));
}

/* Entities of HTML beside numbers, for the characters that secrets have. */
static const struct {
	char c;
	const char *name;
} entities[] = {
	{'&', "amp"}, {'<', "lt"}, {'>', "gt"}, {'"', "quot"}, {'\'', "apos"},
	{'/', "sol"}, {'+', "plus"}, {'=', "equals"}, {'_', "lowbar"},
	{'.', "period"}, {':', "colon"}, {'@', "commat"}, {'#', "num"},
	{'$', "dollar"}, {'%', "percnt"}, {'!', "excl"}, {'*', "ast"},
	{'(', "lpar"}, {')', "rpar"}, {';', "semi"}, {'?', "quest"},
	{'[', "lsqb"}, {']', "rsqb"}, {'\\', "bsol"}, {'{', "lbrace"},
	{'}', "rbrace"}, {'|', "vert"}, {'`', "grave"}, {'^', "hat"}, {',', "comma"},
};

/* &#65; &#x41; &amp; with any number of leading zeros; HTML lets the ';' go. */
static void
html_forms(struct nfa *a, uint32_t from, uint32_t cp, uint32_t to)
{
	uint32_t amp = step(a, from, '&'), num = step(a, amp, '#'), semi = state_new(a), hex;
	size_t i;

	edge_add(a, num, '0', '0', num);
	path_number(a, num, 10, 1, cp, to);
	path_number(a, num, 10, 1, cp, semi);
	hex = state_new(a);
	edge_set(a, num, "xX", hex);
	edge_add(a, hex, '0', '0', hex);
	path_number(a, hex, 16, 1, cp, to);
	path_number(a, hex, 16, 1, cp, semi);
	edge_add(a, semi, ';', ';', to);
	for (i = 0; i < NITEMS(entities); i++)
		if ((uint32_t)entities[i].c == cp)
			path_nocase(a, amp, entities[i].name, semi);
}

/*
 * What may follow the backslashes (several where JSON stands in JSON):
 * \u0041 and \u{41} as in JSON and JavaScript, \U00000041 as in C.
 */
static void
unicode_forms(struct nfa *a, uint32_t backslash, uint32_t cp, uint32_t to)
{
	uint32_t u = step(a, backslash, 'u'), brace = step(a, u, '{'), close = state_new(a);

	if (cp > 0xffff) {
		uint32_t low = state_new(a), slash = state_new(a);

		path_number(a, u, 16, 4, 0xd800 + ((cp - 0x10000) >> 10), slash);
		edge_add(a, slash, '\\', '\\', slash);
		edge_add(a, slash, 'u', 'u', low);
		path_number(a, low, 16, 4, 0xdc00 + ((cp - 0x10000) & 0x3ff), to);
	} else
		path_number(a, u, 16, 4, cp, to);
	edge_add(a, brace, '0', '0', brace);
	path_number(a, brace, 16, 1, cp, close);
	edge_add(a, close, '}', '}', to);
	path_number(a, step(a, backslash, 'U'), 16, 8, cp, to);
}

/* One byte: itself, %41 (also %2541), =41, \x41, \101, \ and itself. */
static void
byte_forms(struct nfa *a, uint32_t from, uint32_t backslash, unsigned char c, uint32_t to)
{
	uint32_t percent = step(a, from, '%'), again = step(a, percent, '2');

	edge_add(a, from, c, c, to);
	edge_add(a, again, '5', '5', percent);
	path_number(a, percent, 16, 2, c, to);
	path_number(a, step(a, from, '='), 16, 2, c, to);
	edge_add(a, backslash, c, c, to);
	path_number(a, step(a, backslash, 'x'), 16, 2, c, to);
	path_number(a, backslash, 8, 3, c, to);
}

static uint32_t
backslash_new(struct nfa *a, uint32_t from)
{
	uint32_t backslash = step(a, from, '\\');

	edge_add(a, backslash, '\\', '\\', backslash);
	return backslash;
}

/* What a value may be torn apart with between two of its characters. */
static void
gap(struct nfa *a, uint32_t at, uint32_t backslash, const char *bytes)
{
	if (at == NFA_ROOT)
		return;
	edge_set(a, at, bytes, at);
	edge_set(a, backslash, "nrt", at);
}

/* Every form of one character of the value. */
static uint32_t
char_forms(struct nfa *a, uint32_t from, struct str bytes, int32_t cp)
{
	uint32_t to = state_new(a), at = from, next;
	size_t i;

	for (i = 0; i < bytes.n; i++) {
		uint32_t backslash = backslash_new(a, at);

		next = i + 1 == bytes.n ? to : state_new(a);
		byte_forms(a, at, backslash, (unsigned char)bytes.p[i], next);
		if (i == 0) {
			gap(a, at, backslash, " \t\r\n\"'+,");
			if (cp > 0) {
				unicode_forms(a, backslash, (uint32_t)cp, to);
				html_forms(a, at, (uint32_t)cp, to);
			}
		}
		at = next;
	}
	return to;
}

/* Characters one after the other, forwards or backwards. */
static void
add_text(struct nfa *a, struct str value, bool reversed, uint32_t accept)
{
	VEC(struct str) chars = {0};
	uint32_t at = NFA_ROOT;
	size_t i;

	while (value.n > 0) {
		struct str before = value;

		utf8_next(&value);
		vec_push(&chars, str_take(before, before.n - value.n));
	}
	for (i = 0; i < chars.n; i++) {
		struct str c = chars.v[reversed ? chars.n - 1 - i : i], rest = c;

		at = char_forms(a, at, c, utf8_next(&rest));
	}
	a->states.v[at].accept = accept;
	vec_free(&chars);
}

static void
add_utf16(struct nfa *a, struct str value, bool big, uint32_t accept)
{
	uint32_t at = NFA_ROOT;

	while (value.n > 0) {
		int32_t cp = utf8_next(&value);
		uint32_t units[2] = {(uint32_t)cp, 0};
		size_t i, n = 1;

		if (cp < 0)
			return;
		if (cp > 0xffff) {
			units[0] = 0xd800 + (((uint32_t)cp - 0x10000) >> 10);
			units[1] = 0xdc00 + (((uint32_t)cp - 0x10000) & 0x3ff);
			n = 2;
		}
		for (i = 0; i < n; i++) {
			at = step(a, at, (char)(big ? units[i] >> 8 : units[i]));
			at = step(a, at, (char)(big ? units[i] : units[i] >> 8));
		}
	}
	a->states.v[at].accept = accept;
}

/* Hex in either case, with what dumps put between bytes. */
static void
add_hex(struct nfa *a, struct str value, uint32_t accept)
{
	uint32_t at = NFA_ROOT;
	size_t i;

	for (i = 0; i < value.n; i++) {
		uint32_t to = state_new(a);

		path_number(a, at, 16, 2, (unsigned char)value.p[i], to);
		if (at != NFA_ROOT) {
			uint32_t zero = step(a, at, '0');

			path_number(a, step(a, zero, 'x'), 16, 2, (unsigned char)value.p[i], to);
			gap(a, at, backslash_new(a, at), " \t\r\n:-,");
		}
		at = to;
	}
	a->states.v[at].accept = accept;
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One digit of base64 or base64url; '+', '/', '-' and '_' may be escaped. */
static void
digit_forms(struct nfa *a, uint32_t from, uint32_t digit, uint32_t to)
{
	unsigned char c = (unsigned char)base64[digit];
	uint32_t backslash;

	edge_add(a, from, c, c, to);
	if (digit < 62)
		return;
	backslash = backslash_new(a, from);
	byte_forms(a, from, backslash, c, to);
	unicode_forms(a, backslash, c, to);
	html_forms(a, from, c, to);
	edge_add(a, from, digit == 62 ? '-' : '_', digit == 62 ? '-' : '_', to);
}

/* The six bits at 'bit' of the value; those outside it may be anything. */
static uint32_t
digit_mask(struct str value, ptrdiff_t bit, uint32_t *mask)
{
	uint32_t digit = 0, i;

	*mask = 0;
	for (i = 0; i < 6; i++) {
		ptrdiff_t at = bit + (ptrdiff_t)i;

		digit <<= 1;
		*mask <<= 1;
		if (at < 0 || at >= (ptrdiff_t)value.n * 8)
			continue;
		digit |= ((unsigned char)value.p[at / 8] >> (7 - at % 8)) & 1u;
		*mask |= 1;
	}
	return digit;
}

/*
 * The value inside of a longer text's base64, 'offset' bytes after a group
 * of three begins.  Digits that it shares with its neighbours are taken with
 * all that these may be.
 */
static void
add_base64(struct nfa *a, struct str value, size_t offset, uint32_t accept)
{
	ptrdiff_t bit = -(ptrdiff_t)(offset * 8 % 6);
	uint32_t at = NFA_ROOT, digit, mask, d;

	for (; bit < (ptrdiff_t)value.n * 8; bit += 6) {
		uint32_t to = state_new(a);

		digit = digit_mask(value, bit, &mask);
		for (d = 0; d < 64; d++)
			if ((d & mask) == digit)
				digit_forms(a, at, d, to);
		if (at != NFA_ROOT)
			gap(a, at, backslash_new(a, at), " \t\r\n\"'+,");
		at = to;
	}
	a->states.v[at].accept = accept;
}

void
nfa_init(struct nfa *a)
{
	*a = (struct nfa){0};
	state_new(a);
}

void
nfa_free(struct nfa *a)
{
	if (a->edges.v != NULL)
		mem_wipe(a->edges.v, a->edges.cap * sizeof(*a->edges.v));
	vec_free(&a->edges);
	vec_free(&a->states);
	vec_free(&a->starts);
}

void
nfa_add(struct nfa *a, struct str value, uint32_t secret)
{
	size_t offset;

	add_text(a, value, false, secret + 1);
	add_text(a, value, true, secret + 1);
	add_utf16(a, value, false, secret + 1);
	add_utf16(a, value, true, secret + 1);
	add_hex(a, value, secret + 1);
	for (offset = 0; offset < 3; offset++)
		add_base64(a, value, offset, secret + 1);
}

void
nfa_seal(struct nfa *a)
{
	uint32_t e;
	int c;

	for (c = 0; c < 256; c++) {
		a->first[c] = (uint32_t)a->starts.n;
		for (e = a->states.v[NFA_ROOT].edges; e != NFA_NONE; e = a->edges.v[e].next)
			if (a->edges.v[e].lo <= c && c <= a->edges.v[e].hi)
				vec_push(&a->starts, a->edges.v[e].to);
	}
	a->first[256] = (uint32_t)a->starts.n;
}

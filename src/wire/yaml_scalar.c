#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/yaml.h"
#include "wire/yaml_scalar.h"

#define REPLACEMENT 0xfffd

static bool
is_one_of(struct str s, const char *const words[], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_is(s, words[i]))
			return true;
	return false;
}

static bool
is_null(struct str s)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	return is_one_of(s, words, NITEMS(words));
}

static bool
is_true(struct str s)
{
	static const char *const words[] = {"true", "True", "TRUE"};

	return is_one_of(s, words, NITEMS(words));
}

static bool
is_false(struct str s)
{
	static const char *const words[] = {"false", "False", "FALSE"};

	return is_one_of(s, words, NITEMS(words));
}

static size_t
digits(struct str s, int base)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];
		int v = c >= '0' && c <= '9' ? c - '0' :
		    (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;

		if (v >= base)
			break;
	}
	return i;
}

/* 0o17 and 0xff, up to 60 bits. */
static bool
based_int(struct str s, const char *prefix, int base, size_t most, int64_t *out)
{
	struct str d = str_skip(s, 2);

	if (!str_starts(s, prefix) || d.n == 0 || d.n > most || digits(d, base) != d.n)
		return false;
	*out = strtoll(d.p, NULL, base);
	return true;
}

static bool
is_int(struct str s, int64_t *out)
{
	struct str d = str_starts(s, "-") || str_starts(s, "+") ? str_skip(s, 1) : s;

	if (based_int(s, "0o", 8, 20, out) || based_int(s, "0x", 16, 15, out))
		return true;
	if (d.n == 0 || digits(d, 10) != d.n)
		return false;
	return str_int(str_starts(s, "+") ? d : s, INT64_MIN, INT64_MAX, out);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
is_real(struct str s)
{
	struct str d = str_starts(s, "-") || str_starts(s, "+") ? str_skip(s, 1) : s;
	size_t whole = digits(d, 10), part = 0;

	if (whole == d.n)
		return false;
	d = str_skip(d, whole);
	if (str_starts(d, ".")) {
		part = digits(str_skip(d, 1), 10);
		d = str_skip(d, 1 + part);
	}
	if (whole + part == 0)
		return false;
	if (str_starts(d, "e") || str_starts(d, "E")) {
		d = str_skip(d, 1);
		if (str_starts(d, "-") || str_starts(d, "+"))
			d = str_skip(d, 1);
		if (digits(d, 10) == 0)
			return false;
		d = str_skip(d, digits(d, 10));
	}
	return d.n == 0;
}

void
yaml_resolve(struct node *n)
{
	if (is_null(n->text))
		n->kind = NODE_NULL;
	else if (is_true(n->text) || is_false(n->text)) {
		n->kind = NODE_BOOL;
		n->boolean = is_true(n->text);
	} else if (is_int(n->text, &n->integer)) {
		n->kind = NODE_INT;
		n->real = (double)n->integer;
	} else if (is_real(n->text)) {
		n->real = strtod(n->text.p, NULL);
		if (isfinite(n->real))
			n->kind = NODE_REAL;
	}
}

/*
 * Words of YAML 1.1 that other readers take for booleans: quoted, so that
 * they mean the same to everybody.
 */
static bool
is_old_word(struct str s)
{
	static const char *const words[] = {"yes", "Yes", "YES", "no", "No", "NO", "on", "On",
	    "ON", "off", "Off", "OFF", "y", "Y", "n", "N", "=", "<<"};

	return is_one_of(s, words, NITEMS(words));
}

/* Not seen by a reader, or refused by libyaml when it is raw. */
static bool
needs_escape(int32_t c)
{
	return text_hidden(c) || c == 0xfffe || c == 0xffff;
}

/* Colons and digits only: a sexagesimal number or a time to YAML 1.1. */
static bool
is_old_number(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (strchr("0123456789:._-+", s.p[i]) == NULL)
			return false;
	return true;
}

static bool
is_plain(struct str s, bool flow)
{
	struct str rest = s;
	struct node n = {.kind = NODE_STRING, .text = s};
	int32_t c, last = ' ';

	yaml_resolve(&n);
	if (n.kind != NODE_STRING || is_real(s) || is_old_word(s) || is_old_number(s) || s.p[0] == ' ' ||
	    s.p[s.n - 1] == ' ' || strchr("-?:,[]{}#&*!|>'\"%@`.", s.p[0]) != NULL)
		return false;
	while (rest.n > 0) {
		c = utf8_next(&rest);
		if (c < 0x20 || c == 0x7f || needs_escape(c))
			return false;
		if ((c == '#' && last == ' ') || (c == ':' && (rest.n == 0 || *rest.p == ' ')))
			return false;
		if (flow && (c == ':' || (c < 0x80 && strchr(",[]{}", c) != NULL)))
			return false;
		last = c;
	}
	return true;
}

static void
add_quoted(struct buf *b, struct str s)
{
	int32_t c;

	buf_addc(b, '"');
	while (s.n > 0) {
		c = utf8_next(&s);
		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", (char)c);
		else if (c == '\n')
			buf_adds(b, "\\n");
		else if (c == '\t')
			buf_adds(b, "\\t");
		else if (c <= 0)
			utf8_add(b, REPLACEMENT);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(b, "\\x%02x", (unsigned)c);
		else if (needs_escape(c))
			buf_addf(b, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
		else
			utf8_add(b, (uint32_t)c);
	}
	buf_addc(b, '"');
}

void
yaml_add_str(struct buf *b, struct str s, bool flow)
{
	char *copy = str_dup(s);	/* strtod wants its NUL */
	struct str t = {copy, s.n};

	if (s.n > 0 && memchr(copy, '\0', s.n) == NULL && is_plain(t, flow))
		buf_addstr(b, t);
	else
		add_quoted(b, t);
	free(copy);
}

void
yaml_add_strs(struct buf *b, char *const *v, size_t n)
{
	size_t i;

	buf_addc(b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_adds(b, ", ");
		yaml_add_str(b, str_of(v[i]), true);
	}
	buf_addc(b, ']');
}

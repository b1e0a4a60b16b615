#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/json.h"

#define REPLACEMENT 0xfffd

void
jw_init(struct jw *w, struct buf *out, bool pretty)
{
	*w = (struct jw){.out = out, .pretty = pretty};
}

static void
new_line(struct jw *w)
{
	/* One for the line, two for each level. */
	static const char lines[] = "\n                                                                "
	    "                                                                ";
	_Static_assert(sizeof(lines) > 2 * JSON_DEPTH + 1, "deep enough");

	if (w->pretty)
		buf_add(w->out, lines, 1 + 2 * (size_t)w->depth);
}

/* Before each key and each list element. */
static void
separate(struct jw *w)
{
	bool *filled;

	if (w->depth == 0)
		return;
	filled = &w->filled[w->depth - 1];
	if (*filled)
		buf_addc(w->out, ',');
	*filled = true;
	new_line(w);
}

static void
before_value(struct jw *w)
{
	assert(w->depth == 0 || w->after_key || w->close[w->depth - 1] == ']');
	if (!w->after_key)
		separate(w);
	w->after_key = false;
}

static void
open_level(struct jw *w, char open, char close)
{
	before_value(w);
	assert(w->depth < JSON_DEPTH);
	buf_addc(w->out, open);
	w->close[w->depth] = close;
	w->filled[w->depth] = false;
	w->depth++;
}

void
jw_obj(struct jw *w)
{
	open_level(w, '{', '}');
}

void
jw_list(struct jw *w)
{
	open_level(w, '[', ']');
}

void
jw_end(struct jw *w)
{
	assert(w->depth > 0 && !w->after_key);
	w->depth--;
	if (w->filled[w->depth])
		new_line(w);
	buf_addc(w->out, w->close[w->depth]);
	if (w->depth == 0 && w->pretty)
		buf_addc(w->out, '\n');
}

static void
add_escaped(struct buf *b, int32_t c)
{
	switch (c) {
	case '"':
		buf_adds(b, "\\\"");
		break;
	case '\\':
		buf_adds(b, "\\\\");
		break;
	case '\n':
		buf_adds(b, "\\n");
		break;
	case '\r':
		buf_adds(b, "\\r");
		break;
	case '\t':
		buf_adds(b, "\\t");
		break;
	default:
		if (c <= 0)
			utf8_add(b, REPLACEMENT);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(b, "\\u%04x", (unsigned)c);
		else
			utf8_add(b, (uint32_t)c);
	}
}

/* Printable ASCII but the quote and the backslash. */
static const bool plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7e] = true};

#define SHORT 120	/* bytes that are put with their quotes at once */

static size_t
plain_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && plain[(unsigned char)s.p[n]])
		n++;
	return n;
}

static void
add_string(struct buf *b, struct str s)
{
	char quoted[SHORT + 2];
	size_t n = plain_run(s);

	if (n == s.n && n > 0 && n <= SHORT) {
		quoted[0] = quoted[n + 1] = '"';
		memcpy(quoted + 1, s.p, n);
		buf_add(b, quoted, n + 2);
		return;
	}
	buf_addc(b, '"');
	for (; s.n > 0; n = plain_run(s)) {
		buf_add(b, s.p, n);
		s = str_skip(s, n);
		if (s.n > 0)
			add_escaped(b, utf8_next(&s));
	}
	buf_addc(b, '"');
}

void
jw_key(struct jw *w, const char *key)
{
	assert(w->depth > 0 && w->close[w->depth - 1] == '}' && !w->after_key);
	separate(w);
	add_string(w->out, str_of(key));
	buf_adds(w->out, w->pretty ? ": " : ":");
	w->after_key = true;
}

void
jw_strn(struct jw *w, struct str s)
{
	before_value(w);
	add_string(w->out, s);
}

void
jw_str(struct jw *w, const char *s)
{
	if (s == NULL)
		jw_null(w);
	else
		jw_strn(w, str_of(s));
}

void
jw_int(struct jw *w, int64_t i)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t rest = i < 0 ? -(uint64_t)i : (uint64_t)i;

	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (i < 0)
		*--p = '-';
	before_value(w);
	buf_add(w->out, p, (size_t)(digits + sizeof(digits) - p));
}

void
jw_real(struct jw *w, double d)
{
	char text[40];

	if (!isfinite(d)) {
		jw_null(w);
		return;
	}
	/* The shortest of the two forms that reads back as the same number. */
	snprintf(text, sizeof(text), "%.15g", d);
	if (strtod(text, NULL) != d)
		snprintf(text, sizeof(text), "%.17g", d);
	before_value(w);
	buf_adds(w->out, text);
}

void
jw_bool(struct jw *w, bool b)
{
	before_value(w);
	buf_adds(w->out, b ? "true" : "false");
}

void
jw_null(struct jw *w)
{
	before_value(w);
	buf_adds(w->out, "null");
}

void
jw_raw(struct jw *w, struct str json)
{
	before_value(w);
	buf_addstr(w->out, json);
}

void
jw_node(struct jw *w, const struct node *n)
{
	const struct node *c;

	switch (n->kind) {
	case NODE_NULL:
		jw_null(w);
		break;
	case NODE_BOOL:
		jw_bool(w, n->boolean);
		break;
	case NODE_INT:
		jw_int(w, n->integer);
		break;
	case NODE_REAL:
		jw_real(w, n->real);
		break;
	case NODE_STRING:
		jw_strn(w, n->text);
		break;
	case NODE_LIST:
		jw_list(w);
		for (c = n->child; c != NULL; c = c->next)
			jw_node(w, c);
		jw_end(w);
		break;
	case NODE_MAP:
		jw_obj(w);
		for (c = n->child; c != NULL; c = c->next) {
			jw_key(w, c->key.p);
			jw_node(w, c);
		}
		jw_end(w);
		break;
	}
}

void
jw_kstr(struct jw *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_str(w, s);
}

void
jw_kint(struct jw *w, const char *key, int64_t i)
{
	jw_key(w, key);
	jw_int(w, i);
}

void
jw_kbool(struct jw *w, const char *key, bool b)
{
	jw_key(w, key);
	jw_bool(w, b);
}

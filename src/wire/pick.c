#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "wire/pick.h"

#define SCALAR_MAX 512	/* bytes of a number */

/* A place, or one on the way to it. */
struct spot {
	struct str name;	/* key; NULL for any key and for a list's elements */
	bool element;		/* of a list */
	int id;			/* -1: only on the way */
	struct spot *below, *next;
	unsigned bit;		/* of a named key, to see it twice */
};

struct level {
	bool object;
	const struct spot *spot;	/* NULL: nothing in here is wanted */
	uint64_t seen;
};

enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_CLOSE,	/* "[" */
	EXPECT_KEY_OR_CLOSE,	/* "{" */
	EXPECT_KEY,		/* "," in an object */
	EXPECT_COLON,
	EXPECT_COMMA,		/* or the close */
	EXPECT_NOTHING,		/* the value is over */
	IN_KEY,
	IN_STRING,
	IN_SCALAR
};

struct picker {
	const char *file;
	bool many;
	pick_fn *fn;
	void *arg;
	struct spot spots[PICK_PLACES * 8];
	size_t nspots;
	enum expect expect;
	VEC(struct level) levels;
	const struct spot *spot;	/* of the value that comes, or NULL */
	struct buf key, text;		/* the last key; the string or number in hand */
	bool wanted;			/* is the string in hand to be kept? */
	bool cut;
	int escape;			/* 0 none, 1 behind "\", 2..5 digits of \u to come */
	uint32_t unit, high;		/* of \u; a high surrogate that waits for the low one */
	uint64_t line, offset, line_start;
	unsigned mark;		/* bytes of a byte order mark that were there */
};

/* ---- the places, as a tree ---- */

static struct spot *
spot_new(struct picker *p)
{
	assert(p->nspots < NITEMS(p->spots));
	p->spots[p->nspots] = (struct spot){.id = -1};
	return &p->spots[p->nspots++];
}

static struct spot *
spot_below(struct picker *p, struct spot *s, struct str name, bool element)
{
	struct spot *at;
	unsigned bit = 0;

	for (at = s->below; at != NULL; at = at->next) {
		if (at->element == element && str_eq(at->name, name) && (at->name.p == NULL) == (name.p == NULL))
			return at;
		bit++;
	}
	assert(bit < 64);
	at = spot_new(p);
	at->name = name;
	at->element = element;
	at->bit = bit;
	at->next = s->below;
	s->below = at;
	return at;
}

static void
place(struct picker *p, const struct pick *row)
{
	struct str rest = str_of(row->path), piece;
	struct spot *s = &p->spots[0];

	while (rest.n > 0) {
		if (str_starts(rest, "[]")) {
			s = spot_below(p, s, (struct str){NULL, 0}, true);
			rest = str_skip(rest, 2);
		} else {
			size_t n = 0;

			if (rest.p[0] == '.')
				rest = str_skip(rest, 1);
			while (n < rest.n && rest.p[n] != '.' && rest.p[n] != '[')
				n++;
			piece = str_take(rest, n);
			s = spot_below(p, s, str_is(piece, "*") ? (struct str){NULL, 0} : piece, false);
			rest = str_skip(rest, n);
		}
	}
	s->id = row->id;
}

/* A name goes before "any". */
static const struct spot *
spot_of_key(const struct spot *s, struct str key)
{
	const struct spot *at, *any = NULL;

	for (at = s->below; at != NULL; at = at->next) {
		if (at->element)
			continue;
		if (at->name.p == NULL)
			any = at;
		else if (str_eq(at->name, key))
			return at;
	}
	return any;
}

static const struct spot *
spot_of_element(const struct spot *s)
{
	const struct spot *at;

	for (at = s->below; at != NULL && !at->element; at = at->next)
		;
	return at;
}

struct picker *
pick_open(const char *file, const struct pick *places, size_t n, pick_fn *fn, void *arg)
{
	struct picker *p = mem_alloc(sizeof(*p));
	size_t i;

	p->file = file;
	p->fn = fn;
	p->arg = arg;
	p->line = 1;
	buf_init(&p->key, PICK_STRING);
	buf_init(&p->text, PICK_STRING);
	spot_new(p);
	for (i = 0; i < n; i++)
		place(p, &places[i]);
	p->spot = &p->spots[0];
	return p;
}

void
pick_many(struct picker *p)
{
	p->many = true;
}

void
pick_close(struct picker *p)
{
	if (p == NULL)
		return;
	vec_free(&p->levels);
	buf_free(&p->key);
	buf_free(&p->text);
	free(p);
}

/* ---- telling ---- */

static struct err *
at_place(const struct picker *p, struct err *e)
{
	return err_wrap(e, "%s:%llu:%llu", p->file, (unsigned long long)p->line,
	    (unsigned long long)(p->offset - p->line_start + 1));
}

static struct err *
fault(const struct picker *p, const char *what)
{
	return at_place(p, err_new(ERR_SYNTAX, "%s", what));
}

static struct err *
tell(struct picker *p, struct pick_value *v)
{
	struct err *e;

	if (p->spot == NULL || p->spot->id < 0)
		return NULL;
	v->id = p->spot->id;
	v->key = p->levels.n > 0 && p->levels.v[p->levels.n - 1].object ? buf_str(&p->key) : STR("");
	e = p->fn(p->arg, v);
	return e == NULL ? NULL : at_place(p, e);
}

/* What may come behind a value that is over. */
static void
value_over(struct picker *p)
{
	p->expect = p->levels.n == 0 ? EXPECT_NOTHING : EXPECT_COMMA;
}

/* The spot of the next element; of an object the next key says. */
static void
next_element(struct picker *p)
{
	const struct level *l = &p->levels.v[p->levels.n - 1];

	p->spot = l->spot == NULL ? NULL : spot_of_element(l->spot);
}

static struct err *
open_level(struct picker *p, bool object)
{
	struct pick_value v = {.kind = object ? PICK_OBJECT : PICK_LIST};

	if (p->levels.n >= PICK_DEPTH)
		return at_place(p, err_new(ERR_LIMIT, "nested deeper than %d levels", PICK_DEPTH));
	TRY(tell(p, &v));
	vec_push(&p->levels, (struct level){.object = object, .spot = p->spot});
	p->expect = object ? EXPECT_KEY_OR_CLOSE : EXPECT_VALUE_OR_CLOSE;
	if (!object)
		next_element(p);
	return NULL;
}

static struct err *
close_level(struct picker *p, bool object)
{
	struct pick_value v = {.kind = PICK_CLOSE};
	struct level l = p->levels.v[p->levels.n - 1];

	if (l.object != object)
		return fault(p, object ? "a list ends with '}'" : "an object ends with ']'");
	p->levels.n--;
	p->spot = l.spot;
	buf_clear(&p->key);
	TRY(tell(p, &v));
	value_over(p);
	return NULL;
}

static struct err *
key_over(struct picker *p)
{
	struct level *l = &p->levels.v[p->levels.n - 1];

	p->spot = l->spot == NULL ? NULL : spot_of_key(l->spot, buf_str(&p->key));
	p->expect = EXPECT_COLON;
	if (p->spot == NULL || p->spot->name.p == NULL)
		return NULL;
	if ((l->seen >> p->spot->bit & 1) != 0)
		return at_place(p, err_new(ERR_SYNTAX, "the key '%s' stands twice", buf_cstr(&p->key)));
	l->seen |= (uint64_t)1 << p->spot->bit;
	return NULL;
}

/* ---- strings ---- */

static void
keep(struct picker *p, const char *s, size_t n)
{
	struct buf *b = p->expect == IN_KEY ? &p->key : &p->text;

	if (!p->wanted || n == 0)
		return;
	if (n > b->max - b->n) {
		n = b->max - b->n;
		p->cut = true;
	}
	buf_add(b, s, n);
}

static void
keep_code(struct picker *p, uint32_t c)
{
	AUTO(buf_free) struct buf b = BUF_INIT(8);

	if (p->high != 0 && c >= 0xdc00 && c <= 0xdfff) {
		c = 0x10000 + ((p->high - 0xd800) << 10) + (c - 0xdc00);
		p->high = 0;
	} else if (p->high != 0) {
		p->high = 0;
		keep_code(p, 0xfffd);
	}
	if (c >= 0xd800 && c <= 0xdbff) {
		p->high = c;
		return;
	}
	utf8_add(&b, c == 0 || (c >= 0xdc00 && c <= 0xdfff) ? 0xfffd : c);
	keep(p, b.p, b.n);
}

/* Whatever follows a high surrogate that is no low one. */
static void
end_surrogate(struct picker *p)
{
	if (p->high == 0)
		return;
	p->high = 0;
	keep_code(p, 0xfffd);
}

static struct err *
escaped(struct picker *p, unsigned char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;

	if (p->escape > 1) {
		int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

		if (digit < 0)
			return fault(p, "'\\u' wants four hexadecimal digits");
		p->unit = p->unit << 4 | (uint32_t)digit;
		if (++p->escape <= 5)
			return NULL;
		p->escape = 0;
		keep_code(p, p->unit);
		return NULL;
	}
	if (c == 'u') {
		p->escape = 2;
		p->unit = 0;
		return NULL;
	}
	hit = c == '\0' ? NULL : strchr(from, c);
	if (hit == NULL)
		return fault(p, "an escape that JSON has not");
	end_surrogate(p);
	p->escape = 0;
	keep(p, &to[hit - from], 1);
	return NULL;
}

/* Bytes that are not UTF-8, and half a character where it was cut. */
static void
mend(struct buf *b)
{
	struct buf good = BUF_INIT(b->max * 3);
	struct str rest = buf_str(b);

	if (utf8_valid(rest))
		return;
	while (rest.n > 0) {
		int32_t c = utf8_next(&rest);

		utf8_add(&good, c < 0 ? 0xfffd : (uint32_t)c);
	}
	good.max = b->max;
	buf_free(b);
	*b = good;
}

static struct err *
string_over(struct picker *p)
{
	struct pick_value v = {.kind = PICK_TEXT};

	end_surrogate(p);
	if (p->expect == IN_KEY) {
		mend(&p->key);
		return key_over(p);
	}
	if (p->wanted) {
		mend(&p->text);
		v.text = buf_str(&p->text);
		v.cut = p->cut;
		TRY(tell(p, &v));
	}
	value_over(p);
	return NULL;
}

static void
string_begin(struct picker *p, bool key)
{
	const struct level *l = p->levels.n > 0 ? &p->levels.v[p->levels.n - 1] : NULL;

	p->expect = key ? IN_KEY : IN_STRING;
	p->wanted = key ? l->spot != NULL && l->spot->below != NULL : p->spot != NULL && p->spot->id >= 0;
	p->cut = false;
	p->high = 0;
	p->escape = 0;
	buf_clear(key ? &p->key : &p->text);
}

/* Bytes of the string in hand; what is behind it is left. */
static struct err *
take_string(struct picker *p, struct str *in)
{
	const char *s = in->p, *end = in->p + in->n, *plain;
	struct err *e = NULL;

	while (e == NULL && s < end && (p->expect == IN_KEY || p->expect == IN_STRING)) {
		if (p->escape != 0) {
			e = escaped(p, (unsigned char)*s++);
			p->offset++;
			continue;
		}
		for (plain = s; s < end && *s != '"' && *s != '\\' && (unsigned char)*s >= ' '; s++)
			;
		if (s > plain) {
			end_surrogate(p);
			keep(p, plain, (size_t)(s - plain));
			p->offset += (size_t)(s - plain);
		}
		if (s == end)
			break;
		if (*s == '"')
			e = string_over(p);
		else if (*s == '\\')
			p->escape = 1;
		else
			e = fault(p, "a control character in a string");
		s++;
		p->offset++;
	}
	*in = (struct str){s, (size_t)(end - s)};
	return e;
}

/* ---- numbers and words ---- */

/* RFC 8259, section 6. */
static bool
is_number(const char *s, bool *whole)
{
	*whole = true;
	if (*s == '-')
		s++;
	if (*s == '0')
		s++;
	else if (*s >= '1' && *s <= '9')
		while (*s >= '0' && *s <= '9')
			s++;
	else
		return false;
	if (*s == '.') {
		*whole = false;
		if (*++s < '0' || *s > '9')
			return false;
		while (*s >= '0' && *s <= '9')
			s++;
	}
	if (*s == 'e' || *s == 'E') {
		*whole = false;
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if (*s < '0' || *s > '9')
			return false;
		while (*s >= '0' && *s <= '9')
			s++;
	}
	return *s == '\0';
}

static struct err *
scalar_over(struct picker *p)
{
	const char *s = buf_cstr(&p->text);
	struct pick_value v = {.kind = PICK_NULL};
	bool whole;

	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0) {
		v.kind = PICK_BOOL;
		v.i = s[0] == 't';
	} else if (strcmp(s, "null") != 0) {
		if (!is_number(s, &whole))
			return fault(p, "neither a number nor true, false or null");
		v.kind = whole ? PICK_INT : PICK_REAL;
		errno = 0;
		v.i = whole ? strtoll(s, NULL, 10) : 0;
		if (errno == ERANGE)
			return fault(p, "an integer beyond 64 bits");
		v.real = whole ? (double)v.i : strtod(s, NULL);
		if (!isfinite(v.real))
			return fault(p, "a number beyond a double");
	}
	TRY(tell(p, &v));
	value_over(p);
	return NULL;
}

static bool
is_scalar_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.' || c == 'E';
}

static struct err *
take_scalar(struct picker *p, struct str *in)
{
	size_t n = 0;

	while (n < in->n && is_scalar_byte(in->p[n]))
		n++;
	if (p->text.n + n > SCALAR_MAX)
		return fault(p, "a number that is too long");
	buf_add(&p->text, in->p, n);
	p->offset += n;
	*in = str_skip(*in, n);
	return in->n > 0 ? scalar_over(p) : NULL;
}

/* ---- between values ---- */

static struct err *
begin_value(struct picker *p, char c)
{
	switch (c) {
	case '{':
		return open_level(p, true);
	case '[':
		return open_level(p, false);
	case '"':
		string_begin(p, false);
		return NULL;
	}
	if (!is_scalar_byte(c))
		return fault(p, "a value is missing");
	buf_clear(&p->text);
	buf_addc(&p->text, c);
	p->expect = IN_SCALAR;
	return NULL;
}

static struct err *
behind_value(struct picker *p, char c)
{
	bool object = p->levels.v[p->levels.n - 1].object;

	if (c == '}' || c == ']')
		return close_level(p, c == '}');
	if (c != ',')
		return fault(p, "a ',' or the end is missing");
	p->expect = object ? EXPECT_KEY : EXPECT_VALUE;
	if (!object)
		next_element(p);
	return NULL;
}

static struct err *
take_mark(struct picker *p, char c)
{
	switch (p->expect) {
	case EXPECT_VALUE_OR_CLOSE:
		return c == ']' ? close_level(p, false) : begin_value(p, c);
	case EXPECT_VALUE:
		return begin_value(p, c);
	case EXPECT_KEY_OR_CLOSE:
	case EXPECT_KEY:
		if (c == '}' && p->expect == EXPECT_KEY_OR_CLOSE)
			return close_level(p, true);
		if (c != '"')
			return fault(p, "a key is missing");
		string_begin(p, true);
		return NULL;
	case EXPECT_COLON:
		if (c != ':')
			return fault(p, "a ':' is missing");
		p->expect = EXPECT_VALUE;
		return NULL;
	case EXPECT_COMMA:
		return behind_value(p, c);
	case EXPECT_NOTHING:
		if (!p->many)
			return fault(p, "there is more behind the value");
		p->spot = &p->spots[0];
		return begin_value(p, c);
	case IN_KEY:
	case IN_STRING:
	case IN_SCALAR:
		break;
	}
	return err_new(ERR_BUG, "a mark within a value");
}

/* White space, then one mark. */
static struct err *
take_between(struct picker *p, struct str *in)
{
	struct err *e;
	char c;

	while (in->n > 0) {
		c = in->p[0];
		*in = str_skip(*in, 1);
		if (p->offset < 3 && c == "\xef\xbb\xbf"[p->offset] && p->offset == p->mark) {
			p->mark++;
		} else if (p->mark > 0 && p->mark < 3) {
			return fault(p, "a value is missing");
		} else if (c == '\n') {
			p->line++;
			p->line_start = p->offset + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			e = take_mark(p, c);
			p->offset++;
			return e;
		}
		p->offset++;
	}
	return NULL;
}

struct err *
pick_feed(struct picker *p, struct str in)
{
	while (in.n > 0) {
		if (p->expect == IN_KEY || p->expect == IN_STRING)
			TRY(take_string(p, &in));
		else if (p->expect == IN_SCALAR)
			TRY(take_scalar(p, &in));
		else
			TRY(take_between(p, &in));
	}
	return NULL;
}

struct err *
pick_end(struct picker *p)
{
	/* Only what follows a number tells that it is over. */
	if (p->expect == IN_SCALAR)
		TRY(scalar_over(p));
	if (p->expect != EXPECT_NOTHING)
		return fault(p, "the text ends in the middle");
	return NULL;
}

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "wire/field.h"
#include "wire/field_member.h"
#include "wire/node.h"

/* Of a wrong value that a message repeats. */
#define SHOWN_MAX 60

static size_t
scalar_size(const struct field *f)
{
	switch (f->kind) {
	case FIELD_STRING:
		return sizeof(char *);
	case FIELD_INT:
	case FIELD_SPAN:
	case FIELD_TIME:
		return sizeof(int64_t);
	case FIELD_REAL:
		return sizeof(double);
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_ENUM:
		return sizeof(int);
	case FIELD_STRS:
		return sizeof(struct strs);
	case FIELD_LIST:
	case FIELD_NAMED:
		return sizeof(struct field_vec);
	case FIELD_CUSTOM:
		return f->size;
	case FIELD_MAP:
		break;
	}
	return 0;
}

int
field_word(const struct field *f, struct str word)
{
	int i;

	for (i = 0; f->words[i] != NULL; i++)
		if (str_is(word, f->words[i]))
			return i;
	return -1;
}

int64_t
field_init_int(const struct field *f)
{
	int64_t v = 0;

	if (f->init == NULL)
		return 0;
	if (f->kind == FIELD_SPAN)
		clock_parse_span(f->init, &v);
	else if (f->kind == FIELD_TIME)
		clock_parse(f->init, &v);
	else if (f->kind == FIELD_ENUM)
		v = field_word(f, str_of(f->init));
	else if (f->kind == FIELD_BOOL)
		v = str_is(str_of(f->init), "true");
	else
		str_int(str_of(f->init), INT64_MIN, INT64_MAX, &v);
	return v;
}

static void
member_init(const struct field *f, void *member)
{
	if (f->kind == FIELD_MAP) {
		fields_init(f->sub, member);
		return;
	}
	memset(member, 0, scalar_size(f));
	if (f->init == NULL)
		return;
	switch (f->kind) {
	case FIELD_STRING:
		*(char **)member = mem_strdup(f->init);
		break;
	case FIELD_INT:
	case FIELD_SPAN:
	case FIELD_TIME:
		*(int64_t *)member = field_init_int(f);
		break;
	case FIELD_REAL:
		*(double *)member = strtod(f->init, NULL);
		break;
	case FIELD_BOOL:
		*(bool *)member = field_init_int(f) != 0;
		break;
	case FIELD_ENUM:
		*(int *)member = (int)field_init_int(f);
		break;
	case FIELD_STRS:
		strs_add(member, f->init);
		break;
	default:
		break;
	}
}

void
fields_init(const struct field *t, void *obj)
{
	for (; t->name != NULL; t++)
		member_init(t, (char *)obj + t->offset);
}

static void
member_free(const struct field *f, void *member)
{
	struct field_vec *vec = member;
	size_t i;

	switch (f->kind) {
	case FIELD_STRING:
		free(*(char **)member);
		break;
	case FIELD_STRS:
		strs_free(member);
		break;
	case FIELD_MAP:
		fields_free(f->sub, member);
		break;
	case FIELD_LIST:
	case FIELD_NAMED:
		for (i = 0; i < vec->n; i++) {
			fields_free(f->sub, vec->v + i * f->size);
			if (f->kind == FIELD_NAMED)
				free(*(char **)(void *)(vec->v + i * f->size));
		}
		vec_free(vec);
		break;
	case FIELD_CUSTOM:
		if (f->custom->release != NULL)
			f->custom->release(f, member);
		break;
	default:
		break;
	}
	memset(member, 0, scalar_size(f));
}

void
fields_free(const struct field *t, void *obj)
{
	for (; t->name != NULL; t++)
		member_free(t, (char *)obj + t->offset);
}

/* "an integer from 0 to 4" */
static void
add_expected(struct buf *b, const struct field *f)
{
	const char *const *w;

	switch (f->kind) {
	case FIELD_STRING:
		buf_adds(b, "a string");
		break;
	case FIELD_INT:
	case FIELD_REAL:
		buf_adds(b, f->kind == FIELD_INT ? "an integer" : "a number");
		if (f->min != 0 || f->max != 0)
			buf_addf(b, " from %lld to %lld", (long long)f->min, (long long)f->max);
		break;
	case FIELD_BOOL:
		buf_adds(b, "true or false");
		break;
	case FIELD_SPAN:
		buf_adds(b, "a duration such as 90s, 20m or 2h");
		break;
	case FIELD_TIME:
		buf_adds(b, "a time such as 2026-11-21T10:12:45Z");
		break;
	case FIELD_ENUM:
		for (w = f->words; *w != NULL; w++)
			buf_addf(b, "%s%s", w == f->words ? "" : w[1] == NULL ? " or " : ", ", *w);
		break;
	case FIELD_STRS:
		buf_adds(b, "a list of strings");
		break;
	case FIELD_LIST:
		buf_adds(b, "a list");
		break;
	default:
		buf_adds(b, "a map");
	}
}

static void
add_found(struct buf *b, const struct field *f, const struct node *n)
{
	bool form = f->kind == FIELD_SPAN || f->kind == FIELD_TIME || f->kind == FIELD_ENUM;

	if (n->kind == NODE_INT)
		buf_addf(b, "%s", n->text.p);
	else if (n->kind == NODE_STRING && form) {
		buf_addc(b, '\'');
		text_visible(b, str_take(n->text, SHOWN_MAX), true);
		buf_adds(b, n->text.n > SHOWN_MAX ? "…'" : "'");
	} else
		buf_adds(b, node_kind_name(n->kind));
}

static const char *
nearest_word(const struct field *f, struct str word)
{
	const char *best = NULL;
	size_t least = (word.n + 2) / 3 + 1;
	int i;

	for (i = 0; f->words[i] != NULL; i++) {
		size_t d = str_distance(word, str_of(f->words[i]));

		if (d < least) {
			least = d;
			best = f->words[i];
		}
	}
	return best;
}

static struct err *
wrong(const struct field *f, const struct node *n)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	const char *near = NULL;

	add_expected(&b, f);
	buf_adds(&b, ", not ");
	add_found(&b, f, n);
	if (f->kind == FIELD_ENUM && n->kind == NODE_STRING)
		near = nearest_word(f, n->text);
	if (near != NULL)
		buf_addf(&b, "; did you mean '%s'?", near);
	return node_err(n, "'%s' must be %s", f->name, buf_cstr(&b));
}

/* A scalar that may stand for a string. */
static bool
is_text(const struct node *n)
{
	return n->kind == NODE_STRING || (n->plain && n->kind != NODE_NULL);
}

static struct err *
read_strs(const struct field *f, const struct node *n, struct strs *out)
{
	AUTO(strs_free) struct strs v = {0};
	const struct node *c;

	if (is_text(n))
		strs_addn(&v, n->text.p, n->text.n);
	else if (n->kind != NODE_LIST)
		return wrong(f, n);
	for (c = n->child; c != NULL; c = c->next) {
		if (!is_text(c))
			return node_err(c, "each of '%s' must be a string, not %s", f->name,
			    node_kind_name(c->kind));
		strs_addn(&v, c->text.p, c->text.n);
	}
	strs_free(out);
	*out = v;
	v = (struct strs){0};
	return NULL;
}

static struct err *
read_int(const struct field *f, const struct node *n, int64_t *out)
{
	bool bounded = f->min != 0 || f->max != 0;
	int64_t v = n->integer;
	bool ok;

	if (f->kind == FIELD_INT)
		ok = n->kind == NODE_INT;
	else if (f->kind == FIELD_SPAN)
		ok = n->kind == NODE_STRING && clock_parse_span(n->text.p, &v);
	else
		ok = n->kind == NODE_STRING && clock_parse(n->text.p, &v);
	if (!ok)
		return wrong(f, n);
	if (bounded && (v < f->min || v > f->max)) {
		char lo[CLOCK_TEXT], hi[CLOCK_TEXT];

		if (f->kind != FIELD_SPAN)
			return wrong(f, n);
		clock_format_span(f->min, lo);
		clock_format_span(f->max, hi);
		return node_err(n, "'%s' must be a duration from %s to %s, not '%s'", f->name, lo, hi,
		    n->text.p);
	}
	*out = v;
	return NULL;
}

static struct err *
read_real(const struct field *f, const struct node *n, double *out)
{
	if (n->kind != NODE_INT && n->kind != NODE_REAL)
		return wrong(f, n);
	if ((f->min != 0 || f->max != 0) && (n->real < (double)f->min || n->real > (double)f->max))
		return wrong(f, n);
	*out = n->real;
	return NULL;
}

static struct err *
read_element(const struct field *f, const struct node *c, struct field_vec *vec)
{
	char *element;

	if (vec->n == vec->cap) {
		vec->cap = vec->cap < 8 ? 8 : vec->cap * 2;
		vec->v = mem_grow(vec->v, vec->cap, f->size);
	}
	element = vec->v + vec->n * f->size;
	memset(element, 0, f->size);
	if (f->kind == FIELD_LIST && c->kind != NODE_MAP)
		return node_err(c, "each of '%s' must be a map, not %s", f->name, node_kind_name(c->kind));
	TRY(fields_read(f->sub, c, element));
	if (f->kind == FIELD_NAMED)
		*(char **)(void *)element = str_dup(c->key);
	vec->n++;
	return NULL;
}

static struct err *
read_vec(const struct field *f, const struct node *n, void *member)
{
	struct field_vec vec = {0};
	const struct node *c;
	struct err *e = NULL;

	if (n->kind != (f->kind == FIELD_LIST ? NODE_LIST : NODE_MAP))
		return wrong(f, n);
	for (c = n->child; c != NULL && e == NULL; c = c->next)
		e = read_element(f, c, &vec);
	if (e != NULL) {
		member_free(f, &vec);
		return e;
	}
	member_free(f, member);
	*(struct field_vec *)member = vec;
	return NULL;
}

static struct err *
read_word(const struct field *f, const struct node *n, int *out)
{
	int i = is_text(n) ? field_word(f, n->text) : -1;

	if (i < 0)
		return wrong(f, n);
	*out = i;
	return NULL;
}

struct err *
field_read(const struct field *f, const struct node *n, void *obj)
{
	void *member = (char *)obj + f->offset;

	switch (f->kind) {
	case FIELD_STRING:
		if (!is_text(n))
			return wrong(f, n);
		free(*(char **)member);
		*(char **)member = str_dup(n->text);
		return NULL;
	case FIELD_INT:
	case FIELD_SPAN:
	case FIELD_TIME:
		return read_int(f, n, member);
	case FIELD_REAL:
		return read_real(f, n, member);
	case FIELD_BOOL:
		if (n->kind != NODE_BOOL)
			return wrong(f, n);
		*(bool *)member = n->boolean;
		return NULL;
	case FIELD_ENUM:
		return read_word(f, n, member);
	case FIELD_STRS:
		return read_strs(f, n, member);
	case FIELD_MAP:
		if (n->kind != NODE_MAP)
			return wrong(f, n);
		fields_free(f->sub, member);
		return fields_read(f->sub, n, member);
	case FIELD_LIST:
	case FIELD_NAMED:
		return read_vec(f, n, member);
	case FIELD_CUSTOM:
		return f->custom->read(f, n, member);
	}
	return NULL;
}

const struct field *
field_find(const struct field *t, struct str name)
{
	for (; t->name != NULL; t++)
		if (str_is(name, t->name))
			return t;
	return NULL;
}

const char *
field_nearest(const struct field *t, struct str name)
{
	const char *best = NULL;
	size_t least = (name.n + 2) / 3 + 1;

	for (; t->name != NULL; t++) {
		size_t d = str_distance(name, str_of(t->name));

		if (d < least) {
			least = d;
			best = t->name;
		}
	}
	return best;
}

struct err *
field_unknown(const struct field *t, const struct node *n)
{
	const char *near = field_nearest(t, n->key);
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	text_visible(&b, str_take(n->key, SHOWN_MAX), true);
	if (near == NULL)
		return node_key_err(n, "unknown key '%s'", buf_cstr(&b));
	return node_key_err(n, "unknown key '%s'; did you mean '%s'?", buf_cstr(&b), near);
}

static struct err *
check_required(const struct field *t, const struct node *n)
{
	const struct node *m;

	for (; t->name != NULL; t++) {
		m = node_get(n, t->name);
		if ((t->flags & FIELD_REQUIRED) && (m == NULL || m->kind == NODE_NULL))
			return node_err(n, "the key '%s' is missing", t->name);
	}
	return NULL;
}

static struct err *
read_members(const struct field *t, const struct node *n, void *obj)
{
	const struct field *f;
	const struct node *m;

	if (n->kind != NODE_MAP && n->kind != NODE_NULL)
		return node_err(n, "expected a map, not %s", node_kind_name(n->kind));
	for (m = n->child; m != NULL; m = m->next) {
		f = field_find(t, m->key);
		if (f == NULL)
			return field_unknown(t, m);
		if (m->kind != NODE_NULL)
			TRY(field_read(f, m, obj));
	}
	return check_required(t, n);
}

struct err *
fields_read(const struct field *t, const struct node *n, void *obj)
{
	struct err *e;

	fields_init(t, obj);
	e = read_members(t, n, obj);
	if (e != NULL)
		fields_free(t, obj);
	return e;
}

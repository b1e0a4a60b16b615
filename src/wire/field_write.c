#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "wire/field.h"
#include "wire/field_member.h"
#include "wire/json.h"
#include "wire/yaml.h"

static bool fields_absent(const struct field *t, const void *obj);

static bool
is_empty(const struct field *f, const void *member)
{
	switch (f->kind) {
	case FIELD_STRING:
		return *(char *const *)member == NULL;
	case FIELD_TIME:
		return *(const int64_t *)member == 0;
	case FIELD_STRS:
		return ((const struct strs *)member)->n == 0;
	case FIELD_LIST:
	case FIELD_NAMED:
		return ((const struct field_vec *)member)->n == 0;
	case FIELD_MAP:
		return fields_absent(f->sub, member);
	case FIELD_CUSTOM:
		return f->custom->absent != NULL && f->custom->absent(f, member);
	default:
		return false;
	}
}

static bool
is_init(const struct field *f, const void *member)
{
	const struct strs *v = member;

	switch (f->kind) {
	case FIELD_STRING:
		return f->init != NULL && strcmp(*(char *const *)member, f->init) == 0;
	case FIELD_INT:
	case FIELD_SPAN:
	case FIELD_TIME:
		return *(const int64_t *)member == field_init_int(f);
	case FIELD_REAL:
		return *(const double *)member == (f->init == NULL ? 0 : strtod(f->init, NULL));
	case FIELD_BOOL:
		return *(const bool *)member == (field_init_int(f) != 0);
	case FIELD_ENUM:
		return *(const int *)member == field_init_int(f);
	case FIELD_STRS:
		return f->init != NULL && v->n == 1 && strcmp(v->v[0], f->init) == 0;
	default:
		return false;
	}
}

bool
field_absent(const struct field *f, const void *obj)
{
	const void *member = (const char *)obj + f->offset;

	return (f->flags & FIELD_READONLY) || is_empty(f, member) ||
	    ((f->flags & FIELD_OMIT) && is_init(f, member));
}

static bool
fields_absent(const struct field *t, const void *obj)
{
	for (; t->name != NULL; t++)
		if (!field_absent(t, obj))
			return false;
	return true;
}

static void
json_vec(const struct field *f, struct jw *w, const struct field_vec *vec)
{
	bool named = f->kind == FIELD_NAMED;
	size_t i;

	if (named)
		jw_obj(w);
	else
		jw_list(w);
	for (i = 0; i < vec->n; i++) {
		const char *element = vec->v + i * f->size;

		if (named)
			jw_key(w, *(char *const *)(const void *)element);
		jw_obj(w);
		fields_json(f->sub, w, element);
		jw_end(w);
	}
	jw_end(w);
}

static void
json_strs(struct jw *w, const struct strs *v)
{
	size_t i;

	jw_list(w);
	for (i = 0; i < v->n; i++)
		jw_str(w, v->v[i]);
	jw_end(w);
}

static void
json_value(const struct field *f, struct jw *w, const void *member)
{
	char text[CLOCK_TEXT];

	switch (f->kind) {
	case FIELD_STRING:
		jw_str(w, *(char *const *)member);
		break;
	case FIELD_INT:
		jw_int(w, *(const int64_t *)member);
		break;
	case FIELD_REAL:
		jw_real(w, *(const double *)member);
		break;
	case FIELD_BOOL:
		jw_bool(w, *(const bool *)member);
		break;
	case FIELD_SPAN:
		clock_format_span(*(const int64_t *)member, text);
		jw_str(w, text);
		break;
	case FIELD_TIME:
		clock_format(*(const int64_t *)member, text);
		jw_str(w, text);
		break;
	case FIELD_ENUM:
		jw_str(w, f->words[*(const int *)member]);
		break;
	case FIELD_STRS:
		json_strs(w, member);
		break;
	case FIELD_MAP:
		jw_obj(w);
		fields_json(f->sub, w, member);
		jw_end(w);
		break;
	case FIELD_LIST:
	case FIELD_NAMED:
		json_vec(f, w, member);
		break;
	case FIELD_CUSTOM:
		f->custom->json(f, w, member);
		break;
	}
}

void
fields_json(const struct field *t, struct jw *w, const void *obj)
{
	for (; t->name != NULL; t++) {
		if (field_absent(t, obj))
			continue;
		jw_key(w, t->name);
		json_value(t, w, (const char *)obj + t->offset);
	}
}

static void
add_indent(struct buf *b, unsigned n)
{
	while (n-- > 0)
		buf_addc(b, ' ');
}

static void
yaml_list(const struct field *f, struct buf *b, unsigned indent, const struct field_vec *vec)
{
	size_t i, at;

	buf_addc(b, '\n');
	for (i = 0; i < vec->n; i++) {
		const char *element = vec->v + i * f->size;

		add_indent(b, indent + 2);
		buf_adds(b, "- ");
		if (fields_absent(f->sub, element)) {
			buf_adds(b, "{}\n");
			continue;
		}
		at = b->n;
		fields_yaml(f->sub, b, indent + 4, element);
		/* The first line's indent is the dash. */
		if (!b->over)
			buf_cut(b, at, indent + 4);
	}
}

static void
yaml_named(const struct field *f, struct buf *b, unsigned indent, const struct field_vec *vec)
{
	size_t i;

	buf_addc(b, '\n');
	for (i = 0; i < vec->n; i++) {
		const char *element = vec->v + i * f->size;

		add_indent(b, indent + 2);
		yaml_add_str(b, str_of(*(char *const *)(const void *)element), false);
		if (fields_absent(f->sub, element)) {
			buf_adds(b, ": {}\n");
			continue;
		}
		buf_adds(b, ":\n");
		fields_yaml(f->sub, b, indent + 4, element);
	}
}

static void
yaml_scalar(const struct field *f, struct buf *b, const void *member)
{
	char text[CLOCK_TEXT];
	struct jw w;

	buf_addc(b, ' ');
	switch (f->kind) {
	case FIELD_STRING:
		yaml_add_str(b, str_of(*(char *const *)member), false);
		break;
	case FIELD_ENUM:
		yaml_add_str(b, str_of(f->words[*(const int *)member]), false);
		break;
	case FIELD_STRS:
		yaml_add_strs(b, ((const struct strs *)member)->v, ((const struct strs *)member)->n);
		break;
	case FIELD_SPAN:
		clock_format_span(*(const int64_t *)member, text);
		buf_adds(b, text);
		break;
	case FIELD_TIME:
		clock_format(*(const int64_t *)member, text);
		buf_adds(b, text);
		break;
	default:
		/* Numbers and booleans are written as in JSON. */
		jw_init(&w, b, false);
		json_value(f, &w, member);
	}
	buf_addc(b, '\n');
}

void
field_yaml(const struct field *f, struct buf *b, unsigned indent, const void *obj)
{
	const void *member = (const char *)obj + f->offset;

	if (f->kind == FIELD_STRING && *(char *const *)member == NULL)
		buf_addc(b, '\n');
	else if (f->kind == FIELD_CUSTOM)
		f->custom->yaml(f, b, indent, member);
	else if (f->kind == FIELD_LIST)
		yaml_list(f, b, indent, member);
	else if (f->kind == FIELD_NAMED)
		yaml_named(f, b, indent, member);
	else if (f->kind == FIELD_MAP) {
		buf_addc(b, '\n');
		fields_yaml(f->sub, b, indent + 2, member);
	} else
		yaml_scalar(f, b, member);
}

void
fields_yaml(const struct field *t, struct buf *b, unsigned indent, const void *obj)
{
	for (; t->name != NULL; t++) {
		if (field_absent(t, obj))
			continue;
		add_indent(b, indent);
		buf_addf(b, "%s:", t->name);
		field_yaml(t, b, indent, obj);
	}
}

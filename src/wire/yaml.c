#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "wire/yaml.h"
#include "wire/yaml_scalar.h"

/* Byte offsets are kept for every so many characters; see byte_of(). */
#define STRIDE 256

/* Pairs of keys are compared one by one up to here, through a map above. */
#define SMALL_MAP 12

struct reader {
	yaml_parser_t parser;
	struct arena *arena;
	const char *file;
	struct str text;
	size_t skipped;		/* bytes before 'text': a byte order mark */
	unsigned first_line;
	unsigned events;
	unsigned depth;
	VEC(size_t) strides;
};

/* libyaml counts characters; we splice bytes. */
static void
index_text(struct reader *r)
{
	size_t chars = 0;
	size_t i;

	for (i = 0; i < r->text.n; i++) {
		if (((unsigned char)r->text.p[i] & 0xc0) == 0x80)
			continue;
		if (chars++ % STRIDE == 0)
			vec_push(&r->strides, i);
	}
}

static size_t
byte_of(const struct reader *r, size_t character)
{
	size_t stride = character / STRIDE;
	size_t left = character % STRIDE;
	size_t i;

	if (stride >= r->strides.n)
		return r->text.n;
	for (i = r->strides.v[stride]; i < r->text.n; i++) {
		if (((unsigned char)r->text.p[i] & 0xc0) == 0x80)
			continue;
		if (left-- == 0)
			return i;
	}
	return r->text.n;
}

static struct err *
err_mark(const struct reader *r, enum err_code code, yaml_mark_t at, const char *what)
{
	return err_new(code, "%s:%zu:%zu: %s", r->file, at.line + r->first_line, at.column + 1, what);
}

static yaml_mark_t
mark_of(const struct reader *r, size_t byte)
{
	struct str rest = str_take(r->text, byte);
	yaml_mark_t at = {0};

	while (rest.n > 0) {
		at.column++;
		if (utf8_next(&rest) == '\n') {
			at.line++;
			at.column = 0;
		}
	}
	return at;
}

static struct err *
next_event(struct reader *r, yaml_event_t *ev)
{
	const yaml_parser_t *p = &r->parser;

	if (++r->events > YAML_EVENTS && defence_on(DEFENCE_CEILINGS))
		return err_mark(r, ERR_LIMIT, p->mark, "too many values in one file");
	if (yaml_parser_parse(&r->parser, ev))
		return NULL;
	if (p->error == YAML_MEMORY_ERROR)
		mem_exhausted();
	return err_mark(r, ERR_SYNTAX,
	    p->error == YAML_READER_ERROR ? mark_of(r, p->problem_offset) : p->problem_mark,
	    p->problem == NULL ? "not YAML" : p->problem);
}

static struct node *
node_new(struct reader *r, const yaml_event_t *ev)
{
	struct node *n = arena_alloc(r->arena, sizeof(*n));

	n->file = r->file;
	n->line = (unsigned)ev->start_mark.line + r->first_line;
	n->column = (unsigned)ev->start_mark.column + 1;
	n->start = byte_of(r, ev->start_mark.index) + r->skipped;
	n->end = byte_of(r, ev->end_mark.index) + r->skipped;
	return n;
}

/* A block scalar's end mark stands after the line breaks that follow it. */
static void
trim_end(const struct reader *r, struct node *n)
{
	const char *text = r->text.p - r->skipped;

	while (n->end > n->start && (text[n->end - 1] == '\n' || text[n->end - 1] == '\r'))
		n->end--;
}

static struct err *
check_properties(const struct reader *r, const yaml_event_t *ev, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
	if (anchor != NULL)
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "anchors ('&') are not allowed here");
	if (tag != NULL)
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "tags ('!') are not allowed here");
	return NULL;
}

static struct err *
read_scalar(struct reader *r, const yaml_event_t *ev, struct node **out)
{
	const char *value = (const char *)ev->data.scalar.value;
	yaml_scalar_style_t style = ev->data.scalar.style;
	struct node *n;

	TRY(check_properties(r, ev, ev->data.scalar.anchor, ev->data.scalar.tag));
	if (memchr(value, '\0', ev->data.scalar.length) != NULL)
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "a string may not hold the character NUL");
	n = node_new(r, ev);
	n->text.n = ev->data.scalar.length;
	n->text.p = arena_str(r->arena, str_mk(value, n->text.n));
	n->kind = NODE_STRING;
	n->plain = style == YAML_PLAIN_SCALAR_STYLE;
	if (n->plain)
		yaml_resolve(n);
	if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
		trim_end(r, n);
	*out = n;
	return NULL;
}

static struct err *read_event(struct reader *r, yaml_event_t *ev, struct node **out) MUST_USE;

static void
add_child(struct node *parent, struct node ***tail, struct node *child)
{
	**tail = child;
	*tail = &child->next;
	parent->n++;
	/* A block's own end mark is where the next token stands. */
	if (!parent->flow)
		parent->end = child->end;
}

static struct err *
read_list(struct reader *r, struct node *list)
{
	struct node **tail = &list->child;
	struct node *n;

	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t ev = {0};

		TRY(next_event(r, &ev));
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			if (list->flow)
				list->end = byte_of(r, ev.end_mark.index) + r->skipped;
			return NULL;
		}
		TRY(read_event(r, &ev, &n));
		add_child(list, &tail, n);
	}
}

static struct err *
read_key(struct reader *r, yaml_event_t *ev, struct node **out)
{
	struct node *key = NULL;

	if (ev->type == YAML_ALIAS_EVENT)
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "aliases ('*') are not allowed here");
	if (ev->type != YAML_SCALAR_EVENT)
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "a key must be a plain word or a string");
	TRY(read_scalar(r, ev, &key));
	if (key->plain && str_is(key->text, "<<"))
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "merge keys ('<<') are not allowed here");
	*out = key;
	return NULL;
}

/* Before n is added to the map. */
static struct err *
check_twice(const struct node *map, struct map *seen, const struct node *n)
{
	const struct node *o;
	bool twice;

	if (map->n < SMALL_MAP)
		twice = node_get(map, n->key.p) != NULL;
	else {
		if (seen->n == 0)
			for (o = map->child; o != NULL; o = o->next)
				map_set_str(seen, o->key, (void *)o);
		twice = map_set_str(seen, n->key, (void *)n) != NULL;
	}
	return twice ? node_key_err(n, "the key '%s' is there twice", n->key.p) : NULL;
}

static struct err *
read_member(struct reader *r, yaml_event_t *ev, struct node **out)
{
	AUTO(yaml_event_delete) yaml_event_t value = {0};
	struct node *key = NULL, *n = NULL;

	TRY(read_key(r, ev, &key));
	TRY(next_event(r, &value));
	TRY(read_event(r, &value, &n));
	n->key = key->text;
	n->key_start = key->start;
	n->key_line = key->line;
	n->key_column = key->column;
	*out = n;
	return NULL;
}

static struct err *
read_members(struct reader *r, struct node *map, struct map *seen)
{
	struct node **tail = &map->child;
	struct node *n;

	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t ev = {0};

		TRY(next_event(r, &ev));
		if (ev.type == YAML_MAPPING_END_EVENT) {
			if (map->flow)
				map->end = byte_of(r, ev.end_mark.index) + r->skipped;
			return NULL;
		}
		TRY(read_member(r, &ev, &n));
		TRY(check_twice(map, seen, n));
		add_child(map, &tail, n);
	}
}

static struct err *
read_map(struct reader *r, struct node *map)
{
	struct map seen = {0};
	struct err *e;

	e = read_members(r, map, &seen);
	map_free(&seen, NULL);
	return e;
}

static struct err *
read_collection(struct reader *r, const yaml_event_t *ev, struct node **out)
{
	bool list = ev->type == YAML_SEQUENCE_START_EVENT;
	struct node *n;

	if (list)
		TRY(check_properties(r, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag));
	else
		TRY(check_properties(r, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag));
	if (++r->depth > YAML_DEPTH && defence_on(DEFENCE_CEILINGS))
		return err_mark(r, ERR_LIMIT, ev->start_mark, "nested too deeply");
	n = node_new(r, ev);
	n->kind = list ? NODE_LIST : NODE_MAP;
	n->flow = list ? ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE :
	    ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	TRY(list ? read_list(r, n) : read_map(r, n));
	r->depth--;
	*out = n;
	return NULL;
}

static struct err *
read_event(struct reader *r, yaml_event_t *ev, struct node **out)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, ev, out);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_collection(r, ev, out);
	case YAML_ALIAS_EVENT:
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "aliases ('*') are not allowed here");
	default:
		return err_mark(r, ERR_SYNTAX, ev->start_mark, "expected a value");
	}
}

/* Stream start, then the one document, its value, its end, and the end. */
static struct err *
read_document(struct reader *r, struct node **out)
{
	struct node *root = NULL;

	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t ev = {0};

		TRY(next_event(r, &ev));
		switch (ev.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (root != NULL)
				return err_mark(r, ERR_SYNTAX, ev.start_mark, "a second document begins");
			break;
		case YAML_STREAM_END_EVENT:
			*out = root != NULL ? root : node_new(r, &ev);
			return NULL;
		default:
			TRY(read_event(r, &ev, &root));
		}
	}
}

static struct err *
check_utf8(const struct reader *r)
{
	struct str rest = r->text;
	size_t at;
	int32_t c;

	while (rest.n > 0) {
		at = r->text.n - rest.n;
		c = utf8_next(&rest);
		if (c <= 0)
			return err_mark(r, ERR_SYNTAX, mark_of(r, at), c < 0 ?
			    "bytes that are not UTF-8" : "the character NUL is not allowed here");
	}
	return NULL;
}

struct err *
yaml_parse(struct arena *a, const char *file, struct str text, unsigned first_line,
    struct node **out)
{
	struct reader r = {.arena = a, .text = text, .first_line = first_line};
	struct err *e;

	r.file = arena_strdup(a, file);
	if (text.n > YAML_MAX && defence_on(DEFENCE_CEILINGS))
		return err_new(ERR_LIMIT, "'%s' has more than %zu MiB", file, YAML_MAX / MIB);
	if (str_starts(text, "\xef\xbb\xbf")) {
		r.skipped = 3;
		r.text = str_skip(text, 3);
	}
	TRY(check_utf8(&r));
	if (!yaml_parser_initialize(&r.parser))
		mem_exhausted();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(r.text.n == 0 ? "" : r.text.p),
	    r.text.n);
	index_text(&r);
	e = read_document(&r, out);
	vec_free(&r.strides);
	yaml_parser_delete(&r.parser);
	return e;
}

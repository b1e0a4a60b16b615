#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "conf/config.h"
#include "conf/key.h"
#include "conf/secrets.h"
#include "wire/node.h"
#include "wire/yaml.h"

#define NAME_MAX_BYTES 64

/* A place in the file: what it is called there, and in the table. */
struct spot {
	struct config *c;
	const char *name;	/* "gates.tests." */
	const char *pattern;	/* "gates.<name>." */
	void *obj;
};

static void
origin_set(struct config *c, const char *name, enum config_origin origin)
{
	map_set(&c->origin, name, (void *)((uintptr_t)origin + 1));
}

static enum config_origin
origin_of(const struct config *c, const char *name)
{
	uintptr_t v = (uintptr_t)map_get(&c->origin, name);

	return v == 0 ? ORIGIN_DEFAULT : (enum config_origin)(v - 1);
}

static bool
takes_text(const struct node *n)
{
	return n->kind == NODE_STRING || (n->plain && n->kind != NODE_LIST && n->kind != NODE_MAP);
}

static struct err *
wrong(const struct key *k, const char *name, const struct node *n, bool type)
{
	AUTO(buf_free) struct buf wants = BUF_INIT(BUF_TEXT);

	key_wants(k, &wants);
	if (type)
		return node_err(n, "'%s' must be %s, not %s", name, buf_cstr(&wants),
		    node_kind_name(n->kind));
	if (key_shown(k))
		return node_err(n, "'%s' must be %s, not '%.*s'", name, buf_cstr(&wants),
		    STR_ARG(str_take(n->text, 80)));
	return node_err(n, "'%s' must be %s", name, buf_cstr(&wants));
}

static struct err *
refuse_secret(const char *name, const struct node *n)
{
	return err_hint(node_err(n, "the value of '%s' looks like a secret: it does not belong into a file",
	    name), "take it out, replace the key that it shows, and name an environment variable instead");
}

static bool
fits_kind(const struct key *k, const struct node *n)
{
	switch (k->kind) {
	case KEY_INT:
		return n->kind == NODE_INT;
	case KEY_BOOL:
		return n->kind == NODE_BOOL;
	default:
		return takes_text(n);
	}
}

static struct err *
scalar_read(const struct key *k, const struct spot *s, const char *name, const struct node *n)
{
	struct str text = n->text;

	if (!fits_kind(k, n))
		return wrong(k, name, n, true);
	if (k->kind != KEY_SIGNERS && secret_looks(n->text))
		return refuse_secret(name, n);
	if (n->kind == NODE_BOOL && n->plain)
		text = n->boolean ? STR("true") : STR("false");
	/* In quotes it is the command of that name, which a shell finds in quotes, too. */
	else if (k->kind == KEY_FAST && str_is(text, "true"))
		text = STR("\"true\"");
	else if (k->kind == KEY_FAST && str_is(text, "false"))
		text = STR("\"false\"");
	if (!key_set(k, s->c, s->obj, text))
		return wrong(k, name, n, false);
	return NULL;
}

static struct err *
list_read(const struct key *k, const struct spot *s, const char *name, const struct node *n)
{
	const struct node *each;

	key_clear(k, s->obj);
	if (takes_text(n)) {
		if (k->kind == KEY_ARGV && (!key_set(k, s->c, s->obj, STR("sh")) ||
		    !key_set(k, s->c, s->obj, STR("-c"))))
			return wrong(k, name, n, false);
		return scalar_read(k, s, name, n);
	}
	if (n->kind != NODE_LIST)
		return wrong(k, name, n, true);
	for (each = n->child; each != NULL; each = each->next)
		TRY(scalar_read(k, s, name, each));
	return NULL;
}

static struct err *
value_read(const struct key *k, const struct spot *s, const char *name, const struct node *n)
{
	if (k->kind == KEY_OWN)
		return err_hint(node_err(n, "'%s' does not belong into a file that all share", name),
		    "git config factory.%s", name);
	TRY(key_is_list(k) ? list_read(k, s, name, n) : scalar_read(k, s, name, n));
	origin_set(s->c, name, ORIGIN_POLICY);
	return NULL;
}

static const struct key *
key_find(const char *pattern)
{
	const struct key *k;

	for (k = keys; k->name != NULL; k++)
		if (strcmp(k->name, pattern) == 0)
			return k;
	return NULL;
}

/* Is there any key below "pattern."? */
static bool
is_section(const char *pattern)
{
	const struct key *k;
	size_t n = strlen(pattern);

	for (k = keys; k->name != NULL; k++)
		if (strncmp(k->name, pattern, n) == 0 && k->name[n] == '.')
			return true;
	return false;
}

static enum key_place
collection_of(const char *pattern)
{
	size_t i, n = strlen(pattern);

	for (i = PLACE_MODEL; i <= PLACE_SETUP; i++)
		if (strncmp(places[i].prefix, pattern, n) == 0 &&
		    strcmp(places[i].prefix + n, ".") == 0)
			return (enum key_place)i;
	return PLACE_CONFIG;
}

/* The known key next to 'word' among those directly below the pattern. */
static void
nearest(const char *pattern, struct str word, struct buf *out)
{
	size_t n = strlen(pattern), least = word.n / 3 + 2;
	const struct key *k;

	for (k = keys; k->name != NULL; k++) {
		struct str part = str_of(k->name);
		ptrdiff_t dot;
		size_t d;

		if (!str_starts(part, pattern))
			continue;
		part = str_skip(part, n);
		dot = str_chr(part, '.');
		if (dot >= 0)
			part = str_take(part, (size_t)dot);
		d = str_distance(word, part);
		if (d < least) {
			least = d;
			buf_clear(out);
			buf_addstr(out, part);
		}
	}
}

static struct err *
unknown(const struct spot *s, const struct node *n)
{
	AUTO(buf_free) struct buf near = BUF_INIT(BUF_TEXT);

	nearest(s->pattern, n->key, &near);
	if (near.n > 0)
		return node_key_err(n, "unknown key '%s%s'; did you mean '%s'?", s->name, n->key.p,
		    buf_cstr(&near));
	return node_key_err(n, "unknown key '%s%s'", s->name, n->key.p);
}

static bool
is_name(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && strchr("._-", s.p[i]) == NULL)
			return false;
	return s.n > 0 && s.n <= NAME_MAX_BYTES && isalnum((unsigned char)s.p[0]);
}

static struct err *map_read(const struct spot *s, const struct node *map) MUST_USE;

static struct err *
named_read(const struct spot *s, enum key_place place, const struct node *map)
{
	const struct node *n;

	if (map->kind != NODE_MAP)
		return node_err(map, "'%.*s' must be a map of names, not %s", (int)strlen(s->name) - 1,
		    s->name, node_kind_name(map->kind));
	for (n = map->child; n != NULL; n = n->next) {
		AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT), pattern = BUF_INIT(BUF_TEXT);
		struct spot below = {.c = s->c};

		if (!is_name(n->key))
			return node_key_err(n, "a name has letters, digits, '.', '_' and '-' only");
		buf_addf(&name, "%s%s.", s->name, n->key.p);
		buf_addf(&pattern, "%s<name>.", places[place].prefix);
		below.name = buf_cstr(&name);
		below.pattern = buf_cstr(&pattern);
		below.obj = key_place_find(s->c, place, n->key);
		if (below.obj == NULL)
			below.obj = place_add(s->c, place, n->key);
		if (place == PLACE_GATE)
			((struct conf_gate *)below.obj)->line = n->key_line;
		TRY(map_read(&below, n));
	}
	return NULL;
}

static struct err *
items_read(const struct spot *s, enum key_place place, const struct node *list)
{
	const struct node *n;
	size_t i = 0;

	if (list->kind != NODE_LIST)
		return node_err(list, "'%.*s' must be a list, not %s", (int)strlen(s->name) - 1,
		    s->name, node_kind_name(list->kind));
	for (n = list->child; n != NULL; n = n->next) {
		AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT);
		struct spot below = {.c = s->c, .pattern = places[place].prefix};

		buf_addf(&name, "%.*s[%zu].", (int)strlen(s->name) - 1, s->name, i++);
		below.name = buf_cstr(&name);
		below.obj = place_add(s->c, place, (struct str){0});
		((struct conf_setup *)below.obj)->line = n->line;
		TRY(map_read(&below, n));
	}
	return NULL;
}

/* Sections that may be written as one word. */
static struct err *
word_read(const struct spot *s, const struct node *n, bool *done)
{
	const struct key *mode = key_find("sandbox.mode"), *kind = key_find("forge.kind");

	*done = true;
	if (strcmp(s->pattern, "gates.") == 0 && str_is(n->text, "none")) {
		s->c->gates_none = true;
		origin_set(s->c, "gates", ORIGIN_POLICY);
		return NULL;
	}
	if (kind != NULL && strcmp(s->pattern, "forge.") == 0)
		return value_read(kind, s, "forge.kind", n);
	if (mode != NULL && strcmp(s->pattern, "sandbox.") == 0)
		return value_read(mode, s, "sandbox.mode", n);
	if (strcmp(s->pattern, "models.<name>.api_key.") == 0)
		return err_hint(node_err(n, "the value of a key does not belong into a file"),
		    "write api_key: {env: NAME} with the name of an environment variable");
	*done = false;
	return NULL;
}

static struct err *
section_read(const struct spot *s, const struct node *n)
{
	AUTO(buf_free) struct buf pattern = BUF_INIT(BUF_TEXT);
	enum key_place place;
	bool done = false;

	if (takes_text(n))
		TRY(word_read(s, n, &done));
	if (done)
		return NULL;
	buf_add(&pattern, s->pattern, strlen(s->pattern) - 1);
	place = collection_of(buf_cstr(&pattern));
	if (place == PLACE_CONFIG)
		return map_read(s, n);
	return places[place].named ? named_read(s, place, n) : items_read(s, place, n);
}

static struct err *
member_read(const struct spot *s, const struct node *n)
{
	AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT), pattern = BUF_INIT(BUF_TEXT);
	struct spot below = *s;
	const struct key *k;

	buf_addf(&name, "%s%s", s->name, n->key.p);
	buf_addf(&pattern, "%s%s", s->pattern, n->key.p);
	k = key_find(buf_cstr(&pattern));
	if (str_has(n->key, '.') || str_has(n->key, '<') ||
	    (k == NULL && !is_section(buf_cstr(&pattern))))
		return unknown(s, n);
	if (n->kind == NODE_NULL)
		return NULL;
	if (k != NULL)
		return value_read(k, s, buf_cstr(&name), n);
	buf_addc(&name, '.');
	buf_addc(&pattern, '.');
	below.name = buf_cstr(&name);
	below.pattern = buf_cstr(&pattern);
	return section_read(&below, n);
}

static struct err *
map_read(const struct spot *s, const struct node *map)
{
	const struct node *n;

	if (map->kind == NODE_NULL)
		return NULL;
	if (map->kind != NODE_MAP && s->name[0] == '\0')
		return node_err(map, "the file must hold 'key: value' lines, not %s",
		    node_kind_name(map->kind));
	if (map->kind != NODE_MAP)
		return node_err(map, "'%.*s' must be a map, not %s", (int)strlen(s->name) - 1, s->name,
		    node_kind_name(map->kind));
	for (n = map->child; n != NULL; n = n->next)
		TRY(member_read(s, n));
	return NULL;
}

struct err *
config_parse(const char *file, struct str text, struct config *c)
{
	AUTO(arena_free) struct arena mem = {0};
	struct spot top = {.c = c, .name = "", .pattern = "", .obj = c};
	struct node *root;
	struct err *e;

	if (text.n > CONFIG_MAX)
		return err_new(ERR_LIMIT, "%s is larger than %zu bytes", file, CONFIG_MAX);
	e = yaml_parse(&mem, file, text, 1, &root);
	if (e == NULL)
		e = map_read(&top, root);
	if (err_is(e, ERR_SYNTAX))
		e = err_recode(e, ERR_CONFIG);
	return e;
}

/* Names are the same with '-' for '_'. */
static bool
same_key(struct str a, struct str b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && !(a.p[i] == '-' && b.p[i] == '_'))
			return false;
	return true;
}

/* A dotted key as the user writes it: its row, and the element's name. */
static const struct key *
key_resolve(const char *text, struct str *element)
{
	struct str s = str_of(text);
	const struct key *k;

	*element = (struct str){0};
	for (k = keys; k->name != NULL; k++) {
		struct str prefix = str_of(places[k->place].prefix), tail = str_of(key_tail(k));

		if (k->place == PLACE_CONFIG && same_key(s, tail))
			return k;
		if (!places[k->place].named || !str_starts(s, prefix.p) ||
		    s.n < prefix.n + tail.n + 2 || s.p[s.n - tail.n - 1] != '.' ||
		    !same_key(str_skip(s, s.n - tail.n), tail))
			continue;
		*element = str_take(str_skip(s, prefix.n), s.n - prefix.n - tail.n - 1);
		if (is_name(*element))
			return k;
	}
	return NULL;
}

static struct err *
no_such_key(enum err_code code, const char *text)
{
	size_t least = strlen(text) / 3 + 2;
	const struct key *k, *best = NULL;

	for (k = keys; k->name != NULL; k++) {
		size_t d = str_distance(str_of(text), str_of(k->name));

		if (d < least) {
			least = d;
			best = k;
		}
	}
	if (best != NULL)
		return err_new(code, "unknown key '%s'; did you mean '%s'?", text, best->name);
	return err_new(code, "unknown key '%s'", text);
}

/* The element's full name in the file: "models.fable.base_url". */
static void
full_name(const struct key *k, struct str element, struct buf *out)
{
	if (element.n == 0)
		buf_adds(out, k->name);
	else
		buf_addf(out, "%s%.*s.%s", places[k->place].prefix, STR_ARG(element), key_tail(k));
}

/* git's own words for true and false. */
static struct str
user_text(const struct key *k, const char *value)
{
	static const char *const yes[] = {"", "yes", "on", "1"}, *const no[] = {"no", "off", "0"};
	size_t i;

	for (i = 0; k->kind == KEY_BOOL && i < NITEMS(yes); i++)
		if (strcmp(value, yes[i]) == 0)
			return STR("true");
	for (i = 0; k->kind == KEY_BOOL && i < NITEMS(no); i++)
		if (strcmp(value, no[i]) == 0)
			return STR("false");
	return str_of(value);
}

struct err *
config_user(struct config *c, const char *key, const char *value)
{
	AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT), wants = BUF_INIT(BUF_TEXT);
	const struct key *k;
	struct str element;
	void *obj = c;

	if (strcmp(key, "gates") == 0 && strcmp(value, "none") == 0) {
		c->gates_none = true;
		origin_set(c, "gates", ORIGIN_USER);
		return NULL;
	}
	k = key_resolve(strcmp(key, "sandbox") == 0 ? "sandbox.mode" : strcmp(key, "remote") == 0 ? "state.remote"
	    : strcmp(key, "forge") == 0 ? "forge.kind" : key, &element);
	if (k == NULL)
		return no_such_key(ERR_CONFIG, key);
	if (k->kind != KEY_SIGNERS && secret_looks(str_of(value)))
		return err_hint(err_new(ERR_CONFIG, "the value looks like a secret"),
		    "name an environment variable that holds it instead");
	if (element.n > 0) {
		obj = key_place_find(c, k->place, element);
		if (obj == NULL)
			obj = place_add(c, k->place, element);
	}
	full_name(k, element, &name);
	if (origin_of(c, buf_cstr(&name)) != ORIGIN_USER)
		key_clear(k, obj);
	if (!key_set(k, c, obj, user_text(k, value))) {
		key_wants(k, &wants);
		return err_new(ERR_CONFIG, "must be %s", buf_cstr(&wants));
	}
	origin_set(c, buf_cstr(&name), ORIGIN_USER);
	return NULL;
}

struct err *
config_get(const struct config *c, const char *key, struct buf *out)
{
	struct str element;
	const struct key *k;
	const void *obj = c;

	if (strcmp(key, "gates") == 0 && c->gates_none) {
		buf_adds(out, "none");
		return NULL;
	}
	k = key_resolve(key, &element);
	if (k == NULL)
		return no_such_key(ERR_NOT_FOUND, key);
	if (element.n > 0)
		obj = key_place_find(c, k->place, element);
	if (obj == NULL)
		return err_new(ERR_NOT_FOUND, "there is no '%s%.*s'", places[k->place].prefix,
		    STR_ARG(element));
	key_text(k, obj, out);
	return NULL;
}

static struct err *
element_each(const struct config *c, enum key_place place, const char *name, const void *obj,
    config_each_fn *fn, void *ctx)
{
	const struct key *k;

	for (k = keys; k->name != NULL; k++) {
		AUTO(buf_free) struct buf full = BUF_INIT(BUF_TEXT), value = BUF_INIT(BUF_TEXT);
		enum config_origin origin;

		if (k->place != place)
			continue;
		buf_addf(&full, "%s%s", name, place == PLACE_CONFIG ? k->name : key_tail(k));
		key_text(k, obj, &value);
		origin = origin_of(c, buf_cstr(&full));
		if (value.n > 0 || origin != ORIGIN_DEFAULT)
			TRY(fn(ctx, buf_cstr(&full), buf_cstr(&value), origin));
	}
	return NULL;
}

struct err *
config_each(const struct config *c, config_each_fn *fn, void *ctx)
{
	size_t place, i;

	TRY(element_each(c, PLACE_CONFIG, "", c, fn, ctx));
	if (c->gates_none)
		TRY(fn(ctx, "gates", "none", origin_of(c, "gates")));
	for (place = PLACE_MODEL; place <= PLACE_SETUP; place++) {
		const struct any_vec *v =
		    (const void *)((const char *)c + places[place].offset);

		for (i = 0; i < v->n; i++) {
			AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT);
			const char *obj = v->v + i * places[place].size;

			if (places[place].named)
				buf_addf(&name, "%s%s.", places[place].prefix,
				    *(const char *const *)(const void *)obj);
			else
				buf_addf(&name, "workspace.setup[%zu].", i);
			TRY(element_each(c, (enum key_place)place, buf_cstr(&name), obj, fn, ctx));
		}
	}
	return NULL;
}

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/secrets.h"
#include "conf/waiver.h"
#include "wire/node.h"
#include "wire/yaml.h"

#define DAY_S 86400

static const struct {
	const char *key;
	size_t offset;
	bool needed;
} keys[] = {
	{"gate", offsetof(struct waiver, gate), true},
	{"rule", offsetof(struct waiver, rule), false},
	{"path", offsetof(struct waiver, path), false},
	{"fingerprint", offsetof(struct waiver, print), false},
	{"owner", offsetof(struct waiver, owner), true},
	{"reason", offsetof(struct waiver, reason), true},
	{"expires", offsetof(struct waiver, expires), true},
};

static const char **
member(struct waiver *w, size_t i)
{
	return (const char **)(void *)((char *)w + keys[i].offset);
}

void
waivers_free(struct waivers *ws)
{
	vec_free(ws);
	arena_free(&ws->mem);
}

static struct err *
value_read(struct waivers *ws, const struct node *n, struct waiver *w)
{
	bool text = n->kind == NODE_STRING || (n->plain && n->kind != NODE_LIST && n->kind != NODE_MAP);
	size_t i;

	for (i = 0; i < NITEMS(keys); i++)
		if (str_is(n->key, keys[i].key))
			break;
	if (i == NITEMS(keys))
		return node_key_err(n, "unknown key '%s' of a waiver", n->key.p);
	if (!text || str_trim(n->text).n == 0 || str_has(n->text, '\n'))
		return node_err(n, "'%s' must be one line of text", keys[i].key);
	if (secret_looks(n->text))
		return node_err(n, "the value of '%s' looks like a secret: name the finding by its fingerprint",
		    keys[i].key);
	*member(w, i) = arena_str(&ws->mem, n->text);
	return NULL;
}

static struct err *
day_read(const struct node *n, struct waiver *w)
{
	AUTO(mem_free_p) char *midnight = mem_printf("%sT00:00:00Z", w->expires);

	if (!clock_parse(midnight, &w->ends_s))
		return node_err(node_get(n, "expires"), "'expires' must be a day like 2027-01-31");
	w->ends_s += DAY_S;
	return NULL;
}

static struct err *
waiver_read(struct waivers *ws, const struct node *n)
{
	struct waiver w = {.line = n->line, .column = n->column};
	const struct node *each;
	size_t i;

	if (n->kind != NODE_MAP)
		return node_err(n, "a waiver must be a map, not %s", node_kind_name(n->kind));
	for (i = 0; i < NITEMS(keys); i++)
		*member(&w, i) = "";
	for (each = n->child; each != NULL; each = each->next)
		TRY(value_read(ws, each, &w));
	for (i = 0; i < NITEMS(keys); i++)
		if (keys[i].needed && (*member(&w, i))[0] == '\0')
			return node_err(n, "a waiver without '%s'", keys[i].key);
	if (w.rule[0] == '\0' && w.path[0] == '\0' && w.print[0] == '\0')
		return err_hint(node_err(n, "a waiver of all that '%s' finds: name a rule, path or fingerprint", w.gate),
		    "'blocking: false' makes a whole gate advisory");
	TRY(day_read(n, &w));
	vec_push(ws, w);
	return NULL;
}

static struct err *
list_read(struct waivers *ws, const struct node *list)
{
	const struct node *n;

	if (list->kind == NODE_NULL)
		return NULL;
	if (list->kind != NODE_LIST)
		return node_err(list, "the file must be a list of waivers, not %s", node_kind_name(list->kind));
	for (n = list->child; n != NULL; n = n->next)
		TRY(waiver_read(ws, n));
	return NULL;
}

struct err *
waivers_parse(const char *file, struct str text, struct waivers *out)
{
	AUTO(arena_free) struct arena mem = {0};
	struct node *root;
	struct err *e;

	e = yaml_parse(&mem, file, text, 1, &root);
	if (e == NULL)
		e = list_read(out, root);
	if (err_is(e, ERR_SYNTAX))
		e = err_recode(e, ERR_CONFIG);
	return e;
}

void
waiver_write(const struct waiver *w, struct buf *out)
{
	struct waiver copy = *w;
	size_t i;

	for (i = 0; i < NITEMS(keys); i++) {
		const char *value = *member(&copy, i);

		if (value[0] == '\0')
			continue;
		buf_addf(out, "%s %s: ", i == 0 ? "-" : " ", keys[i].key);
		yaml_add_str(out, str_of(value), false);
		buf_addc(out, '\n');
	}
}

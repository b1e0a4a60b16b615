#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "llm/llm.h"
#include "llm/price.h"
#include "sys/shared.h"
#include "wire/field.h"
#include "wire/json.h"

#define TABLE_MAX (1 * MIB)
#define DEAREST 1000000	/* dollars per million tokens; a typing error beyond */

struct entry {
	char *provider;
	char *model;
	double in;
	double out;
	double cache_read;
	double cache_write;
};

struct table {
	int64_t version;
	VEC(struct entry) prices;
};

#define MONEY(name) {#name, FIELD_REAL, offsetof(struct entry, name), .min = -1, .max = DEAREST, .init = "-1"}

static const struct field entry_fields[] = {
	{"provider", FIELD_STRING, offsetof(struct entry, provider), FIELD_REQUIRED},
	{"model", FIELD_STRING, offsetof(struct entry, model), FIELD_REQUIRED},
	{"in", FIELD_REAL, offsetof(struct entry, in), FIELD_REQUIRED, .min = 0, .max = DEAREST},
	{"out", FIELD_REAL, offsetof(struct entry, out), FIELD_REQUIRED, .min = 0, .max = DEAREST},
	MONEY(cache_read),
	MONEY(cache_write),
	{0}};

static const struct field table_fields[] = {
	{"version", FIELD_INT, offsetof(struct table, version), FIELD_REQUIRED, .min = 1, .max = 1},
	{"prices", FIELD_LIST, offsetof(struct table, prices), .sub = entry_fields, .size = sizeof(struct entry)},
	{0}};

static struct err *
read_table(const char *path, struct buf *out, char **used)
{
	if (path == NULL)
		return shared_read("templates/prices.json", out, used);
	*used = mem_strdup(path);
	return file_read(AT_FDCWD, path, out);
}

/* "-2025…", "@2025…" or "-latest": a version of it, not another model. */
static bool
is_version(const char *rest)
{
	return strcmp(rest, "-latest") == 0 || ((rest[0] == '-' || rest[0] == '@') && rest[1] == '2' && rest[2] == '0');
}

static const struct entry *
find(const struct table *t, const char *provider, const char *model)
{
	size_t i, n;

	for (i = 0; i < t->prices.n; i++) {
		const struct entry *e = &t->prices.v[i];

		n = strlen(e->model);
		if (strcmp(e->provider, provider) == 0 && strncmp(e->model, model, n) == 0 &&
		    (model[n] == '\0' || is_version(model + n)))
			return e;
	}
	return NULL;
}

static int64_t
micro(double dollars)
{
	return dollars < 0 ? -1 : (int64_t)(dollars * 1e6 + 0.9999);
}

static struct err *
parse_table(const char *path, struct str text, struct table *out)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = NULL;

	TRY(json_parse(&a, path, text, &n));
	return fields_read(table_fields, n, out);
}

struct err *
price_find(const char *path, const char *provider, const char *model, struct llm_price *out,
    bool *found)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TABLE_MAX);
	AUTO(mem_free_p) char *used = NULL;
	struct table t = {0};
	const struct entry *e;
	struct err *err;

	err = read_table(path, &text, &used);
	if (err_is(err, ERR_NOT_FOUND)) {
		err_ignore(err);
		*found = false;
		return NULL;
	}
	TRY(err);
	TRY(parse_table(used, buf_str(&text), &t));
	e = find(&t, provider, model);
	*found = e != NULL;
	if (e != NULL)
		*out = (struct llm_price){micro(e->in), micro(e->out), micro(e->cache_read),
		    micro(e->cache_write)};
	fields_free(table_fields, &t);
	return NULL;
}

struct llm_price
price_whole(struct llm_price p)
{
	if (p.cache_read < 0)
		p.cache_read = p.in;
	if (p.cache_write < 0)
		p.cache_write = p.in;
	return p;
}

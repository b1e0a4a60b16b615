#include "forge/answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "forge/forge.h"
#include "wire/node.h"

#define STRS_MAX 1000
#define STAMP_MAX 40	/* of a time */
#define SHA_MIN 40	/* SHA-1, or 64 for SHA-256 */
#define SHA_MAX 64

static void
put(char **out, struct str s)
{
	free(*out);
	*out = str_dup(s);
}

static struct err *
missing(const struct node *map, const char *key)
{
	return node_err(map, "the answer has no '%s'", key);
}

static struct err *
wrong(const struct node *n, const char *key, const char *wants)
{
	return node_err(n, "'%s' is %s, not %s", key, node_kind_name(n->kind), wants);
}

static bool
is_there(const struct node *n)
{
	return n != NULL && n->kind != NODE_NULL;
}

static struct err *
take(const struct node *map, const char *key, bool needed, struct str *out)
{
	const struct node *n = node_get(map, key);

	if (map == NULL || map->kind != NODE_MAP)
		return map == NULL ? err_new(ERR_SYNTAX, "the answer is empty") :
		    node_err(map, "the answer has %s where an object belongs", node_kind_name(map->kind));
	if (needed && !is_there(n))
		return missing(map, key);
	if (is_there(n) && n->kind != NODE_STRING)
		return wrong(n, key, "a string");
	*out = is_there(n) ? n->text : (struct str){0};
	return NULL;
}

static struct err *
too_long(const struct node *map, const char *key, size_t max)
{
	return err_recode(node_err(node_get(map, key), "'%s' has more than %zu bytes", key, max), ERR_LIMIT);
}

struct err *
answer_str(const struct node *map, const char *key, size_t max, char **out)
{
	struct str s;

	TRY(take(map, key, true, &s));
	if (s.n > max)
		return too_long(map, key, max);
	put(out, s);
	return NULL;
}

struct err *
answer_text(const struct node *map, const char *key, size_t max, char **out)
{
	struct str s;

	TRY(take(map, key, false, &s));
	if (s.n > max)
		return too_long(map, key, max);
	put(out, s);
	return NULL;
}

struct err *
answer_cut(const struct node *map, const char *key, size_t max, char **out)
{
	struct str s;

	TRY(take(map, key, false, &s));
	put(out, text_cut(s, max));
	return NULL;
}

struct err *
answer_int(const struct node *map, const char *key, int64_t *out)
{
	struct str s;
	const struct node *n = node_get(map, key);

	if (n != NULL && n->kind == NODE_INT && n->integer >= 0) {
		*out = n->integer;
		return NULL;
	}
	if (is_there(n) && n->kind == NODE_INT)
		return node_err(n, "'%s' is negative", key);
	if (is_there(n))
		return wrong(n, key, "a number");
	TRY(take(map, key, true, &s));
	return missing(map, key);
}

struct err *
answer_id(const struct node *map, const char *key, char **out)
{
	const struct node *n = node_get(map, key);
	int64_t v;

	if (n != NULL && n->kind == NODE_STRING)
		return answer_str(map, key, FORGE_LINE_MAX, out);
	TRY(answer_int(map, key, &v));
	free(*out);
	*out = mem_printf("%lld", (long long)v);
	return NULL;
}

struct err *
answer_bool(const struct node *map, const char *key, bool *out)
{
	const struct node *n = node_get(map, key);

	if (is_there(n) && n->kind != NODE_BOOL)
		return wrong(n, key, "true or false");
	*out = is_there(n) && n->boolean;
	return NULL;
}

/* "Z", "+02:00", "-0700": seconds east. */
static bool
read_offset(const char *p, int64_t *out)
{
	int64_t h, m;
	struct str s = str_of(p);

	*out = 0;
	if (str_is(s, "Z") || str_is(s, "z"))
		return true;
	if (s.n != 5 && s.n != 6)
		return false;
	if (!str_int(str_mk(p + 1, 2), 0, 23, &h) || !str_int(str_mk(p + s.n - 2, 2), 0, 59, &m) ||
	    (s.n == 6 && p[3] != ':') || (*p != '+' && *p != '-'))
		return false;
	*out = (h * 60 + m) * (*p == '-' ? -60 : 60);
	return true;
}

static bool
read_time(const char *s, int64_t *out)
{
	struct tm tm = {0};
	const char *p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t offset, t;

	if (p == NULL)
		p = strptime(s, "%Y-%m-%d %H:%M:%S ", &tm);
	if (p == NULL)
		return false;
	if (*p == '.')
		p += 1 + strspn(p + 1, "0123456789");
	if (!read_offset(p, &offset))
		return false;
	t = (int64_t)timegm(&tm) - offset;
	/* Go's zero time, year 1, is how Gitea says never. */
	*out = t < 0 ? 0 : t;
	return true;
}

struct err *
answer_among(const struct node *map, const char *key, const char *const *words, bool *out)
{
	struct str s;

	TRY(take(map, key, true, &s));
	for (*out = false; *words != NULL; words++)
		*out = *out || str_eq(s, str_of(*words));
	return NULL;
}

struct err *
answer_time(const struct node *map, const char *key, int64_t *out)
{
	struct str s;
	int64_t t = 0;

	TRY(take(map, key, false, &s));
	if (s.n > 0 && !read_time(s.p, &t))
		return node_err(node_get(map, key), "'%s' is no time", key);
	*out = t;
	return NULL;
}

struct err *
answer_stamp(const struct node *map, const char *updated, const char *count, char **out)
{
	struct str s;

	TRY(take(map, updated, false, &s));
	*out = mem_printf("%.*s %" PRId64, (int)(s.n < STAMP_MAX ? s.n : STAMP_MAX), s.n > 0 ? s.p : "",
	    node_get_int(map, count, 0));
	return NULL;
}

struct err *
answer_sha(const struct node *map, const char *key, char **out)
{
	struct str s;
	size_t i;

	TRY(take(map, key, false, &s));
	for (i = 0; i < s.n && strchr("0123456789abcdef", s.p[i]) != NULL; i++)
		continue;
	if (i < s.n || (s.n != 0 && s.n != SHA_MIN && s.n != SHA_MAX))
		return node_err(node_get(map, key), "'%s' is no full object id", key);
	put(out, s);
	return NULL;
}

static struct err *
element(const struct node *n, const char *key, const char *name, struct strs *out)
{
	const struct node *s = name == NULL ? n : node_get(n, name);

	if (s == NULL || s->kind != NODE_STRING)
		return node_err(n, "an element of '%s' has no text", key);
	if (s->text.n > FORGE_LINE_MAX)
		return err_recode(node_err(n, "an element of '%s' is too long", key), ERR_LIMIT);
	strs_addn(out, s->text.p, s->text.n);
	return NULL;
}

struct err *
answer_strs(const struct node *map, const char *key, const char *name, struct strs *out)
{
	const struct node *list = node_get(map, key), *n;
	AUTO(strs_free) struct strs all = {0};

	if (is_there(list) && list->kind != NODE_LIST)
		return wrong(list, key, "a list");
	for (n = is_there(list) ? list->child : NULL; n != NULL; n = n->next) {
		if (all.n == STRS_MAX)
			return err_recode(node_err(list, "'%s' has more than %d elements", key, STRS_MAX), ERR_LIMIT);
		TRY(element(n, key, name, &all));
	}
	strs_free(out);
	*out = all;
	all = (struct strs){0};
	return NULL;
}

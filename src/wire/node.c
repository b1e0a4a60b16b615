#include <stdarg.h>

#include "base/err.h"
#include "base/mem.h"
#include "wire/node.h"

const struct node *
node_get(const struct node *map, const char *key)
{
	const struct node *n;

	if (map == NULL || map->kind != NODE_MAP)
		return NULL;
	for (n = map->child; n != NULL; n = n->next)
		if (str_is(n->key, key))
			return n;
	return NULL;
}

const struct node *
node_at(const struct node *list, size_t i)
{
	const struct node *n;

	if (list == NULL || list->kind != NODE_LIST)
		return NULL;
	for (n = list->child; n != NULL && i > 0; i--)
		n = n->next;
	return n;
}

const char *
node_str(const struct node *n)
{
	return n != NULL && n->kind == NODE_STRING ? n->text.p : NULL;
}

const char *
node_get_str(const struct node *map, const char *key)
{
	return node_str(node_get(map, key));
}

int64_t
node_get_int(const struct node *map, const char *key, int64_t fallback)
{
	const struct node *n = node_get(map, key);

	return n != NULL && n->kind == NODE_INT ? n->integer : fallback;
}

bool
node_get_bool(const struct node *map, const char *key, bool fallback)
{
	const struct node *n = node_get(map, key);

	return n != NULL && n->kind == NODE_BOOL ? n->boolean : fallback;
}

const char *
node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",
		[NODE_BOOL] = "a boolean",
		[NODE_INT] = "an integer",
		[NODE_REAL] = "a number",
		[NODE_STRING] = "a string",
		[NODE_LIST] = "a list",
		[NODE_MAP] = "a map",
	};

	return names[kind];
}

PRINTF(4, 0) static struct err *
err_at(const char *file, unsigned line, unsigned column, const char *fmt, va_list ap)
{
	return err_wrap(err_newv(ERR_SYNTAX, fmt, ap), "%s:%u:%u", file, line, column);
}

struct err *
node_err(const struct node *n, const char *fmt, ...)
{
	struct err *e;
	va_list ap;

	va_start(ap, fmt);
	e = err_at(n->file, n->line, n->column, fmt, ap);
	va_end(ap);
	return e;
}

struct err *
node_key_err(const struct node *n, const char *fmt, ...)
{
	bool member = n->key_line != 0;
	struct err *e;
	va_list ap;

	va_start(ap, fmt);
	e = err_at(n->file, member ? n->key_line : n->line,
	    member ? n->key_column : n->column, fmt, ap);
	va_end(ap);
	return e;
}

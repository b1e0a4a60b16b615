/*
 * node.h - one tree for what JSON and YAML say.
 *
 * json_parse() and yaml_parse() build the same nodes, in the caller's arena,
 * so that field tables (field.h) and readers need not know which it was.
 * Every node knows where it stands, to the byte: an error names
 * file:line:column, and a person's YAML is edited by splicing at the bytes
 * [start, end) and parsing again.
 *
 * A scalar keeps its text whatever its kind is, so a YAML 'title: 2024' can
 * still be read as the string that its author meant. Texts are valid UTF-8,
 * hold no NUL, and end in one.
 */
#ifndef WIRE_NODE_H
#define WIRE_NODE_H

#include "base/def.h"
#include "base/str.h"

struct err;

enum node_kind {
	NODE_NULL,
	NODE_BOOL,
	NODE_INT,	/* fits int64_t exactly */
	NODE_REAL,
	NODE_STRING,
	NODE_LIST,
	NODE_MAP
};

struct node {
	enum node_kind kind;
	bool plain;		/* YAML scalar without quotes: any scalar field may take its text */
	bool flow;		/* YAML list or map written with brackets */
	bool boolean;
	int64_t integer;
	double real;		/* also set for NODE_INT */
	struct str text;	/* scalars: decoded; NUL-terminated */

	struct str key;		/* of a map's member; NUL-terminated */
	size_t key_start;	/* of the key's first byte */
	unsigned key_line;
	unsigned key_column;

	const char *file;	/* as messages name it; lives as long as the arena */
	unsigned line;		/* from 1 */
	unsigned column;	/* from 1, in characters */
	size_t start;		/* byte span in the text that was parsed */
	size_t end;		/* of a list or map: with the last child, without what follows it */

	size_t n;		/* children */
	struct node *child;	/* first, in the order of the text */
	struct node *next;	/* sibling */
};

/* The map's member, or NULL; NULL, too, when map is NULL or no map. */
const struct node *node_get(const struct node *map, const char *key);

/* The list's element i, or NULL as above. */
const struct node *node_at(const struct node *list, size_t i);

/* A string's text; NULL for NULL and for all that is no string. */
const char *node_str(const struct node *n);

/* Members by key; the fallback when missing or of another kind. */
const char *node_get_str(const struct node *map, const char *key);	/* NULL */
int64_t node_get_int(const struct node *map, const char *key, int64_t fallback);
bool node_get_bool(const struct node *map, const char *key, bool fallback);

/* "a string", "a list", … for messages. */
const char *node_kind_name(enum node_kind kind);

/* ERR_SYNTAX "file:line:column: message", at the value or at its key. */
struct err *node_err(const struct node *n, const char *fmt, ...) PRINTF(2, 3) MUST_USE;
struct err *node_key_err(const struct node *n, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

#endif

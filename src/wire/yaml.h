/*
 * yaml.h - the plain part of YAML 1.2, and how to write it.
 *
 * One document of maps, lists and scalars. Refused, with file:line:column:
 * duplicate keys, anchors and aliases, merge keys, tags, a second document,
 * keys that are no scalars, nesting over YAML_DEPTH, more than YAML_EVENTS
 * events, more than YAML_MAX bytes, bytes that are not UTF-8. (libyaml 0.2.5
 * takes most of these, and gets slow without bound on depth and anchors.)
 *
 * Plain scalars get the kinds of the core schema: null and ~ and nothing at
 * all, true and false (with True, TRUE, False, FALSE; not yes or on),
 * integers, reals. An integer beyond int64 stays a string.
 */
#ifndef WIRE_YAML_H
#define WIRE_YAML_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "wire/node.h"

struct arena;
struct err;

#define YAML_DEPTH 32
#define YAML_EVENTS 100000
#define YAML_MAX (4 * MIB)

/*
 * Parse. first_line is the number of the text's first line in its file (1,
 * or 2 for front matter after its '---'); byte offsets count from the start
 * of 'text'. An empty text is a NODE_NULL. Nodes live in the arena; the text
 * need not outlive the call. ERR_SYNTAX, or ERR_LIMIT.
 */
struct err *yaml_parse(struct arena *a, const char *file, struct str text,
    unsigned first_line, struct node **out) MUST_USE;

/*
 * Append a scalar that reads back as the string s: plain where that is safe,
 * else in double quotes on one line. With flow true it is safe inside [ ]
 * and { }, too. Bytes that are not UTF-8, and NULs, become U+FFFD.
 */
void yaml_add_str(struct buf *b, struct str s, bool flow);

/* Append "[a, b]". */
void yaml_add_strs(struct buf *b, char *const *v, size_t n);

#endif

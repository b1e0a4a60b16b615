/*
 * json.h - strict JSON (RFC 8259) in, JSON out.
 *
 * A strict pass of our own stands before cJSON, which takes too much (1.7.15:
 * duplicate keys, numbers like 01 and 1., bad UTF-8, trailing garbage, a
 * \u0000 that cuts the string, integers only up to 2^53). Refused, with
 * file:line:column: all of these, a lone surrogate, an integer beyond int64,
 * a number beyond double, nesting over JSON_DEPTH, a byte order mark.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "wire/node.h"

struct arena;
struct err;

#define JSON_DEPTH 64
#define JSON_MAX (64 * MIB)	/* bytes of one text */

/*
 * Parse one JSON text. Nodes live in the arena; the text need not outlive
 * the call. 'file' is what messages call the text. ERR_SYNTAX, or ERR_LIMIT
 * over JSON_MAX.
 */
struct err *json_parse(struct arena *a, const char *file, struct str text,
    struct node **out) MUST_USE;

/* The same of one line of a file of JSON lines; messages count lines from 'line'. */
struct err *json_parse_line(struct arena *a, const char *file, unsigned line, struct str text,
    struct node **out) MUST_USE;

/*
 * An append-only writer. It asserts that its caller nests properly, puts the
 * commas, and replaces bytes that are not UTF-8, and NULs, by U+FFFD, so that
 * its output always passes json_parse(). Size is the buffer's ceiling.
 *
 *	struct jw w;
 *	jw_init(&w, &buf, true);
 *	jw_obj(&w);
 *	jw_kstr(&w, "id", id);
 *	jw_key(&w, "labels");
 *	jw_list(&w);
 *	jw_str(&w, "bug");
 *	jw_end(&w);
 *	jw_end(&w);
 */
struct jw {
	struct buf *out;
	bool pretty;		/* two spaces a level, one member a line */
	bool after_key;
	unsigned depth;
	char close[JSON_DEPTH];	/* what ends each open level */
	bool filled[JSON_DEPTH];
};

void jw_init(struct jw *w, struct buf *out, bool pretty);
void jw_obj(struct jw *w);
void jw_list(struct jw *w);
void jw_end(struct jw *w);	/* the innermost open object or list */
void jw_key(struct jw *w, const char *key);

void jw_str(struct jw *w, const char *s);	/* NULL gives null */
void jw_strn(struct jw *w, struct str s);
void jw_int(struct jw *w, int64_t i);
void jw_real(struct jw *w, double d);		/* not finite gives null */
void jw_bool(struct jw *w, bool b);
void jw_null(struct jw *w);
void jw_raw(struct jw *w, struct str json);	/* one value that is JSON already */
void jw_node(struct jw *w, const struct node *n);

/* Key and value at once. */
void jw_kstr(struct jw *w, const char *key, const char *s);
void jw_kint(struct jw *w, const char *key, int64_t i);
void jw_kbool(struct jw *w, const char *key, bool b);

#endif

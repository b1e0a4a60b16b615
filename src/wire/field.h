/*
 * field.h - one table per struct maps JSON and YAML both ways.
 *
 *	struct gate { char *name; char *run; int64_t timeout; bool fast; };
 *	static const struct field gate_fields[] = {
 *		{"run", FIELD_STRING, offsetof(struct gate, run), .flags = FIELD_REQUIRED,
 *		    .doc = "the command"},
 *		{"timeout", FIELD_SPAN, offsetof(struct gate, timeout), .init = "10m"},
 *		{"fast", FIELD_BOOL, offsetof(struct gate, fast)},
 *		{0}};
 *
 * The struct owns what was read into it: fields_free() frees it all. A table
 * ends with a row whose name is NULL.
 *
 * Errors are ERR_SYNTAX with file:line:column, and say what was expected and
 * what was found: "'priority' must be an integer from 0 to 4, not a string".
 * An unknown key is an error that names the nearest known one. A key whose
 * value is null counts as not given.
 */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct field;
struct jw;
struct node;

enum field_kind {
	FIELD_STRING,	/* char *, NULL when absent; takes any plain YAML scalar */
	FIELD_INT,	/* int64_t, within [min, max] unless both are 0 */
	FIELD_REAL,	/* double, within [min, max] unless both are 0 */
	FIELD_BOOL,	/* bool */
	FIELD_SPAN,	/* int64_t seconds: "90s", "20m", "1h30m"; min, max in seconds */
	FIELD_TIME,	/* int64_t unix seconds, 0 when absent: "2026-11-21T10:12:45Z" */
	FIELD_ENUM,	/* int, index into words */
	FIELD_STRS,	/* struct strs; one string stands for a list of one */
	FIELD_MAP,	/* a struct by the table 'sub', in place */
	FIELD_LIST,	/* VEC of structs of 'size' bytes by 'sub' */
	FIELD_NAMED,	/* the same from a map: the element's first member is char *name, the key */
	FIELD_CUSTOM	/* by the functions in 'custom' */
};

enum {
	FIELD_REQUIRED = 1,	/* an error when absent */
	FIELD_OMIT = 2,		/* not written when it equals init (or zero, without init) */
	FIELD_READONLY = 4	/* read, never written */
};

struct field_custom {
	struct err *(*read)(const struct field *f, const struct node *n, void *member);
	void (*json)(const struct field *f, struct jw *w, const void *member);
	void (*yaml)(const struct field *f, struct buf *b, unsigned indent, const void *member);
	void (*release)(const struct field *f, void *member);	/* may be NULL */
	bool (*absent)(const struct field *f, const void *member); /* may be NULL: never */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;		/* of the member in its struct */
	unsigned flags;
	int64_t min;
	int64_t max;
	const char *const *words;	/* ENUM: NULL-terminated */
	const struct field *sub;	/* MAP, LIST, NAMED */
	size_t size;			/* LIST, NAMED: of one element */
	const struct field_custom *custom;
	const char *init;	/* default, as one would write it; NULL is zero */
	const char *doc;	/* for templates and manuals: one phrase */
};

/* Zero the members of the table and set them to their defaults. */
void fields_init(const struct field *t, void *obj);

/*
 * fields_init(), then read the map n. On an error obj is as if never touched
 * (nothing to free). ERR_SYNTAX, too, when n is neither a map nor null.
 */
struct err *fields_read(const struct field *t, const struct node *n, void *obj) MUST_USE;

/* Free what the members own and zero them. */
void fields_free(const struct field *t, void *obj);

/*
 * Write the members, without the surrounding braces for json (so a caller can
 * add members of its own) and as "key: value" lines behind 'indent' spaces
 * for yaml. Left out: NULL strings, empty lists and maps, times of 0, and
 * what FIELD_OMIT says.
 */
void fields_json(const struct field *t, struct jw *w, const void *obj);
void fields_yaml(const struct field *t, struct buf *b, unsigned indent, const void *obj);

/* One member alone: its value after "key:", with what belongs to it. */
bool field_absent(const struct field *f, const void *obj);
void field_yaml(const struct field *f, struct buf *b, unsigned indent, const void *obj);

/* Read one value into one member (init'ed by the caller), outside of a map. */
struct err *field_read(const struct field *f, const struct node *n, void *obj) MUST_USE;

const struct field *field_find(const struct field *t, struct str name);	/* or NULL */
const char *field_nearest(const struct field *t, struct str name);	/* or NULL when none is near */

/* ERR_SYNTAX at n's key: "unknown key 'x'; did you mean 'y'?" */
struct err *field_unknown(const struct field *t, const struct node *n) MUST_USE;

#endif

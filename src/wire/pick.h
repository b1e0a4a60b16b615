/*
 * pick.h - values picked out of JSON while it streams by.
 *
 * For reports of any size: nothing is kept but the open levels and the value
 * in hand.  The caller names the places that he wants to hear of:
 *
 *	static const struct pick places[] = {
 *		{"runs[]", ID_RUN},			opens and closes
 *		{"runs[].results[].ruleId", ID_RULE},	a value
 *		{"files.*.summary", ID_FILE},		any key, in 'key'
 *		{"[].name", ID_NAME},			the text is a list
 *	};
 *
 * Each is told in the order of the text, with its id: a scalar once, an
 * object or list when it opens and when it closes.  All else is checked and
 * passed over.
 *
 * Refused as in json.h, with file:line:column: what is no JSON, nesting over
 * PICK_DEPTH, an integer beyond int64, text behind the value; and a second
 * key of a named place within one object, since one of the two would be
 * believed.  A byte order mark before the value is passed over.  A string
 * over PICK_STRING is cut, and says so.  Bytes that are
 * not UTF-8, lone surrogates and NULs in strings become U+FFFD: tools quote
 * the source that they looked at.
 */
#ifndef WIRE_PICK_H
#define WIRE_PICK_H

#include "base/def.h"
#include "base/str.h"

struct err;

#define PICK_DEPTH 512
#define PICK_STRING (16 * KIB)	/* bytes of one string */
#define PICK_PLACES 64		/* rows of a table */

enum pick_kind {
	PICK_NULL,
	PICK_BOOL,
	PICK_INT,
	PICK_REAL,
	PICK_TEXT,
	PICK_OBJECT,		/* opens */
	PICK_LIST,
	PICK_CLOSE		/* of either */
};

struct pick {
	const char *path;
	int id;
};

/* Borrowed for the call. */
struct pick_value {
	int id;
	enum pick_kind kind;
	struct str key;		/* that it stands behind; "" in a list */
	struct str text;	/* PICK_TEXT */
	bool cut;
	int64_t i;		/* PICK_INT; PICK_BOOL: 0 or 1 */
	double real;		/* PICK_INT and PICK_REAL */
};

/* An error ends it, and comes back with file:line:column before it. */
typedef struct err *pick_fn(void *arg, const struct pick_value *v);

struct picker;

/* 'file' is for messages, and outlives the picker; so do the places. */
struct picker *pick_open(const char *file, const struct pick *places, size_t n, pick_fn *fn,
    void *arg) MUST_USE;

/* Several values, one behind the other, are fine: each is told as if it were alone. */
void pick_many(struct picker *p);

/* The next bytes, cut anywhere.  After an error only pick_close() is left. */
struct err *pick_feed(struct picker *p, struct str bytes) MUST_USE;

/* There are no more: is the value whole?  ERR_SYNTAX when not. */
struct err *pick_end(struct picker *p) MUST_USE;
void pick_close(struct picker *p);	/* NULL is fine */

#endif

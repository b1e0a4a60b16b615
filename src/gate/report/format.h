/*
 * format.h - report formats: one file each below format/, one line each in
 * format.tbl.h.
 *
 * A format says what its reports are about, how to know one by its first
 * bytes, and which of three syntaxes it is written in; reading is fed in
 * pieces, so that memory does not grow with the report.  A reader keeps its
 * state in a struct of its own whose first member is struct reading.
 *
 * What no format may do: take a report that was cut short for a better one
 * than the whole.  'end' refuses what lacks something that a whole report
 * has (ERR_SYNTAX naming it); "nothing was found" is a statement that must
 * be there.
 */
#ifndef GATE_REPORT_FORMAT_H
#define GATE_REPORT_FORMAT_H

#include "base/def.h"
#include "base/str.h"
#include "wire/pick.h"
#include "wire/xml.h"

struct err;
struct facts;

#define FORMAT_HEAD 4096	/* bytes that a report is known by */
#define FORMAT_LINE (64 * KIB)	/* bytes of a line; a longer one is cut */

enum syntax { SYNTAX_JSON, SYNTAX_XML, SYNTAX_LINES };

struct reading {
	struct facts *facts;
	const char *file;	/* for messages */
	unsigned line;		/* SYNTAX_LINES: of the line in hand, from 1 */
	bool torn;		/* ... which is the last, and does not end as a line does */
};

struct format {
	const char *name;	/* as policy has it: "cobertura" */
	const char *tools;	/* "coverage.py, gcovr, ...": for the manual */
	unsigned kinds;		/* FACTS_* that it is about */
	enum syntax syntax;
	bool (*is)(struct str head);
	size_t size;		/* of the reader's state, zeroed to begin with */
	const struct pick *places;	/* SYNTAX_JSON */
	size_t nplaces;
	bool many;		/* several values may stand one behind the other */
	pick_fn *pick;
	struct xml_handler xml;		/* SYNTAX_XML */
	struct err *(*line)(void *state, struct str line);	/* SYNTAX_LINES */
	struct err *(*end)(void *state);	/* or NULL */
	void (*free)(void *state);		/* or NULL; called after an error too */
};

/* NULL when there is none. */
const struct format *format_named(const char *name);
const struct format *format_of(struct str head);

/* Each known format, in order of name, until fn says no. */
void format_each(bool (*fn)(void *arg, const struct format *f), void *arg);

struct report;

/* 'facts' and 'file' are borrowed. */
struct report *format_open(const struct format *f, const char *file, struct facts *facts) MUST_USE;

/* As the bytes come, cut anywhere.  After an error only format_close() is left. */
struct err *format_feed(struct report *r, struct str bytes) MUST_USE;
struct err *format_end(struct report *r) MUST_USE;
void format_close(struct report *r);	/* NULL is fine */

/* Does the XML in 'head' begin with this element, whatever its prefix? */
bool format_root(struct str head, const char *element);
/* Does the JSON in 'head' have this key?  Text in strings may fool it: for a guess only. */
bool format_key(struct str head, const char *key);

#endif

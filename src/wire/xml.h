/*
 * xml.h - XML in, as calls in document order (expat).
 *
 * Refused, with file:line:column: a document type with declarations of its
 * own (so no entities), nesting over XML_DEPTH, more than XML_MAX bytes, and
 * what is not well-formed. A document type that only names another file, as
 * Cobertura's and JaCoCo's reports have it within their first KiB, is passed
 * over and nothing is fetched. Test output in reports often has colours: control characters
 * that XML forbids, raw or as character references, and bytes that are not
 * the UTF-8 that they claim to be are read as '?', not refused.
 */
#ifndef WIRE_XML_H
#define WIRE_XML_H

#include "base/def.h"
#include "base/str.h"

struct err;

#define XML_DEPTH 64
#define XML_MAX (512 * MIB)
#define XML_TEXT MIB		/* bytes of one piece of text: of a longer one its two ends */

/*
 * Any function may be NULL; an error from one ends the parse and is returned
 * with file:line:column put before it. Names come as written, prefix and
 * all. Attributes are name, value, name, value, NULL. Text comes in one piece
 * between two tags, CDATA included, white space too. Everything is borrowed
 * for the call.
 */
struct xml_handler {
	struct err *(*start)(void *arg, const char *name, const char *const *attrs);
	struct err *(*text)(void *arg, struct str text);
	struct err *(*end)(void *arg, const char *name);
};

struct err *xml_parse(const char *file, struct str text,
    const struct xml_handler *h, void *arg) MUST_USE;

/*
 * The same as the bytes come, cut anywhere, in memory that does not grow with
 * them.  After an error only xml_close() is left.  'h' and 'arg' are borrowed.
 */
struct xml;
struct xml *xml_open(const char *file, const struct xml_handler *h, void *arg) MUST_USE;
struct err *xml_feed(struct xml *r, struct str bytes) MUST_USE;
struct err *xml_end(struct xml *r) MUST_USE;
void xml_close(struct xml *r);	/* NULL is fine */

/* The attribute's value, or NULL. */
const char *xml_attr(const char *const *attrs, const char *name);

/* The name without its prefix: "testcase" of "j:testcase". */
const char *xml_local(const char *name);

#endif

/*
 * pin.h - the text of an issue: which one was asked for, and what of it an
 * agent may see.
 */
#ifndef LINE_INTAKE_PIN_H
#define LINE_INTAKE_PIN_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct id;

#define PIN_LEN 64	/* hex digits of SHA-256 */
#define PIN_SHOWN 16	/* that people are shown, and must name at least */

/* Of a title and a body; how lines end, and blanks at the end of lines or text, do not count. */
struct pin {
	char hex[PIN_LEN + 1];
};

struct err *pin_text(const char *title, const char *body, struct pin *out) MUST_USE;

/* Is this word the pin, or its first PIN_SHOWN digits or more? */
bool pin_named(const struct pin *p, struct str word);

/*
 * Append what a reader of the forge's page sees: without HTML comments (an
 * open one hides all the rest), reference definitions that hold a remark
 * ("[//]: # (...)"), and characters that nobody sees (text_hidden()).  Ends in
 * a newline.  Returns how many such passages were left out.
 */
size_t clean_text(struct str text, struct buf *out);

/*
 * The id of the task of an issue, "github:owner/name#42": the same on every
 * machine.  'turn' from 0 gives another where that one is taken.
 */
struct err *issue_task(const char *issue, unsigned turn, struct id *out) MUST_USE;

#endif

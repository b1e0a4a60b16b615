/*
 * source.h - one changed file as the gates read it: as it is, without its
 * comments, and as bare code without what stands in quotes.
 *
 * All views have the same length and the same lines: what is left out is
 * blank.  Found by characters, not by a parser: a text in quotes ends with
 * its line, but where the language has them over several.
 */
#ifndef GATE_BUILTIN_SOURCE_H
#define GATE_BUILTIN_SOURCE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct change;
struct change_file;
struct err;
struct lang;

enum source_view {
	VIEW_RAW,
	VIEW_TEXT,	/* without comments */
	VIEW_CODE,	/* without comments and texts */
	VIEW_COMMENT,	/* nothing but comments */
	VIEWS
};

struct source {
	const struct lang *lang;	/* or NULL: every view is the raw one, comments are empty */
	bool test;			/* a file of the tests */
	bool docs;			/* prose, an example or a template */
	struct str view[VIEWS];
	struct buf mem[VIEWS];
	size_t *starts, lines;		/* where each line begins */
	/* How it ends, of the bare code. */
	bool open_text;			/* within a text or comment that goes on */
	int64_t open_brackets;		/* more opened than closed; < 0: the reverse */
};

void source_free(struct source *s);	/* also for AUTO */

/* The candidate's side, or the base's; *found is false where there is no text to be had. */
struct err *source_open(struct change *c, const struct change_file *f, bool base, struct source *out,
    bool *found) MUST_USE;

/* Of a text at hand, for a file of that name. */
void source_read(const char *path, struct str text, struct source *out);

/* A line from 1, without its end. */
struct str source_line(const struct source *s, enum source_view view, int64_t line);
int64_t source_line_at(const struct source *s, size_t offset);

#endif

/*
 * lang.h - the language of a file, by its name.
 *
 * Enough to know which rules are for it, and what in it is code, text and
 * comment; no parser.  See lang.tbl.h.
 */
#ifndef GATE_BUILTIN_LANG_H
#define GATE_BUILTIN_LANG_H

#include "base/def.h"

enum lang_kind {
	LANG_CODE,
	LANG_CONFIG,	/* steers programs: YAML, TOML, Makefile ... */
	LANG_DATA,	/* holds what programs read: CSV, SVG, JSON lines ... */
	LANG_PROSE	/* is read by people */
};

struct lang {
	const char *name;	/* "python" */
	enum lang_kind kind;
	const char *names;	/* globs of the last component, words */
	const char *line[2];	/* what begins a comment up to the line's end, or NULL */
	const char *open, *close;	/* a comment over lines, or NULL */
	const char *quotes;	/* characters around text */
};

/* NULL for a file of no known kind. */
const struct lang *lang_of(const char *path);

bool lang_is_code(const struct lang *l);	/* false for NULL */
bool lang_is(const struct lang *l, const char *words);	/* is it one of these? */

#endif

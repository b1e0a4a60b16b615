/*
 * glob.h - patterns for paths and for names of tests.
 *
 * '*' is any run of bytes but '/', '?' one byte but '/', '[a-z]' one of a
 * class ('[!a-z]' none of it), '**' anything at all: as a whole component it
 * is also no folder at all, as in git.  A backslash takes the next byte as it
 * is.  Bytes, not characters.  Matching is bounded by the product of the two
 * lengths.
 */
#ifndef GATE_GLOB_H
#define GATE_GLOB_H

#include "base/def.h"

struct strs;

enum glob_flag {
	GLOB_ICASE = 1,		/* ASCII letters match in either case */
	GLOB_NAME = 2		/* no path: '*' and '?' match '/' too */
};

/* The whole of 's'. */
bool glob_match(const char *pattern, const char *s, unsigned flags);

/*
 * As policy's lists of paths are meant: a pattern without a '/' (but at its
 * end) matches in any folder; one that names a folder matches all below it.
 */
bool glob_path(const char *pattern, const char *path, unsigned flags);
bool glob_paths(const struct strs *patterns, const char *path, unsigned flags);
bool glob_names(const struct strs *patterns, const char *name);	/* GLOB_NAME */

#endif

/*
 * ws/match.h - the patterns of .gitignore and .gitattributes.
 *
 * Pure.  Time is bounded by (length of the pattern) times (length of the
 * path), whatever the pattern: it comes with a repository.
 *
 * Facts: gitignore(5) PATTERN FORMAT, gitattributes(5); wildmatch.c of git
 * with WM_PATHNAME.
 */
#ifndef GIT_WS_MATCH_H
#define GIT_WS_MATCH_H

#include "base/def.h"
#include "base/str.h"

struct ws_pattern {
	struct str text;	/* borrowed; without '!', and without '/' at either end */
	bool negated;		/* "!..." */
	bool dir_only;		/* ".../" */
	bool anchored;		/* has a '/' before its end: matched against the whole path */
};

/* Take one line of .gitignore apart; false for blank lines and comments. */
bool ws_pattern_parse(struct str line, struct ws_pattern *out);

/* 'path' is relative to the folder of the file that holds the pattern. */
bool ws_pattern_match(const struct ws_pattern *p, struct str path, bool is_dir);

/* One component against one component of a pattern: * ? [...] and \. */
bool ws_glob(struct str pattern, struct str name);

#endif

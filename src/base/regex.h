/*
 * regex.h - Perl-compatible regular expressions that always come back.
 *
 * Patterns may come from a model or a repository: matching is bounded in
 * steps, depth and heap, so the worst of them costs milliseconds and gives
 * ERR_LIMIT.  Subjects are bytes that should be UTF-8; invalid sequences
 * match nothing but do no harm (PCRE2_MATCH_INVALID_UTF).
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct regex;

enum regex_flag {
	REGEX_ICASE = 1,	/* letters match in either case */
	REGEX_LITERAL = 2,	/* the pattern is plain text */
	REGEX_LINES = 4,	/* ^ and $ match at line breaks */
	REGEX_BRIEF = 8		/* a fiftieth of the steps: for many short texts */
};

#define REGEX_PATTERN_MAX 4096	/* bytes */

struct regex_match {
	size_t start;	/* offsets into the subject; end is exclusive */
	size_t end;
};

/* ERR_SYNTAX with the column of the fault, ERR_LIMIT when it is too long. */
struct err *regex_new(struct str pattern, unsigned flags, struct regex **out) MUST_USE;
void regex_free(struct regex *r);
void regex_free_p(struct regex **r);	/* for AUTO */

/* First match at or after 'from'. */
struct err *regex_find(struct regex *r, struct str subject, size_t from,
    bool *found, struct regex_match *match) MUST_USE;

#endif

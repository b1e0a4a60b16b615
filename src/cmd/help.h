/*
 * help.h - what the verbs are, told: by -h, to completions, to who mistyped.
 *
 * All of it comes from the tables of the verbs.  'nouns' ends with NULL.
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "base/def.h"

struct buf;
struct err;
struct verb;

void help_overview(const struct verb *const *nouns, struct buf *out);
void help_noun(const struct verb *noun, struct buf *out);
void help_verb(const struct verb *v, struct buf *out);
void help_usage(const struct verb *v, struct buf *out);	/* its line of the synopsis */

/* One line per verb and per option: what completions and tests are made of. */
void help_list(const struct verb *const *nouns, struct buf *out);
void help_errors(struct buf *out);	/* one line per row of the error table */

/* ERR_USAGE with the nearest verb; within: of this noun, else NULL. */
struct err *help_unknown(const struct verb *const *nouns, const char *word, const struct verb *within) MUST_USE;

#endif

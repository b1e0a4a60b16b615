/*
 * conffile.h - one git configuration file, read without libgit2: enough to
 * judge a repository's format before anything else is done with it.
 *
 * Syntax of git-config(1): sections, subsections, quotes, escapes, comments,
 * continued lines, keys without value.  Includes are not followed, as git
 * itself follows none for the format.  Pure.
 */
#ifndef GIT_CONFFILE_H
#define GIT_CONFFILE_H

#include "base/def.h"
#include "base/str.h"

struct err;

#define CONFFILE_MAX (4 * MIB)

/*
 * Called for each setting in order.  'key' is "section.name" or
 * "section.subsection.name", section and name in lower case; 'value' is NULL
 * for a key without '='.  Both are borrowed for the call.
 */
typedef struct err *conffile_fn(void *arg, const char *key, const char *value);

/* 'name' is for messages: ERR_CONFIG "name:line: what". */
struct err *conffile_parse(const char *name, struct str text, conffile_fn *fn, void *arg) MUST_USE;

/* NULL counts as true, as in git; false when it is no boolean at all. */
bool conffile_bool(const char *value, bool *out) MUST_USE;

#endif

/*
 * shared.h - the files that come with the program: templates, hooks.
 */
#ifndef SYS_SHARED_H
#define SYS_SHARED_H

#include "base/def.h"

struct buf;
struct err;

/*
 * "templates/prices.json", where it was installed, or above the build that this
 * program is of.  *used (may be NULL) becomes its path, the caller's to free,
 * also on failure.
 */
struct err *shared_read(const char *path, struct buf *out, char **used) MUST_USE;

#endif

/*
 * relpath.h - paths as reports and documents write them, in the repository's
 * own form.  Pure.
 */
#ifndef GATE_RELPATH_H
#define GATE_RELPATH_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

/* "%20" of a URI; what is no escape, and "%00", stays as it is. */
void relpath_unquote(struct str s, struct buf *out);

/*
 * Append to the folder in 'out' ("" for the top): "a/./b//c" as "a/b/c",
 * "a/../b" as "b".  False for a path that leads out of the top.
 */
bool relpath_add(struct str path, struct buf *out);

#endif

/*
 * lines.h - a three-way merge of texts by lines, in memory.
 */
#ifndef MODEL_LINES_H
#define MODEL_LINES_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

/*
 * Append the merge to 'out'.  Where both sides changed the same lines
 * differently, those of 'theirs' are taken and the result is false.  Texts
 * whose differing middles are too large to compare count as one such place.
 */
bool lines_merge(struct str base, struct str ours, struct str theirs, struct buf *out);

#endif

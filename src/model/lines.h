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

/*
 * The same, but such lines of both sides stay: first those that only 'a' has,
 * then those of 'b', between what they have in common at both ends.
 */
bool lines_unite(struct str base, struct str a, struct str b, struct buf *out);

#endif

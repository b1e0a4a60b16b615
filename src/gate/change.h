/*
 * change.h - what a change does, line by line, as the gates see it.
 *
 * Opening it compares the two trees (git/linediff.h): the cost follows the
 * change, not the repository.  Whole files are read when they are asked for.
 */
#ifndef GATE_CHANGE_H
#define GATE_CHANGE_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct change;
struct err;
struct repo;

#define CHANGE_TEXT_MAX (8 * MIB)	/* bytes of one file */
#define CHANGE_KEPT_MAX (256 * MIB)	/* bytes of all files that were asked for */

/*
 * A run of lines that were deleted elsewhere is 'moved' from this many lines
 * with this many letters and digits; white space at both ends does not count.
 * Each deleted line accounts for one added line.
 */
#define CHANGE_MOVED_LINES 2
#define CHANGE_MOVED_ALNUM 20

struct change_line {
	int64_t line;		/* from 1 */
	struct str text;	/* without its line feed; as long as the change is open */
	bool moved;		/* of added lines only */
};

struct change_file {
	const char *path;	/* in the candidate; of a deleted file, in the base */
	const char *from;	/* in the base: differs when renamed; "" when new */
	char status;		/* A D M R T */
	unsigned old_mode, new_mode;	/* git/tree.h; 0 where there is none */
	struct oid old_oid, new_oid;
	bool binary;
	bool large;		/* over the ceilings of git/linediff.h: lines not known */
	struct { VEC_FIELDS(struct change_line); } added, deleted;	/* in order */
};

struct err *change_open(struct repo *r, const struct oid *base_tree, const struct oid *tree,
    struct change **out) MUST_USE;
void change_close(struct change *c);	/* NULL is fine */
void change_close_p(struct change **c);	/* for AUTO */

/* Sorted by path. */
size_t change_count(const struct change *c);
const struct change_file *change_at(const struct change *c, size_t i);

/* By the path that a file has in the candidate; NULL: unchanged, or not there. */
const struct change_file *change_of(const struct change *c, const char *path);
/* By the path that it had in the base; NULL: unchanged, or not there. */
const struct change_file *change_from(const struct change *c, const char *path);

/* Is there a file with content on that side: no link, folder or submodule? */
bool change_is_file(unsigned mode);

/*
 * Where a line of the base lies in the candidate; 0: it is gone, or nobody
 * knows (binary, large, deleted).
 */
int64_t change_map(const struct change_file *f, int64_t base_line);

bool change_has_added(const struct change_file *f, int64_t line);

/*
 * A whole file of either side (links are their target), kept while the change
 * is open; 'path' as that side has it.  ERR_NOT_FOUND; ERR_LIMIT over the
 * ceilings.
 */
struct err *change_text(struct change *c, const char *path, bool base, struct str *text) MUST_USE;

#endif

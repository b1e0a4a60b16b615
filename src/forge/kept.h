/*
 * kept.h - answers of a forge on disk, by address: what a 304 stands for.
 *
 * A cache: any file may be missing, cut short or of another address, and then
 * there is no answer.  Files are replaced whole, and not synced.
 */
#ifndef FORGE_KEPT_H
#define FORGE_KEPT_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

#define KEPT_MAX (16 * MIB)	/* of one body */
#define KEPT_FILES 512		/* the oldest beyond them go */

/* Owned. */
struct kept {
	char *etag;		/* "" where the forge gave none */
	char *next;		/* address of the next page, "" on the last */
	struct buf body;
};

/* false when there is none. */
bool kept_read(const char *dir, const char *url, struct kept *out);
void kept_free(struct kept *k);	/* also for AUTO */

/* Best effort: what cannot be written is asked for again. */
void kept_write(const char *dir, const char *url, const char *etag, const char *next,
    struct str body);
void kept_drop(const char *dir, const char *url);

/* Remove the oldest when there are too many. */
void kept_trim(const char *dir);

#endif

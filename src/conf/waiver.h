/*
 * waiver.h - .factory/waivers.yml: findings that a person lets pass until a day.
 *
 *	- gate: sast
 *	  rule: B602              # a pattern; any rule by default
 *	  path: src/old/           # a pattern as in 'paths'; any file by default
 *	  fingerprint: 3f2a...    # exactly this finding
 *	  owner: ada@example.org  # who answers for it
 *	  reason: goes with the old parser
 *	  expires: 2027-01-31     # its last day, UTC
 *
 * Gate, owner, reason and last day are always there, and one of rule, path
 * and fingerprint at least: a whole gate is not waived but made advisory.
 */
#ifndef CONF_WAIVER_H
#define CONF_WAIVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;

#define WAIVER_PATH ".factory/waivers.yml"
#define WAIVER_MAX (4 * MIB)	/* bytes of the file */

struct waiver {
	const char *gate;
	const char *rule, *path, *print;	/* "": any */
	const char *owner, *reason, *expires;
	int64_t ends_s;		/* the first second after its last day */
	unsigned line, column;	/* where it stands in the file */
};

/* {0} is empty. */
struct waivers {
	struct arena mem;
	VEC_FIELDS(struct waiver);
};

/*
 * Adds to *out.  ERR_CONFIG "file:line:column: ..." for an unknown or missing
 * key, a wrong value, the value of a secret.  That one has ended is no error here.
 */
struct err *waivers_parse(const char *file, struct str text, struct waivers *out) MUST_USE;
void waivers_free(struct waivers *ws);	/* also for AUTO */

/* One more entry, as text for the end of the file; the names and texts are quoted as YAML needs it. */
void waiver_write(const struct waiver *w, struct buf *out);

#endif

/*
 * remote.h - do new links to other machines lead anywhere?
 *
 * What is asked comes from the change, so each request leaves this machine
 * to an address that its author chose: only where policy says 'remote: true'
 * (which takes trust), only what no known secret is in, only http and https
 * to public addresses and to hosts that policy names ('inside'), and neither
 * in hooks nor where nothing is to be run.  Answers only advise.
 */
#ifndef GATE_BUILTIN_REMOTE_H
#define GATE_BUILTIN_REMOTE_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct inspect;

#define REMOTE_MAX 20			/* links of one change */
#define REMOTE_MS 5000			/* for one of them */
#define REMOTE_ALL_MS 20000

struct remote_link {
	char *url;
	const char *path;		/* where it stands, borrowed */
	int64_t line;
};

/* In order, each URL once. */
struct remote_links {
	VEC_FIELDS(struct remote_link);
};

void remote_links_free(struct remote_links *ls);	/* also for AUTO */

/* Are they to be asked? */
bool remote_wanted(const struct inspect *in);

/* Notes for those that are dead.  ERR_INTERRUPTED. */
struct err *remote_judge(struct inspect *in, const struct remote_links *ls) MUST_USE;

#endif

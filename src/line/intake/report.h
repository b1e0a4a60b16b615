/*
 * report.h - the one comment of the factory on an issue: how its task stands.
 *
 * It begins with a mark that nobody sees, by which it is found again:
 *	<!-- git-factory:task=k3xq7abc told=0123456789abcdef -->
 * 'told' stands for what the comment says, so that it is written again only
 * when that is something else: what a person did to the comment meanwhile
 * stays until then.
 */
#ifndef LINE_INTAKE_REPORT_H
#define LINE_INTAKE_REPORT_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct kind;
struct task;

#define REPORT_TOLD 16	/* digits */

struct report {
	const char *id;			/* of the task */
	const struct task *task;	/* NULL: there is none yet */
	const char *word;		/* how it stands: "running", "ready" */
	const struct kind *kind;	/* of what type it is; NULL without a task */
	const char *pull;		/* address of its pull request, "" */
	const char *waits;		/* what that waits for before it lands, "" */
	const char *ask;		/* what a person must say first, Markdown of ours, "" */
	int64_t micro;			/* what its runs cost */
	int64_t runs;
};

/* The whole comment, and what stands for it (REPORT_TOLD digits and a NUL). */
struct err *report_make(const struct report *r, struct buf *out, char told[REPORT_TOLD + 1]) MUST_USE;

/* Is this comment the report of the task, and what does it tell ("" when that is lost)? */
bool report_is(const char *comment, const char *id, char told[REPORT_TOLD + 1]);

#endif

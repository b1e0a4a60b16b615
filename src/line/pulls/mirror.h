/*
 * mirror.h - the forge's pull requests brought in line with our records of
 * them, and what people did there brought back.
 *
 * The record (forge/pull.h) is what is meant; the forge shows it.  For each
 * open record: its branch is pushed, its pull request is found by the head
 * branch or else made, text, label, reviewers and the commit status
 * 'git-factory' are set.  Nothing is written that is there already, so a
 * second call writes nothing, and a kill or a lost answer at any point is
 * made good by the next call.
 *
 * What is a person's stays: a text that is not as we last wrote it, a branch
 * that somebody else committed to (recorded, and never pushed to again), a
 * pull request that was closed (its task goes to a person, and nobody but a
 * person opens it again).  One that was merged by hand is put on record as landed; when
 * what landed is neither what was tested nor the plain merge of it, landing is
 * frozen.
 */
#ifndef LINE_PULLS_MIRROR_H
#define LINE_PULLS_MIRROR_H

#include "base/def.h"
#include "forge/webhook.h"

struct err;
struct outside;

struct mirrored {
	size_t opened, adopted, updated;	/* pull requests there */
	size_t closed, reopened, landed;	/* by people, there */
	size_t revised;				/* tasks queued again by what reviews said */
	size_t merged;				/* by us, being allowed to */
	size_t over;				/* closed with their task (over.h) */
	size_t caught_up;			/* branches brought up to date with their base (catchup.h) */
	size_t left;				/* pull requests that are not in line, or were not read; each was told */
};

/*
 * Errors are of the forge or of this repository; what was done before one is
 * on record, and one that concerns a single pull request is told
 * (LINE_NOTE) and does not keep the others from their turn.
 */
struct err *mirror(struct outside *o, struct mirrored *out) MUST_USE;

/*
 * The same for whoever has no forge at hand: nothing where none is meant.
 * A forge that is meant but has no token here is told (LINE_NOTE).
 */
struct line_opts;
struct err *mirror_here(const struct line_opts *line, struct mirrored *out) MUST_USE;

/* Is there a forge that this process could open?  ERR_AUTH, ERR_CONFIG and *why (may be NULL) as of forge_open(). */
struct err *mirror_any(const struct line_opts *line, bool *any, char **why) MUST_USE;

#define MIRROR_STATUS HOOK_OWN_STATUS	/* context of our commit status */

#endif

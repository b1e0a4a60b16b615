/*
 * next.h - the next of several to land: whose turn it is, and on what.
 *
 * What lands was gated on the base that it lands on, so two that prove
 * themselves on the same base do it in vain: one of them does it again.  Who
 * lands by itself right after its gates therefore proves itself in turn, and
 * on the base that the landing before it is about to make.
 *
 * All of it is in land.lock and prove.lock of the repository's own directory;
 * both die with their holder.
 */
#ifndef LINE_NEXT_H
#define LINE_NEXT_H

#include "base/def.h"

struct err;
struct line_opts;
struct oid;
struct repo;

/*
 * One landing at a time in a repository: each is tested on the one before it,
 * and two of them in one checkout would leave it half of each.  The caller
 * closes *turn, which gives it back.
 */
struct err *next_land(const struct line_opts *o, int *turn) MUST_USE;

/* Whose turn it is says what the base is to be. */
struct err *next_tell(int turn, const struct oid *commit) MUST_USE;

/* What the base, which is at 'tip', will be when the landing under way has ended well; else 'tip'. */
struct err *next_base(struct repo *r, const struct oid *tip, struct oid *out) MUST_USE;

/* Until no landing is under way. */
struct err *next_wait(const struct line_opts *o) MUST_USE;

/*
 * The turn to prove what is to land.  Gates may take long, and nobody waits
 * for long ones: *turn is -1, and no error, when it was not free in a while.
 */
struct err *next_prove(const struct line_opts *o, int *turn) MUST_USE;

#endif

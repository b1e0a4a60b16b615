/*
 * move.h - the step that lands: base, branch, pull request, task and evidence
 * in one, and what is looked at after it.
 */
#ifndef LINE_LAND_MOVE_H
#define LINE_LAND_MOVE_H

#include "base/def.h"

struct err;
struct landing;
struct note_lines;
struct pull;
struct run;
struct state_step;
struct task;

struct err *move_all(struct landing *l) MUST_USE;

/* What landed is what was tested. */
struct err *move_verify(struct landing *l) MUST_USE;

/* This clone's own base, where it is somewhere else that it landed. */
void move_follow(struct landing *l);

/* ---- the same in parts, for a landing that is in another step ---- */

/*
 * The checkout goes ahead, beside what is made ready here, and nothing is
 * written down before it is there: the step waits for it.
 */
struct err *move_begin(struct landing *l) MUST_USE;
struct err *move_await(void *landing) MUST_USE;

/* The evidence says who vouches for the commit; its lines live until it is made anew. */
struct err *move_evidence(struct landing *l, const struct run *r) MUST_USE;
void move_lines(const struct landing *l, struct note_lines *out);

void move_base(const struct landing *l, struct state_step *t);
void move_branch(const struct landing *l, struct state_step *t);	/* goes, where it is to */
void move_task(const struct landing *l, struct task *task);
void move_close_pull(const struct landing *l, struct pull *p);

#endif

/*
 * freeze.h - nothing lands while nobody knows what the base holds.
 *
 * When what landed is not what was tested, or was not tested on the base that
 * it met there, landing stops for everybody who shares the state: the file
 * 'frozen' of the state tree says why.  A verdict of the gates on what is
 * there lifts it, or a person does ('git factory pr thaw').
 */
#ifndef LINE_PULLS_FREEZE_H
#define LINE_PULLS_FREEZE_H

#include "base/def.h"

struct err;
struct state;

#define FREEZE_MAX (16 * KIB)	/* bytes of the reason */

/* Stop landing; 'why' is one line.  Frozen already: the first reason stays. */
struct err *freeze_set(struct state *s, const char *why) MUST_USE;

/* NULL when things may land, else ERR_STATE with the reason. */
struct err *freeze_check(struct state *s) MUST_USE;

/* Let things land again; *was: there was something to lift. */
struct err *freeze_lift(struct state *s, bool *was) MUST_USE;

#endif

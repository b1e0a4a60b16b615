/*
 * past.h - what the attempts before this one say to it.
 */
#ifndef LINE_PAST_H
#define LINE_PAST_H

#include "base/buf.h"
#include "base/def.h"

struct err;
struct walk;

#define PAST_MAX (24 * KIB)	/* bytes that an attempt is told of the last one */

/*
 * Of the task's last run, when it was not delivered: why, what it said that it
 * did, what its gates found, and its change, for the prompt of this run.
 * Nothing when there is none.  Not redacted yet: see walk_redact().
 */
struct err *past_tell(struct walk *w, struct buf *out) MUST_USE;

/* The task's runs since a person last answered, a line each: the whole story. */
struct err *past_story(struct walk *w, struct buf *out) MUST_USE;

#endif

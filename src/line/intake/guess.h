/*
 * guess.h - a model's word on the type of a task of which no sign tells it.
 *
 * One short question without tools: the names of policy's types, and the
 * task's title and text between marks that nobody can foresee.  Only an answer
 * that is one of the names, and nothing else, counts.  What the word is good
 * for is policy's to say (line/kind.h).
 */
#ifndef LINE_INTAKE_GUESS_H
#define LINE_INTAKE_GUESS_H

#include "base/def.h"

struct config;
struct err;
struct redactor;
struct secrets;
struct task;

#define GUESS_TEXT_MAX (4 * KIB)	/* bytes of the task that are shown */
#define GUESS_TOKENS 256		/* of the answer */
#define GUESS_MICRO 50000		/* that a question may cost: 5 cents */

/*
 * *type: one of policy's, or "unknown"; borrowed from 'c'.  *micro: what it
 * cost.  ERR_CONFIG when no model is named that could be asked, ERR_BUDGET when
 * it would cost more than GUESS_MICRO; else as of llm_complete().
 */
struct err *guess_type(const struct config *c, struct secrets *secrets, struct redactor *redact,
    const struct task *t, const char **type, int64_t *micro) MUST_USE;

#endif

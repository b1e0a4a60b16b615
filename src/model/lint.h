/*
 * lint.h - is a spec good enough to start work on, judged from its text.
 *
 * Deterministic: the same text gives the same findings, and no model is
 * asked.  What counts: observable behaviour, inputs and outputs,
 * constraints, how to verify, and how much of the *how* it dictates.
 */
#ifndef MODEL_LINT_H
#define MODEL_LINT_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct task;

enum grain {
	GRAIN_VAGUE,	/* sent back: nobody could tell when it is done */
	GRAIN_MODERATE,
	GRAIN_WELL,	/* well specified */
	GRAIN_OVER	/* tells how instead of what and why */
};

const char *grain_word(enum grain grain);	/* "vague", "over-specified" */

struct lint_finding {
	int64_t line;		/* of the task's body, from 1 */
	char *what;		/* "nothing says how to verify it" */
	char *add;		/* "name a command or a test that must pass" */
};

struct lint {
	enum grain grain;
	/* What the text states. */
	bool behaviour;
	bool io;		/* inputs and outputs, or an example */
	bool constraints;
	bool verify;
	int64_t steps;		/* lines that dictate how */
	struct { VEC_FIELDS(struct lint_finding); } findings;
};

void lint_task(const struct task *t, struct lint *out);
void lint_free(struct lint *l);	/* also for AUTO */

#endif

/*
 * builtin.h - gates that need no command: they read the change.
 *
 * A new one is a file in this folder and a row in builtin.tbl.h.  A finding
 * of theirs blocks, or is flagged (it passes here, and landing takes a
 * person's word), or tells; for a person's own change all but the stern ones
 * only tell.
 * What cannot be judged (too long, too large, too intricate) is flagged and
 * never passes in silence.
 */
#ifndef GATE_BUILTIN_BUILTIN_H
#define GATE_BUILTIN_BUILTIN_H

#include "base/def.h"
#include "gate/change.h"
#include "gate/gate.h"
#include "model/verdict.h"

struct conf_gate;
struct err;
struct inspect;
struct subject;

/* What 'size' lets through where policy gives no other numbers. */
#define SIZE_FILES 50
#define SIZE_LINES 1000

typedef struct err *builtin_fn(struct inspect *in);

struct builtin {
	const char *name;
	bool on;
	builtin_fn *judge;	/* adds findings; an error is ours, as in gates_run() */
	const char *one, *many, *clean, *mend;
};

extern const struct builtin builtins[];	/* ends in a row without a name */

const struct builtin *builtin_of(const char *name);	/* NULL when there is none */

/* One built-in gate at work.  Everything is borrowed. */
struct inspect {
	struct subject *s;
	const struct builtin *kind;
	const struct conf_gate *set;	/* what policy says of it, or NULL */
	struct verdict *v;
	struct change *change;		/* set by inspect_judge() */
	bool stern;			/* a person's own change is judged like any other */
	size_t blocks, flagged;		/* findings so far, also those that the verdict drops */
};

/* Judge the change; inspect_sum() makes the verdict of what was found. */
struct err *inspect_judge(struct inspect *in) MUST_USE;
void inspect_sum(struct inspect *in);

/* Add what else was found. */
void inspect_take(struct inspect *in, const struct verdict *from);

/* Is the path one that this gate looks at ('paths')? */
bool inspect_sees(const struct inspect *in, const char *path);

/* Was that found already?  Line 0: on any line of the file. */
bool inspect_has(const struct inspect *in, const char *rule, const char *file, int64_t line);

/* The text becomes one visible line. */
void inspect_find(struct inspect *in, enum finding_kind kind, const char *rule, const char *file,
    int64_t line, const char *fmt, ...) PRINTF(6, 7);

#define BUILTIN(name, on, judge, one, many, clean, mend) builtin_fn judge MUST_USE;
#include "gate/builtin/builtin.tbl.h"
#undef BUILTIN

#endif

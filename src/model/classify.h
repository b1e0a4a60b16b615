/*
 * classify.h - of what type a task is, from signs that need no judgement.
 *
 * In this order, the first that says something decides:
 *	- the task names its type;
 *	- a label;
 *	- the answer under a heading "Type" of its text, as issue forms leave it;
 *	- its scope: every pattern of it lies in the type's paths;
 *	- words of its title: of several types' the longest phrase counts.
 * But for a task that names its type itself, any sign of a critical type
 * decides before all others.  Signs that disagree make it unknown, as does
 * having none: unknown is of high severity, and never lands by itself.
 */
#ifndef MODEL_CLASSIFY_H
#define MODEL_CLASSIFY_H

#include "base/def.h"

struct buf;
struct strs;
struct task;

#define TYPE_UNKNOWN "unknown"

enum risk { RISK_LOW, RISK_MEDIUM, RISK_HIGH, RISK_CRITICAL };

const char *risk_word(enum risk s);

/* A type and what makes a task one of it; borrowed. */
struct class_type {
	const char *name;
	enum risk severity;
	const struct strs *labels, *paths, *words;
};

struct class_types {
	const struct class_type *v;
	size_t n;
	/* Does a pattern of a type's paths hold a path, or all of another pattern? */
	bool (*holds)(const char *pattern, const char *path);
};

/* Does no sign say anything of its type, be it contradictory? */
bool classify_silent(const struct task *t, const struct class_types *types);

/*
 * The type, NULL for unknown.  'why' gets one line: "label 'bug'", "the words
 * 'fix' and 'docs' of the title disagree".
 */
const struct class_type *classify(const struct task *t, const struct class_types *types,
    struct buf *why);

#endif

/*
 * kind.h - of what type a task is, as policy has the types, and what follows
 * from it.
 */
#ifndef LINE_KIND_H
#define LINE_KIND_H

#include "base/def.h"
#include "model/classify.h"

struct conf_type;
struct config;
struct err;
struct task;
struct verdicts;

struct kind {
	const struct conf_type *type;	/* of the config; NULL: unknown */
	const char *name;		/* TYPE_UNKNOWN then */
	enum risk severity;
	bool auto_merge;		/* its type lets a change land by itself: low severity, and policy allows it */
	bool silent;			/* no sign says anything: a model may be asked */
	char *why;			/* one line */
};

/*
 * Where no sign tells the type, but a model did (task.guess), and policy lets
 * one be asked, that is its type; unless policy names it (intake.by_model) the
 * severity stays high then, and it does not land by itself.
 *
 * Strings are the config's, which must outlive it.
 */
void kind_of(const struct config *c, const struct task *t, struct kind *out);
void kind_free(struct kind *k);	/* also for AUTO */

/* May a change of the type be to this file?  Where it has no paths, to any. */
bool kind_has(const struct kind *k, const char *path);

/* Rounds of change, gates and evidence that such a task may take. */
int64_t kind_iterations(const struct config *c, const struct task *t);

/* What its type asks for blocks, also where it else would only be told. */
void kind_hold(const struct config *c, const struct task *t, struct verdicts *vs);

#endif

/*
 * hand.h - the finding or the vulnerability that a format's reader has in
 * hand: its parts come one by one, in any order, each borrowed for a call.
 */
#ifndef GATE_FORMAT_HAND_H
#define GATE_FORMAT_HAND_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "gate/report/facts.h"
#include "wire/pick.h"

struct err;

/* {0} is empty; the strings are its own, NULL for what was not said. */
struct hand {
	char *id;		/* the rule, or the name of the vulnerability */
	char *text;
	char *path;
	char *package, *version, *fixed;
	struct strs aliases;
	int64_t line;
	enum severity severity;
	bool suppressed;
};

struct hands {
	VEC_FIELDS(struct hand);
};

/* A text replaces what is there; any other value says nothing. */
void hand_set(char **to, const struct pick_value *v);
void hand_alias(struct hand *h, const struct pick_value *v);
void hand_copy(char **to, const char *s);	/* NULL says nothing */

/* As a finding, or as a vulnerability, which needs an id.  Both empty it, in failure too. */
struct err *hand_complain(struct hand *h, struct facts *f, const char *tool) MUST_USE;
struct err *hand_flaw(struct hand *h, struct facts *f) MUST_USE;

void hand_clear(struct hand *h);

/* Moves it to the others; ERR_LIMIT when there are FACTS_FLAWS_MAX of them. */
struct err *hands_take(struct hands *all, struct hand *h) MUST_USE;
void hands_free(struct hands *all);

#endif

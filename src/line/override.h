/*
 * override.h - a person's word against a gate: who may give it is policy's
 * ('override' of the gate), and each one given is on record.
 */
#ifndef LINE_OVERRIDE_H
#define LINE_OVERRIDE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"

struct config;
struct err;
struct ident;
struct verdict;
struct verdicts;

/* All borrowed. */
struct override {
	const struct strs *gates;	/* by name, or NULL for none */
	const char *reason;		/* one line */
	const struct ident *who;	/* known by the e-mail address of git's identity */
};

/*
 * Which of the gates that block are overridden: their names are added to
 * *used; *all says whether none is left.  ERR_DENIED when policy does not let
 * 'who' override one that was named.
 */
struct err *override_judge(const struct override *o, const struct config *c, const struct verdicts *vs,
    struct strs *used, bool *all) MUST_USE;

/* "Factory-Override: unit by ada@example.org: reason", for the commit's message. */
void override_trailer(const struct override *o, const char *gate, struct buf *out);

/* The same as a line of JSON for the commit's note. */
void override_line(const struct override *o, const char *commit, const struct verdict *v, struct strs *out);

#endif

/*
 * rule.h - patterns on the added lines of a change.
 *
 * Matching is bounded: by steps for each place of a line (regex.h), by windows
 * of long lines, and by RULES_MS for all lines of one gate.  Where a bound is
 * met, the file is flagged (unjudged).
 */
#ifndef GATE_BUILTIN_RULE_H
#define GATE_BUILTIN_RULE_H

#include "base/def.h"
#include "base/str.h"
#include "gate/builtin/source.h"
#include "model/verdict.h"

struct change_file;
struct err;
struct inspect;
struct regex;
struct strs;

#define RULES_MS 1500
#define RULE_WINDOW 4096	/* bytes of a line at once */
#define RULE_OVERLAP 512	/* bytes that two windows share */

struct rule {
	const char *name;
	const char *langs;	/* words of lang.tbl.h; "code", "config", "prose"; NULL: all files */
	enum source_view view;
	enum finding_kind kind;
	const char *pattern;
	const char *text;	/* what is wrong with it */
	const struct strs *paths;	/* globs; NULL: all */
};

/* What is told instead of the rule's own outcome; *kind may be changed, false: not at all. */
typedef bool rule_fn(void *arg, const struct rule *rule, const struct source *s, struct str match,
    enum finding_kind *kind);

struct rules {
	const struct rule *v;
	size_t n;
	struct regex **compiled;	/* as they are needed */
	struct regex **kept;		/* the same of a table of ours, as long, for the next change; or NULL */
	rule_fn *decide;		/* or NULL */
	void *arg;
	int64_t until;			/* on the monotonic clock, ms; set by the first line */
	bool over;
};

void rules_free(struct rules *r);	/* also for AUTO */

/* All lines of the change that the gate sees and that did not move. */
struct err *rules_judge(struct inspect *in, struct rules *r) MUST_USE;

#endif

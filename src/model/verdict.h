/*
 * verdict.h - what a gate found out about one tree.
 *
 * A verdict belongs to a tree id and a definition hash: the same tree under
 * the same definition is never proven twice.  Only VERDICT_PASS lets a
 * change through: no data, no report, no answer are VERDICT_ERROR or
 * VERDICT_INCONCLUSIVE, each with a reason.  Strings live in the verdict's
 * arena or are literals, and are never NULL.
 */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include "base/arena.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;
struct jw;
struct node;

#define VERDICT_FINDINGS_MAX 1000	/* kept; more are counted */
#define VERDICT_EVIDENCE_MAX (16 * KIB)	/* bytes */

enum verdict_kind {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_ERROR,		/* the gate itself did not work: no report, deadline */
	VERDICT_INCONCLUSIVE	/* it worked and cannot tell */
};

const char *verdict_word(enum verdict_kind kind);	/* "pass" */
bool verdict_parse_word(struct str word, enum verdict_kind *out);

/* Why a finding does or does not block. */
enum finding_kind {
	FINDING_BLOCKS,
	FINDING_KNOWN,		/* the base has it too: marked, and it blocks all the same */
	FINDING_TOLERATED,	/* policy names it */
	FINDING_FLAKY,		/* it passed when it was run once more alone */
	FINDING_NOTE,		/* worth telling, never blocks */
	FINDING_FLAGGED,	/* does not block here, but landing takes a person's word */
	FINDING_WAIVED,		/* it would block, and a waiver of the base lets it pass: 'by' */
	FINDING_OLD		/* the base has it too, and what was there before does not block */
};

const char *finding_word(enum finding_kind kind);	/* "blocks" */
bool finding_blocks(enum finding_kind kind);

struct finding {
	enum finding_kind kind;
	const char *rule;	/* test name, rule id, or what was broken */
	const char *file;	/* in the repository, "" when it has none */
	int64_t line;		/* from 1, 0 when unknown */
	const char *text;	/* one line */
	const char *severity;	/* "note", "warning", "error", "critical"; "" for none */
	const char *print;	/* fingerprint: the same finding in another commit has the same, "" */
	const char *by;		/* WAIVED: "file:line:column" of the waiver, who answers, until when, why; else "" */
};

/* A number that the gate took: exact, so that records compare bit for bit. */
struct measure {
	const char *name;	/* "tests", "ms" */
	int64_t value;
	const char *unit;	/* "count", "ms", "bytes", "ppm" */
};

struct verdict {
	struct arena mem;
	const char *gate;	/* its name */
	enum verdict_kind kind;
	const char *summary;	/* one line: "2 of 81 tests failed" */
	const char *tree;	/* tree id that was tested, hex */
	const char *definition;	/* hash of the gate's definition, hex */
	const char *key;	/* of all that the answer is a function of (model/attest.h), hex; "" when it may be another next time */
	bool fast;		/* the quick form, which proves nothing for delivery */
	bool advisory;		/* told, and never in the way */
	bool idle;		/* it passes, for the change has nothing that it is for */
	const char *by;		/* the line of policy that it stands in, ".factory/config.yml:12"; "" when built in */
	const char *lift;	/* who may land a change in spite of it, "" for nobody */
	struct { VEC_FIELDS(struct finding); } findings;
	int64_t dropped;	/* findings beyond VERDICT_FINDINGS_MAX */
	struct { VEC_FIELDS(struct measure); } measures;
	const char *evidence;	/* the failing part of the output, bounded */
	int64_t ms;
	bool fleeting;		/* a time that was measured, or killed: never taken for known */
	bool waits;		/* for a person's approval: holds landing, not delivery */
	struct {
		int64_t time;		/* when it was found out; 0: just now */
		const char *node;	/* by which machine */
		const char *signer;	/* who vouches for it; "" when this machine did it itself */
		const char *commit;	/* whose note says so, hex; "" likewise */
	} known;		/* not run: what it says was known */
};

void verdict_init(struct verdict *v, const char *gate);	/* VERDICT_ERROR, "not run" */
void verdict_free(struct verdict *v);	/* also for AUTO */

/* Copies the strings. */
void verdict_set(struct verdict *v, enum verdict_kind kind, const char *fmt, ...) PRINTF(3, 4);
void verdict_id(struct verdict *v, const char *tree, const char *definition);
void verdict_find(struct verdict *v, enum finding_kind kind, const char *rule,
    const char *file, int64_t line, const char *text);
void verdict_add(struct verdict *v, const struct finding *f);	/* NULL is "" */
void verdict_measure(struct verdict *v, const char *name, int64_t value, const char *unit);
/* Cut to VERDICT_EVIDENCE_MAX at line breaks: its end is kept, being nearest the failure. */
void verdict_evidence(struct verdict *v, struct str text);

/* Anything but VERDICT_PASS, unless it is advisory or waits (landing asks for that itself). */
bool verdict_blocks(const struct verdict *v);
/* Add the findings of one to another. */
void verdict_take(struct verdict *to, const struct verdict *from);

/* One JSON object; a reader that finds less than it needs gives ERR_SYNTAX. */
void verdict_write(struct jw *w, const struct verdict *v);
struct err *verdict_read(const char *file, const struct node *n, struct verdict *out) MUST_USE;

struct verdicts {
	VEC_FIELDS(struct verdict);
};

void verdicts_free(struct verdicts *vs);
/* The whole: PASS when there is at least one and none blocks, else the worst that does. */
enum verdict_kind verdicts_sum(const struct verdicts *vs);

#endif

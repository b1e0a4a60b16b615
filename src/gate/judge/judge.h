/*
 * judge.h - what the reports of a candidate mean next to the base's.
 *
 * One judge for each kind of facts.  Each adds to one verdict its findings
 * and measures, to the tally what they come to, to 'summary' one fragment
 * ("3 findings, 2 of them new") and to 'evidence' what the next attempt is to
 * read.  The verdict's own kind is the caller's: it fails when
 * tally.blocking is not 0.
 *
 * Without facts of the base (its command gave no answer) nothing counts as
 * having been there before: what cannot be compared is never forgiven.  With
 * 'against: none' the caller leaves out base and change: then all that the
 * report has counts as changed.
 *
 * Names, paths and messages come from the code under test.
 */
#ifndef GATE_JUDGE_H
#define GATE_JUDGE_H

#include "base/buf.h"
#include "base/def.h"

struct change;
struct change_file;
struct conf_gate;
struct err;
struct facts;
struct flake;
struct junit_case;
struct verdict;

struct tally {
	size_t blocking;	/* what fails the gate */
	size_t known;		/* the base has it too; may be among the blocking (tests) */
	size_t tolerated;	/* policy names it: tolerated or in quarantine */
	size_t flaky;
	size_t noted;		/* told, and not asked about */
};

struct judging {
	const struct conf_gate *gate;
	const struct facts *now;	/* of the candidate */
	const struct facts *base;	/* NULL: no answer, or 'against: none' */
	struct change *change;		/* from base to candidate; NULL: 'against: none' */
	struct verdict *verdict;
	int64_t now_s;			/* wall time: a quarantine ends */
	const struct flake *flake;	/* judge_tests(): how a test is tried again; NULL: it is not */
	struct tally tally;
	struct buf summary;		/* fragments, ", " between them */
	struct buf evidence;
};

void judging_init(struct judging *j);	/* empty, with its buffers */
void judging_free(struct judging *j);	/* also for AUTO */

/*
 * All kinds that the candidate's reports are about, one after the other, but
 * timings (see perf).  A kind that only the base's reports are about is a
 * blocking finding: its report went away.
 */
struct err *judge_facts(struct judging *j) MUST_USE;

/*
 * Tests, by name.  A failing one is, in this order, tolerated (by policy, or
 * in quarantine until a day), flaky (flake.h), known (it fails on the base
 * too: it blocks all the same, unless 'against: base' is written), or blocks.
 * What vanished or is skipped is the business of the gate over kept tests.
 */
struct err *judge_tests(struct judging *j) MUST_USE;

/*
 * Findings of linters and scanners.  One of the candidate is the base's when,
 * in this order, both have the same tool and rule and
 * - lie on the same unchanged line;
 * - have the same fingerprint of the tool in the same file, renamed or not;
 * - have the same text of their lines, white space aside, in the same file;
 * - the same, the line having been moved from one file to another;
 * - lie in one hunk: the line was edited.
 * Each of the base's stands for one of the candidate's, so a second, identical
 * one is new; only on one unchanged line any number is one.  Without a line,
 * the message stands for the text, and the file for the hunk.
 *
 * New ones of 'severity' and above block.  That a tool was told to be silent
 * about one (in the source, or by a baseline of its own) changes nothing.
 */
struct err *judge_findings(struct judging *j) MUST_USE;

/*
 * Coverage.  A line is changed when the change added it; moved lines and
 * those of renamed files are not, and keep what the base says about them.
 * Without 'coverage' there may not be more uncovered lines than before.  With
 * it at least so many percent of the changed lines must be covered, and
 * outside of them there may not be more uncovered lines than before.
 *
 * A file that the base's reports know and the candidate's do not is not
 * covered.  One that neither knows, while files of its kind beside it are
 * known, is told; a new one takes a person's word.
 */
struct err *judge_coverage(struct judging *j) MUST_USE;

/*
 * Known vulnerabilities.  One is the base's when it shares a name with one of
 * the same package there, whatever the version.  New ones of 'severity' and
 * above block.
 */
struct err *judge_flaws(struct judging *j) MUST_USE;

/* ---- shared by the judges ---- */

/* Where the base's file lies in the candidate (the same path when it is unchanged or gone). */
const char *judge_path_now(const struct change *c, const char *base_path);

/* A fragment of the summary. */
void judge_say(struct judging *j, const char *fmt, ...) PRINTF(2, 3);

/* Summary and tally of things that block, are below 'severity', or are the base's too. */
void judge_count(struct judging *j, const char *one, const char *many, size_t blocking,
    size_t noted, size_t old);

#endif

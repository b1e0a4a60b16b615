/*
 * junit.h - the tests of a run, and JUnit XML as the test runners of this
 * world write it (read in pieces by format/junit).
 *
 * There is no standard, so all of this is taken: testsuites or testsuite as
 * the root; suites in suites; cases right below testsuites (Node's runner);
 * names in attributes with or without a class; failure and error, below a
 * case or below a suite; Surefire's rerunFailure and rerunError (failed
 * again) and flakyFailure and flakyError (passed in the end); a case that is
 * skipped and failed at once (it failed, but for Node's type="todo"); skipped
 * by status="disabled" or "notrun" or result="skipped" (GoogleTest, CTest);
 * time="NaN" and time="1,234.5"; colours in names and messages, as bytes or
 * as pytest's "#x1B".
 *
 * Refused with ERR_SYNTAX: another root, a count of failures above 0 where no
 * case has failed, and what is no XML.  A report without any case is left to
 * the caller (of several files of one run, one may be empty).
 */
#ifndef GATE_REPORT_JUNIT_H
#define GATE_REPORT_JUNIT_H

#include "base/arena.h"
#include "base/def.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

struct buf;
struct err;

#define JUNIT_CASES_MAX 500000
#define JUNIT_NAME_MAX 1000		/* bytes of an id; longer ones are cut */
#define JUNIT_TEXT_MAX (8 * KIB)	/* kept of one failure's text: its two ends */

/* From best to worst: of two cases of one id the worse counts. */
enum junit_status { JUNIT_PASSED, JUNIT_FLAKY, JUNIT_SKIPPED, JUNIT_FAILED };

/* What is kept of tests that did not pass. */
struct junit_more {
	const char *class;	/* "" when there is none */
	const char *file;	/* as the runner names it, "" when it does not */
	int64_t line;		/* 0 when unknown */
	const char *message;	/* one line, "" when there is none */
	const char *text;	/* stack trace and the like, "" when there is none */
};

struct junit_case {
	/*
	 * "class::name"; without a class that says something,
	 * "suite > suite > name".  Hexadecimal addresses read 0x*, since they
	 * differ from run to run.
	 */
	const char *id;
	const char *name;
	const struct junit_more *more;	/* never NULL; of one that passed, nothing */
	enum junit_status status;
};

/* {0} is empty. */
struct junit {
	struct arena mem;
	VEC_FIELDS(struct junit_case *);	/* one per id, in order of the report */
	struct map ids;				/* by id, in the cases' own memory */
	size_t passed, skipped, failed;		/* cases by id; flaky ones passed */
};

void junit_free(struct junit *j);	/* also for AUTO */

/*
 * One case of a report; all is copied, message and text without the white
 * space at their ends.  Of one id the worse counts.  ERR_LIMIT beyond
 * JUNIT_CASES_MAX.
 */
struct err *junit_put(struct junit *j, const struct junit_case *c) MUST_USE;

/* Append without colours (as bytes, with '?' for the first, or as "#x1B[") and NULs. */
void junit_plain(struct buf *out, struct str s);

/* A case that is known from elsewhere; an id that is there already stays as it is. */
void junit_add(struct junit *j, const char *id, const char *name, enum junit_status status);

/* NULL when there is no case of this id. */
const struct junit_case *junit_get(const struct junit *j, const char *id);

#endif

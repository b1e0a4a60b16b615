/*
 * kept.h - the built-in gate over what the base tests: nothing of it may be
 * gone, emptied or switched off.
 *
 * From the two trees, for test files of the known languages (testfile.h): a
 * test's name that is declared less often than before (moving and renaming
 * files is fine); a test that asserted something and no longer does; a test
 * file deleted or emptied; more markers that skip tests in files that were
 * there before, and in pytest's conftest.py; changed lines of a runner's
 * configuration that say which tests run.
 *
 * From the reports of base and candidate: a test that passed on the base and
 * is missing or skipped, unless as many of its name pass as before (in another
 * file or class, or of other cases).  Tests that policy tolerates may go.
 *
 * A test that asserts less often than before is flagged (fewer), and so is what
 * weaker.h sees.
 *
 * Markers in new files, and files other than code that vanish from folders
 * for tests, are told and do not block.
 */
#ifndef GATE_BUILTIN_KEPT_H
#define GATE_BUILTIN_KEPT_H

#include "base/def.h"

struct conf_gate;
struct outcome;
struct subject;
struct verdict;

/* kept_judge(), of builtin.tbl.h, is what the files say. */

/*
 * What the reports say, as findings.  A base without report is told: there is
 * nothing to compare.
 */
void kept_reports(struct subject *s, const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *candidate, struct verdict *v);

/* Would kept_reports() find a loss?  Pure. */
bool kept_lost(const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *candidate);

#endif

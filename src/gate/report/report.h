/*
 * report.h - the files that a gate's command reports in, in a folder that the
 * code under test writes to.
 *
 * The place is policy's: a path, or a pattern (glob.h) such as
 * "target/surefire-reports/TEST-*.xml".  No component of it may be a link:
 * neither is one followed nor is what lies behind it believed.
 */
#ifndef GATE_REPORT_REPORT_H
#define GATE_REPORT_REPORT_H

#include "base/def.h"

struct conf_gate;
struct err;
struct facts;
struct redactor;
struct strs;

#define REPORT_FILES_MAX 5000

/*
 * Can what policy says of a gate's reports be done?  ERR_CONFIG for a place
 * that is absolute, empty or leads through "..", for an unknown format, and
 * for keys that say nothing without a report.
 */
struct err *report_check(const struct conf_gate *gate) MUST_USE;

/*
 * What lies at the places, of whatever kind, as paths below 'dir', sorted,
 * each once; *missing is the first pattern where nothing lies, or NULL.
 * ERR_DENIED naming the component that is a link, ERR_LIMIT.
 */
struct err *report_list(int dir, const struct strs *patterns, struct strs *paths,
    const char **missing) MUST_USE;

/*
 * Read them all, in pieces, without the secrets that 'redact' (or NULL)
 * knows, each in the format that the gate names or that its first bytes show.
 * ERR_DENIED for what is no regular file, ERR_LIMIT over GATE_REPORT_MAX in
 * all or of the facts (facts.h), ERR_SYNTAX as its format has it, for one
 * that no format knows, and for reports of tests, coverage or timings without
 * any, or with skipped tests only.
 */
struct err *report_read(int dir, const struct strs *paths, const struct conf_gate *gate,
    struct redactor *redact, struct facts *out) MUST_USE;

#endif

/*
 * report.h - the files that a gate's command reports in, in a folder that the
 * code under test writes to.
 *
 * The place is policy's: a path, or a pattern (glob.h) such as
 * "target/surefire-reports/TEST-*.xml".  No component of it may be a link:
 * neither is one followed nor is what lies behind it believed.
 */
#ifndef GATE_REPORT_H
#define GATE_REPORT_H

#include "base/def.h"

struct err;
struct junit;
struct redactor;
struct strs;

#define REPORT_FILES_MAX 5000

/* ERR_CONFIG for an absolute pattern, an empty one, or one with "..". */
struct err *report_check(const char *pattern) MUST_USE;

/*
 * What lies at the place, of whatever kind, as paths below 'dir', sorted.
 * ERR_DENIED naming the component that is a link, ERR_LIMIT.
 */
struct err *report_list(int dir, const char *pattern, struct strs *paths) MUST_USE;

/*
 * Read them all into one report, without the secrets that 'redact' (or NULL)
 * knows.  ERR_DENIED for what is no regular file,
 * ERR_LIMIT over GATE_REPORT_MAX in all, ERR_SYNTAX as in junit.h and when
 * there is no test in any of them.
 */
struct err *report_read(int dir, const struct strs *paths, struct redactor *redact,
    struct junit *out) MUST_USE;

#endif

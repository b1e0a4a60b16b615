/*
 * cvss.h - how bad a vulnerability is, from FIRST's Common Vulnerability
 * Scoring System: low below 4, medium below 7, high below 9, then critical.
 */
#ifndef GATE_FORMAT_CVSS_H
#define GATE_FORMAT_CVSS_H

#include "base/str.h"
#include "gate/report/facts.h"

/* low: SEVERITY_NOTE, medium: SEVERITY_WARNING, high: SEVERITY_ERROR. */
enum severity cvss_severity(double score);

/*
 * The base score of a vector of version 3.0 or 3.1 (their specification,
 * section 7.1): "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N" is 6.1.
 * -1 for any other version, and for what lacks a base metric.
 */
double cvss_score(struct str vector);

#endif

/*
 * exec.h - one command of a gate in a pristine workspace of one tree.
 */
#ifndef GATE_EXEC_H
#define GATE_EXEC_H

#include "base/def.h"
#include "git/oid.h"

struct conf_gate;
struct err;
struct gates;
struct outcome;
struct strs;

enum exec_report {
	EXEC_REPORT_NONE,	/* the gate names none */
	EXEC_REPORT_OPTIONAL,	/* one that is written must agree */
	EXEC_REPORT_REQUIRED
};

/*
 * What is to be expected of a gate's command.  What its fast form writes
 * proves nothing for delivery, so it may write no report.
 */
enum exec_report exec_report_of(const struct conf_gate *gate, const char *command);

struct exec_spec {
	const struct conf_gate *gate;
	const char *command;	/* for sh -c */
	const struct strs *env;	/* more "KEY=value", or NULL */
	enum exec_report report;
	const struct oid *tree;
	const char *setup;
	bool on_base;
	bool quiet;		/* no events: a second try */
};

/*
 * Open a workspace, remove what lies at the report's place, run, read the
 * report, compare it with the exit status.  That the command or its report
 * is no good is an outcome; an error is ours.
 */
struct err *exec_run(const struct gates *g, const struct exec_spec *spec,
    struct outcome *out) MUST_USE;

#endif

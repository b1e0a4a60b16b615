/*
 * exec.h - one command of a gate in a pristine workspace of one tree.
 */
#ifndef GATE_RUN_EXEC_H
#define GATE_RUN_EXEC_H

#include "base/def.h"
#include "base/str.h"
#include "git/oid.h"

struct conf_gate;
struct err;
struct gates;
struct jail;
struct outcome;
struct proc_result;
struct strs;

/* Names of what is measured of a command. */
#define EXEC_WALL "wall time"
#define EXEC_CPU "processor time"
#define EXEC_PEAK "peak memory"

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
	struct str input;	/* what it reads; empty: nothing */
	enum exec_report report;
	const struct oid *tree;
	const char *setup;
	bool on_base;
	bool quiet;		/* no events: a second try */
	bool alone;		/* the caller holds this machine: machine.h */
	bool metered;		/* what it took (meter.h) is part of the facts: EXEC_WALL .. */
};

/*
 * Open a workspace, remove what lies at the reports' places, run, read the
 * reports, compare them with the exit status.  That the command or a report
 * is no good is an outcome; an error is ours.
 */
struct err *exec_run(const struct gates *g, const struct exec_spec *spec,
    struct outcome *out) MUST_USE;

/*
 * The same in steps, for who runs several at once or one several times: a
 * workspace; a command started in it (exec_jail() is NULL when there was
 * nothing to start: exec_give() has the outcome); its end, as jail_wait() or
 * jail_wait_any() have it.  What the spec points to is borrowed.
 */
struct exec;
struct err *exec_open(const struct gates *g, const struct exec_spec *spec,
    struct exec **out) MUST_USE;
struct err *exec_start(struct exec *x) MUST_USE;
struct jail *exec_jail(const struct exec *x);
struct err *exec_end(struct exec *x, const struct proc_result *result,
    struct outcome *out) MUST_USE;
void exec_give(struct exec *x, struct outcome *out);
void exec_close(struct exec *x);	/* kills what runs; NULL is fine */
void exec_close_p(struct exec **x);	/* for AUTO */

#endif

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "gate/memory/seen.h"
#include "gate/report/facts.h"
#include "gate/report/report.h"
#include "gate/room.h"
#include "gate/run/exec.h"
#include "gate/run/programs.h"
#include "git/workspace.h"
#include "sys/beneath.h"
#include "sys/jail.h"
#include "sys/meter.h"
#include "sys/userns.h"

#define GO_MOD_MAX (64 * KIB)

void
outcome_free(struct outcome *o)
{
	free(o->why);
	free(o->output);
	facts_free(&o->facts);
	*o = (struct outcome){0};
}

static void broken(struct outcome *out, const char *fmt, ...) PRINTF(2, 3);

static void
broken(struct outcome *out, const char *fmt, ...)
{
	struct buf b = BUF_INIT(BUF_TEXT);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	free(out->why);
	out->why = buf_steal(&b);
	out->kind = OUTCOME_BROKEN;
}

/* What the code under test did wrong is an outcome; the rest is ours. */
static struct err *
broken_by(struct outcome *out, struct err *e)
{
	if (!err_is(e, ERR_DENIED) && !err_is(e, ERR_SYNTAX) && !err_is(e, ERR_LIMIT) &&
	    !err_is(e, ERR_NOT_FOUND))
		return e;
	broken(out, "%s", err_msg(e));
	err_ignore(e);
	return NULL;
}

enum exec_report
exec_report_of(const struct conf_gate *gate, const char *command)
{
	if (gate->report.n == 0)
		return EXEC_REPORT_NONE;
	return strcmp(command, gate->run) == 0 ? EXEC_REPORT_REQUIRED : EXEC_REPORT_OPTIONAL;
}

/* ---- one command in the workspace ---- */

struct exec {
	const struct gates *g;
	struct exec_spec spec;
	struct workspace *ws;
	struct jail *jail;	/* while the command runs */
	bool shared;		/* its deadline is that of all, not the gate's own */
	struct outcome outcome;
};

static void
on_output(void *arg, int fd, const char *p, size_t n)
{
	const struct exec *x = arg;
	struct gate_event e = {GATE_OUTPUT, x->spec.gate->name, x->spec.on_base,
	    str_mk(p, n), NULL};

	/* The meter has stdout for itself. */
	if (!x->spec.metered || fd == 2)
		gates_tell(x->g, &e);
}

/* How long it may take: the gate's own time, or what is left for all. */
static struct err *
no_time_left(const struct conf_gate *gate)
{
	return err_hint(err_new(ERR_TIMEOUT, "no time is left for the gate '%s'", gate->name),
	    "raise limits.timeout");
}

static struct err *
deadline(const struct gates *g, const struct conf_gate *gate, int64_t *ms, bool *shared)
{
	int64_t left;

	*ms = gate->timeout * 1000;
	*shared = false;
	if (g->o.until_ms == 0)
		return NULL;
	left = g->o.until_ms - clock_mono(g->o.clock);
	if (left <= 0)
		return no_time_left(gate);
	*shared = *ms == 0 || left < *ms;
	if (*shared)
		*ms = left;
	return NULL;
}

static struct err *
start_argv(struct exec *x, const char *const *argv, int exe_fd, bool quiet)
{
	const struct conf_gate *gate = x->spec.gate;
	AUTO(strs_free) struct strs env = {0};
	struct jail_cmd cmd = {.argv = argv, .env = &env, .exe_fd = exe_fd,
	    .input = x->spec.input, .err_to_out = exe_fd < 0, .shares = !x->spec.alone,
	    .max_out = OUTPUT_MAX + REDACT_MARGIN, .tail = OUTPUT_TAIL + REDACT_MARGIN,
	    .cancel_fd = x->g->o.cancel_fd};
	size_t i;

	strs_add(&env, "CI=true");
	for (i = 0; x->spec.env != NULL && i < x->spec.env->n; i++)
		strs_add(&env, x->spec.env->v[i]);
	if (gate->dir[0] != '\0')
		cmd.cwd = gate->dir;
	if (!quiet) {
		cmd.on_output = on_output;
		cmd.arg = x;
	}
	TRY(deadline(x->g, gate, &cmd.deadline_ms, &x->shared));
	return jail_start(x->g->o.policy, workspace_view(x->ws), &cmd, &x->jail);
}

static struct err *
check_end(const struct exec *x, const struct proc_result *result)
{
	const struct conf_gate *gate = x->spec.gate;

	if (result->cancelled)
		return err_new(ERR_INTERRUPTED, "the gate '%s' was interrupted", gate->name);
	/* Not the gate's own time: it says nothing about the gate. */
	return result->timed_out && x->shared ? no_time_left(gate) : NULL;
}

static struct err *
run_argv(struct exec *x, const char *const *argv, struct proc_result *result)
{
	TRY(start_argv(x, argv, -1, true));
	TRY(jail_wait(x->jail, result));
	jail_stop_p(&x->jail);
	return check_end(x, result);
}

/* ---- the report's place ---- */

/* The gate's folder: where its command runs and its report is. */
static struct err *
gate_dir(const struct exec *x, int *fd)
{
	const char *dir = x->spec.gate->dir;

	return beneath_open(workspace_dirfd(x->ws), dir[0] == '\0' ? "." : dir,
	    O_RDONLY | O_DIRECTORY, 0, fd);
}

static void
check_needs(struct exec *x)
{
	struct str missing = programs_missing(x->g, x->spec.gate);

	if (missing.n > 0)
		broken(&x->outcome, "it needs '%.*s', which is not on the sandbox's PATH: install it, or see sandbox.path",
		    STR_ARG(missing));
}

static struct err *
check_dir(struct exec *x)
{
	AUTO(fd_close_p) int fd = -1;
	struct err *e;

	if (x->spec.gate->dir[0] == '\0' || (e = gate_dir(x, &fd)) == NULL)
		return NULL;
	return broken_by(&x->outcome, err_wrap(e, "the gate's folder"));
}

/*
 * The tree may hold a planted report, so may a layer of setup.  The workspace
 * is not ours to write from outside, so rm(1) does it in the sandbox, before
 * anything of the change ran.
 */
static struct err *
report_remove(struct exec *x)
{
	AUTO(strs_free) struct strs paths = {0}, left = {0};
	AUTO(proc_result_free) struct proc_result result = {0};
	VEC(const char *) argv = {0};
	AUTO(fd_close_p) int dir = -1;
	const char *missing;
	struct err *e;
	size_t i;

	if (x->spec.report == EXEC_REPORT_NONE || !defence_on(DEFENCE_REPORT))
		return NULL;
	if ((e = gate_dir(x, &dir)) != NULL ||
	    (e = report_list(dir, &x->spec.gate->report, &paths, &missing)) != NULL)
		return broken_by(&x->outcome, e);
	if (paths.n == 0)
		return NULL;
	vec_push(&argv, "rm");
	vec_push(&argv, "-rf");
	vec_push(&argv, "--");
	for (i = 0; i < paths.n; i++)
		vec_push(&argv, paths.v[i]);
	vec_push(&argv, NULL);
	e = run_argv(x, argv.v, &result);
	vec_free(&argv);
	TRY(e);
	if ((e = report_list(dir, &x->spec.gate->report, &left, &missing)) != NULL)
		return broken_by(&x->outcome, e);
	if (left.n != 0)
		broken(&x->outcome, "the old report '%s' cannot be removed", left.v[0]);
	return NULL;
}

/* Go's coverage names files by their module: the one whose go.mod is in the gate's folder. */
static bool
go_module(int dir, const char *folder, struct arena *mem, struct go_module *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(GO_MOD_MAX);
	AUTO(fd_close_p) int fd = -1;
	struct str rest, line;
	struct err *e;

	e = beneath_open(dir, "go.mod", O_RDONLY | O_NONBLOCK, 0, &fd);
	if (e == NULL)
		e = file_read_fd(fd, "go.mod", &text);
	if (e != NULL) {
		err_ignore(e);
		return false;
	}
	rest = buf_str(&text);
	while (str_next(&rest, '\n', &line)) {
		if (!str_starts(line, "module "))
			continue;
		line = str_trim(str_skip(line, strlen("module ")));
		*out = (struct go_module){arena_str(mem, line), folder};
		return true;
	}
	return false;
}

static struct err *
report_facts(struct exec *x, int dir, const struct strs *paths)
{
	const struct conf_gate *gate = x->spec.gate;
	struct facts *f = &x->outcome.facts;
	struct go_module module;
	struct err *e;

	f->root = x->g->o.policy->mode == JAIL_NONE ? workspace_view(x->ws)->path : JAIL_WORK;
	f->folder = gate->dir;
	f->nmodules = go_module(dir, gate->dir, &f->mem, &module) ? 1 : 0;
	f->modules = &module;
	e = report_read(dir, paths, gate, x->g->o.redact, f);
	f->root = NULL;
	f->modules = NULL;
	f->nmodules = 0;
	return e;
}

static struct err *
report_take(struct exec *x)
{
	AUTO(strs_free) struct strs paths = {0};
	struct outcome *out = &x->outcome;
	AUTO(fd_close_p) int dir = -1;
	const char *missing;
	struct err *e;

	if (x->spec.report == EXEC_REPORT_NONE)
		return NULL;
	if ((e = gate_dir(x, &dir)) != NULL ||
	    (e = report_list(dir, &x->spec.gate->report, &paths, &missing)) != NULL)
		return broken_by(out, e);
	if (missing != NULL && x->spec.report == EXEC_REPORT_REQUIRED) {
		broken(out, "no report at '%s'; the command ended with status %d", missing, out->status);
		return NULL;
	}
	if (paths.n == 0)
		return NULL;
	e = report_facts(x, dir, &paths);
	if (e != NULL)
		return broken_by(out, e);
	out->reported = true;
	return NULL;
}

/*
 * Exit status and reports are two witnesses: where they differ, neither
 * counts.  A scanner may end with 0 whatever it finds, and with another status
 * only if it found something; what counts coverage or times has nothing to say
 * about a command that failed.
 */
static void
agree(struct outcome *out)
{
	const struct facts *f = &out->facts;

	if (out->kind == OUTCOME_BROKEN)
		return;
	out->kind = out->status == 0 ? OUTCOME_PASSED : OUTCOME_FAILED;
	if (!out->reported)
		return;
	if (out->status == 0 && f->tests.failed != 0)
		broken(out, "the command ended with status 0, but its report has %zu failed tests",
		    f->tests.failed);
	else if (out->status != 0 && (f->kinds & (FACTS_TESTS | FACTS_FINDINGS | FACTS_FLAWS)) != 0 &&
	    f->tests.failed == 0 && f->complaints.n == 0 && f->flaws.n == 0)
		broken(out, "the command ended with status %d, but %s", out->status,
		    (f->kinds & FACTS_TESTS) != 0 ? "no test of its report failed" :
		    "its report has nothing to complain of");
}

static void
take_output(struct exec *x, const struct proc_result *result)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * OUTPUT_MAX);
	struct outcome *out = &x->outcome;

	out->status = result->status;
	out->ms = result->ms;
	redact_output(x->g->o.redact, x->spec.metered ? &result->err : &result->out, OUTPUT_MAX, OUTPUT_TAIL, &text);
	free(out->output);
	out->output = buf_steal(&text);
}

static struct err *
take_usage(struct exec *x, const struct proc_result *result)
{
	struct outcome *out = &x->outcome;
	struct facts *f = &out->facts;
	struct usage u;

	if (!x->spec.metered)
		return NULL;
	if (result->status != 0 || result->out.dropped != 0 || !meter_read(buf_str(&result->out.b), &u)) {
		broken(out, "what the command took cannot be told: it got at what measures it");
		return NULL;
	}
	out->status = u.status;
	f->kinds |= FACTS_TIMINGS;
	TRY(facts_sample(f, EXEC_WALL, "s", (double)u.wall_ns * 1e-9));
	TRY(facts_sample(f, EXEC_CPU, "s", (double)u.cpu_ns * 1e-9));
	return facts_sample(f, EXEC_PEAK, "bytes", (double)u.peak_bytes);
}

struct err *
exec_open(const struct gates *g, const struct exec_spec *spec, struct exec **out)
{
	AUTO(exec_close_p) struct exec *x = mem_alloc(sizeof(*x));
	struct workspace_opts opts = g->o.workspace;

	x->g = g;
	x->spec = *spec;
	opts.commit = g->o.base;
	TRY(seen_tree(g, spec->gate, spec->tree, &opts.tree));
	opts.setup = spec->setup;
	TRY(workspace_open(g->o.repo, &opts, &x->ws));
	*out = STEAL(x);
	return NULL;
}

struct err *
exec_start(struct exec *x)
{
	const char *argv[] = {"/bin/sh", "-c", x->spec.command, NULL};
	AUTO(fd_close_p) int self = -1;
	char path[JAIL_SELF_PATH];

	outcome_free(&x->outcome);
	x->outcome.kind = OUTCOME_FAILED;
	x->outcome.output = mem_strdup("");
	check_needs(x);
	if (x->outcome.kind != OUTCOME_BROKEN)
		TRY(check_dir(x));
	if (x->outcome.kind != OUTCOME_BROKEN)
		TRY(report_remove(x));
	if (x->outcome.kind == OUTCOME_BROKEN)
		return NULL;
	if (x->spec.metered) {
		TRY(jail_self(&self, path));
		argv[0] = path;
		argv[1] = "--meter";
	}
	return start_argv(x, argv, self, x->spec.quiet);
}

struct jail *
exec_jail(const struct exec *x)
{
	return x->jail;
}

struct err *
exec_end(struct exec *x, const struct proc_result *result, struct outcome *out)
{
	char span[CLOCK_TEXT];

	jail_stop_p(&x->jail);
	TRY(check_end(x, result));
	take_output(x, result);
	if (result->timed_out) {
		clock_format_span((result->ms + 500) / 1000, span);
		broken(&x->outcome, "the command was killed at its deadline, after %s", span);
	} else {
		TRY(take_usage(x, result));
		if (x->outcome.kind != OUTCOME_BROKEN)
			TRY(report_take(x));
		agree(&x->outcome);
	}
	exec_give(x, out);
	return NULL;
}

void
exec_give(struct exec *x, struct outcome *out)
{
	*out = x->outcome;
	x->outcome = (struct outcome){0};
}

void
exec_close(struct exec *x)
{
	if (x == NULL)
		return;
	jail_stop_p(&x->jail);
	workspace_close_p(&x->ws);
	outcome_free(&x->outcome);
	free(x);
}

void
exec_close_p(struct exec **x)
{
	exec_close(*x);
	*x = NULL;
}

struct err *
exec_run(const struct gates *g, const struct exec_spec *spec, struct outcome *out)
{
	AUTO(proc_result_free) struct proc_result result = {0};
	AUTO(exec_close_p) struct exec *x = NULL;

	TRY(exec_open(g, spec, &x));
	TRY(exec_start(x));
	if (x->jail == NULL) {
		exec_give(x, out);
		return NULL;
	}
	TRY(jail_wait(x->jail, &result));
	return exec_end(x, &result, out);
}

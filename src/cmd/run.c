/*
 * git factory run - take one task to a pull request.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "forge/pull.h"
#include "git/oid.h"
#include "line/pulls/mirror.h"
#include "line/run.h"
#include "model/run.h"
#include "store/queue.h"
#include "store/state.h"
#include "sys/kin.h"
#include "sys/sigs.h"

struct run_opts {
	const char *agent;
	const char *recording;
	const char *export;
	const char *claimed;
	bool fresh;
	bool json;
	bool quiet;
};

static const struct opt run_table[] = {
	OPT_STRING('a', "agent", "NAME", struct run_opts, agent, "another agent than the configured one"),
	OPT_STRING(0, "recording", "FILE", struct run_opts, recording, "let a recorded session answer instead of a model"),
	OPT_FLAG(0, "fresh", struct run_opts, fresh, "start anew instead of going on with an unfinished run"),
	OPT_STRING(0, "export", "FILE", struct run_opts, export, "write the delivery to a file instead of pushing it"),
	OPT_STRING(0, "claimed", "RUN", struct run_opts, claimed, "as this run, which git factory plan --claim claimed the task for"),
	OPT_FLAG('q', "quiet", struct run_opts, quiet, "no progress"),
	OPT_FLAG(0, "json", struct run_opts, json, "print the run's record as JSON"),
	OPT_END,
};

static void
on_event(void *arg, enum line_event event, const char *text)
{
	struct out *o = &((struct app *)arg)->note;

	out_style(o, event == LINE_STEP ? STYLE_BOLD : event == LINE_NOTE ? STYLE_YELLOW : STYLE_RESET);
	out_printf(o, event == LINE_STEP ? "== " : event == LINE_NOTE ? "note: " : "   gate ");
	out_line(o, str_of(text));
	out_style(o, STYLE_RESET);
	out_printf(o, "\n");
	err_ignore(out_flush(o));
}

static void
on_agent(void *arg, enum agent_event event, struct str text)
{
	struct out *o = &((struct app *)arg)->note;
	static const char *const marks[] = {
		[AGENT_SAYS] = "   ", [AGENT_CALLS] = "   > ", [AGENT_ANSWER] = "   < ", [AGENT_WAITS] = "   . ",
	};

	if (str_trim(text).n == 0)
		return;
	out_style(o, STYLE_DIM);
	out_printf(o, "%s", marks[event]);
	out_cut(o, str_trim(text), o->columns > 20 ? (size_t)o->columns - 6 : 74);
	out_style(o, STYLE_RESET);
	out_printf(o, "\n");
	err_ignore(out_flush(o));
}

static void
print_gates(struct out *o, const struct run *r)
{
	size_t i;

	for (i = 0; i < r->gates.n; i++) {
		const struct verdict *v = &r->gates.v[i];

		out_printf(o, "  %-16s ", v->gate);
		out_style(o, v->kind == VERDICT_PASS ? STYLE_GREEN : STYLE_RED);
		out_printf(o, "%-12s ", verdict_word(v->kind));
		out_style(o, STYLE_RESET);
		out_line(o, str_of(v->summary));
		out_printf(o, "\n");
	}
}

static void
print_record(struct out *o, const struct run *r, const struct oid *landed)
{
	AUTO(buf_free) struct buf cost = BUF_INIT(KIB);

	use_cost(&r->use, &cost);
	out_printf(o, "run %s of task %s: %s", r->id, r->task, run_outcome_word(r->outcome));
	if (r->pull > 0)
		out_printf(o, " as pull request %" PRId64, r->pull);
	out_printf(o, "\n");
	print_gates(o, r);
	out_printf(o, "  %" PRId64 " iteration%s, %" PRId64 " model call%s, %" PRId64 " tokens, %s, sandbox %s\n",
	    r->iterations, r->iterations == 1 ? "" : "s", r->use.turns, r->use.turns == 1 ? "" : "s",
	    use_tokens(&r->use), buf_cstr(&cost), r->sandbox);
	if (!oid_is_zero(landed))
		out_printf(o, "landed as %.12s\n", oid_hex(landed).s);
	else if (r->pull > 0)
		out_printf(o, "next: git factory pr show %" PRId64 ", git factory pr diff %" PRId64
		    ", git factory pr merge %" PRId64 "\n", r->pull, r->pull, r->pull);
}

/* The attempt is over, and the task is in the queue again. */
static struct err *
again(const struct run *r)
{
	char when[CLOCK_TEXT] = "";

	if (r->retry_at > 0)
		clock_format(r->retry_at, when);
	return err_hint(err_new(ERR_AGAIN, "attempt %" PRId64 " of task %s failed (%s): %s", r->attempt, r->task,
	    r->class, r->message), "next: %s%s%s", r->next, r->retry_at > 0 ? ", not before " : "", when);
}

static struct err *
print_result(struct app *app, const struct run_opts *o, const struct run *r, const struct oid *landed)
{
	AUTO(buf_free) struct buf text = BUF_INIT(RUN_FILE_MAX);

	if (o->json) {
		run_format(r, &text);
		out_raw(&app->out, buf_str(&text));
	} else {
		print_record(&app->out, r, landed);
	}
	if (r->outcome == RUN_DELIVERED)
		return NULL;
	if (r->outcome == RUN_FAILED)
		return again(r);
	return err_hint(err_new(ERR_ESCALATED, "task %s needs a person: %s", r->task, r->question),
	    "git factory task show %s", r->task);
}

/* The run is over and on record: what the forge lacks then, it gets with the next sync. */
static void
show_outside(struct app *app, const struct line_opts *line, const struct run *record, struct oid *landed)
{
	AUTO(pull_free) struct pull p = {0};
	struct mirrored seen;
	struct err *e = mirror_here(line, &seen);

	if (e != NULL)
		out_printf(&app->note, "note: the forge is not up to date: %s; 'git factory pr sync' tries again\n", err_msg(e));
	err_ignore(e);
	if (record->pull == 0)
		return;
	e = pull_read(state_repo(line->state), record->pull, &p);
	if (e == NULL && p.state == PULL_MERGED)
		*landed = p.landed;
	err_ignore(e);
}

/* What it let go without a sandbox ends with it. */
static struct err *
run_whole(const struct line_opts *line, const struct id *task, struct run *record)
{
	struct err *e;

	kin_adopt();
	e = line_run(line, task, record);
	if (kin_sweep(NULL, 0) || e != NULL)
		return e;
	return err_new(ERR_IO, "the system does not let go of a process that the run started");
}

static struct err *
run(struct app *app, const void *opts, const struct args *args)
{
	const struct run_opts *o = opts;
	AUTO(desk_close) struct desk d = {0};
	AUTO(run_free) struct run record;
	struct oid landed = oid_zero;
	struct line_opts line = {.unguarded = true, .landed = &landed, .agent = o->agent, .recording = o->recording, .fresh = o->fresh, .export = o->export, .arg = app};
	struct id task, claimed;

	run_init(&record);
	if (o->claimed != NULL && (o->export == NULL || args->n == 0))
		return err_new(ERR_USAGE, "--claimed goes with --export FILE and the task's id");
	if (o->claimed != NULL && !id_parse(str_of(o->claimed), &claimed))
		return err_new(ERR_USAGE, "'%s' is not the id of a run", o->claimed);
	TRY(desk_queue(app, &d));
	if (o->export != NULL && state_remote(d.state) == NULL)
		return err_hint(err_new(ERR_CONFIG, "--export is for a delivery through a remote, and none is named"),
		    "set 'state.remote' in .factory/config.yml, or 'git config factory.remote NAME'");
	if (args->n > 0)
		TRY(queue_find(d.queue, args->v[0], &task));
	else
		TRY(queue_next(d.queue, &task));
	line.state = d.state;
	line.claimed = o->claimed != NULL ? &claimed : NULL;
	line.named = args->n > 0;
	line.cancel_fd = sigs_fd();
	line.cancel = sigs_flag();
	if (!o->quiet) {
		line.on_event = on_event;
		line.on_agent = on_agent;
	}
	if (o->export == NULL)
		TRY(mirror_any(&line, &line.outside, NULL));
	TRY(run_whole(&line, &task, &record));
	if (line.outside)
		show_outside(app, &line, &record, &landed);
	return print_result(app, o, &record, &landed);
}

const struct verb cmd_run[] = {
	{"run", NULL, "[ID]", "take one task to a pull request", run_table, sizeof(struct run_opts), NULL, 0, 1, 0, run},
	VERB_END,
};

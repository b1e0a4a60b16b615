/*
 * git factory show - one run: what it did, what proved it, what it cost.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "git/oid.h"
#include "model/run.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "wire/json.h"

struct show_opts {
	bool json;
};

static const struct opt show_table[] = {
	OPT_FLAG(0, "json", struct show_opts, json, "print the record as JSON"),
	OPT_END,
};

static void
show_number(struct out *o, const char *name, int64_t value, const char *unit)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld%s", (long long)value, unit);
	field_line(o, name, text);
}

static void
show_times(struct out *o, const struct run *r)
{
	char when[CLOCK_TEXT], span[CLOCK_TEXT], text[2 * CLOCK_TEXT + 8];

	clock_format(r->started, when);
	clock_format_span(r->ended > r->started ? r->ended - r->started : 0, span);
	snprintf(text, sizeof(text), "%s, took %s", when, span);
	field_line(o, "started", text);
}

static void
show_use(struct out *o, const struct run *r)
{
	AUTO(buf_free) struct buf b = BUF_INIT(4 * KIB);

	use_cost(&r->use, &b);
	buf_addf(&b, "; %lld turns, %lld tokens in, %lld out", (long long)r->use.turns,
	    (long long)r->use.in, (long long)r->use.out);
	if (r->use.cache_read > 0 || r->use.cache_write > 0)
		buf_addf(&b, ", %lld read from and %lld written to the cache", (long long)r->use.cache_read,
		    (long long)r->use.cache_write);
	field_line(o, "cost", buf_cstr(&b));
}

static void
show_steps(struct out *o, const struct run *r)
{
	size_t i;

	if (r->steps.n > 0)
		out_printf(o, "\nSteps\n");
	for (i = 0; i < r->steps.n; i++) {
		out_printf(o, "  %-12s %7lld ms  ", r->steps.v[i].name, (long long)r->steps.v[i].ms);
		out_line(o, str_of(r->steps.v[i].note));
		out_printf(o, "\n");
	}
}

static void
show_gate(struct out *o, const struct verdict *v)
{
	size_t i;

	out_printf(o, "  ");
	out_style(o, v->kind == VERDICT_PASS ? STYLE_GREEN : STYLE_RED);
	out_printf(o, "%-12s", verdict_word(v->kind));
	out_style(o, STYLE_RESET);
	out_printf(o, " %-12s ", v->gate);
	out_line(o, str_of(v->summary));
	out_printf(o, "\n");
	for (i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.v[i];

		out_printf(o, "    %-9s %s  ", finding_word(f->kind), f->rule);
		if (*f->file != '\0')
			out_printf(o, "%s:%lld ", f->file, (long long)f->line);
		out_line(o, str_of(f->text));
		out_printf(o, "\n");
	}
}

static void
show_text(struct out *o, const struct run *r)
{
	AUTO(buf_free) struct buf next = BUF_INIT(BUF_TEXT);
	size_t i;

	out_style(o, STYLE_BOLD);
	out_printf(o, "run %s  ", r->id);
	out_line(o, str_of(r->title));
	out_style(o, STYLE_RESET);
	out_printf(o, "\n");
	field_line(o, "task", r->task);
	field_line(o, "outcome", run_outcome_word(r->outcome));
	field_line(o, "error", r->error);
	field_line(o, "message", r->message);
	next_text(r->class, r->next, r->retry_at, &next);
	field_line(o, "next", buf_cstr(&next));
	show_number(o, "attempt", r->attempt, "");
	show_times(o, r);
	field_line(o, "node", r->node);
	field_line(o, "agent", r->agent);
	field_line(o, "model", r->model);
	field_line(o, "sandbox", r->sandbox);
	show_number(o, "iterations", r->iterations, "");
	show_use(o, r);
	field_line(o, "base", r->base);
	field_line(o, "tree", r->tree);
	field_line(o, "commit", r->commit);
	field_line(o, "branch", r->branch);
	if (r->pull != 0)
		show_number(o, "pull", r->pull, "");
	field_line(o, "no replay", r->noreplay);
	if (*r->question != '\0')
		out_printf(o, "\nA person must decide:\n%s\n", r->question);
	show_steps(o, r);
	if (r->gates.n > 0)
		out_printf(o, "\nGates\n");
	for (i = 0; i < r->gates.n; i++)
		show_gate(o, &r->gates.v[i]);
}

static struct err *
show_notes(struct app *app, const struct desk *d, const struct run *r)
{
	AUTO(buf_free) struct buf notes = BUF_INIT(8 * MIB);
	struct oid commit;

	if (!oid_parse(str_of(r->commit), &commit))
		return NULL;
	TRY(ledger_notes(d->state, &commit, &notes));
	if (notes.n > 0)
		out_printf(&app->out, "\nEvidence on %.12s\n%s", r->commit, buf_cstr(&notes));
	return NULL;
}

static struct err *
first_run(const struct run *r, void *ctx, bool *more)
{
	strs_add(ctx, r->id);
	*more = false;
	return NULL;
}

/* A run by its id; a task's id means its last run. */
static struct err *
find_run(struct queue *q, const char *word, struct run *out)
{
	AUTO(strs_free) struct strs last = {0};
	AUTO(err_free_p) struct err *none = ledger_get(q, word, out);
	struct err *e;
	struct id task;

	if (!err_is(none, ERR_NOT_FOUND))
		return STEAL(none);
	e = queue_find(q, word, &task);
	if (e != NULL) {
		err_free(e);
		return STEAL(none);
	}
	TRY(ledger_each(q, &task, first_run, &last));
	if (last.n == 0)
		return err_new(ERR_NOT_FOUND, "task '%s' has no run on record", task.s);
	return ledger_get(q, last.v[0], out);
}

static struct err *
show_run(struct app *app, const void *opts, const struct args *args)
{
	AUTO(buf_free) struct buf text = BUF_INIT(RUN_FILE_MAX);
	AUTO(desk_close) struct desk d = {0};
	const struct show_opts *o = opts;
	AUTO(run_free) struct run r;

	run_init(&r);
	TRY(desk_queue(app, &d));
	TRY(find_run(d.queue, args->v[0], &r));
	if (o->json) {
		run_format(&r, &text);
		out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	show_text(&app->out, &r);
	return show_notes(app, &d, &r);
}

const struct verb cmd_show[] = {
	{.noun = "show", .args = "RUN", .doc = "show one run", .opts = show_table,
	    .opts_size = sizeof(struct show_opts), .min_args = 1, .max_args = 1,
	    .flags = VERB_PAGER, .run = show_run},
	VERB_END,
};

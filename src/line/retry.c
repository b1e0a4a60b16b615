#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "gate/gate.h"
#include "git/ref.h"
#include "line/deliver.h"
#include "line/past.h"
#include "line/retry.h"
#include "line/walk.h"
#include "line/work.h"
#include "store/journal.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"

#define TIMEOUT_MAX (7 * 24 * 3600)	/* however often it was made longer */

/* ---- policy ---- */

struct err *
retry_check(const struct config *c)
{
	enum failure f, best = FAILURE_NONE;
	size_t i;

	for (i = 0; i < c->retries.n; i++) {
		struct str name = str_of(c->retries.v[i].name);
		size_t least = name.n / 3 + 2;

		if (failure_parse(name.p, &f) && f != FAILURE_NONE)
			continue;
		for (f = FAILURE_NONE + 1; f < FAILURES; f++)
			if (str_distance(name, str_of(failure_row(f)->word)) < least) {
				least = str_distance(name, str_of(failure_row(f)->word));
				best = f;
			}
		if (best != FAILURE_NONE)
			return err_new(ERR_CONFIG, "'retry.%s': no such class of failure; did you mean '%s'?",
			    name.p, failure_row(best)->word);
		return err_hint(err_new(ERR_CONFIG, "'retry.%s': no such class of failure", name.p),
		    "git-factory-tasks(5) lists them");
	}
	return NULL;
}

struct failure_policy
retry_policy(const struct config *c, enum failure f)
{
	struct failure_policy p = failure_row(f)->policy;
	const struct conf_retry *r = config_retry(c, failure_row(f)->word);

	if (r == NULL)
		return p;
	p.max = r->max >= 0 ? r->max : p.max;
	p.wait = r->wait >= 0 ? r->wait : p.wait;
	p.ceiling = r->ceiling >= 0 ? r->ceiling : p.ceiling;
	p.deadline = r->deadline >= 0 ? r->deadline : p.deadline;
	p.agent = r->agent;
	/* Who asks for a longer wait than the ceiling means the wait. */
	if (p.ceiling < p.wait)
		p.ceiling = p.wait;
	return p;
}

/*
 * Half as much again as a task's own estimate, at most the limit that policy
 * or the user names; without an estimate of its own, the limit.
 */
static int64_t
own_timeout(const struct task *t, const struct config *c)
{
	int64_t own = t->estimate + (t->estimate + 1) / 2;

	if (t->estimate == TASK_ESTIMATE_S)
		return c->limits.timeout;
	return map_get(&c->origin, "limits.timeout") != NULL && c->limits.timeout < own ? c->limits.timeout : own;
}

int64_t
retry_timeout(const struct config *c, const struct task *t)
{
	int64_t timeout = own_timeout(t, c), n;
	enum failure f;

	for (f = FAILURE_NONE + 1; f < FAILURES; f++) {
		int64_t percent = retry_policy(c, f).deadline;

		for (n = failure_tries(&t->tries, f); n > 0 && percent != 100 && timeout < TIMEOUT_MAX; n--)
			timeout = timeout * percent / 100;
	}
	if (timeout < 1)
		timeout = 1;
	return timeout > TIMEOUT_MAX ? TIMEOUT_MAX : timeout;
}

const char *
retry_agent(const struct config *c, const struct task *t)
{
	enum failure f;

	return failure_parse(t->class, &f) && f != FAILURE_NONE ? retry_policy(c, f).agent : "";
}

/* ---- which class ---- */

static bool
is_test_gate(const struct verdict *v)
{
	size_t i;

	if (v->kind != VERDICT_FAIL || strcmp(v->gate, GATE_TESTS_KEPT) == 0 || strcmp(v->gate, GATE_PROTECTED) == 0)
		return false;
	for (i = 0; i < v->measures.n; i++)
		if (strcmp(v->measures.v[i].name, "tests") == 0)
			return true;
	return strstr(v->gate, "test") != NULL;
}

/* The gates did not let it through, or there was nothing to let through. */
static enum failure
class_of_proof(const struct proof *p)
{
	enum failure f = FAILURE_AGENT;
	size_t i;

	for (i = 0; i < p->verdicts.n; i++) {
		if (is_test_gate(&p->verdicts.v[i]))
			return FAILURE_TESTS;
		if (verdict_blocks(&p->verdicts.v[i]))
			f = FAILURE_GATE;
	}
	return f;
}

static enum failure
class_of(const struct work *r, const struct err *e)
{
	if (e != NULL)
		return failure_of(e);
	return r->end == WORK_GAVE_UP ? FAILURE_AMBIGUOUS : r->end == WORK_BROKE ? FAILURE_AGENT :
	    class_of_proof(&r->proof);
}

/* Another try would meet the same: only a person can move it. */
static bool
is_hopeless(enum retry_phase phase, const struct err *e)
{
	switch (err_code(e)) {
	case ERR_STATE:
	case ERR_SECRET:
		return true;
	case ERR_CONFLICT:
		/* Of the base: another attempt starts from it as it is then. */
		return phase == RETRY_DELIVER;
	case ERR_DEPENDENCY:
		/* Of the change: it needs what setup without network cannot get. */
		return phase != RETRY_STAFF;
	default:
		return false;
	}
}

/* ---- the ends ---- */

struct waiting {
	struct walk *w;
	enum failure class;
	const char *error;
	int64_t retry_at;
	const char *next;
};

static struct err *
change_waiting(struct state_step *t, struct task *task, void *ctx)
{
	const struct waiting *x = ctx;

	/* Only who holds the task may speak for it. */
	TRY(lease_fence(x->w->lease, t));
	task_take_wait(task, x->class, x->error, x->retry_at, x->next);
	return NULL;
}

/* The journal stays; the task says what it waits for. */
static struct err *
wait_for_it(struct walk *w, const struct failure_case *c, const struct failure_plan *plan, struct err *e)
{
	AUTO(buf_free) struct buf next = BUF_INIT(KIB);
	AUTO(mem_free_p) char *text = mem_printf("run %s: waits (%s) %s", w->run.s, failure_row(c->class)->word, w->id.s);
	struct waiting x = {w, c->class, err_row(err_code(e))->word, plan->retry_at, ""};
	char until[CLOCK_TEXT];
	struct err *failed;

	failure_line(c, plan, &next);
	x.next = buf_cstr(&next);
	failed = state_change(w->state, &w->id, text, change_waiting, &x);
	if (failed != NULL)
		line_tell(w->o, LINE_NOTE, "the task does not say why it waits: %s", err_msg(failed));
	err_ignore(failed);
	clock_format(plan->retry_at, until);
	if (plan->retry_at > 0 && err_hint_of(e) == NULL)
		e = err_hint(e, "'git factory run %s' goes on now; on its own it does not before %s", w->id.s, until);
	return e;
}

static void
add_hint(struct buf *out, const struct err *e)
{
	buf_adds(out, err_msg(e));
	if (err_hint_of(e) != NULL)
		buf_addf(out, " (%s)", err_hint_of(e));
}

/* The question to a person: what stands in the way, then all that was tried. */
static struct err *
ask(struct walk *w, const struct failure_case *c, const struct failure_plan *plan, const struct work *r,
    const struct err *e, struct buf *out)
{
	if (plan->capped) {
		failure_line(c, plan, out);
		buf_adds(out, ". ");
	}
	if (e != NULL)
		add_hint(out, e);
	else
		buf_adds(out, r->question);
	return c->tries->n > 0 ? past_story(w, out) : NULL;
}

/* One line for the record where no error says it. */
static void
gate_message(const struct work *r, struct buf *out)
{
	size_t i;

	for (i = 0; i < r->proof.verdicts.n; i++)
		if (verdict_blocks(&r->proof.verdicts.v[i]))
			buf_addf(out, "%sgate '%s': %s", out->n > 0 ? "; " : "", r->proof.verdicts.v[i].gate,
			    r->proof.verdicts.v[i].summary);
	if (out->n == 0)
		buf_addstr(out, text_cut(str_of(r->question), 500));
}

/* Where the files are: with the agent, or as the journal of a run says that died. */
static void
reached(struct walk *w, struct oid *tree)
{
	const char *hex;

	if (w->agent != NULL) {
		*tree = *agent_tree(w->agent);
		return;
	}
	hex = w->skipped;
	if (hex == NULL || !oid_parse(str_of(hex), tree))
		*tree = w->policy.tree;
	else
		run_set(&w->rec, &w->rec.noreplay, "its process was ended, and the run not walked through again");
}

static struct err *
end_run(struct walk *w, struct work *r, const struct failure_case *c, const struct failure_plan *plan,
    const struct err *e)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), next = BUF_INIT(KIB), message = BUF_INIT(BUF_TEXT);
	struct oid tree;
	struct ending_words words = {.outcome = plan->next == NEXT_ASK ? RUN_ESCALATED : RUN_FAILED,
	    .class = failure_row(c->class)->word, .retry_at = plan->retry_at, .why = e};

	if (plan->next == NEXT_ASK)
		TRY(ask(w, c, plan, r, e, &text));
	if (e != NULL)
		buf_adds(&message, err_msg(e));
	else
		gate_message(r, &message);
	failure_line(c, plan, &next);
	reached(w, &tree);
	words.question = buf_cstr(&text);
	words.message = buf_cstr(&message);
	words.next = buf_cstr(&next);
	return give_up(w, &tree, &r->proof, &words);
}

struct err *
retry_end(struct walk *w, struct work *r, enum retry_phase phase, struct err *e)
{
	static const struct strs none = {0};
	bool answered = w->task.state == TASK_ESCALATED || w->task.state == TASK_DELIVERED;
	struct failure_case c = {.class = r->end == WORK_DIED ? FAILURE_ORPHANED : class_of(r, e),
	    .tries = answered ? &none : &w->task.tries, .most = w->policy.cfg.limits.failures,
	    .asked = e != NULL ? err_wait_s(e) : 0, .run = w->run.s,
	    .hopeless = (e != NULL && is_hopeless(phase, e)) || r->end == WORK_DIED};
	struct failure_policy policy = retry_policy(&w->policy.cfg, c.class);
	struct failure_plan plan;
	struct err *failed;

	if (c.class == FAILURE_NONE || c.class == FAILURE_MACHINE)
		return e;
	c.policy = &policy;
	/* The time is read now for a wait, and is the journal's for an end. */
	c.now = clock_wall(w->clock);
	failure_decide(&c, &plan);
	if (plan.next == NEXT_RESUME)
		return wait_for_it(w, &c, &plan, e);
	if (w->agent == NULL)
		w->skipped = journal_skip(w->journal, "end");
	failed = end_time(w);
	if (failed == NULL) {
		c.now = w->rec.ended;
		failure_decide(&c, &plan);
		failed = end_run(w, r, &c, &plan, e);
	}
	err_free(e);
	return failed;
}

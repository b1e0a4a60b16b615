/*
 * The agent of our own: ask the model, call the tools that it names, tell it
 * what they answered, until it says that it is done.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/workspace.h"
#include "llm/llm.h"
#include "model/budget.h"
#include "store/journal.h"
#include "tool/tool.h"
#include "wire/json.h"

/* Answers without any tool call, or cut ones, in a row. */
#define IDLE_MAX 3
#define EVENT_MAX 200	/* bytes of a call or an answer that are shown */

struct loop {
	struct toolbox *box;
	struct llm_tool tools[TOOL_DEFS];
	VEC(struct llm_msg) msgs;
	struct llm_msg next;	/* the user message that is being put together */
	bool lost_charged;
};

static struct err *
loop_open(struct agent *a, void **self)
{
	const struct agent_job *job = agent_job_of(a);
	struct toolbox_opts opts = {.policy = job->jail, .view = workspace_view(job->ws),
	    .cwd = job->cwd, .run_ms = job->command_ms, .cancel_fd = job->cancel_fd,
	    .redact = defence_on(DEFENCE_REDACT) ? job->redact : NULL};
	struct loop *l = mem_alloc(sizeof(*l));
	struct err *e;
	size_t i;

	e = toolbox_open(&opts, &l->box);
	/* Nothing is on record: tools will be called, and the sandbox takes a while. */
	if (e == NULL && !job->replay && journal_live(job->journal))
		e = toolbox_start(l->box);
	if (e != NULL) {
		toolbox_close(l->box);
		free(l);
		return e;
	}
	for (i = 0; i < TOOL_DEFS; i++)
		l->tools[i] = (struct llm_tool){tool_defs[i].name, tool_defs[i].description, tool_defs[i].schema};
	llm_msg_init(&l->next, LLM_USER);
	llm_msg_text(&l->next, job->prompt);
	*self = l;
	return NULL;
}

static void
loop_rest(void *self)
{
	struct loop *l = self;

	toolbox_rest(l->box);
}

static void
loop_close(void *self)
{
	struct loop *l = self;
	size_t i;

	toolbox_close(l->box);
	for (i = 0; i < l->msgs.n; i++)
		llm_msg_free(&l->msgs.v[i]);
	vec_free(&l->msgs);
	llm_msg_free(&l->next);
	free(l);
}

/* ---- asking ---- */

static struct use
use_of(const struct llm_reply *reply)
{
	return (struct use){1, reply->usage.in, reply->usage.out, reply->usage.cache_read,
	    reply->usage.cache_write, reply->cost, reply->guessed};
}

/*
 * Before a request costs anything: is there a sandbox to do what it will ask
 * for?  While it comes up, so do the provider's libraries.
 */
static struct err *
get_ready(const struct agent_job *job, struct loop *l)
{
	if (job->replay || !journal_live(job->journal))
		return NULL;
	TRY(toolbox_enter(l->box));
	TRY(llm_prepare(job->llm));
	return toolbox_ready(l->box);
}

/* Moves 'next' onto the conversation, asks, and appends the answer. */
static struct err *
ask(struct agent *a, struct loop *l, struct llm_reply *reply)
{
	const struct agent_job *job = agent_job_of(a);
	struct llm_request req = {.system = job->system, .tools = l->tools, .ntools = TOOL_DEFS};
	struct use worst, lost = {0};
	struct err *e;
	int64_t left;

	/* What is on record costs no time, also when there is none left. */
	if (journal_live(job->journal))
		TRY(agent_time_left(a, &left));
	TRY(get_ready(job, l));
	if (!l->lost_charged) {
		lost.micro = llm_lost_cost(job->llm);
		lost.guessed = lost.micro > 0;
		use_add(&job->budget->used, &lost);
		l->lost_charged = true;
	}
	vec_push(&l->msgs, l->next);
	llm_msg_init(&l->next, LLM_USER);
	req.msgs = l->msgs.v;
	req.nmsgs = l->msgs.n;
	worst = (struct use){.turns = 1, .in = llm_tokens_max(job->llm, &req), .micro = llm_cost_max(job->llm, &req),
	    .guessed = 1};
	TRY(budget_charge(job->budget, &worst));
	e = llm_complete(job->llm, &req, reply);
	/* A server that takes too long is no deadline of the run's. */
	if (err_is(e, ERR_TIMEOUT))
		return err_recode(e, ERR_NETWORK);
	if (e != NULL)
		return e;
	lost = use_of(reply);
	budget_settle(job->budget, &worst, &lost);
	vec_push(&l->msgs, (struct llm_msg){0});
	llm_msg_copy(&l->msgs.v[l->msgs.n - 1], &reply->msg);
	return NULL;
}

/* ---- tools ---- */

static bool
is_command(const struct llm_block *block)
{
	return strcmp(block->name, "run") == 0;
}

static void
tell(struct agent *a, enum agent_event event, const char *name, const char *text)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	/* Before it is cut: a secret's first half is no longer found. */
	AUTO(mem_free_p) char *clean = agent_redact(a, text);
	struct str s = str_of(clean);

	buf_addf(&line, "%s %.*s", name, (int)(s.n < EVENT_MAX ? s.n : EVENT_MAX), s.n ? s.p : "");
	agent_tell(a, event, buf_str(&line));
}

static void
format_outcome(const struct tool_result *r, const struct oid *tree, struct buf *out)
{
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kstr(&w, "text", r->text);
	if (r->is_error)
		jw_kbool(&w, "error", true);
	if (tree != NULL)
		jw_kstr(&w, "tree", oid_hex(tree).s);
	jw_end(&w);
}

static struct err *
recorded_outcome(struct agent *a, const struct node *n, bool by_command, struct tool_result *out)
{
	const char *text = node_get_str(n, "text"), *tree = node_get_str(n, "tree");
	struct oid oid;

	if (text == NULL || (tree != NULL && !oid_parse(str_of(tree), &oid)))
		return node_err(n, "not a tool's outcome");
	if (tree != NULL && !agent_job_of(a)->replay)
		agent_recorded(a, by_command, &oid);
	out->text = mem_strdup(text);
	out->is_error = node_get_bool(n, "error", false);
	return NULL;
}

static void
answer(struct agent *a, struct loop *l, const struct llm_block *block, const struct tool_result *r)
{
	tell(a, AGENT_ANSWER, block->name, r->text);
	llm_msg_result(&l->next, block->id, r->text, r->is_error);
}

static struct err *
record(struct agent *a, const struct llm_block *block, struct tool_result *r)
{
	AUTO(buf_free) struct buf json = BUF_INIT(BUF_TEXT);
	char *clean = agent_redact(a, r->text);
	struct oid tree;

	free(r->text);
	r->text = clean;
	if (r->wrote)
		TRY(agent_collect(a, is_command(block), &tree));
	format_outcome(r, r->wrote ? &tree : NULL, &json);
	return journal_put(agent_job_of(a)->journal, block->name, buf_str(&json));
}

/* All at once; recorded and answered in the order of the calls. */
static struct err *
call_live(struct agent *a, struct loop *l, const struct llm_block *const *blocks, size_t n)
{
	struct tool_call *calls = mem_calloc(n, sizeof(*calls));
	struct tool_result *results = mem_calloc(n, sizeof(*results));
	struct err *e = agent_live(a);
	int64_t left = 0;
	size_t i;

	for (i = 0; i < n; i++)
		calls[i] = (struct tool_call){blocks[i]->name, str_of(blocks[i]->input)};
	if (e == NULL)
		e = agent_time_left(a, &left);
	if (e == NULL)
		e = toolbox_calls(l->box, calls, n, left, results);
	for (i = 0; i < n && e == NULL; i++) {
		e = record(a, blocks[i], &results[i]);
		if (e == NULL)
			answer(a, l, blocks[i], &results[i]);
	}
	for (i = 0; i < n; i++)
		tool_result_free(&results[i]);
	free(results);
	free(calls);
	return e;
}

/* A recorded call done over; nothing is recorded again. */
static struct err *
call_again(struct agent *a, struct loop *l, const struct llm_block *block, const struct node *n)
{
	const char *hex = node_get_str(n, "tree");
	AUTO(tool_result_free) struct tool_result r = {0};
	struct oid want, got;

	if (hex == NULL)
		return NULL;
	if (!oid_parse(str_of(hex), &want))
		return node_err(n, "not a tool's outcome");
	if (is_command(block))
		return agent_put(a, &want);
	TRY(agent_live(a));
	TRY(toolbox_call(l->box, block->name, str_of(block->input), 0, &r));
	TRY(agent_collect(a, false, &got));
	if (!oid_eq(&want, &got))
		return err_new(ERR_STATE, "the replay differs: '%s' left the tree %.12s, and the record says %.12s",
		    block->name, oid_hex(&got).s, hex);
	return NULL;
}

static struct err *
call_recorded(struct agent *a, struct loop *l, const struct llm_block *block, const struct node *n)
{
	AUTO(tool_result_free) struct tool_result r = {0};

	if (agent_job_of(a)->replay)
		TRY(call_again(a, l, block, n));
	TRY(recorded_outcome(a, n, is_command(block), &r));
	answer(a, l, block, &r);
	return NULL;
}

/*
 * Calls that may be done at the same time, or one; their answers go into the
 * next message.  What is recorded comes first: a run may have been killed
 * between two records of a group.
 */
static struct err *
call_tools(struct agent *a, struct loop *l, const struct llm_block *const *blocks, size_t n)
{
	const struct node *recorded;
	size_t i;

	for (i = 0; i < n; i++)
		tell(a, AGENT_CALLS, blocks[i]->name, blocks[i]->input);
	for (i = 0; i < n; i++) {
		TRY(journal_next(agent_job_of(a)->journal, blocks[i]->name, &recorded));
		if (recorded == NULL)
			return call_live(a, l, blocks + i, n - i);
		TRY(call_recorded(a, l, blocks[i], recorded));
	}
	return NULL;
}

/* finish and give_up: what the model claims. */
static struct err *
claim(const struct llm_block *block, struct agent_turn *out, char **problem)
{
	AUTO(arena_free) struct arena arena = {0};
	bool gave_up = strcmp(block->name, "give_up") == 0;
	const char *text;
	struct node *n;
	struct err *e = json_parse(&arena, block->name, str_of(block->input), &n);

	text = e != NULL ? NULL : node_get_str(n, gave_up ? "question" : "summary");
	err_ignore(e);
	if (text == NULL || *text == '\0') {
		*problem = mem_printf("'%s' must say its '%s'", block->name, gave_up ? "question" : "summary");
		return NULL;
	}
	out->gave_up = gave_up;
	out->text = mem_strdup(text);
	return NULL;
}

static struct err *
call_one(struct agent *a, struct loop *l, const struct llm_block *block, struct agent_turn *out)
{
	const struct tool_def *def = tool_find(block->name);
	AUTO(mem_free_p) char *problem = NULL;

	if (out->text != NULL) {
		llm_msg_result(&l->next, block->id, "not done: the turn had ended", true);
		return NULL;
	}
	if (def == NULL || !def->is_end)
		return call_tools(a, l, &block, 1);
	TRY(claim(block, out, &problem));
	tell(a, AGENT_CALLS, block->name, out->text != NULL ? out->text : problem);
	llm_msg_result(&l->next, block->id, problem != NULL ? problem : "noted; it is being checked", problem != NULL);
	return NULL;
}

static bool
only_reads(const struct llm_block *block)
{
	const struct tool_def *def = block->kind == LLM_TOOL_USE ? tool_find(block->name) : NULL;

	return def != NULL && !def->writes;
}

/*
 * The calls of one answer, in order: those that only read and follow each
 * other are done side by side, every other has the workspace to itself.
 */
static struct err *
call_all(struct agent *a, struct loop *l, const struct llm_reply *reply, struct agent_turn *turn)
{
	VEC(const struct llm_block *) reads = {0};
	struct err *e = NULL;
	size_t i;

	for (i = 0; i < reply->msg.blocks.n && e == NULL; i++) {
		const struct llm_block *b = &reply->msg.blocks.v[i];

		if (only_reads(b) && turn->text == NULL) {
			vec_push(&reads, b);
			continue;
		}
		if (reads.n > 0)
			e = call_tools(a, l, reads.v, reads.n);
		reads.n = 0;
		if (e == NULL && b->kind == LLM_TEXT)
			agent_tell(a, AGENT_SAYS, str_of(b->text));
		if (e == NULL && b->kind == LLM_TOOL_USE)
			e = call_one(a, l, b, turn);
	}
	if (e == NULL && reads.n > 0)
		e = call_tools(a, l, reads.v, reads.n);
	vec_free(&reads);
	return e;
}

static bool
calls_any(const struct llm_reply *reply)
{
	size_t i;

	for (i = 0; i < reply->msg.blocks.n; i++)
		if (reply->msg.blocks.v[i].kind == LLM_TOOL_USE)
			return true;
	return false;
}

/* *idle counts the answers in a row that called nothing. */
static struct err *
act_on(struct agent *a, struct loop *l, const struct llm_reply *reply, struct agent_turn *turn, int *idle)
{
	bool called = calls_any(reply);

	if (reply->stop == LLM_REFUSED)
		return err_new(ERR_REFUSED, "the model refused to work on this task");
	TRY(call_all(a, l, reply, turn));
	*idle = called ? 0 : *idle + 1;
	if (called)
		return NULL;
	if (*idle == IDLE_MAX)
		return err_new(ERR_PROTOCOL, "the model called no tool in %d answers", IDLE_MAX);
	llm_msg_text(&l->next, reply->stop == LLM_LENGTH
	    ? "Your answer was cut off at its limit and was not used. Take a smaller step."
	    : "You called no tool. Go on with one, or end with finish or give_up.");
	return NULL;
}

static struct err *
loop_turn(struct agent *a, void *self, const char *evidence, struct agent_turn *out)
{
	AUTO(agent_turn_free) struct agent_turn turn = {0};
	struct loop *l = self;
	struct err *e;
	int idle = 0;

	if (evidence != NULL)
		llm_msg_text(&l->next, evidence);
	while (turn.text == NULL) {
		struct llm_reply reply = {0};

		TRY(ask(a, l, &reply));
		e = act_on(a, l, &reply, &turn, &idle);
		llm_reply_free(&reply);
		TRY(e);
	}
	*out = turn;
	turn.text = NULL;
	return NULL;
}

const struct agent_type agent_loop = {"builtin", loop_open, loop_turn, loop_rest, loop_close};

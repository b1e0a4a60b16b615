#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/context.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/workspace.h"
#include "line/setup.h"
#include "line/walk.h"
#include "llm/llm.h"
#include "store/journal.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"
#include "wire/json.h"

#define RECORDING_MAX (256 * MIB)

struct err *
walk_alive(struct walk *w)
{
	if (w->o->cancel != NULL && *w->o->cancel != 0)
		return err_hint(err_new(ERR_INTERRUPTED, "stopped; nothing is lost"),
		    "'git factory run %s' goes on", w->id.s);
	return w->lease == NULL ? NULL : lease_beat(w->lease);
}

char *
walk_redact(struct walk *w, const char *text)
{
	return redact_dup(w->redact, text);
}

/* ---- which run ---- */

static struct err *
pointer_path(struct repo *r, const struct id *task, char **out)
{
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	*out = mem_printf("%s/current/%s", dir, task->s);
	return NULL;
}

struct err *
line_forget(struct state *s, const struct id *task)
{
	AUTO(mem_free_p) char *path = NULL;

	TRY(pointer_path(state_repo(s), task, &path));
	return tree_remove(AT_FDCWD, path);
}

struct err *
walk_done(struct walk *w)
{
	return line_forget(w->state, &w->id);
}

/* The unfinished run of this task, or a new one. */
static struct err *
choose_run(struct walk *w)
{
	AUTO(mem_free_p) char *path = NULL;
	AUTO(mem_free_p) char *folder = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(ID_LEN);
	const char *dir;
	struct err *e;

	TRY(repo_factory_dir(w->repo, &dir));
	TRY(pointer_path(w->repo, &w->id, &path));
	if (w->o->fresh)
		TRY(line_forget(w->state, &w->id));
	e = file_read(AT_FDCWD, path, &text);
	if (e == NULL && id_parse(buf_str(&text), &w->run))
		line_tell(w->o, LINE_NOTE, "run %s was not finished: it goes on", w->run.s);
	else
		w->run = id_new();
	err_ignore(e);
	w->dir = mem_printf("%s/runs/%s", dir, w->run.s);
	folder = mem_printf("%s/current", dir);
	TRY(dir_make(AT_FDCWD, w->dir, 0700));
	TRY(dir_make(AT_FDCWD, folder, 0700));
	return file_replace(AT_FDCWD, path, str_of(w->run.s), 0600, true);
}

/* ---- the start ---- */

static struct err *
record_start(struct walk *w)
{
	AUTO(buf_free) struct buf json = BUF_INIT(BUF_TEXT);
	struct jw j;

	TRY(policy_open(w->repo, &w->policy));
	w->rec.started = clock_wall(w->clock);
	w->rec.attempt = w->task.attempts + 1;
	jw_init(&j, &json, false);
	jw_obj(&j);
	jw_kstr(&j, "task", w->id.s);
	jw_kstr(&j, "branch", w->policy.branch);
	jw_kstr(&j, "base", oid_hex(&w->policy.commit).s);
	jw_kint(&j, "attempt", w->rec.attempt);
	jw_kint(&j, "started", w->rec.started);
	jw_end(&j);
	return journal_put(w->journal, "start", buf_str(&json));
}

static struct err *
take_up_start(struct walk *w, const struct node *n)
{
	const char *base = node_get_str(n, "base"), *branch = node_get_str(n, "branch");
	struct oid commit;

	if (base == NULL || branch == NULL || !oid_parse(str_of(base), &commit))
		return node_err(n, "not the start of a run");
	w->rec.started = node_get_int(n, "started", 0);
	w->rec.attempt = node_get_int(n, "attempt", 1);
	return policy_at(w->repo, branch, &commit, &w->policy);
}

static struct err *
start(struct walk *w)
{
	AUTO(mem_free_p) char *path = mem_printf("%s/journal.jsonl", w->dir);
	const struct node *recorded;

	TRY(journal_open(path, &w->journal));
	TRY(journal_next(w->journal, "start", &recorded));
	if (recorded != NULL)
		TRY(take_up_start(w, recorded));
	else
		TRY(record_start(w));
	run_set(&w->rec, &w->rec.id, w->run.s);
	run_set(&w->rec, &w->rec.task, w->id.s);
	run_set(&w->rec, &w->rec.title, w->task.title);
	run_set(&w->rec, &w->rec.base, oid_hex(&w->policy.commit).s);
	return NULL;
}

static struct err *
read_task(struct walk *w)
{
	AUTO(queue_close_p) struct queue *q = NULL;
	struct queue_row row;
	struct err *e;

	TRY(queue_open(w->state, &q));
	TRY(queue_get(q, &w->id, &row));
	if (row.broken != NULL)
		return err_new(ERR_SYNTAX, "%s", row.broken);
	e = queue_ready(q, &row);
	/* Named by a person, a delivered or escalated task may run again. */
	if (e != NULL && (row.task->state == TASK_DELIVERED || row.task->state == TASK_ESCALATED) &&
	    row.task->close[0] == '\0' && !row.running) {
		err_ignore(e);
		e = NULL;
	}
	TRY(e);
	task_copy(&w->task, row.task);
	return NULL;
}

/* ---- policy into what the steps need ---- */

static struct err *
require_gates(const struct policy *p)
{
	if (config_gated(&p->cfg) || p->cfg.gates_none)
		return NULL;
	if (!p->found)
		return err_hint(err_new(ERR_CONFIG, "'%s' has no %s: nothing says how a change is proven",
		    p->branch, CONFIG_PATH), "run 'git factory init', edit the file, and commit it");
	return err_hint(err_new(ERR_CONFIG, "%s has no gates: nothing says how a change is proven", CONFIG_PATH),
	    "add one under 'gates:', or say 'gates: none'");
}

static struct err *
choose_agent(struct walk *w)
{
	const char *name = w->o->agent != NULL ? w->o->agent : w->policy.cfg.agent;

	if (name[0] == '\0')
		return err_hint(err_new(ERR_CONFIG, "no agent is configured"),
		    "set 'agent:' in %s, see git-factory-config(5)", CONFIG_PATH);
	w->agent_conf = config_agent(&w->policy.cfg, name);
	if (w->agent_conf == NULL)
		return err_hint(err_new(ERR_CONFIG, "there is no agent '%s'", name),
		    "define it under 'agents:' in %s", CONFIG_PATH);
	run_set(&w->rec, &w->rec.agent, name);
	return NULL;
}

static struct err *
apply_policy(struct walk *w)
{
	const struct config *c = &w->policy.cfg;
	AUTO(mem_free_p) char *word = NULL;

	TRY(policy_trusted(&w->policy));
	TRY(require_gates(&w->policy));
	TRY(choose_agent(w));
	TRY(policy_jail(&w->policy, NULL, &w->gate_jail));
	w->judge = (struct judge){w->repo, w->clock, w->o, &w->gate_jail};
	TRY(policy_jail(&w->policy, w->agent_conf, &w->agent_jail));
	TRY(w->agent_jail.mode == JAIL_NONE ? NULL : jail_check(&w->agent_jail));
	w->budget.caps = (struct caps){c->limits.turns, c->limits.tokens, c->limits.micro};
	word = policy_sandbox_word(&w->agent_jail);
	run_set(&w->rec, &w->rec.sandbox, word);
	if (strcmp(word, "bwrap") != 0)
		line_tell(w->o, LINE_NOTE, "sandbox: %s", word);
	return NULL;
}

static struct err *
fill(struct walk *w)
{
	TRY(read_task(w));
	TRY(choose_run(w));
	TRY(lease_claim(w->state, &lease_local, &w->id, &w->run, w->task.attempts + 1, &w->lease));
	run_set(&w->rec, &w->rec.node, lease_info(w->lease)->node);
	TRY(start(w));
	return apply_policy(w);
}

struct err *
walk_open(const struct line_opts *o, const struct id *task, struct walk *w)
{
	struct err *e;

	*w = (struct walk){.o = o, .state = o->state, .clock = state_clock(o->state), .id = *task};
	task_init(&w->task);
	run_init(&w->rec);
	w->repo = state_repo(o->state);
	e = fill(w);
	if (e != NULL)
		walk_close(w);
	return e;
}

/* A replay's task is what its record says; its policy that of its base. */
static struct err *
fill_recorded(struct walk *w, const struct run *record)
{
	w->replay = true;
	TRY(start(w));
	w->rec.ended = record->ended;
	return apply_policy(w);
}

struct err *
walk_open_recorded(const struct line_opts *o, const struct run *record, const char *dir, struct walk *w)
{
	struct err *e;

	*w = (struct walk){.o = o, .state = o->state, .clock = state_clock(o->state), .dir = mem_strdup(dir)};
	task_init(&w->task);
	run_init(&w->rec);
	w->repo = state_repo(o->state);
	if (!id_parse(str_of(record->task), &w->id) || !id_parse(str_of(record->id), &w->run))
		e = err_new(ERR_SYNTAX, "the record of run %s names no task", record->id);
	else
		e = fill_recorded(w, record);
	if (e != NULL)
		walk_close(w);
	return e;
}

void
walk_close(struct walk *w)
{
	agent_close(w->agent);
	llm_close(w->llm);
	workspace_close(w->ws);
	if (w->lease != NULL)
		err_ignore(lease_release(w->lease));
	lease_free(w->lease);
	journal_close(w->journal);
	policy_free(&w->policy);
	jail_policy_free(&w->agent_jail);
	jail_policy_free(&w->gate_jail);
	redact_free(w->redact);
	secrets_free(&w->secrets);
	task_free(&w->task);
	run_free(&w->rec);
	free(w->dir);
	free(w->summary);
	*w = (struct walk){0};
}

/* ---- workspace and agent ---- */

static void
llm_said(void *arg, struct str piece)
{
	const struct walk *w = arg;

	if (w->o->on_agent != NULL)
		w->o->on_agent(w->o->arg, AGENT_SAYS, piece);
}

static void
llm_waits(void *arg, const struct err *why, int64_t wait_ms)
{
	const struct walk *w = arg;

	line_tell(w->o, LINE_NOTE, "%s; again in %lld ms", err_msg(why), (long long)wait_ms);
}

static struct err *
redact_line(void *arg, struct str in, struct buf *out, bool *changed)
{
	size_t before = out->n;

	redact_str(arg, in, out);
	*changed = !str_eq(in, str_skip(buf_str(out), before));
	return NULL;
}

static struct err *
take_key(struct walk *w, const struct conf_model *m, const char **key)
{
	const char *name = model_key_env(m);
	const char *url = m->base_url[0] != '\0' ? m->base_url : provider_base_url(m->provider);
	const struct secret *s;
	bool found;

	TRY(secrets_env(&w->secrets, name, &found));
	if (!found && !url_loopback(url))
		return err_hint(err_new(ERR_CONFIG, "model '%s' needs a key, and %s is not set", m->name, name),
		    "export %s=...", name);
	s = secrets_get(&w->secrets, name);
	*key = s == NULL ? NULL : s->value;
	return NULL;
}

/*
 * A recording becomes the run's own transcript, so that the run can be
 * replayed like any other.  Policy names a file of the base; the command line
 * names one of the user's.
 */
static struct err *
take_recording(struct walk *w, const struct conf_model *m, const char *transcript)
{
	AUTO(buf_free) struct buf text = BUF_INIT(RECORDING_MAX);

	if (w->o->recording != NULL)
		TRY(file_read(AT_FDCWD, w->o->recording, &text));
	else
		TRY(tree_read(w->repo, &w->policy.tree, m->recording, &text));
	return file_replace(AT_FDCWD, transcript, buf_str(&text), 0600, false);
}

static struct err *
open_model(struct walk *w)
{
	const struct conf_model *m = config_model(&w->policy.cfg, w->agent_conf->model);
	AUTO(mem_free_p) char *transcript = mem_printf("%s/transcript.jsonl", w->dir);
	struct llm_config c = {.transcript = transcript, .clock = w->clock, .cancel = w->o->cancel,
	    .on_text = llm_said, .on_retry = llm_waits, .arg = w, .redact = redact_line};
	struct llm_price price;

	if (m == NULL)
		return err_new(ERR_CONFIG, "agent '%s' names the model '%s', which is not defined",
		    w->agent_conf->name, w->agent_conf->model);
	c.provider = provider_word(m->provider);
	c.model = m->model;
	c.base_url = m->base_url[0] != '\0' ? m->base_url : NULL;
	c.max_tokens = m->max_tokens;
	if (m->price.in >= 0) {
		price = (struct llm_price){m->price.in, m->price.out, m->price.cache_read, m->price.cache_write};
		c.price = &price;
	}
	if (w->replay) {
		c.provider = "recorded";
	} else if (w->o->recording != NULL || m->provider == PROVIDER_RECORDED) {
		c.provider = "recorded";
		TRY(take_recording(w, m, transcript));
	} else {
		TRY(take_key(w, m, &c.api_key));
	}
	w->redact = redact_new(&w->secrets);
	c.redact_arg = w->redact;
	run_set(&w->rec, &w->rec.model, m->model);
	run_set(&w->rec, &w->rec.provider, c.provider);
	return llm_open(&c, &w->llm);
}

static struct err *
open_workspace(struct walk *w)
{
	const struct config *c = &w->policy.cfg;
	struct workspace_opts o = {.commit = w->policy.commit, .tree = w->policy.tree,
	    .bytes = (size_t)c->workspace.size};
	AUTO(mem_free_p) char *setup = NULL;

	if (strcmp(c->workspace.kind, "auto") != 0)
		o.kind = strcmp(c->workspace.kind, "pool") == 0 ? WS_POOL : WS_OVERLAY;
	TRY(setup_prepare(&w->judge, &w->policy, &w->policy.tree, true, &setup));
	o.setup = setup;
	TRY(workspace_open(w->repo, &o, &w->ws));
	if (workspace_reason(w->ws) != NULL)
		line_tell(w->o, LINE_NOTE, "no overlay here (%s): a pooled checkout is used", workspace_reason(w->ws));
	return NULL;
}

/* The agent's job borrows from the walk; its texts live in the record's arena. */
static struct err *
open_agent(struct walk *w)
{
	AUTO(buf_free) struct buf system = BUF_INIT(MIB), prompt = BUF_INIT(4 * MIB);
	const struct conf_agent *a = w->agent_conf;
	struct agent_job *job = arena_alloc(&w->rec.mem, sizeof(*job));
	const char **argv;
	size_t i;

	TRY(context_system(w->repo, &w->policy.tree, &w->policy.cfg, "implementer", &system));
	TRY(context_prompt(w->repo, &w->policy.tree, &w->policy.cfg, &w->task, &prompt));
	*job = (struct agent_job){.repo = w->repo, .ws = w->ws, .base_tree = w->policy.tree,
	    .jail = &w->agent_jail, .journal = w->journal, .budget = &w->budget, .redact = w->redact,
	    .clock = w->clock, .cwd = w->task.dir[0] != '\0' ? w->task.dir : NULL,
	    .system = arena_str(&w->rec.mem, buf_str(&system)),
	    .prompt = arena_str(&w->rec.mem, buf_str(&prompt)), .cancel_fd = w->o->cancel_fd, .llm = w->llm,
	    .replay = w->replay, .on_event = w->o->on_agent, .arg = w->o->arg};
	job->deadline = clock_mono(w->clock) + w->policy.cfg.limits.timeout * 1000;
	if (a->kind == AGENT_COMMAND) {
		argv = arena_alloc(&w->rec.mem, (a->command.n + 1) * sizeof(*argv));
		for (i = 0; i < a->command.n; i++)
			argv[i] = a->command.v[i];
		job->command = argv;
	}
	return agent_open(a->kind == AGENT_COMMAND ? &agent_outside : &agent_loop, job, &w->agent);
}

struct err *
walk_staff(struct walk *w)
{
	if (w->agent_conf->kind == AGENT_BUILTIN) {
		TRY(open_model(w));
	} else {
		w->redact = redact_new(&w->secrets);
		run_set(&w->rec, &w->rec.provider, "command");
		run_set(&w->rec, &w->rec.noreplay, "an outside agent's work is not recorded call by call");
	}
	line_tell(w->o, LINE_STEP, "workspace at %.12s", oid_hex(&w->policy.commit).s);
	TRY(open_workspace(w));
	return open_agent(w);
}

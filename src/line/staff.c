/*
 * Who works on a run and where: the model, the workspace, the agent.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/context.h"
#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "git/tree.h"
#include "git/workspace.h"
#include "line/setup.h"
#include "line/walk.h"
#include "llm/llm.h"

#define RECORDING_MAX (256 * MIB)

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

	if (defence_on(DEFENCE_REDACT))
		redact_str(arg, in, out);
	else
		buf_addstr(out, in);
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
	    .on_retry = llm_waits, .arg = w, .redact = redact_line};
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
	struct workspace_opts o = policy_workspace(&w->policy);
	AUTO(mem_free_p) char *setup = NULL;

	TRY(setup_prepare(&w->judge, &w->policy, &w->policy.tree, true, &setup));
	o.commit = w->policy.commit;
	o.tree = w->policy.tree;
	o.setup = setup;
	TRY(workspace_open(w->repo, &o, &w->ws));
	if (workspace_reason(w->ws) != NULL)
		line_tell(w->o, LINE_NOTE, "no overlay here (%s): a pooled checkout is used", workspace_reason(w->ws));
	return NULL;
}

/* The variables that trusted policy hands to the agent, by name. */
static const struct strs *
agent_env(struct walk *w)
{
	const struct strs *names = &w->agent_conf->env;
	struct strs *env = arena_alloc(&w->rec.mem, sizeof(*env));
	size_t i;

	if (names->n > 0)
		env->v = arena_alloc(&w->rec.mem, names->n * sizeof(*env->v));
	for (i = 0; i < names->n; i++) {
		const char *value = getenv(names->v[i]);

		if (value != NULL)
			env->v[env->n++] = arena_printf(&w->rec.mem, "%s=%s", names->v[i], value);
	}
	return env;
}

/* The agent's job borrows from the walk; its texts live in the record's arena. */
static struct err *
open_agent(struct walk *w)
{
	AUTO(buf_free) struct buf system = BUF_INIT(MIB), prompt = BUF_INIT(4 * MIB);
	const struct conf_agent *a = w->agent_conf;
	struct agent_job *job = arena_alloc(&w->rec.mem, sizeof(*job));
	AUTO(mem_free_p) char *past = walk_redact(w, w->past);
	const char **argv;
	size_t i;

	TRY(context_system(w->repo, &w->policy.tree, &w->policy.cfg, "implementer", &system));
	TRY(context_prompt(w->repo, &w->policy.tree, &w->policy.cfg, &w->task, &prompt));
	buf_adds(&prompt, past);
	TRY(buf_check(&prompt, "the prompt"));
	*job = (struct agent_job){.repo = w->repo, .ws = w->ws, .base_tree = w->policy.tree,
	    .jail = &w->agent_jail, .journal = w->journal, .budget = &w->budget, .redact = w->redact,
	    .clock = w->clock, .cwd = w->task.dir[0] != '\0' ? w->task.dir : NULL,
	    .system = arena_str(&w->rec.mem, buf_str(&system)),
	    .prompt = arena_str(&w->rec.mem, buf_str(&prompt)), .cancel_fd = w->o->cancel_fd, .llm = w->llm,
	    .replay = w->replay, .on_event = w->o->on_agent, .arg = w->o->arg};
	job->deadline = w->judge.until_ms;
	job->command_ms = w->policy.cfg.limits.command * 1000;
	if (a->kind == AGENT_COMMAND) {
		job->env = agent_env(w);
		job->turn_ms = a->timeout * 1000;
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
	TRY(config_secrets(&w->policy.cfg, &w->secrets));
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

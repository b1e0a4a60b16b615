#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "git/apart.h"
#include "git/repo.h"
#include "git/workspace.h"
#include "line/claim.h"
#include "line/past.h"
#include "line/retry.h"
#include "line/walk.h"
#include "llm/llm.h"
#include "store/current.h"
#include "store/journal.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"
#include "sys/machine.h"
#include "wire/json.h"

#define LEAST_S 60	/* for a run that goes on */

struct err *
walk_alive(struct walk *w)
{
	bool asked = w->o->cancel != NULL && *w->o->cancel != 0;

	return asked ? claim_why(w, err_new(ERR_INTERRUPTED, "interrupted")) : claim_alive(w);
}

bool
walk_lands(const struct walk *w)
{
	const struct config *c = &w->policy.cfg;

	/* A merge commit names the number, which the step gives. */
	return c->merge.automatic && c->merge.method != MERGE_MERGE && state_remote(w->state) == NULL && !w->replay &&
	    !w->o->outside && !task_asks(&w->task);
}

char *
walk_redact(struct walk *w, const char *text)
{
	return defence_on(DEFENCE_REDACT) && w->redact != NULL ? redact_dup(w->redact, text) : mem_strdup(text);
}

/* ---- which run ---- */

struct err *
walk_done(struct walk *w)
{
	return current_forget(w->repo, &w->id);
}

/* The unfinished run of this task, or a new one. */
static struct err *
choose_run(struct walk *w)
{
	const char *dir;
	struct err *e;

	TRY(repo_factory_dir(w->repo, &dir));
	if (w->o->fresh)
		TRY(current_forget(w->repo, &w->id));
	e = current_get(w->repo, &w->id, &w->run);
	if (w->o->claimed != NULL)
		w->run = *w->o->claimed;
	else if (e == NULL)
		line_tell(w->o, LINE_NOTE, "run %s was not finished: it goes on", w->run.s);
	else
		w->run = id_new();
	err_ignore(e);
	w->dir = mem_printf("%s/runs/%s", dir, w->run.s);
	return NULL;
}

/* From here on this run is the task's, until it is over. */
static struct err *
keep_run(struct walk *w)
{
	TRY(apart_dir(w->repo, w->dir, 0700));
	return current_set(w->repo, &w->id, &w->run);
}

/* ---- the start ---- */

static struct err *
record_start(struct walk *w)
{
	AUTO(buf_free) struct buf json = BUF_INIT(BUF_TEXT), past = BUF_INIT(BUF_TEXT);
	struct jw j;

	TRY(policy_open_shared(w->repo, state_remote(w->state) != NULL, &w->policy));
	TRY(past_tell(w, &past));
	w->past = mem_strdup(buf_cstr(&past));
	w->timeout = retry_timeout(&w->policy.cfg, &w->task);
	if (retry_agent(&w->policy.cfg, &w->task)[0] != '\0')
		w->agent_name = mem_strdup(retry_agent(&w->policy.cfg, &w->task));
	w->rec.started = clock_wall(w->clock);
	w->rec.attempt = lease_info(w->lease)->attempt;
	jw_init(&j, &json, false);
	jw_obj(&j);
	jw_kstr(&j, "task", w->id.s);
	jw_kstr(&j, "branch", w->policy.branch);
	jw_kstr(&j, "base", oid_hex(&w->policy.commit).s);
	jw_kint(&j, "attempt", w->rec.attempt);
	jw_kint(&j, "started", w->rec.started);
	jw_kint(&j, "timeout", w->timeout);
	if (w->agent_name != NULL)
		jw_kstr(&j, "agent", w->agent_name);
	if (w->past[0] != '\0')
		jw_kstr(&j, "past", w->past);
	jw_end(&j);
	return journal_note(w->journal, "start", buf_str(&json));
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
	w->past = mem_strdup(node_get_str(n, "past") != NULL ? node_get_str(n, "past") : "");
	w->agent_name = mem_strdup(node_get_str(n, "agent"));
	TRY(policy_at(w->repo, branch, &commit, &w->policy));
	w->timeout = node_get_int(n, "timeout", w->policy.cfg.limits.timeout);
	return NULL;
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

/* The lease that was lent to this run: who lent it asked whether the task is ready. */
static bool
is_lent(const struct walk *w, const struct queue *q)
{
	const struct lease_info *l = queue_lease(q, &w->id);

	return w->o->claimed != NULL && l != NULL && strcmp(l->run.s, w->o->claimed->s) == 0;
}

static struct err *
read_task(struct walk *w)
{
	AUTO(queue_close_p) struct queue *q = NULL;
	struct queue_row row;
	struct err *e = NULL;

	TRY(queue_open(w->state, &q));
	TRY(queue_get(q, &w->id, &row));
	if (row.broken != NULL)
		return err_new(ERR_SYNTAX, "%s", row.broken);
	/* Chosen from the queue it may be another's by now, delivered or queued again for later. */
	if (!is_lent(w, q))
		e = queue_ready_at(q, &row, w->o->named ? INT64_MAX : clock_wall(w->clock));
	if (e != NULL && w->o->named && (row.task->state == TASK_DELIVERED || row.task->state == TASK_ESCALATED) &&
	    row.task->close[0] == '\0' && !row.running) {
		err_ignore(e);
		e = NULL;
	}
	TRY(w->o->named ? err_wrap(e, "task '%s' cannot be started", w->id.s) : e);
	task_copy(&w->task, row.task);
	return NULL;
}

/* ---- policy into what the steps need ---- */

static struct err *
choose_agent(struct walk *w)
{
	const char *name = w->o->agent != NULL ? w->o->agent :
	    w->agent_name != NULL ? w->agent_name : w->policy.cfg.agent;

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

/*
 * A step that has a deadline of its own may be silent until then; where a gate
 * takes times, before it too, while this machine is another's alone.
 */
static int64_t
may_be_silent(const struct config *c, const struct conf_agent *a)
{
	int64_t s = 3 * c->limits.heartbeat;
	bool timed = false;
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		s = c->gates.v[i].timeout > s ? c->gates.v[i].timeout : s;
		timed |= c->gates.v[i].timed;
	}
	for (i = 0; i < c->setup.n; i++)
		s = c->setup.v[i].timeout > s ? c->setup.v[i].timeout : s;
	if (a->kind == AGENT_BUILTIN && c->limits.command > s)
		s = c->limits.command;
	return timed ? s + MACHINE_SHARE_MS / 1000 : s;
}

/*
 * Policy's limits.parallel.  Who looks after its own claim sees every earlier
 * one, so of several that come together too many may give up, and never too
 * few.
 */
static struct err *
one_of_few(struct walk *w)
{
	AUTO(lease_infos_free) struct lease_infos all = {0};
	int64_t most = w->policy.cfg.limits.parallel, n = 0;
	size_t i;

	if (most == 0)
		return NULL;
	TRY(lease_look(w->state));
	TRY(lease_list(w->state, false, &all));
	for (i = 0; i < all.n; i++)
		n += !all.v[i].ended;
	if (n <= most)
		return NULL;
	/* Who gave up together is not to come back together. */
	return err_set_wait(err_hint(err_new(ERR_TAKEN, "this project runs %lld task%s at once, and others do",
	    (long long)most, most == 1 ? "" : "s"), "wait for them, or raise limits.parallel"),
	    1 + (unsigned char)w->run.s[0] % 3);
}

/* Of its time: what its starts before this one used is gone. */
static int64_t
left_ms(const struct walk *w)
{
	int64_t left = w->timeout * 1000 - w->deaths.used_ms;

	return left > 1 ? left : 1;
}

/* For its supervisor, who cannot know what is on record: to deliver that takes a while, too. */
static int64_t
left_s(const struct walk *w)
{
	int64_t left = (left_ms(w) + 999) / 1000, least = w->timeout < LEAST_S ? w->timeout : LEAST_S;

	return left > least ? left : least;
}

struct err *
walk_begin(struct walk *w)
{
	struct line_claim c = {.task = w->id, .run = w->run, .attempt = w->rec.attempt,
	    .seconds = left_s(w), .silent_s = may_be_silent(&w->policy.cfg, w->agent_conf)};

	TRY(one_of_few(w));
	if (w->o->on_claim != NULL)
		w->o->on_claim(w->o->arg, &c);
	return NULL;
}

static struct err *
apply_policy(struct walk *w)
{
	const struct config *c = &w->policy.cfg;
	AUTO(mem_free_p) char *word = NULL;

	TRY(policy_trusted(&w->policy));
	TRY(policy_proves(w->repo, &w->policy));
	TRY(choose_agent(w));
	TRY(policy_jail(&w->policy, NULL, &w->gate_jail));
	w->judge = (struct judge){.repo = w->repo, .clock = w->clock, .o = w->o, .jail = &w->gate_jail,
	    .evidence = true, .scope = &w->task.scope, .until_ms = clock_mono(w->clock) + left_ms(w)};
	TRY(policy_jail(&w->policy, w->agent_conf, &w->agent_jail));
	w->gate_jail.unguarded = w->agent_jail.unguarded = w->o->unguarded;
	w->budget.caps = (struct caps){c->limits.turns, c->limits.tokens, c->limits.micro};
	/* That a model was asked for the task's type is a part of what it costs. */
	w->budget.used.micro = task_guess_cost(&w->task);
	word = policy_sandbox_word(&w->agent_jail);
	run_set(&w->rec, &w->rec.sandbox, word);
	if (strcmp(word, "bwrap") != 0)
		line_tell(w->o, LINE_NOTE, "sandbox: %s", word);
	return NULL;
}

static struct err *
fill(struct walk *w)
{
	TRY(claim_look(w));
	TRY(read_task(w));
	TRY(choose_run(w));
	TRY(claim_take(w));
	if (w->over)
		return NULL;
	TRY(keep_run(w));
	run_set(&w->rec, &w->rec.node, lease_info(w->lease)->node);
	TRY(start(w));
	TRY(deaths_start(w->dir, journal_count(w->journal), &w->deaths));
	w->began = clock_mono(w->clock);
	return apply_policy(w);
}

struct err *
walk_open(const struct line_opts *o, const struct id *task, struct walk *w)
{
	struct err *e;

	*w = (struct walk){.o = o, .state = o->state, .clock = state_clock(o->state), .id = *task, .proving = -1};
	task_init(&w->task);
	run_init(&w->rec);
	w->repo = state_repo(o->state);
	e = fill(w);
	if (e != NULL) {
		/* Nothing was done: the next start is from the base as it is then. */
		if (w->journal != NULL && journal_count(w->journal) <= 1)
			err_ignore(walk_done(w));
		walk_close(w);
	}
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

	*w = (struct walk){.o = o, .state = o->state, .clock = state_clock(o->state), .dir = mem_strdup(dir),
	    .proving = -1};
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
	if (w->began > 0)
		deaths_end(w->dir, clock_mono(w->clock) - w->began);
	fd_close_p(&w->proving);
	agent_close(w->agent);
	llm_close(w->llm);
	workspace_close(w->ws);
	claim_close(w);
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
	free(w->past);
	free(w->agent_name);
	*w = (struct walk){0};
}

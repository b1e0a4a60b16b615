#include <stdlib.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "git/objsync.h"
#include "git/restore.h"
#include "git/workspace.h"

struct agent {
	const struct agent_type *type;
	const struct agent_job *job;
	void *self;
	struct oid tree;	/* after the last effect */
	bool behind;		/* recorded effects are not in the workspace yet */
	struct oids trees;
};

void
agent_turn_free(struct agent_turn *t)
{
	free(t->text);
	t->text = NULL;
}

struct err *
agent_open(const struct agent_type *type, const struct agent_job *job, struct agent **out)
{
	struct agent *a = mem_alloc(sizeof(*a));
	struct err *e;

	a->type = type;
	a->job = job;
	a->tree = job->base_tree;
	e = type->open(a, &a->self);
	if (e != NULL) {
		free(a);
		return e;
	}
	*out = a;
	return NULL;
}

struct err *
agent_turn(struct agent *a, const char *evidence, struct agent_turn *out)
{
	return a->type->turn(a, a->self, evidence, out);
}

void
agent_rest(struct agent *a)
{
	if (a->type->rest != NULL)
		a->type->rest(a->self);
}

void
agent_close(struct agent *a)
{
	if (a == NULL)
		return;
	a->type->close(a->self);
	vec_free(&a->trees);
	free(a);
}

void
agent_close_p(struct agent **a)
{
	agent_close(*a);
	*a = NULL;
}

const struct oids *
agent_trees(const struct agent *a)
{
	return &a->trees;
}

const struct oid *
agent_tree(const struct agent *a)
{
	return &a->tree;
}

const struct agent_job *
agent_job_of(const struct agent *a)
{
	return a->job;
}

struct err *
agent_live(struct agent *a)
{
	if (!a->behind)
		return NULL;
	TRY(err_wrap(workspace_restore(a->job->repo, a->job->ws, &a->job->base_tree, &a->tree),
	    "cannot bring the workspace back to where the run was"));
	a->behind = false;
	return NULL;
}

static void
remember(struct agent *a, bool by_command, const struct oid *tree)
{
	if (by_command && !oid_eq(tree, &a->tree))
		vec_push(&a->trees, *tree);
	a->tree = *tree;
}

struct err *
agent_collect(struct agent *a, bool by_command, struct oid *tree)
{
	TRY(workspace_collect(a->job->ws, tree, NULL));
	/* The journal is about to name it, and is synced then. */
	TRY(objsync_settle(a->job->repo));
	remember(a, by_command, tree);
	return NULL;
}

void
agent_recorded(struct agent *a, bool by_command, const struct oid *tree)
{
	remember(a, by_command, tree);
	a->behind = true;
}

struct err *
agent_put(struct agent *a, const struct oid *tree)
{
	TRY(workspace_restore(a->job->repo, a->job->ws, &a->tree, tree));
	remember(a, true, tree);
	return NULL;
}

char *
agent_redact(const struct agent *a, const char *text)
{
	return a->job->redact == NULL || !defence_on(DEFENCE_REDACT) ? mem_strdup(text) : redact_dup(a->job->redact, text);
}

void
agent_tell(const struct agent *a, enum agent_event event, struct str text)
{
	AUTO(mem_free_p) char *copy = NULL;
	AUTO(mem_free_p) char *clean = NULL;

	if (a->job->on_event == NULL)
		return;
	copy = str_dup(text);
	clean = agent_redact(a, copy);
	a->job->on_event(a->job->arg, event, str_of(clean));
}

struct err *
agent_time_left(const struct agent *a, int64_t *ms)
{
	int64_t left;

	if (a->job->deadline == 0) {
		*ms = 0;
		return NULL;
	}
	left = a->job->deadline - clock_mono(a->job->clock);
	if (left <= 0)
		return err_hint(err_new(ERR_TIMEOUT, "the run passed its deadline"),
		    "raise limits.timeout, or the task's estimate");
	*ms = left;
	return NULL;
}

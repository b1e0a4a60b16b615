#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/cli.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/publish.h"
#include "line/pulls/take.h"
#include "model/task.h"
#include "store/queue.h"
#include "store/state.h"
#include "store/sync.h"

struct taking {
	struct pull pull;
	struct ident who;
	struct pull_move move;
};

static void
taking_free(struct taking *k)
{
	pull_free(&k->pull);
	ident_free(&k->who);
	pull_move_free(&k->move);
}

static struct err *
change_task(struct state_step *t, struct task *task, void *ctx)
{
	struct taking *k = ctx;

	if (task->pull == k->pull.number && task->hold[0] == '\0')
		task_set(task, &task->hold, "its pull request was taken over");
	step_ref(t, k->move.name, &k->move.from, &k->move.to);
	return NULL;
}

static struct err *
build(struct state_step *t, void *ctx)
{
	struct taking *k = ctx;

	return step_change(t, &k->pull.task, change_task, k);
}

/* A clone that shares its state may not have the branch yet. */
static struct err *
bring_here(struct repo *r, const struct pull *p)
{
	AUTO(mem_free_p) char *name = mem_printf("refs/heads/%s", p->branch);
	struct oid here;

	TRY(ref_read(r, name, &here));
	return oid_is_zero(&here) ? ref_cas(r, name, &oid_zero, &p->head, "take over") : NULL;
}

static struct err *
switch_to(struct repo *r, const struct pull *p)
{
	const char *const args[] = {"switch", "--quiet", p->branch, NULL};
	struct cli_opts o = {.dir = repo_workdir(r)};

	if (o.dir == NULL)
		return err_new(ERR_REPOSITORY, "a bare repository has no work tree to check '%s' out in", p->branch);
	return cli_ok(&o, args, NULL);
}

static struct err *
note(const struct line_opts *o, struct taking *k)
{
	AUTO(mem_free_p) char *message = mem_printf("pull request %" PRId64 " is taken over", k->pull.number);
	AUTO(sync_result_free) struct sync_result r = {0};

	k->pull.taken_by = mem_strdup(k->who.name);
	TRY(pull_prepare(state_repo(o->state), &k->pull, &k->who, &k->move));
	return state_remote(o->state) != NULL ? state_publish(o->state, message, build, k, &r) :
	    state_change(o->state, &k->pull.task, message, change_task, k);
}

struct err *
take_pull(const struct line_opts *o, int64_t number, bool checkout, char **branch)
{
	AUTO(taking_free) struct taking k = {0};
	AUTO(sync_result_free) struct sync_result r = {0};
	struct repo *repo = state_repo(o->state);
	size_t folded;

	if (state_remote(o->state) != NULL)
		TRY(publish(o->state, &r, &folded));
	TRY(pull_read(repo, number, &k.pull));
	if (k.pull.state != PULL_OPEN)
		return err_new(ERR_STATE, "pull request %" PRId64 " is %s", number, pull_state_name(k.pull.state));
	TRY(ident_user(repo, NULL, NULL, clock_wall(state_clock(o->state)), &k.who));
	if (k.pull.taken_by == NULL)
		TRY(note(o, &k));
	TRY(bring_here(repo, &k.pull));
	if (checkout)
		TRY(switch_to(repo, &k.pull));
	*branch = mem_strdup(k.pull.branch);
	return NULL;
}

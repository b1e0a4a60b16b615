#include "line/lent.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "forge/forge.h"
#include "store/lease.h"
#include "store/state.h"

struct asking {
	struct state *state;
	struct forge *forge;
	char *mine;		/* "github:owner/name#"; Forgejo's claims are Gitea's */
	int64_t run;		/* that was asked about last */
	bool over;
	void (*on_remark)(void *arg, const char *text);
	void *arg;
};

static void
remark(const struct asking *a, char *text)
{
	AUTO(mem_free_p) char *line = text;

	if (a->on_remark != NULL)
		a->on_remark(a->arg, line);
}

/* A run of this project's CI, which holds it still? */
static bool
is_lent(const struct asking *a, const struct lease_info *i, int64_t *run)
{
	return i->remote && !i->ended && !i->lost && str_starts(str_of(i->job), a->mine) &&
	    str_int(str_of(i->job + strlen(a->mine)), 1, INT64_MAX, run);
}

static struct err *
ask(struct asking *a, int64_t run)
{
	struct err *e;

	if (a->run == run)
		return NULL;
	a->run = run;
	a->over = false;
	e = a->forge->api->run_over(a->forge, run, &a->over);
	if (!err_is(e, ERR_NOT_FOUND) && !err_is(e, ERR_AUTH) && !err_is(e, ERR_DENIED))
		return e;
	remark(a, mem_printf("run %lld of the CI, which a task is claimed for: %s", (long long)run, err_msg(e)));
	err_ignore(e);
	return NULL;
}

static struct err *
look_at(struct asking *a, const struct lease_info *i, size_t *freed)
{
	int64_t run;
	struct err *e;

	if (!is_lent(a, i, &run))
		return NULL;
	TRY(ask(a, run));
	if (!a->over)
		return NULL;
	e = lease_lose(a->state, i);
	/* It was delivered, or somebody else did this, meanwhile. */
	if (err_is(e, ERR_STALE)) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	(*freed)++;
	remark(a, mem_printf("task %s is free again: run %lld of the CI, which it was claimed for, is over", i->task.s,
	    (long long)run));
	return NULL;
}

static struct err *
look_at_all(struct asking *a, const struct lease_infos *all, size_t *freed)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		TRY(look_at(a, &all->v[i], freed));
	return *freed > 0 ? lease_look(a->state) : NULL;
}

struct err *
lent_free(struct state *s, struct forge *f, void (*on_remark)(void *arg, const char *text), void *arg, size_t *freed)
{
	AUTO(lease_infos_free) struct lease_infos all = {0};
	enum forge_kind kind;
	struct asking a = {.state = s, .forge = f, .on_remark = on_remark, .arg = arg};
	struct err *e;

	*freed = 0;
	if (f->api->run_over == NULL || state_remote(s) == NULL)
		return NULL;
	TRY(lease_list(s, true, &all));
	kind = f->place.kind == FORGE_FORGEJO ? FORGE_GITEA : f->place.kind;
	a.mine = mem_printf("%s:%s#", forge_kind_word(kind), f->place.project);
	e = look_at_all(&a, &all, freed);
	mem_free_p(&a.mine);
	return e;
}

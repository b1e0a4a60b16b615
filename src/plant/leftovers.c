/*
 * Files that runs and workspaces left on this machine.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "git/repo.h"
#include "git/workspace.h"
#include "model/run.h"
#include "plant/hygiene.h"
#include "store/current.h"
#include "store/ledger.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"

#define HALF_WRITTEN_S (24 * 3600)	/* nobody writes one file for that long */
#define TEMPORARY "git-factory-task-"	/* an outside agent's task file, see agent/outside.c */

static const char *
age_text(int64_t now, int64_t then, char out[CLOCK_TEXT])
{
	clock_format_span(now > then ? now - then : 0, out);
	return out;
}

/* The names in a folder; none when there is no such folder. */
static struct err *
names_in(const char *path, struct strs *out)
{
	struct err *e = dir_names(AT_FDCWD, path, out);

	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

/* ---- journals and transcripts ---- */

/* A run that a task of this clone goes on with, unless the task is over. */
struct unfinished {
	struct id task, run;
	bool over;
};

struct runs {
	const struct hygiene_opts *o;
	const char *factory;
	int64_t now;
	struct {
		VEC_FIELDS(struct unfinished);
	} unfinished;
};

static struct err *
read_current(struct runs *x)
{
	struct repo *r = state_repo(queue_state(x->o->queue));
	AUTO(strs_free) struct strs tasks = {0};
	size_t i;

	TRY(current_tasks(r, &tasks));
	for (i = 0; i < tasks.n; i++) {
		struct unfinished u;
		struct queue_row row;
		struct err *e;

		if (!id_parse(str_of(tasks.v[i]), &u.task))
			continue;
		e = current_get(r, &u.task, &u.run);
		if (e == NULL) {
			e = queue_peek(x->o->queue, &u.task, &row);
			u.over = err_is(e, ERR_NOT_FOUND) || (e == NULL && row.archived);
			vec_push(&x->unfinished, u);
		} else if (!err_is(e, ERR_NOT_FOUND)) {
			/* What cannot be read may say that a run goes on. */
			return e;
		}
		err_ignore(e);
	}
	return NULL;
}

static bool
goes_on(const struct runs *x, const char *run)
{
	size_t i;

	for (i = 0; i < x->unfinished.n; i++)
		if (!x->unfinished.v[i].over && strcmp(x->unfinished.v[i].run.s, run) == 0)
			return true;
	return false;
}

static bool
is_leased(struct queue *q, const char *run)
{
	const struct lease_infos *l = queue_leases(q);
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].run.s, run) == 0)
			return true;
	return false;
}

/* When the run ended; of one that has no record, when it last wrote. */
static int64_t
last_used(const struct runs *x, const char *run, const char *path, char **task)
{
	AUTO(mem_free_p) char *journal = path_join(path, "journal.jsonl");
	AUTO(run_free) struct run record;
	struct err *e;
	struct stat st;
	int64_t when = x->now;

	run_init(&record);
	e = ledger_get(x->o->queue, run, &record);
	*task = mem_strdup(e == NULL ? record.task : "");
	if (e == NULL)
		when = record.ended;
	else if (lstat(journal, &st) == 0 || lstat(path, &st) == 0)
		when = st.st_mtim.tv_sec;
	err_ignore(e);
	return when;
}

static struct err *
drop_run(const struct runs *x, const char *run, const char *path)
{
	struct repo *r = state_repo(queue_state(x->o->queue));
	size_t i;

	for (i = 0; i < x->unfinished.n; i++)
		if (strcmp(x->unfinished.v[i].run.s, run) == 0)
			TRY(current_forget(r, &x->unfinished.v[i].task));
	return tree_remove(AT_FDCWD, path);
}

static void
sweep_run(const struct runs *x, const char *run)
{
	AUTO(mem_free_p) char *path = mem_printf("%s/runs/%s", x->factory, run);
	AUTO(mem_free_p) char *task = NULL;
	AUTO(mem_free_p) char *why = NULL;
	char age[CLOCK_TEXT];
	int64_t used;

	if (!id_valid(str_of(run))) {
		hygiene_tell(x->o, HYGIENE_TRANSCRIPT, run, "", false, "it is no run's");
		return;
	}
	used = last_used(x, run, path, &task);
	if (is_leased(x->o->queue, run))
		hygiene_tell(x->o, HYGIENE_TRANSCRIPT, run, task, false, "it runs");
	else if (goes_on(x, run))
		hygiene_tell(x->o, HYGIENE_TRANSCRIPT, run, task, false, "its task goes on with it");
	else if (x->now - used <= x->o->config->keep.transcripts)
		hygiene_tell(x->o, HYGIENE_TRANSCRIPT, run, task, false, "it is %s old", age_text(x->now, used, age));
	else {
		why = mem_printf("it is %s old", age_text(x->now, used, age));
		hygiene_done(x->o, HYGIENE_TRANSCRIPT, run, task, x->o->dry ? NULL : drop_run(x, run, path), why);
	}
}

static struct err *
sweep_runs(const struct hygiene_opts *o, const char *factory, int64_t now)
{
	AUTO(mem_free_p) char *dir = path_join(factory, "runs");
	AUTO(strs_free) struct strs names = {0};
	struct runs x = {.o = o, .factory = factory, .now = now};
	struct err *e;
	size_t i;

	e = read_current(&x);
	if (e == NULL)
		e = names_in(dir, &names);
	for (i = 0; e == NULL && i < names.n; i++)
		sweep_run(&x, names.v[i]);
	vec_free(&x.unfinished);
	return e;
}

/* ---- workspaces ---- */

struct idle {
	const struct hygiene_opts *o;
	int64_t now;
	struct strs paths, whys;	/* what is to go */
};

static struct err *
look_at_workspace(void *arg, const char *path, int64_t used, bool in_use)
{
	struct idle *x = arg;
	char age[CLOCK_TEXT];

	age_text(x->now, used, age);
	if (in_use) {
		hygiene_tell(x->o, HYGIENE_WORKSPACE, path, "", false, "it is in use");
	} else if (x->now - used <= x->o->config->keep.workspaces) {
		hygiene_tell(x->o, HYGIENE_WORKSPACE, path, "", false, "it was used %s ago", age);
	} else {
		strs_add(&x->paths, path);
		strs_addf(&x->whys, "it was last used %s ago", age);
	}
	return NULL;
}

static struct err *
sweep_workspaces(const struct hygiene_opts *o, const char *factory, int64_t now)
{
	struct idle x = {.o = o, .now = now};
	struct repo *r = state_repo(queue_state(o->queue));
	struct err *e = workspace_idle(r, look_at_workspace, &x);
	struct err *failed = NULL;
	size_t i;

	if (e == NULL && !o->dry && x.paths.n > 0)
		failed = workspace_sweep(r, o->config->keep.workspaces);
	for (i = 0; e == NULL && i < x.paths.n; i++) {
		AUTO(mem_free_p) char *path = path_join(factory, x.paths.v[i]);
		bool there = !o->dry && access(path, F_OK) == 0;

		if (there && failed != NULL)
			hygiene_done(o, HYGIENE_WORKSPACE, x.paths.v[i], "", STEAL(failed), x.whys.v[i]);
		else
			hygiene_tell(o, HYGIENE_WORKSPACE, x.paths.v[i], "", !there, "%s%s", x.whys.v[i],
			    there ? ", and is in use again" : "");
	}
	err_ignore(failed);
	strs_free(&x.paths);
	strs_free(&x.whys);
	return e;
}

/* ---- files that were being written ---- */

/* "name.abcd2345.tmp", as file_replace() calls what is not whole yet, and workspace_probe() its folder. */
static bool
is_half_written(struct str name)
{
	size_t tail = ID_LEN + strlen("..tmp");

	return str_ends(name, ".tmp") && name.n > tail && name.p[name.n - tail] == '.' &&
	    id_valid(str_mk(name.p + name.n - tail + 1, ID_LEN));
}

static struct err *
sweep_half_written(const struct hygiene_opts *o, const char *factory, int64_t now)
{
	AUTO(strs_free) struct strs names = {0};
	char age[CLOCK_TEXT];
	struct stat st;
	size_t i;

	TRY(names_in(factory, &names));
	for (i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *path = path_join(factory, names.v[i]);
		AUTO(mem_free_p) char *why = NULL;

		if (!is_half_written(str_of(names.v[i])) || lstat(path, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) ||
		    now - st.st_mtim.tv_sec <= HALF_WRITTEN_S)
			continue;
		why = mem_printf("it was being written %s ago", age_text(now, st.st_mtim.tv_sec, age));
		hygiene_done(o, HYGIENE_FILE, names.v[i], "",
		    o->dry ? NULL : tree_remove(AT_FDCWD, path), why);
	}
	return NULL;
}

/* A file that a killed run left for its agent; only this user's own. */
static struct err *
sweep_temporary(const struct hygiene_opts *o, int64_t now)
{
	const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	AUTO(strs_free) struct strs names = {0};
	char age[CLOCK_TEXT];
	struct stat st;
	size_t i;

	TRY(names_in(tmp, &names));
	for (i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *path = path_join(tmp, names.v[i]);
		AUTO(mem_free_p) char *why = NULL;

		if (!str_starts(str_of(names.v[i]), TEMPORARY) || lstat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
		    st.st_uid != geteuid() || now - st.st_mtim.tv_sec <= o->config->keep.workspaces)
			continue;
		why = mem_printf("it was written %s ago", age_text(now, st.st_mtim.tv_sec, age));
		hygiene_done(o, HYGIENE_FILE, path, "",
		    o->dry || unlink(path) == 0 ? NULL : err_sys("cannot remove it"), why);
	}
	return NULL;
}

struct err *
leftovers_sweep(const struct hygiene_opts *o)
{
	struct state *s = queue_state(o->queue);
	int64_t now = clock_wall(state_clock(s));
	const char *factory;

	TRY(repo_factory_dir(state_repo(s), &factory));
	TRY(sweep_workspaces(o, factory, now));
	TRY(sweep_runs(o, factory, now));
	TRY(sweep_half_written(o, factory, now));
	return sweep_temporary(o, now);
}

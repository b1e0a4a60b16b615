#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/config.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/retry.h"
#include "line/run.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "plant/hygiene.h"
#include "store/ledger.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"
#include "sys/host.h"
#include "wire/json.h"

#define JOURNAL_START (256 * KIB)	/* its first line fits */

static const char *const words[] = {"run", "lease", "workspace", "attempt", "transcript", "file"};

const char *
hygiene_word(enum hygiene_kind kind)
{
	return words[kind];
}

/* ---- telling ---- */

void
hygiene_tell(const struct hygiene_opts *o, enum hygiene_kind kind, const char *name, const char *task, bool swept,
    const char *fmt, ...)
{
	AUTO(buf_free) struct buf why = BUF_INIT(BUF_TEXT);
	struct hygiene_item item = {.kind = kind, .name = name, .task = task, .swept = swept};
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&why, fmt, ap);
	va_end(ap);
	item.why = buf_cstr(&why);
	o->fn(o->arg, &item);
}

void
hygiene_done(const struct hygiene_opts *o, enum hygiene_kind kind, const char *name, const char *task, struct err *e,
    const char *why)
{
	if (e == NULL)
		hygiene_tell(o, kind, name, task, true, "%s", why);
	else
		hygiene_tell(o, kind, name, task, false, "%s, and cannot be swept: %s", why, err_msg(e));
	if (e == NULL || err_is(e, ERR_STALE) || err_is(e, ERR_TAKEN) || *o->failed != NULL)
		err_free(e);
	else
		*o->failed = err_wrap(e, "%s '%s' is left", hygiene_word(kind), name);
}

/* ---- leases of dead holders ---- */

struct orphan {
	const struct lease_info *lease;
	char *ref;
};

static struct err *
change_orphan(struct state_step *t, struct task *task, void *ctx)
{
	const struct orphan *x = ctx;
	struct buf next = BUF_INIT(KIB);

	step_ref(t, x->ref, &x->lease->oid, &oid_zero);
	if (task->state != TASK_QUEUED)
		return NULL;
	buf_addf(&next, "run %s goes on where it was", x->lease->run.s);
	task_take_wait(task, FAILURE_ORPHANED, "", 0, buf_cstr(&next));
	buf_free(&next);
	return NULL;
}

/* The task says what happened to it, as its lease goes. */
static struct err *
drop_lease(const struct hygiene_opts *o, const struct lease_info *l)
{
	AUTO(mem_free_p) char *ref = mem_printf(REF_LEASES "%s", l->task.s);
	AUTO(mem_free_p) char *text = mem_printf("gc: run %s is orphaned %s", l->run.s, l->task.s);
	struct orphan x = {l, ref};
	struct state *s = queue_state(o->queue);
	struct err *e = state_change(s, &l->task, text, change_orphan, &x);

	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return ref_cas(state_repo(s), ref, &l->oid, &oid_zero, "gc: its task is gone");
}

/* Somebody may start it yet; what cannot be read counts as such. */
static struct err *
is_queued(struct queue *q, const struct id *task, bool *out)
{
	struct queue_row row;
	struct err *e = queue_peek(q, task, &row);

	*out = e == NULL && (row.task == NULL || row.task->state == TASK_QUEUED);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

/* With a remote: who starts the task takes over from what is there, too. */
static struct err *
drop_shared(const struct hygiene_opts *o, const struct lease_info *l)
{
	AUTO(mem_free_p) char *ref = mem_printf(REF_LEASES "%s", l->task.s);

	return ref_cas(state_repo(queue_state(o->queue)), ref, &l->oid, &oid_zero, "gc: nobody starts its task");
}

static void
sweep_dead(const struct hygiene_opts *o, const struct lease_info *l)
{
	AUTO(mem_free_p) char *why = mem_printf("the process of run %s on '%s' is gone", l->run.s, l->host);
	bool shared = state_remote(queue_state(o->queue)) != NULL, queued = false;
	struct err *e = shared ? is_queued(o->queue, &l->task, &queued) : NULL;

	if (queued)
		hygiene_tell(o, HYGIENE_LEASE, l->task.s, l->task.s, false,
		    "%s: whoever starts the task next takes its lease over, on the remote too", why);
	else
		hygiene_done(o, HYGIENE_LEASE, l->task.s, l->task.s,
		    e != NULL || o->dry ? e : shared ? drop_shared(o, l) : drop_lease(o, l), why);
}

/* ---- runs that take too long ---- */

/* What the run wrote down at its start: how long it may take; 0 when unknown. */
static int64_t
own_deadline(struct repo *r, const struct id *run)
{
	AUTO(mem_free_p) char *path = NULL;
	AUTO(arena_free) struct arena mem = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(JOURNAL_START);
	AUTO(fd_close_p) int fd = -1;
	struct str rest, line;
	struct node *n;
	const char *dir;
	struct err *e = repo_factory_dir(r, &dir);
	int64_t s = 0;

	if (e == NULL) {
		path = mem_printf("%s/runs/%s/journal.jsonl", dir, run->s);
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		/* Over its ceiling the start of the file is there all the same. */
		if (fd >= 0)
			err_ignore(file_read_fd(fd, path, &text));
	}
	err_ignore(e);
	rest = buf_str(&text);
	if (!str_line(&rest, &line))
		return 0;
	e = json_parse(&mem, path, line, &n);
	if (e == NULL && node_get(n, "out") != NULL)
		s = node_get_int(node_get(n, "out"), "timeout", 0);
	err_ignore(e);
	return s;
}

static struct err *
end_overdue(const struct hygiene_opts *o, const struct lease_info *l, const char *why)
{
	struct line_opts line = {.state = queue_state(o->queue)};
	AUTO(err_free_p) struct err *late = err_hint(err_new(ERR_TIMEOUT, "the run was ended by gc: %s", why),
	    "raise the task's estimate, or limits.timeout");

	/* Asked politely it would end as one that goes on. */
	if (!host_kill(l->host, l->boot, l->pid, l->started))
		return err_new(ERR_LOCKED, "process %" PRId64 " does not end", l->pid);
	return line_bury(&line, &l->task, &l->run, late);
}

static void
look_at_run(const struct hygiene_opts *o, const struct lease_info *l, int64_t now)
{
	AUTO(mem_free_p) char *here = host_name();
	AUTO(mem_free_p) char *boot = host_boot();
	AUTO(mem_free_p) char *why = NULL;
	struct state *s = queue_state(o->queue);
	char for_so_long[CLOCK_TEXT], allowed[CLOCK_TEXT];
	struct queue_row row;
	int64_t limit, own = own_deadline(state_repo(s), &l->run);
	struct err *e = queue_peek(o->queue, &l->task, &row);

	limit = 2 * (e == NULL && row.task != NULL ? row.task->estimate : TASK_ESTIMATE_S);
	err_ignore(e);
	limit = own > limit ? own : limit;
	clock_format_span(now > l->since ? now - l->since : 0, for_so_long);
	clock_format_span(limit, allowed);
	if (now - l->since <= limit) {
		hygiene_tell(o, HYGIENE_RUN, l->run.s, l->task.s, false, "it runs for %s, and may for %s", for_so_long,
		    allowed);
		return;
	}
	why = mem_printf("it runs for %s, over %s", for_so_long, allowed);
	if (strcmp(l->host, here) != 0 || strcmp(l->boot, boot) != 0)
		hygiene_tell(o, HYGIENE_RUN, l->run.s, l->task.s, false, "%s, but on '%s': only there it can be ended", why,
		    l->host);
	else
		hygiene_done(o, HYGIENE_RUN, l->run.s, l->task.s, o->dry ? NULL : end_overdue(o, l, why), why);
}

static struct err *
sweep_leases(const struct hygiene_opts *o)
{
	AUTO(lease_infos_free) struct lease_infos all = {0};
	struct state *s = queue_state(o->queue);
	int64_t now = clock_wall(state_clock(s));
	size_t i;

	TRY(lease_list(s, true, &all));
	for (i = 0; i < all.n; i++) {
		const struct lease_info *l = &all.v[i];

		if (*l->node == '\0')
			hygiene_tell(o, HYGIENE_LEASE, l->task.s, l->task.s, false,
			    "it cannot be read; if nothing runs this task, 'git update-ref -d " REF_LEASES "%s'", l->task.s);
		else if (l->remote || l->ended)
			hygiene_tell(o, HYGIENE_LEASE, l->task.s, l->task.s, false,
			    l->ended ? "its run is delivered, and goes with the next fold" : "it is another clone's, on '%s'", l->node);
		else if (lease_dead(l))
			sweep_dead(o, l);
		else
			look_at_run(o, l, now);
	}
	return NULL;
}

/* ---- attempts ---- */

/* What still needs the run: *why, a line, or NULL. */
static struct err *
needed_by(struct queue *q, const char *run, char **task, char **why)
{
	AUTO(run_free) struct run record;
	struct queue_row row;
	struct id id;
	struct err *e;

	run_init(&record);
	e = ledger_get(q, run, &record);
	if (e == NULL && id_parse(str_of(record.task), &id)) {
		free(*task);
		*task = mem_strdup(id.s);
		e = queue_peek(q, &id, &row);
		if (e == NULL && row.task == NULL)
			*why = mem_printf("task %s cannot be read", id.s);
		else if (e == NULL && !row.archived && strcmp(row.task->run, run) == 0)
			*why = mem_printf("it is the last run of task %s, which is %s", id.s, task_state_word(row.task->state));
	}
	/* No record, no task: nobody will ask for it. */
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

static struct err *
sweep_attempt(const struct hygiene_opts *o, const struct ref *ref, int64_t now)
{
	const char *run = ref->name + strlen(REF_ATTEMPTS);
	struct repo *r = state_repo(queue_state(o->queue));
	AUTO(commit_free) struct commit c = {0};
	AUTO(mem_free_p) char *task = mem_strdup("");
	AUTO(mem_free_p) char *why = NULL;
	AUTO(mem_free_p) char *old = NULL;
	char age[CLOCK_TEXT];
	struct err *e;

	if (!id_valid(str_of(run))) {
		hygiene_tell(o, HYGIENE_ATTEMPT, run, "", false, "it is no run's");
		return NULL;
	}
	e = needed_by(o->queue, run, &task, &why);
	if (e != NULL) {
		hygiene_done(o, HYGIENE_ATTEMPT, run, task, e, "it is not known what needs it");
		return NULL;
	}
	if (why != NULL) {
		hygiene_tell(o, HYGIENE_ATTEMPT, run, task, false, "%s", why);
		return NULL;
	}
	e = commit_read(r, &ref->oid, &c);
	if (e != NULL) {
		hygiene_done(o, HYGIENE_ATTEMPT, run, task, e, "it is no commit");
		return NULL;
	}
	clock_format_span(now > c.committer.when ? now - c.committer.when : 0, age);
	if (now - c.committer.when <= o->config->keep.attempts) {
		hygiene_tell(o, HYGIENE_ATTEMPT, run, task, false, "it is %s old", age);
		return NULL;
	}
	old = mem_printf("it is %s old", age);
	hygiene_done(o, HYGIENE_ATTEMPT, run, task,
	    o->dry ? NULL : ref_cas(r, ref->name, &ref->oid, &oid_zero, "gc: an old attempt"), old);
	return NULL;
}

static struct err *
sweep_attempts(const struct hygiene_opts *o)
{
	AUTO(refs_free) struct refs refs = {0};
	struct state *s = queue_state(o->queue);
	int64_t now = clock_wall(state_clock(s));
	size_t i;

	TRY(ref_list(state_repo(s), REF_ATTEMPTS, &refs));
	for (i = 0; i < refs.n; i++)
		TRY(sweep_attempt(o, &refs.v[i], now));
	return NULL;
}

/* One at a time: who comes second waits, and finds less to do. */
static struct err *
take_turn(const struct hygiene_opts *o, int *fd)
{
	AUTO(mem_free_p) char *path = NULL;
	const char *dir;

	TRY(repo_factory_dir(state_repo(queue_state(o->queue)), &dir));
	path = path_join(dir, "gc.lock");
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *fd >= 0 && flock(*fd, LOCK_EX) == 0 ? NULL : err_sys("cannot lock '%s'", path);
}

struct err *
hygiene_sweep(const struct hygiene_opts *o)
{
	AUTO(fd_close_p) int turn = -1;
	AUTO(err_free_p) struct err *failed = NULL;
	struct hygiene_opts mine = *o;

	mine.failed = &failed;
	if (!o->dry)
		TRY(take_turn(o, &turn));
	TRY(sweep_leases(&mine));
	TRY(sweep_attempts(&mine));
	TRY(leftovers_sweep(&mine));
	return STEAL(failed);
}

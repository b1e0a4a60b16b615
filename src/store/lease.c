#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/trace.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"
#include "git/txn.h"
#include "store/lease_kind.h"
#include "store/state.h"
#include "store/watch.h"
#include "sys/host.h"

#define TTL_MAX (7 * 24 * 3600)

/* A beat is not written again within this part of the time to live. */
#define BEATS_SAVED 10

/* The id in the last part of a ref's name, here or in what was seen on the remote. */
static const char *
task_in(const char *ref)
{
	return strrchr(ref, '/') + 1;
}

static char *
lease_ref(const char *task)
{
	return mem_printf(REF_LEASES "%s", task);
}

/* ---- who holds it ---- */

void
lease_info_free(struct lease_info *i)
{
	free(i->node);
	free(i->host);
	free(i->boot);
	free(i->job);
	*i = (struct lease_info){0};
}

void
lease_infos_free(struct lease_infos *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		lease_info_free(&l->v[i]);
	vec_free(l);
}

bool
lease_dead(const struct lease_info *i)
{
	assert(i->host != NULL && i->boot != NULL);
	return !i->ended && (i->lost || i->expired || host_dead(i->host, i->boot, i->pid, i->started));
}

/* ---- as a commit ---- */

static void
format_info(const struct lease_info *i, struct buf *b)
{
	char since[CLOCK_TEXT], beat[CLOCK_TEXT];

	clock_format(i->since, since);
	clock_format(i->beat, beat);
	buf_addf(b, "lease of task %s\n\n", i->task.s);
	buf_addf(b, "Run: %s\nAttempt: %lld\nNode: %s\nHost: %s\nBoot: %s\nPid: %lld\nStarted: %lld\n",
	    i->run.s, (long long)i->attempt, i->node, i->host, i->boot, (long long)i->pid,
	    (long long)i->started);
	buf_addf(b, "Since: %s\nBeat: %s\nTtl: %lld\n", since, beat, (long long)i->ttl);
	if (i->job != NULL && i->job[0] != '\0')
		buf_addf(b, "Job: %s\n", i->job);
	if (i->ended)
		buf_adds(b, "Ended: yes\n");
	if (i->lost)
		buf_adds(b, "Lost: yes\n");
	buf_addf(b, "Nonce: %s%s\n", id_new().s, id_new().s);
}

static bool
parse_line(struct str line, struct lease_info *i)
{
	ptrdiff_t at = str_find(line, STR(": "));
	struct str key = str_take(line, at < 0 ? 0 : (size_t)at);
	struct str value = str_skip(line, at < 0 ? line.n : (size_t)at + 2);
	AUTO(mem_free_p) char *text = str_dup(value);

	if (str_is(key, "Run"))
		return id_parse(value, &i->run);
	if (str_is(key, "Attempt"))
		return str_int(value, 0, INT64_MAX, &i->attempt);
	if (str_is(key, "Pid"))
		return str_int(value, 1, INT32_MAX, &i->pid);
	if (str_is(key, "Started"))
		return str_int(value, 0, INT64_MAX, &i->started);
	if (str_is(key, "Ttl"))
		return str_int(value, 1, TTL_MAX, &i->ttl);
	if (str_is(key, "Since"))
		return clock_parse(text, &i->since);
	if (str_is(key, "Beat"))
		return clock_parse(text, &i->beat);
	if (str_is(key, "Ended"))
		i->ended = true;
	else if (str_is(key, "Lost"))
		i->lost = true;
	else if (str_is(key, "Job") && i->job == NULL)
		i->job = STEAL(text);
	else if (str_is(key, "Node") && i->node == NULL)
		i->node = STEAL(text);
	else if (str_is(key, "Host") && i->host == NULL)
		i->host = STEAL(text);
	else if (str_is(key, "Boot") && i->boot == NULL)
		i->boot = STEAL(text);
	return true;
}

struct err *
lease_read(struct repo *r, const char *ref, const struct oid *oid, struct lease_info *out)
{
	AUTO(commit_free) struct commit c = {0};
	AUTO(lease_info_free) struct lease_info i = {.oid = *oid};
	struct str rest, line;
	bool good = id_parse(str_of(task_in(ref)), &i.task);

	TRY(commit_read(r, oid, &c));
	rest = str_of(c.message);
	while (good && str_line(&rest, &line))
		good = parse_line(line, &i);
	if (!good || i.node == NULL || i.pid == 0 || i.run.s[0] == '\0')
		return err_hint(err_new(ERR_SYNTAX, "'%s' is no lease", ref),
		    "if nothing runs this task, 'git update-ref -d %s'", ref);
	if (i.host == NULL)
		i.host = mem_strdup(i.node);
	if (i.boot == NULL)
		i.boot = mem_strdup("");
	if (i.job == NULL)
		i.job = mem_strdup("");
	*out = i;
	i = (struct lease_info){0};
	return NULL;
}

struct err *
lease_write(struct lease *l, struct oid *out)
{
	AUTO(buf_free) struct buf message = BUF_INIT(64 * KIB);
	AUTO(tree_edit_free) struct tree_edit nothing = {0};
	AUTO(mem_free_p) char *mail = mem_printf("git-factory@%s", l->info.node);
	/* Needs nobody's git identity: it is the machine's word. */
	char name[] = "git-factory";
	struct ident who = {.name = name, .email = mail, .when = l->info.beat};
	struct commit_spec spec = {.author = &who};

	TRY(tree_apply(state_repo(l->state), &oid_zero, &nothing, &spec.tree));
	format_info(&l->info, &message);
	spec.message = buf_cstr(&message);
	return commit_create(state_repo(l->state), &spec, out);
}

/* Only who takes a lease says who it is: of many that try, most need not know. */
static void
sign(struct lease *l)
{
	struct lease_info *i = &l->info;

	if (i->host != NULL)
		return;
	i->host = host_name();
	i->boot = host_boot();
	i->started = host_started(i->pid);
	i->since = i->beat = clock_wall(state_clock(l->state));
}

struct err *
lease_swap(struct lease *l, const struct oid *from, const char *why)
{
	struct oid new;

	sign(l);
	TRY(lease_write(l, &new));
	TRY((l->kind->lazy ? ref_cas_lazy : ref_cas)(state_repo(l->state), l->ref, from, &new, why));
	l->info.oid = new;
	return NULL;
}

struct err *
lease_lost(const struct lease *l)
{
	lease_trace(l, "lost", &l->info.oid, NULL);
	return err_new(ERR_STALE, "the lease of task '%s' is lost", l->info.task.s);
}

void
lease_trace(const struct lease *l, const char *event, const struct oid *from, const struct oid *to)
{
	struct oid_hex a = oid_hex(from != NULL ? from : &oid_zero);
	struct oid_hex b = oid_hex(to != NULL ? to : &oid_zero);

	trace_event(&(struct trace){.event = event, .node = l->info.node, .task = l->info.task.s,
	    .run = l->info.run.s, .attempt = l->info.attempt, .from = a.s, .to = b.s});
}

struct err *
lease_held(const struct lease_info *i)
{
	char since[CLOCK_TEXT];

	struct err *e;

	clock_format(i->since, since);
	e = err_new(ERR_TAKEN, "task '%s' is being worked on: run '%s' on '%s', process %lld, since %s",
	    i->task.s, i->run.s, i->node, (long long)i->pid, since);
	if (i->remote)
		return err_hint(e, "when that node gives no sign for %lld s, the next run here takes over",
		    (long long)i->ttl);
	return err_hint(e, "wait for it, or if that machine is gone for good, 'git update-ref -d " REF_LEASES "%s'",
	    i->task.s);
}

/* ---- for everybody ---- */

struct lease *
lease_make(struct state *s, const struct lease_kind *kind, const struct id *task, const struct id *run,
    int64_t attempt)
{
	struct lease *l = mem_alloc(sizeof(*l));

	l->state = s;
	l->kind = kind;
	l->ref = lease_ref(task->s);
	l->info = (struct lease_info){.task = *task, .run = *run, .attempt = attempt,
	    .node = mem_strdup(state_node(s)), .pid = getpid(), .ttl = state_lease_ttl(s)};
	return l;
}

struct err *
lease_claim(struct state *s, const struct lease_kind *kind, const struct id *task,
    const struct id *run, int64_t attempt, struct lease **out)
{
	AUTO(lease_free_p) struct lease *l = lease_make(s, kind, task, run, attempt);

	TRY(kind->claim(l));
	l->beaten = clock_mono(state_clock(s));
	lease_trace(l, oid_is_zero(&l->taken) ? "claim" : "takeover", &l->taken, &l->info.oid);
	*out = STEAL(l);
	return NULL;
}

struct err *
lease_follow(struct lease *l)
{
	AUTO(lease_info_free) struct lease_info now = {0};
	struct oid there;

	TRY(tip_read(state_repo(l->state), l->ref, &there));
	if (oid_eq(&there, &l->info.oid))
		return NULL;
	if (oid_is_zero(&there))
		return lease_lost(l);
	TRY(lease_read(state_repo(l->state), l->ref, &there, &now));
	if (strcmp(now.run.s, l->info.run.s) != 0 || now.pid != l->info.pid || now.started != l->info.started)
		return lease_lost(l);
	l->info.oid = there;
	l->info.beat = now.beat;
	return NULL;
}

struct err *
lease_keep(struct state *s, const struct lease_kind *kind, const struct id *task, const struct id *run,
    int64_t pid, struct lease **out)
{
	AUTO(lease_free_p) struct lease *l = mem_alloc(sizeof(*l));
	struct oid there;

	l->state = s;
	l->kind = kind;
	l->ref = lease_ref(task->s);
	TRY(tip_read(state_repo(s), l->ref, &there));
	if (oid_is_zero(&there))
		return err_new(ERR_STALE, "nobody holds the lease of task '%s'", task->s);
	TRY(lease_read(state_repo(s), l->ref, &there, &l->info));
	if (strcmp(l->info.run.s, run->s) != 0 || l->info.pid != pid)
		return err_new(ERR_STALE, "the lease of task '%s' is another's", task->s);
	*out = STEAL(l);
	return NULL;
}

bool
lease_expired(const struct watch *seen, const struct lease_info *i)
{
	return !i->ended && i->ttl > 0 && watch_seen(seen, &i->oid) >= i->ttl * 1000;
}

/* A holder that beat just now only asks whether it still is one. */
struct err *
lease_beat(struct lease *l)
{
	int64_t now = clock_mono(state_clock(l->state));
	struct oid old = l->info.oid;

	if (l->beaten != 0 && now - l->beaten < l->info.ttl * 1000 / BEATS_SAVED)
		return lease_follow(l);
	TRY(l->kind->beat(l));
	l->beaten = now;
	lease_trace(l, "beat", &old, &l->info.oid);
	return NULL;
}

struct err *
lease_release(struct lease *l)
{
	TRY(l->kind->release(l));
	lease_trace(l, "release", &l->info.oid, NULL);
	return NULL;
}

void
lease_end(struct lease *l, struct state_step *t)
{
	step_ref(t, l->ref, &l->info.oid, &oid_zero);
}

struct err *
lease_fence(struct lease *l, struct state_step *t)
{
	TRY(lease_follow(l));
	step_ref(t, l->ref, &l->info.oid, &l->info.oid);
	return NULL;
}

void
lease_drop(struct lease *l, struct txn *t)
{
	lease_trace(l, "deliver", &l->info.oid, &l->ending);
	txn_add(t, l->ref, &l->info.oid, &oid_zero);
}

const struct lease_info *
lease_info(const struct lease *l)
{
	return &l->info;
}

void
lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	lease_info_free(&l->info);
	free(l->ref);
	free(l);
}

void
lease_free_p(struct lease **l)
{
	lease_free(*l);
}

/*
 * A damaged lease holds its own task back, and no other.  One that could not
 * be read is not damaged.  *known: it is of a task.
 */
static struct err *
read_any(struct repo *r, const struct ref *ref, struct lease_info *out, bool *known)
{
	struct lease_info i = {0};
	struct err *e = lease_read(r, ref->name, &ref->oid, &i);

	if (e != NULL && !err_is(e, ERR_SYNTAX) && !err_is(e, ERR_NOT_FOUND) && !err_is(e, ERR_REPOSITORY))
		return e;
	*known = e == NULL || id_parse(str_of(task_in(ref->name)), &i.task);
	if (e != NULL && *known) {
		i.oid = ref->oid;
		i.node = mem_strdup("");
		i.host = mem_strdup("");
		i.boot = mem_strdup("");
		i.job = mem_strdup("");
	}
	err_ignore(e);
	*out = i;
	return NULL;
}

static bool
holds(const struct lease_infos *all, const struct id *task)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->v[i].task.s, task->s) == 0)
			return true;
	return false;
}

static void
add_live(struct lease_info *i, bool dead_too, struct lease_infos *out)
{
	if (!dead_too && lease_dead(i))
		lease_info_free(i);
	else
		vec_push(out, *i);
}

/* This clone's own leases are here; of the others only what the remote was last seen with. */
static struct err *
list_remote(struct state *s, bool dead_too, struct lease_infos *out)
{
	AUTO(watch_free_p) struct watch *seen = NULL;
	AUTO(refs_free) struct refs refs = {0};
	struct lease_info info;
	bool known;
	size_t i;

	TRY(ref_list(state_repo(s), REMOTE_LEASES, &refs));
	if (refs.n == 0)
		return NULL;
	seen = watch_open(s);
	for (i = 0; i < refs.n; i++) {
		TRY(read_any(state_repo(s), &refs.v[i], &info, &known));
		if (!known)
			continue;
		info.remote = true;
		info.expired = lease_expired(seen, &info);
		/* An ended one is told beside what a killed process left here. */
		if (holds(out, &info.task) && !info.ended)
			lease_info_free(&info);
		else
			add_live(&info, dead_too, out);
	}
	return NULL;
}

struct err *
lease_list(struct state *s, bool dead_too, struct lease_infos *out)
{
	AUTO(lease_infos_free) struct lease_infos found = {0};
	AUTO(refs_free) struct refs refs = {0};
	struct lease_info info;
	bool known;
	size_t i;

	TRY(ref_list(state_repo(s), REF_LEASES, &refs));
	for (i = 0; i < refs.n; i++) {
		TRY(read_any(state_repo(s), &refs.v[i], &info, &known));
		if (known)
			add_live(&info, dead_too, &found);
	}
	if (state_remote(s) != NULL)
		TRY(list_remote(s, dead_too, &found));
	*out = found;
	found = (struct lease_infos){0};
	return NULL;
}

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/trace.h"
#include "git/commit.h"
#include "git/objsync.h"
#include "git/pushlog.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/remote_run.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/txn.h"

#define LOCKED_MS 200
#define LOCKED_TRIES 20
#define FINISH_TRIES 5

void
push_result_free(struct push_result *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->v[i].name);
		free(p->v[i].why);
	}
	vec_free(p);
}

/* ---- what may be pushed ---- */

/* Shared by all, so that it only grows; a task's own branch is its runs' to rewrite. */
static bool
only_grows(const char *name)
{
	struct str s = str_of(name);

	return (str_starts(s, "refs/heads/") && !str_starts(s, REF_TASK_HEADS)) || str_starts(s, "refs/notes/") || str_is(s, REF_STATE);
}

static struct err *
check_ref(struct remote *m, const struct txn_ref *ref)
{
	bool forward = true;

	TRY(ref_name_check(str_of(ref->name)));
	if (oid_eq(&ref->old, &ref->new))
		return err_new(ERR_BUG, "the push names '%s' and does not move it", ref->name);
	if (only_grows(ref->name) && !oid_is_zero(&ref->old) && !oid_is_zero(&ref->new))
		TRY(commit_is_ancestor(m->repo, &ref->old, &ref->new, &forward));
	if (!forward)
		return err_new(ERR_DENIED, "a push to '%s' would take history back: '%.12s' is no successor of '%.12s'",
		    ref->name, oid_hex(&ref->new).s, oid_hex(&ref->old).s);
	return NULL;
}

static struct err *
check_txn(struct remote *m, const struct txn *t)
{
	size_t i, k;

	if (t->n == 0)
		return err_new(ERR_BUG, "the push names no ref");
	for (i = 0; i < t->n; i++) {
		TRY(check_ref(m, &t->v[i]));
		for (k = 0; k < i; k++)
			if (strcmp(t->v[k].name, t->v[i].name) == 0)
				return err_new(ERR_BUG, "the push names '%s' twice", t->v[i].name);
	}
	return NULL;
}

/* ---- the answer ---- */

static const struct txn_ref *
find_ref(const struct txn *t, struct str name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (str_is(name, t->v[i].name))
			return &t->v[i];
	return NULL;
}

static enum push_outcome
outcome_of(char flag, struct str summary)
{
	if (flag != '!')
		return PUSH_OK;
	if (str_find(summary, STR("stale info")) >= 0)
		return PUSH_STALE;
	if (str_find(summary, STR("atomic")) >= 0)
		return PUSH_NOT;
	return str_starts(summary, "[remote rejected]") ? PUSH_REFUSED : PUSH_NOT;
}

/* "<flag>\t<from>:<to>\t<summary> (<reason>)" */
static void
parse_answer_line(struct str line, const struct txn *t, struct push_result *out)
{
	AUTO(buf_free) struct buf why = BUF_INIT(BUF_TEXT);
	struct str flag, pair, to;
	const struct txn_ref *ref;
	enum push_outcome outcome;
	ptrdiff_t at;

	if (!str_next(&line, '\t', &flag) || flag.n != 1 || !str_next(&line, '\t', &pair))
		return;
	at = str_chr(pair, ':');
	to = str_skip(pair, at < 0 ? pair.n : (size_t)at + 1);
	ref = find_ref(t, to);
	if (ref == NULL)
		return;
	outcome = outcome_of(flag.p[0], line);
	if (outcome != PUSH_OK)
		remote_redact(line, &why);
	vec_push(out, (struct push_ref){mem_strdup(ref->name), outcome,
	    outcome == PUSH_OK ? NULL : buf_steal(&why)});
}

static void
parse_answer(struct str text, const struct txn *t, struct push_result *out)
{
	struct str line;

	while (str_line(&text, &line))
		parse_answer_line(line, t, out);
}

static const struct push_ref *
first_with(const struct push_result *p, enum push_outcome outcome)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].outcome == outcome)
			return &p->v[i];
	return NULL;
}

/* ---- git push ---- */

static void
add_words(const struct txn *t, struct strs *args)
{
	const struct txn_ref *ref;

	for (ref = t->v; ref < t->v + t->n; ref++)
		strs_addf(args, "--force-with-lease=%s:%s", ref->name,
		    oid_is_zero(&ref->old) ? "" : oid_hex(&ref->old).s);
}

static void
add_refspecs(const struct txn *t, struct strs *args)
{
	const struct txn_ref *ref;

	for (ref = t->v; ref < t->v + t->n; ref++)
		strs_addf(args, "%s:%s", oid_is_zero(&ref->new) ? "" : oid_hex(&ref->new).s, ref->name);
}

static struct err *
run_push(struct remote *m, const struct txn *t, struct proc_result *r)
{
	static const char *const first[] = {"push", "--porcelain", "--atomic", "--no-verify", "--no-follow-tags",
	    "--no-force-if-includes"};
	AUTO(strs_free) struct strs args = {0};
	VEC(const char *) words = {0};
	struct err *e;
	size_t i;

	for (i = 0; i < NITEMS(first); i++)
		strs_add(&args, first[i]);
	add_words(t, &args);
	strs_add(&args, "--");
	strs_add(&args, m->name);
	add_refspecs(t, &args);
	for (i = 0; i < args.n; i++)
		vec_push(&words, args.v[i]);
	vec_push(&words, NULL);
	e = remote_run(m, words.v, r);
	vec_free(&words);
	return e;
}

/* ---- reading back ---- */

/* What the remote holds of a transaction, by now. */
struct found {
	bool proof;		/* a ref holds what nobody else would have put there */
	size_t old, done;	/* as before; as wanted, or what came after it */
	const char *other;	/* the first that holds something else, or NULL */
};

/*
 * A lease has a nonce, a parcel is of one run.  Commits of the state, notes,
 * pull requests and merges are what they are made of: a twin, made by another
 * node of the same person in the same second, has the same id.
 */
static bool
is_ours_alone(const struct txn_ref *ref)
{
	struct str name = str_of(ref->name);

	return !oid_is_zero(&ref->new) && (str_starts(name, REF_LEASES) || str_starts(name, REF_RUNS));
}

/* Shared history that goes on from what was to be there.  What is not here yet is not known to. */
static bool
goes_on(struct repo *r, const struct txn_ref *ref, const struct oid *has)
{
	bool after = false;

	if (only_grows(ref->name) && !oid_is_zero(&ref->new) && !oid_is_zero(has))
		err_ignore(commit_is_ancestor(r, &ref->new, has, &after));
	return after;
}

static void
look(struct repo *r, const struct txn *t, const struct refs *now, struct found *f)
{
	struct oid has;
	size_t i;

	*f = (struct found){0};
	for (i = 0; i < t->n; i++) {
		has = refs_get(now, t->v[i].name);
		if (oid_eq(&has, &t->v[i].old)) {
			f->old++;
		} else if (oid_eq(&has, &t->v[i].new)) {
			f->done++;
			f->proof |= is_ours_alone(&t->v[i]);
		} else if (goes_on(r, &t->v[i], &has)) {
			f->done++;
		} else {
			f->other = f->other != NULL ? f->other : t->v[i].name;
		}
	}
}

/* It arrived, and yet some refs did not move: the remote's git died over it. */
static bool
is_half_done(const struct found *f)
{
	return f->old > 0 && (f->proof || (f->done > 0 && f->other == NULL));
}

static struct err *
list_now(struct remote *m, const struct txn *t, struct refs *now)
{
	VEC(const char *) names = {0};
	struct err *e;
	size_t i;

	for (i = 0; i < t->n; i++)
		vec_push(&names, t->v[i].name);
	e = remote_list(m, names.v, names.n, now);
	vec_free(&names);
	return e;
}

static struct err *
stale(const struct remote *m, const char *name)
{
	return err_new(ERR_STALE, "'%s' on the remote '%s' was moved by somebody else", name, m->name);
}

static const char *
first_not_old(const struct txn *t, const struct refs *now)
{
	struct oid has;
	size_t i;

	for (i = 0; i < t->n; i++) {
		has = refs_get(now, t->v[i].name);
		if (!oid_eq(&has, &t->v[i].old))
			return t->v[i].name;
	}
	return t->v[0].name;
}

static struct err *
refused(const struct remote *m, const struct push_ref *ref)
{
	if (strstr(ref->why, "lock") != NULL)
		return err_new(ERR_LOCKED, "the remote '%s' refused '%s': %s", m->name, ref->name, ref->why);
	return err_hint(err_new(ERR_DENIED, "the remote '%s' refused '%s': %s", m->name, ref->name, ref->why),
	    "see what its hooks and rules say; 'git factory doctor' tries what the factory needs");
}

/* Another push was at the same refs just then. */
static bool
is_locked(struct str said)
{
	return str_find(said, STR(".lock': File exists")) >= 0;
}

static struct err *
push_rest(struct remote *m, const struct txn *t, const struct refs *now)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(push_result_free) struct push_result said = {0};
	AUTO(txn_free) struct txn rest = {0};
	struct oid has;
	struct err *e;
	size_t i;

	for (i = 0; i < t->n; i++) {
		has = refs_get(now, t->v[i].name);
		if (oid_eq(&has, &t->v[i].old))
			txn_add(&rest, t->v[i].name, &t->v[i].old, &t->v[i].new);
	}
	TRY(run_push(m, &rest, &r));
	e = remote_fault(m, &r);
	parse_answer(buf_str(&r.out.b), &rest, &said);
	return e != NULL && (is_locked(buf_str(&r.err.b)) || first_with(&said, PUSH_STALE) != NULL) ?
	    err_recode(e, ERR_LOCKED) : e;
}

/*
 * Move the refs that a push done by half left as they were.  The git that was
 * at it may be alive all the same, and comes to its end while we look.
 */
static struct err *
finish(struct remote *m, const struct txn *t, struct found *f)
{
	struct err *e = NULL;
	int tried;

	for (tried = 0; tried < FINISH_TRIES; tried++) {
		AUTO(refs_free) struct refs now = {0};

		if (tried > 0)
			clock_sleep_ms(LOCKED_MS);
		err_free(e);
		TRY(list_now(m, t, &now));
		look(m->repo, t, &now, f);
		if (!is_half_done(f))
			return NULL;
		e = push_rest(m, t, &now);
		if (!err_is(e, ERR_LOCKED))
			break;
	}
	return e == NULL ? NULL : err_wrap(e, "the remote '%s' did only a part of a push, and its end cannot follow", m->name);
}

/*
 * The push is atomic, so one ref that holds what nobody else would put there
 * proves that it arrived, whatever the others have become since.  All as
 * wanted is as good.  Anything else may be others' work, and whoever looks
 * again at what they made loses nothing.  Takes 'why' over.
 */
static struct err *
decide(struct remote *m, const struct txn *t, struct err *why, bool locked, struct push_result *out)
{
	AUTO(err_free_p) struct err *fault = why;
	AUTO(refs_free) struct refs now = {0};
	const struct push_ref *no = first_with(out, PUSH_REFUSED);
	struct found f;
	struct err *e = list_now(m, t, &now);

	if (e != NULL) {
		err_free(e);
		return err_hint(err_wrap(STEAL(fault), "it is not known whether the push arrived"),
		    "run it again when the remote answers: nothing is done twice");
	}
	out->read_back = true;
	look(m->repo, t, &now, &f);
	if (is_half_done(&f))
		return finish(m, t, &f);
	if (f.proof || (f.old == 0 && f.other == NULL))
		return NULL;
	if (f.old < t->n)
		return stale(m, f.other != NULL ? f.other : first_not_old(t, &now));
	if (no != NULL)
		return refused(m, no);
	return locked ? err_recode(STEAL(fault), ERR_LOCKED) : STEAL(fault);
}

/*
 * The remote compares once more as it locks, and says what it finds: NULL, or
 * the ref that others moved since git looked.  Where it finds what we wanted
 * there, this may be our own push that was sent again for a lost answer.
 */
static const struct txn_ref *
beaten_at(const struct txn *t, struct str said)
{
	const struct txn_ref *ref;
	struct str line, name;
	struct oid there;
	ptrdiff_t at, is;

	while (str_line(&said, &line)) {
		at = str_find(line, STR("cannot lock ref '"));
		if (at < 0)
			continue;
		line = str_skip(line, (size_t)at + strlen("cannot lock ref '"));
		is = str_find(line, STR("': is at "));
		if (is < 0 || !str_next(&line, '\'', &name))
			continue;
		line = str_take(str_skip(line, strlen(": is at ")), OID_HEX);
		ref = find_ref(t, name);
		if (ref != NULL && oid_parse(line, &there) && !oid_eq(&there, &ref->new))
			return ref;
	}
	return NULL;
}

static void
mark_stale(struct push_result *out, const struct txn_ref *ref)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, ref->name) == 0)
			out->v[i].outcome = PUSH_STALE;
}

/* ---- the trace (base/trace.h) ---- */

static void
trace_send(const struct txn *t, int64_t number)
{
	const struct txn_ref *ref;

	for (ref = t->v; trace_on() && ref < t->v + t->n; ref++)
		trace_event(&(struct trace){.event = "send", .push = number, .ref = ref->name,
		    .from = oid_hex(&ref->old).s, .to = oid_hex(&ref->new).s});
}

static void
trace_answer(int64_t number, const struct err *e, const struct push_result *p)
{
	const char *answer = e == NULL ? "ok" : first_with(p, PUSH_STALE) != NULL ? "stale" :
	    first_with(p, PUSH_REFUSED) != NULL ? "refused" :
	    err_is(e, ERR_CONFIG) || err_is(e, ERR_AUTH) ? "failed" : "lost";

	trace_event(&(struct trace){.event = "answer", .push = number, .answer = answer});
}

static void
trace_readback(int64_t number, const struct err *e)
{
	trace_event(&(struct trace){.event = "readback", .push = number,
	    .answer = e == NULL ? "ok" : err_is(e, ERR_CONFLICT) ? "conflict" : "failed"});
}

/* ---- pushing ---- */

static struct err *
push(struct remote *m, const struct txn *t, struct push_result *out)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	const struct txn_ref *beaten;
	const struct push_ref *old;
	int64_t number = trace_push();
	struct err *e;

	trace_send(t, number);
	TRY(run_push(m, t, &r));
	parse_answer(buf_str(&r.out.b), t, out);
	e = remote_fault(m, &r);
	beaten = e == NULL ? NULL : beaten_at(t, buf_str(&r.err.b));
	if (beaten != NULL)
		mark_stale(out, beaten);
	trace_answer(number, e, out);
	if (e == NULL)
		return NULL;
	old = first_with(out, PUSH_STALE);
	if (old != NULL) {
		err_free(e);
		return stale(m, old->name);
	}
	/* Nothing was sent: without the capability, git ends before it. */
	if (err_is(e, ERR_CONFIG) || err_is(e, ERR_AUTH))
		return e;
	e = decide(m, t, e, is_locked(buf_str(&r.err.b)), out);
	if (out->read_back)
		trace_readback(number, e);
	return e;
}

/* Nothing of it moved, and nothing will. */
static bool
is_over(const struct err *e, const struct push_result *said)
{
	return e == NULL || first_with(said, PUSH_STALE) != NULL || err_is(e, ERR_CONFIG) || err_is(e, ERR_AUTH) ||
	    err_is(e, ERR_DENIED);
}

struct err *
remote_push(struct remote *m, const struct txn *t, struct push_result *out)
{
	AUTO(push_result_free) struct push_result result = {0};
	AUTO(pushlog_leave) struct pushlog note = PUSHLOG_INIT;
	struct err *e;

	TRY(check_txn(m, t));
	TRY(objsync_flush(m->repo));
	TRY(pushlog_write(m->repo, t, &note));
	e = push(m, t, &result);
	if (is_over(e, &result))
		pushlog_forget(&note);
	if (out != NULL) {
		*out = result;
		result = (struct push_result){0};
	}
	return e;
}

struct err *
remote_push_through(struct remote *m, const struct txn *t, struct push_result *out)
{
	struct err *e = remote_push(m, t, out);
	int tried;

	for (tried = 1; err_is(e, ERR_LOCKED) && tried < LOCKED_TRIES; tried++) {
		err_free(e);
		if (out != NULL)
			push_result_free(out);
		clock_sleep_ms(LOCKED_MS);
		e = remote_push(m, t, out);
	}
	return err_is(e, ERR_LOCKED) ? err_recode(e, ERR_SERVER) : e;
}

struct err *
remote_settle(struct remote *m, bool *moved)
{
	*moved = false;
	for (;;) {
		AUTO(pushlog_leave) struct pushlog note = PUSHLOG_INIT;
		AUTO(refs_free) struct refs now = {0};
		AUTO(txn_free) struct txn t = {0};
		struct found f;

		TRY(pushlog_next(m->repo, &note, &t));
		if (note.fd < 0)
			return NULL;
		if (t.n > 0) {
			TRY(list_now(m, &t, &now));
			look(m->repo, &t, &now, &f);
			*moved = *moved || is_half_done(&f);
			if (is_half_done(&f))
				TRY(finish(m, &t, &f));
		}
		pushlog_forget(&note);
	}
}

/* ---- trying what the factory needs ---- */

void
remote_probe_free(struct remote_probe *p)
{
	free(p->why);
	*p = (struct remote_probe){0};
}

static struct err *
probe_object(struct repo *r, struct oid *out)
{
	struct ident who = {.name = (char *)"git-factory", .email = (char *)"git-factory@localhost"};
	AUTO(mem_free_p) char *text = mem_printf("probe %s of git factory doctor, to be deleted at once", id_new().s);
	struct commit_spec spec = {.author = &who, .message = text};

	TRY(tree_apply(r, &oid_zero, &(struct tree_edit){0}, &spec.tree));
	return commit_create(r, &spec, out);
}

static struct err *
probe_push(struct remote *m, const char *name, const struct oid *old, const struct oid *new)
{
	AUTO(txn_free) struct txn t = {0};

	txn_add(&t, name, old, new);
	return remote_push(m, &t, NULL);
}

/*
 * One name for each clone: what a probe that was cut short left on the remote,
 * the next one takes away.
 */
static struct err *
probe_name(struct remote *m, char **name, struct oid *left)
{
	AUTO(refs_free) struct refs now = {0};
	const char *names[1];
	struct oid where;

	TRY(blob_hash(str_of(repo_gitdir(m->repo)), &where));
	*name = mem_printf(REF_PROBE "%.16s", oid_hex(&where).s);
	names[0] = *name;
	TRY(remote_list(m, names, 1, &now));
	*left = refs_get(&now, *name);
	return NULL;
}

struct err *
remote_probe(struct remote *m, struct remote_probe *out)
{
	AUTO(mem_free_p) char *name = NULL;
	struct remote_probe p = {.atomic = true, .refs = true};
	struct oid left, made;
	struct err *e;

	TRY(probe_object(m->repo, &made));
	TRY(probe_name(m, &name, &left));
	e = probe_push(m, name, &left, &made);
	if (e == NULL)
		e = probe_push(m, name, &made, &oid_zero);
	if (err_is(e, ERR_CONFIG))
		p.atomic = p.refs = false;
	else if (err_is(e, ERR_DENIED))
		p.refs = false;
	else if (e != NULL)
		return e;
	p.why = e == NULL ? NULL : mem_strdup(err_msg(e));
	err_free(e);
	*out = p;
	return NULL;
}

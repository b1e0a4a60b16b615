#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/workspace.h"
#include "line/await.h"
#include "line/deliver.h"
#include "line/judge.h"
#include "line/keeper.h"
#include "line/land/along.h"
#include "line/land/land.h"
#include "line/parcel.h"
#include "line/prove.h"
#include "line/publish.h"
#include "line/pulls/level.h"
#include "line/pulls/text.h"
#include "line/scan.h"
#include "line/walk.h"
#include "store/journal.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"
#include "wire/json.h"

#define STALE_TRIES 8
#define SUMMARY_MAX (16 * KIB)

/* What one end of a run moves. */
struct ending {
	struct walk *w;
	struct parcel parcel;
	char *branch;
	struct oid branch_old;
	struct pull_move move;
	bool numbers;		/* the pull request is new: the step gives it a number */
	struct landing *landing;	/* in the same step, or NULL */
};

static void
ending_free(struct ending *d)
{
	free(d->branch);
	parcel_free(&d->parcel);
	pull_move_free(&d->move);
	landing_close(d->landing);
}

static bool
is_shared(const struct walk *w)
{
	return state_remote(w->state) != NULL;
}

/* ---- the commit ---- */

static struct err *
identity(struct walk *w, struct ident *out)
{
	const struct config *c = &w->policy.cfg;

	return ident_user(w->repo, c->commit.name[0] != '\0' ? c->commit.name : NULL,
	    c->commit.email[0] != '\0' ? c->commit.email : NULL, w->rec.ended, out);
}

static void
add_words(const struct walk *w, struct str text, struct buf *out)
{
	/* What is exported lands through whoever applies it. */
	if (w->o->outside || w->o->export != NULL)
		pull_inert(text, true, out);
	else
		buf_addstr(out, text);
	buf_adds(out, "\n\n");
}

static void
message(struct walk *w, const struct ident *who, struct buf *out)
{
	AUTO(mem_free_p) char *title = walk_redact(w, w->task.title);
	AUTO(mem_free_p) char *summary = w->summary == NULL ? mem_strdup("") : walk_redact(w, w->summary);
	struct str text = str_take(str_trim(str_of(summary)), SUMMARY_MAX);

	/* Where it lands as it is, a forge would act upon what it reads there. */
	add_words(w, str_of(title), out);
	if (text.n > 0)
		add_words(w, text, out);
	buf_addf(out, "Factory-Task: %s\nFactory-Run: %s\n", w->id.s, w->run.s);
	if (w->policy.cfg.commit.signoff)
		buf_addf(out, "Signed-off-by: %s <%s>\n", who->name, who->email);
}

static struct err *
make_commit(struct walk *w, const struct oid *tree, struct oid *out)
{
	AUTO(ident_free) struct ident who = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct commit_spec spec = {.tree = *tree, .parents = &w->policy.commit, .nparents = 1, .author = &who};

	TRY(identity(w, &who));
	message(w, &who, &text);
	spec.message = buf_cstr(&text);
	return commit_create(w->repo, &spec, out);
}

struct err *
end_time(struct walk *w)
{
	AUTO(mem_free_p) char *json = NULL;
	const struct node *recorded;

	if (w->rec.ended != 0)
		return NULL;
	TRY(journal_next(w->journal, "end", &recorded));
	if (recorded != NULL) {
		w->rec.ended = recorded->integer;
		return NULL;
	}
	w->rec.ended = clock_wall(w->clock);
	json = mem_printf("%" PRId64, w->rec.ended);
	return journal_order(w->journal, "end", str_of(json));
}

/* One that we know, or what looks like one: what is kept goes wherever the state goes. */
static struct err *
look_for_secrets(struct walk *w, const struct oid *from, const struct oid *to)
{
	AUTO(strs_free) struct strs remarks = {0}, found = {0};

	TRY(scan_change(w->repo, w->redact, from, to, &remarks));
	TRY(gates_secrets(w->repo, &w->policy.cfg, state_clock(w->state), from, to, &found));
	return found.n == 0 ? NULL : err_new(ERR_SECRET, "%s", found.v[0]);
}

/* Whether no secret would go along.  If one would it is said, and that is kept nowhere. */
static struct err *
is_clean(struct walk *w, const struct oid *from, const struct oid *to, bool *yes)
{
	struct err *e = look_for_secrets(w, from, to);

	*yes = e == NULL;
	if (!err_is(e, ERR_SECRET) && !err_is(e, ERR_LIMIT))
		return e;
	line_tell(w->o, LINE_NOTE, "not kept with what was tried: %s", err_msg(e));
	err_ignore(e);
	return NULL;
}

/*
 * The trees that a replay needs, as a chain of commits that ends in the
 * attempt's own: one ref keeps all of it from git gc.
 */
static struct err *
attempt_chain(struct walk *w, const struct oid *commit, struct oid *out)
{
	static const struct oids none = {0};
	const struct oids *trees = w->agent != NULL ? agent_trees(w->agent) : &none;
	AUTO(ident_free) struct ident who = {0};
	struct oid parents[2] = {w->policy.commit, *commit};
	struct commit_spec spec = {.parents = parents, .nparents = 1, .author = &who,
	    .message = "what a command of the agent left\n"};
	struct oid last = w->policy.tree;
	bool clean;
	size_t i;

	*out = *commit;
	if (trees->n == 0)
		return NULL;
	TRY(identity(w, &who));
	for (i = 0; i < trees->n; i++) {
		TRY(is_clean(w, &last, &trees->v[i], &clean));
		if (!clean)
			continue;
		last = spec.tree = trees->v[i];
		TRY(commit_create(w->repo, &spec, &parents[0]));
	}
	TRY(commit_tree(w->repo, commit, &spec.tree));
	spec.nparents = 2;
	spec.message = "the attempt\n";
	return commit_create(w->repo, &spec, out);
}

/* ---- the record ---- */

static void
fill_record(struct walk *w, struct ending *d, const struct oid *tree, enum run_outcome outcome)
{
	struct parcel *p = &d->parcel;
	struct run *r = &w->rec;

	p->rec = r;
	r->use = w->budget.used;
	r->outcome = outcome;
	run_set(r, &r->tree, oid_hex(tree).s);
	if (!oid_is_zero(&p->commit))
		run_set(r, &r->commit, oid_hex(&p->commit).s);
	if (p->has_pull) {
		r->pull = p->pull.number;
		run_set(r, &r->branch, p->pull.branch);
	}
}

/* What the gates found out, as evidence on the commit. */
static struct err *
take_proofs(struct walk *w, struct ending *d, const struct oid *tree)
{
	struct oid patch;

	TRY(diff_patch_id(w->repo, &w->policy.tree, tree, &patch));
	return judge_lines(w->repo, w->o, &w->policy, &w->rec.gates, &d->parcel.commit, &patch,
	    &d->parcel.proofs);
}

/* The record keeps the verdicts of the last proof. */
static void
take_verdicts(struct walk *w, struct proof *proof)
{
	if (proof->verdicts.n == 0)
		return;
	verdicts_free(&w->rec.gates);
	w->rec.gates = proof->verdicts;
	proof->verdicts = (struct verdicts){0};
}

/* In the step itself: whoever takes a number moves the state, and a step on an old state is built anew. */
static struct err *
give_number(struct ending *d)
{
	AUTO(ident_free) struct ident who = {0};

	pull_move_free(&d->move);
	d->parcel.pull.number = 0;
	TRY(identity(d->w, &who));
	TRY(pull_prepare(d->w->repo, &d->parcel.pull, &who, &d->move));
	d->w->rec.pull = d->parcel.pull.number;
	return NULL;
}

/* What landed needs no branch. */
static void
move_branch(const struct ending *d, struct state_step *t)
{
	const struct parcel *p = &d->parcel;
	AUTO(mem_free_p) char *ref = NULL;

	if (!p->has_pull || d->landing != NULL || oid_eq(&d->branch_old, &p->pull.head))
		return;
	ref = mem_printf("refs/heads/%s", p->pull.branch);
	step_ref(t, ref, &d->branch_old, &p->pull.head);
}

static struct err *
apply(struct ending *d, struct state_step *t, struct task *task, struct note_lines *lines)
{
	const struct parcel *p = &d->parcel;

	if (d->numbers)
		TRY(give_number(d));
	if (d->landing != NULL)
		TRY(landing_begin(d->landing, t, &d->w->rec, lines));
	move_branch(d, t);
	TRY(parcel_keep(p, t));
	TRY(parcel_note(p, lines, t));
	TRY(parcel_apply(p, &d->move, t, task));
	if (d->landing != NULL)
		landing_end(d->landing, t, task);
	return NULL;
}

static struct err *
change_task(struct state_step *t, struct task *task, void *ctx)
{
	struct ending *d = ctx;
	struct note_lines lines = {0};
	struct err *e = NULL;

	lease_end(d->w->lease, t);
	/* A kill between this step and the end of the run brings us here again. */
	if (!parcel_applied(&d->parcel, task))
		e = apply(d, t, task, &lines);
	vec_free(&lines);
	return e;
}

/* Out of this clone, into the remote; the state follows when it is folded (publish.h). */
static struct err *
finish_shared(struct walk *w, struct ending *d)
{
	AUTO(ident_free) struct ident who = {0};
	bool again = false;
	struct err *e = NULL;

	TRY(identity(w, &who));
	/* From here on nobody else moves the lease: what it holds now is the fence. */
	if (w->keeper != NULL)
		e = keeper_end(w->keeper);
	w->keeper = NULL;
	w->lost = err_is(e, ERR_STALE);
	TRY(e);
	e = publish_parcel(w->state, &d->parcel, &d->branch_old, &who, w->lease, w->o->export, &again);
	w->lost = err_is(e, ERR_STALE) && !again;
	TRY(e);
	lease_free(w->lease);
	w->lease = NULL;
	if (w->o->leave_fold)
		await_note(w->state, w->rec.id);
	return NULL;
}

static struct err *
finish_here(struct walk *w, struct ending *d)
{
	AUTO(mem_free_p) char *text = mem_printf("run %s: %s%s %s", w->run.s, run_outcome_word(w->rec.outcome),
	    d->landing != NULL ? " and landed" : "", w->id.s);

	TRY(state_change(w->state, &w->id, text, change_task, d));
	TRY(walk_done(w));
	if (d->landing != NULL)
		TRY(landing_verify(d->landing, &w->landed));
	/* The step has ended it. */
	lease_free(w->lease);
	w->lease = NULL;
	return NULL;
}

static struct err *
finish(struct walk *w, struct ending *d)
{
	return is_shared(w) ? finish_shared(w, d) : finish_here(w, d);
}

/* ---- a pull request ---- */

static char *
describe(struct walk *w, const struct pull *p, const struct strs *remarks)
{
	const struct conf_type *type = p->type != NULL ? config_type(&w->policy.cfg, p->type) : NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

	w->rec.use = w->budget.used;
	pull_describe(&w->rec, w->summary, remarks, p->level, &p->reasons, &text);
	pull_add_rollback(type != NULL ? &type->rollback : NULL, w->task.body, &text);
	return walk_redact(w, buf_cstr(&text));
}

/* The newest that the task has had; the step that makes one notes it on the task. */
static struct err *
pull_of_task(struct walk *w, bool *found, struct pull *out)
{
	struct err *e;

	*found = w->task.pull != 0;
	if (!*found)
		return NULL;
	e = pull_read(w->repo, w->task.pull, out);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	*found = false;
	err_ignore(e);
	return NULL;
}

/* Does the branch hold what an earlier pull request of the task left there, and nothing else? */
static struct err *
left_over(struct walk *w, const struct oid *tip, bool *yes)
{
	AUTO(pulls_free) struct pulls all = {0};
	size_t i;

	TRY(pull_list(w->repo, REF_PULLS, &all));
	for (i = 0, *yes = false; i < all.n; i++)
		*yes = *yes || (strcmp(all.v[i].task.s, w->id.s) == 0 && all.v[i].state != PULL_OPEN &&
		    oid_eq(&all.v[i].head, tip));
	return NULL;
}

/* The task's pull request as it is, and whether it may be written to. */
static struct err *
find_pull(struct walk *w, struct ending *d)
{
	AUTO(mem_free_p) char *ref = NULL;
	AUTO(buf_free) struct buf name = BUF_INIT(KIB);
	bool found, ours;

	TRY(pull_of_task(w, &found, &d->parcel.pull));
	if (found && d->parcel.pull.state == PULL_CLOSED)
		return err_hint(err_new(ERR_STATE, "pull request %" PRId64 " of this task was closed by a person",
		    d->parcel.pull.number), "file a new task if the work is wanted after all");
	if (found && d->parcel.pull.state == PULL_OPEN && d->parcel.pull.taken_by != NULL)
		return err_hint(err_new(ERR_STATE, "pull request %" PRId64 " was taken over by %s", d->parcel.pull.number,
		    d->parcel.pull.taken_by), "close it, or file a new task");
	if (found && d->parcel.pull.state == PULL_MERGED) {
		pull_free(&d->parcel.pull);
		found = false;
	}
	if (w->task.branch[0] != '\0')
		buf_adds(&name, w->task.branch);
	else
		task_branch(&w->task, &name);
	d->branch = buf_steal(&name);
	ref = mem_printf("%s%s", is_shared(w) ? REMOTE_HEADS : "refs/heads/", d->branch);
	TRY(ref_read(w->repo, ref, &d->branch_old));
	ours = oid_is_zero(&d->branch_old) || oid_eq(&d->branch_old, &d->parcel.commit) ||
	    (found && oid_eq(&d->branch_old, &d->parcel.pull.head));
	if (!ours && !found)
		TRY(left_over(w, &d->branch_old, &ours));
	if (!ours)
		return err_hint(err_new(ERR_CONFLICT, "somebody committed to '%s': it is not overwritten", d->branch),
		    "merge the branch by hand, or delete it and run the task again");
	return NULL;
}

/* Is what the branch holds this very change on this very base? */
static struct err *
unchanged(struct walk *w, const struct ending *d, const struct oid *tree, bool *same)
{
	struct commit c;

	*same = false;
	if (d->parcel.pull.number == 0 || !oid_eq(&d->branch_old, &d->parcel.pull.head))
		return NULL;
	TRY(commit_read(w->repo, &d->branch_old, &c));
	*same = oid_eq(&c.tree, tree) && c.parents.n == 1 && oid_eq(&c.parents.v[0], &w->policy.commit);
	commit_free(&c);
	return NULL;
}

static struct err *
write_pull(struct walk *w, struct ending *d, const struct oid *tree, const struct proof *proof, const struct strs *remarks)
{
	AUTO(ident_free) struct ident who = {0};
	struct pull *p = &d->parcel.pull;

	TRY(identity(w, &who));
	if (p->number == 0) {
		*p = (struct pull){.task = w->id, .base = mem_strdup(w->policy.branch + strlen("refs/heads/")),
		    .branch = mem_strdup(d->branch), .created = w->rec.ended};
	}
	free(p->title);
	free(p->body);
	p->body = NULL;
	p->title = walk_redact(w, w->task.title);
	TRY(pull_judge(w->repo, &w->policy, &w->task, &(struct judged){.tree = tree, .gates = &w->rec.gates,
	    .flagged = remarks}, p));
	p->body = describe(w, p, remarks);
	p->run = w->run;
	p->head = d->parcel.commit;
	p->tested = proof->merged;
	p->updated = w->rec.ended;
	/* Shared, its number, and so its ref, is given when it is folded. */
	d->numbers = p->number == 0 && !is_shared(w);
	return is_shared(w) || d->numbers ? NULL : pull_prepare(w->repo, p, &who, &d->move);
}

/* What policy has land by itself lands in the same step, but for what waits: follow_up() says why. */
static void
land_too(struct walk *w, struct ending *d)
{
	const struct land_opts o = {.line = w->o, .method = w->policy.cfg.merge.method,
	    .until_ms = w->judge.until_ms, .proving = &w->proving, .alone = true};
	struct err *e;

	if (!d->numbers || !walk_lands(w))
		return;
	e = walk_alive(w);
	if (e == NULL)
		e = land_along(&o, &d->parcel.pull, &d->landing);
	fd_close_p(&w->proving);
	err_ignore(e);
}

/* *along: it may land, too; false when that was what failed. */
static struct err *
deliver_once(struct walk *w, const struct oid *tree, const struct proof *proof, const struct oid *commit,
    const struct strs *remarks, bool *along)
{
	AUTO(ending_free) struct ending d = {.w = w, .parcel = {.has_pull = true, .commit = *commit}};
	struct err *e;
	bool same;

	TRY(find_pull(w, &d));
	TRY(unchanged(w, &d, tree, &same));
	if (same) {
		d.parcel.commit = d.branch_old;
		d.move = (struct pull_move){NULL, d.parcel.pull.ref, d.parcel.pull.ref};
		line_tell(w->o, LINE_NOTE, "nothing changed since pull request %" PRId64, d.parcel.pull.number);
	} else {
		TRY(write_pull(w, &d, tree, proof, remarks));
		if (*along)
			land_too(w, &d);
	}
	TRY(attempt_chain(w, &d.parcel.commit, &d.parcel.attempt));
	fill_record(w, &d, tree, RUN_DELIVERED);
	TRY(take_proofs(w, &d, tree));
	e = finish(w, &d);
	*along = *along && (d.landing == NULL || !landing_refused(d.landing));
	return e;
}

/* These take a person's word when it lands; protected paths one by name. */
static void
flagged(const struct verdicts *gates, struct strs *remarks)
{
	size_t i, k;

	for (i = 0; i < gates->n; i++)
		for (k = 0; k < gates->v[i].findings.n; k++) {
			const struct finding *f = &gates->v[i].findings.v[k];
			AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

			if (f->kind != FINDING_FLAGGED)
				continue;
			if (strcmp(f->rule, GATE_PROTECTED) == 0)
				buf_addf(&text, "'%s' is a protected path: it lands only with 'git factory pr merge --protected'",
				    f->file);
			else
				gates_clause(f, &text);
			strs_add(remarks, buf_cstr(&text));
		}
}

/* What lies in the workspace and is not part of the change. */
static struct err *
left_behind(struct walk *w, struct strs *remarks)
{
	struct ws_report report = {0};
	struct oid tree;
	struct err *e;
	size_t i;

	e = agent_live(w->agent);
	if (e == NULL)
		e = workspace_collect(w->ws, &tree, &report);
	for (i = 0; i < report.refused.n; i++)
		strs_addf(remarks, "not taken: %s", report.refused.v[i]);
	ws_report_free(&report);
	return e;
}

struct err *
deliver(struct walk *w, const struct oid *tree, struct proof *proof)
{
	AUTO(strs_free) struct strs remarks = {0};
	bool along = true, tried;
	struct oid commit;
	struct err *e;
	size_t i;
	int tries;

	take_verdicts(w, proof);
	TRY(scan_change(w->repo, w->redact, &w->policy.tree, tree, &remarks));
	TRY(left_behind(w, &remarks));
	flagged(&w->rec.gates, &remarks);
	for (i = 0; i < remarks.n; i++)
		line_tell(w->o, LINE_NOTE, "%s", remarks.v[i]);
	TRY(walk_alive(w));
	line_tell(w->o, LINE_STEP, "deliver");
	TRY(end_time(w));
	TRY(make_commit(w, tree, &commit));
	for (tries = 0;; tries++) {
		tried = along;
		e = deliver_once(w, tree, proof, &commit, &remarks, &along);
		/* The branch or the pull request moved, or the lease's heartbeat came between. */
		if ((tried == along && !err_is(e, ERR_STALE)) || w->lost || tries == STALE_TRIES)
			return e;
		err_ignore(e);
	}
}

/* ---- no pull request ---- */

struct err *
give_up(struct walk *w, const struct oid *tree, struct proof *proof, const struct ending_words *words)
{
	AUTO(ending_free) struct ending d = {.w = w};
	AUTO(mem_free_p) char *question = walk_redact(w, words->question);
	AUTO(mem_free_p) char *message = walk_redact(w, words->message);
	bool asks = words->outcome == RUN_ESCALATED;
	bool keep = !oid_eq(tree, &w->policy.tree) && !err_is(words->why, ERR_SECRET);

	take_verdicts(w, proof);
	line_tell(w->o, LINE_STEP, asks ? "escalate" : "queue it again");
	TRY(end_time(w));
	if (keep)
		TRY(is_clean(w, &w->policy.tree, tree, &keep));
	if (keep) {
		TRY(make_commit(w, tree, &d.parcel.commit));
		TRY(attempt_chain(w, &d.parcel.commit, &d.parcel.attempt));
	}
	run_set(&w->rec, &w->rec.question, question);
	run_set(&w->rec, &w->rec.error, words->why != NULL ? err_row(err_code(words->why))->word :
	    asks ? "escalated" : "gates-failed");
	run_set(&w->rec, &w->rec.message, message);
	run_set(&w->rec, &w->rec.class, words->class);
	run_set(&w->rec, &w->rec.next, words->next);
	w->rec.retry_at = words->retry_at;
	fill_record(w, &d, tree, words->outcome);
	return finish(w, &d);
}

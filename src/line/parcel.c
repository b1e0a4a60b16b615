#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/tree.h"
#include "line/parcel.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/state.h"

#define RECORD "record.json"
#define NOTE "note.json"
#define PROOFS "proofs.jsonl"
#define PROOFS_MAX (4 * MIB)

void
parcel_free(struct parcel *p)
{
	pull_free(&p->pull);
	free(p->note);
	strs_free(&p->proofs);
	if (p->owned && p->rec != NULL) {
		run_free(p->rec);
		free(p->rec);
	}
	*p = (struct parcel){0};
}

bool
parcel_applied(const struct parcel *p, const struct task *task)
{
	return strcmp(task->run, p->rec->id) == 0;
}

/*
 * A kill in the middle of the step leaves the refs that were written first:
 * they hold what they would be given again.
 */
struct err *
parcel_keep(const struct parcel *p, struct state_step *t)
{
	AUTO(mem_free_p) char *name = mem_printf(REF_ATTEMPTS "%s", p->rec->id);
	struct oid now;

	if (oid_is_zero(&p->attempt))
		return NULL;
	TRY(ref_read(state_repo(step_state(t)), name, &now));
	if (!oid_eq(&now, &p->attempt))
		step_ref(t, name, &now, &p->attempt);
	return NULL;
}

struct err *
parcel_apply(const struct parcel *p, const struct pull_move *move, struct state_step *t, struct task *task)
{
	task_take_run(task, p->rec);
	TRY(ledger_put(t, p->rec));
	if (p->has_pull) {
		task->pull = p->pull.number;
		task_set(task, &task->branch, p->pull.branch);
		if (!oid_eq(&move->from, &move->to))
			step_ref(t, move->name, &move->from, &move->to);
	}
	return NULL;
}

/* From the base that the change was made on to the change. */
static struct err *
patch_of(struct repo *r, const struct run *rec, struct oid *out)
{
	struct oid base, from, to;

	if (!oid_parse(str_of(rec->base), &base) || !oid_parse(str_of(rec->tree), &to))
		return err_new(ERR_BUG, "the record of run '%s' names no trees", rec->id);
	TRY(commit_tree(r, &base, &from));
	return diff_patch_id(r, &from, &to, out);
}

static struct err *
note_line(struct repo *r, const struct parcel *p, struct buf *out)
{
	struct oid patch;

	TRY(patch_of(r, p->rec, &patch));
	run_evidence(p->rec, "attempt", p->rec->ended, oid_hex(&p->commit).s, p->rec->tree,
	    oid_hex(&patch).s, out);
	return NULL;
}

struct err *
parcel_note(const struct parcel *p, struct note_lines *lines, struct state_step *t)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	size_t i;

	if (oid_is_zero(&p->commit))
		return NULL;
	TRY(note_line(state_repo(step_state(t)), p, &line));
	vec_push(lines, (struct note_line){p->commit, str_trim(buf_str(&line))});
	for (i = 0; i < p->proofs.n; i++)
		vec_push(lines, (struct note_line){p->commit, str_of(p->proofs.v[i])});
	return ledger_note_in(t, lines->v, lines->n);
}

/* ---- as a commit ---- */

static struct err *
write_proofs(struct repo *r, const struct parcel *p, struct tree_edit *edit)
{
	AUTO(buf_free) struct buf text = BUF_INIT(PROOFS_MAX);
	size_t i;

	for (i = 0; i < p->proofs.n; i++)
		buf_addf(&text, "%s\n", p->proofs.v[i]);
	TRY(buf_check(&text, "what the gates found out"));
	return tree_edit_write(r, edit, PROOFS, buf_str(&text));
}

static struct err *
read_proofs(struct repo *r, const struct oid *tree, struct parcel *p)
{
	AUTO(buf_free) struct buf text = BUF_INIT(PROOFS_MAX);
	struct err *e = tree_read(r, tree, PROOFS, &text);
	struct str rest, line;

	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	rest = buf_str(&text);
	while (str_line(&rest, &line))
		strs_addn(&p->proofs, line.p, line.n);
	return NULL;
}

struct err *
parcel_write(struct repo *r, const struct parcel *p, const struct ident *who, struct oid *out)
{
	AUTO(mem_free_p) char *message = mem_printf("run %s of task %s: %s\n", p->rec->id, p->rec->task,
	    run_outcome_word(p->rec->outcome));
	struct commit_spec spec = {.author = who, .message = message, .parents = &p->attempt,
	    .nparents = oid_is_zero(&p->attempt) ? 0 : 1};
	AUTO(buf_free) struct buf record = BUF_INIT(RUN_FILE_MAX), line = BUF_INIT(BUF_TEXT);
	AUTO(tree_edit_free) struct tree_edit edit = {0};

	run_format(p->rec, &record);
	TRY(buf_check(&record, "the run record"));
	TRY(tree_edit_write(r, &edit, RECORD, buf_str(&record)));
	if (!oid_is_zero(&p->commit)) {
		TRY(note_line(r, p, &line));
		TRY(tree_edit_write(r, &edit, NOTE, buf_str(&line)));
	}
	if (p->proofs.n > 0)
		TRY(write_proofs(r, p, &edit));
	if (p->has_pull)
		TRY(pull_put(r, &p->pull, &edit));
	TRY(tree_apply(r, &oid_zero, &edit, &spec.tree));
	return commit_create(r, &spec, out);
}

/* Another node wrote it: what it names must be what its ref says. */
static struct err *
read_rest(struct repo *r, const struct ref *ref, const struct commit *c, struct parcel *p)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	const struct run *rec = p->rec;
	struct tree_entry e;
	struct id task;

	if (!id_parse(str_of(rec->task), &task) || !str_ends(str_of(ref->name), rec->id) ||
	    strlen(rec->id) != ID_LEN || c->parents.n > 1 ||
	    (*rec->commit != '\0' && !oid_parse(str_of(rec->commit), &p->commit)))
		return err_new(ERR_SYNTAX, "'%s' does not hold the end of a run", ref->name);
	if (c->parents.n == 1)
		p->attempt = c->parents.v[0];
	if (!oid_is_zero(&p->commit)) {
		TRY(tree_read(r, &c->tree, NOTE, &line));
		p->note = str_dup(str_trim(buf_str(&line)));
		TRY(read_proofs(r, &c->tree, p));
	}
	TRY(tree_find(r, &c->tree, "pull.json", &e));
	if (e.mode == 0)
		return NULL;
	TRY(pull_take(r, &c->tree, ref->name, &p->pull));
	p->has_pull = true;
	if (strcmp(p->pull.task.s, rec->task) != 0)
		return err_new(ERR_SYNTAX, "'%s' brings a pull request of another task", ref->name);
	return NULL;
}

struct err *
parcel_read(struct repo *r, const struct ref *ref, struct parcel *out)
{
	AUTO(buf_free) struct buf record = BUF_INIT(RUN_FILE_MAX);
	AUTO(mem_free_p) char *file = mem_printf("%s:" RECORD, ref->name);
	AUTO(parcel_free) struct parcel p = {.rec = mem_alloc(sizeof(*p.rec)), .owned = true};
	AUTO(commit_free) struct commit c = {0};

	run_init(p.rec);
	TRY(commit_read(r, &ref->oid, &c));
	TRY(tree_read(r, &c.tree, RECORD, &record));
	TRY(run_parse(file, buf_str(&record), p.rec));
	TRY(read_rest(r, ref, &c, &p));
	*out = p;
	p = (struct parcel){0};
	return NULL;
}

/* line/parcel and line/publish: what runs left on the remote becomes the state, once. */
#include "store_fixture.h"

#include "forge/pull.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/tree.h"
#include "line/parcel.h"
#include "line/publish.h"
#include "line/run.h"
#include "model/run.h"
#include "store/ledger.h"
#include "store/sync.h"

struct place {
	struct repo *repo;
	struct state *state;
	struct queue *queue;
};

/* A bare repository with a state, and a clone to work in. */
static void
place_open(struct place *p)
{
	struct state_opts o = {.clock = clock_system(), .remote = "origin", .base = "refs/heads/main"};
	struct sync_result r = {0};
	bool created;

	sh("git clone -q --bare . ../hub && git clone -q ../hub ../clone");
	assert_int_equal(chdir("../clone"), 0);
	p->repo = NULL;
	p->queue = NULL;
	ok(repo_open(NULL, &p->repo));
	o.repo = p->repo;
	ok(state_open(&o, &p->state));
	ok(state_init(p->state, &created));
	ok(state_sync(p->state, &(struct sync_opts){0}, &r));
	sync_result_free(&r);
	ok(queue_open(p->state, &p->queue));
}

static void
place_close(struct place *p)
{
	queue_close(p->queue);
	state_close(p->state);
	repo_close(p->repo);
}

static struct id
new_task(struct place *p, const char *title)
{
	struct store s = {p->repo, p->state, p->queue};

	return file_task(&s, title, 2, NULL);
}

static size_t
folds(struct place *p, size_t remarks)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded = 99;

	ok(publish(p->state, &r, &folded));
	assert_int_equal(r.remarks.n, remarks);
	return folded;
}

/* What a run of the task leaves on the remote; its id. */
static struct id
leaves(struct place *p, const struct id *task, int64_t attempt, enum run_outcome outcome)
{
	AUTO(ident_free) struct ident who = {0};
	AUTO(parcel_free) struct parcel parcel = {0};
	struct id id = id_new();
	AUTO(run_free) struct run rec;
	struct oid base, oid;

	run_init(&rec);
	ok(repo_resolve(p->repo, "HEAD", &base));
	ok(ident_user(p->repo, NULL, NULL, 1700000000, &who));
	run_set(&rec, &rec.id, id.s);
	run_set(&rec, &rec.task, task->s);
	run_set(&rec, &rec.title, "A task");
	run_set(&rec, &rec.base, oid_hex(&base).s);
	rec.attempt = attempt;
	rec.started = 1700000000;
	rec.ended = 1700000100;
	rec.outcome = outcome;
	parcel.rec = &rec;
	if (outcome == RUN_DELIVERED) {
		struct oid tree;

		ok(commit_tree(p->repo, &base, &tree));
		run_set(&rec, &rec.tree, oid_hex(&tree).s);
		run_set(&rec, &rec.commit, oid_hex(&base).s);
		parcel.commit = base;
		parcel.attempt = base;
		parcel.has_pull = true;
		parcel.pull = (struct pull){.task = *task, .run = id, .title = mem_strdup("A task"),
		    .body = mem_printf("By run %s.\n", id.s), .base = mem_strdup("main"),
		    .branch = mem_printf("factory/%s", task->s), .head = base, .tested = tree,
		    .created = rec.ended, .updated = rec.ended};
	} else {
		run_set(&rec, &rec.question, "which one?");
		run_set(&rec, &rec.error, "escalated");
	}
	ok(parcel_write(p->repo, &parcel, &who, &oid));
	sh("git push -q origin %s:refs/factory/runs/%s", oid_hex(&oid).s, id.s);
	return id;
}

static void
task_is(struct place *p, const struct id *task, enum task_state state, const struct id *run)
{
	struct task t;

	task_init(&t);
	ok(state_task(p->state, task, &t));
	assert_int_equal(t.state, state);
	assert_string_equal(t.run, run->s);
	task_free(&t);
}

static void
nothing_waits(void)
{
	sh("test -z \"$(git -C ../hub for-each-ref refs/factory/runs)\"");
	sh("test $(git -C ../hub rev-parse refs/factory/state) = $(git rev-parse refs/factory/state)");
}

/* ---- the tests ---- */

static void
a_parcel_is_read_as_it_was_written(void **state UNUSED)
{
	AUTO(parcel_free) struct parcel back = {0};
	AUTO(mem_free_p) char *name = NULL;
	struct place p;
	struct id task, run;
	struct ref ref;

	place_open(&p);
	task = new_task(&p, "One");
	run = leaves(&p, &task, 3, RUN_DELIVERED);
	name = mem_printf(REF_RUNS "%s", run.s);
	sh("git fetch -q origin %s:%s", name, name);
	ref.name = name;
	ok(ref_read(p.repo, name, &ref.oid));
	ok(parcel_read(p.repo, &ref, &back));
	assert_string_equal(back.rec->id, run.s);
	assert_int_equal(back.rec->attempt, 3);
	assert_true(back.has_pull);
	assert_int_equal(back.pull.number, 0);
	assert_true(oid_eq(&back.commit, &back.pull.head));
	assert_true(oid_eq(&back.commit, &back.attempt));
	assert_non_null(strstr(back.note, "\"event\":\"attempt\""));
	place_close(&p);
}

static void
folding_twice_is_folding_once(void **state UNUSED)
{
	AUTO(mem_free_p) char *before = NULL, *after = NULL;
	struct place p;
	struct id a, b, ra, rb;

	place_open(&p);
	a = new_task(&p, "One");
	b = new_task(&p, "Two");
	ra = leaves(&p, &a, 1, RUN_DELIVERED);
	rb = leaves(&p, &b, 1, RUN_ESCALATED);
	assert_int_equal(folds(&p, 0), 2);
	task_is(&p, &a, TASK_DELIVERED, &ra);
	task_is(&p, &b, TASK_ESCALATED, &rb);
	nothing_waits();
	before = sh_out("git -C ../hub for-each-ref");
	assert_int_equal(folds(&p, 0), 0);
	after = sh_out("git -C ../hub for-each-ref");
	assert_string_equal(before, after);
	place_close(&p);
}

/* The same parcel again, after its record is in the state. */
static void
a_parcel_that_comes_back_changes_nothing(void **state UNUSED)
{
	AUTO(mem_free_p) char *before = NULL, *after = NULL, *parcel = NULL;
	struct place p;
	struct id a, run;

	place_open(&p);
	a = new_task(&p, "One");
	run = leaves(&p, &a, 1, RUN_DELIVERED);
	parcel = sh_out("git -C ../hub rev-parse refs/factory/runs/%s", run.s);
	assert_int_equal(folds(&p, 0), 1);
	before = sh_out("git -C ../hub for-each-ref");
	sh("git -C ../hub update-ref refs/factory/runs/%s %s", run.s, parcel);
	assert_int_equal(folds(&p, 0), 0);
	after = sh_out("git -C ../hub for-each-ref");
	assert_string_equal(before, after);
	place_close(&p);
}

static char *
fold_in_order(bool first_first, const char *name)
{
	struct place p;
	struct id a, one, two;
	char *out;

	place_open(&p);
	a = new_task(&p, "One");
	one = leaves(&p, &a, 1, RUN_ESCALATED);
	two = leaves(&p, &a, 2, RUN_DELIVERED);
	/* One of them is held back until the other is folded. */
	sh("cd ../hub && git update-ref refs/held refs/factory/runs/%s && git update-ref -d refs/factory/runs/%s",
	    first_first ? two.s : one.s, first_first ? two.s : one.s);
	assert_int_equal(folds(&p, 0), 1);
	sh("cd ../hub && git update-ref refs/factory/runs/%s refs/held && git update-ref -d refs/held",
	    first_first ? two.s : one.s);
	assert_int_equal(folds(&p, 0), 1);
	task_is(&p, &a, TASK_DELIVERED, &two);
	nothing_waits();
	out = sh_out("git cat-file -p refs/factory/state:$(git ls-tree -r --name-only refs/factory/state tasks/) | "
	    "sed 's/%s/TASK/g; s/%s/TWO/g; /^created:/d'; git cat-file -p refs/factory/pulls/1:pull.json | "
	    "sed 's/%s/TASK/g; s/%s/TWO/g'", a.s, two.s, a.s, two.s);
	place_close(&p);
	sh("cd .. && mv hub hub-%s && mv clone clone-%s", name, name);
	assert_int_equal(chdir("../repo"), 0);
	return out;
}

static void
the_order_of_folding_does_not_matter(void **state UNUSED)
{
	AUTO(mem_free_p) char *x = fold_in_order(true, "x");
	AUTO(mem_free_p) char *y = fold_in_order(false, "y");

	assert_non_null(strstr(x, "state: delivered"));
	assert_string_equal(x, y);
}

static void
what_cannot_be_folded_holds_back_nothing_else(void **state UNUSED)
{
	struct place p;
	struct id a, b, gone = id_new(), ra, rb, rg;
	AUTO(mem_free_p) char *junk = NULL;

	place_open(&p);
	a = new_task(&p, "One");
	b = new_task(&p, "Two");
	ra = leaves(&p, &a, 1, RUN_DELIVERED);
	rb = leaves(&p, &b, 1, RUN_DELIVERED);
	rg = leaves(&p, &gone, 1, RUN_ESCALATED);
	junk = mem_strdup(id_new().s);
	sh("git push -q origin HEAD:refs/factory/runs/%s", junk);
	/* A person broke the file of the second task. */
	sh("git fetch -q origin && git worktree add -q ../view factory-state && cd ../view && "
	   "f=$(grep -rl 'title: Two' tasks) && echo '---' >$f && git commit -qam broken && "
	   "cd ../clone && git worktree remove --force ../view");
	/* The task's own fault is told, too. */
	assert_int_equal(folds(&p, 4), 2);
	task_is(&p, &a, TASK_DELIVERED, &ra);
	sh("git -C ../hub rev-parse -q --verify refs/factory/runs/%s >/dev/null", junk);
	sh("git -C ../hub rev-parse -q --verify refs/factory/runs/%s >/dev/null", rb.s);
	sh("git ls-tree -r --name-only refs/factory/state runs/ | grep -q %s", rg.s);
	place_close(&p);
}

static void
a_closed_pull_request_stays_closed(void **state UNUSED)
{
	AUTO(ident_free) struct ident who = {0};
	AUTO(pull_move_free) struct pull_move move = {0};
	AUTO(pull_free) struct pull pull = {0};
	struct place p;
	struct id a, first, second;

	place_open(&p);
	a = new_task(&p, "One");
	first = leaves(&p, &a, 1, RUN_DELIVERED);
	assert_int_equal(folds(&p, 0), 1);
	task_is(&p, &a, TASK_DELIVERED, &first);
	ok(pull_read(p.repo, 1, &pull));
	assert_string_equal(pull.run.s, first.s);
	pull.state = PULL_CLOSED;
	pull.closed_by = mem_strdup("Ada");
	ok(ident_user(p.repo, NULL, NULL, 1700000200, &who));
	ok(pull_prepare(p.repo, &pull, &who, &move));
	ok(ref_cas(p.repo, move.name, &move.from, &move.to, "close"));
	second = leaves(&p, &a, 2, RUN_DELIVERED);
	assert_int_equal(folds(&p, 0), 1);
	task_is(&p, &a, TASK_ESCALATED, &second);
	sh("git cat-file -p refs/factory/pulls/1:pull.json | grep -q '\"state\": \"closed\"'");
	sh("test $(git -C ../hub for-each-ref refs/factory/pulls | wc -l) = 1");
	place_close(&p);
}

static struct err *
is_delivered(struct state_step *t UNUSED, struct task *task, void *ctx UNUSED)
{
	task->state = TASK_DELIVERED;
	return NULL;
}

/* Whoever took it from the queue a moment before it was delivered does not run it again. */
static void
a_delivered_task_runs_again_only_by_name(void **state UNUSED)
{
	AUTO(run_free) struct run rec;
	struct line_opts o = {0};
	struct store s;
	struct id a;
	struct err *e;

	run_init(&rec);
	store_open(&s);
	a = file_task(&s, "One", 2, NULL);
	ok(state_change(s.state, &a, "deliver", is_delivered, NULL));
	o.state = s.state;
	e = line_run(&o, &a, &rec);
	assert_int_equal(err_code(e), ERR_STATE);
	err_free(e);
	/* Asked for, it gets as far as a repository without policy lets it. */
	o.named = true;
	e = line_run(&o, &a, &rec);
	assert_int_equal(err_code(e), ERR_CONFIG);
	err_free(e);
	store_close(&s);
}

static void
each_new_one_gets_a_number_of_its_own(void **state UNUSED)
{
	struct place p;
	struct id t;
	int i;

	place_open(&p);
	for (i = 0; i < 5; i++) {
		t = new_task(&p, "Many");
		leaves(&p, &t, 1, RUN_DELIVERED);
	}
	assert_int_equal(folds(&p, 0), 5);
	sh("test \"$(git -C ../hub for-each-ref --format='%%(refname:lstrip=3)' refs/factory/pulls | sort -n | tr '\\n' ' ')\" = '1 2 3 4 5 '");
	/* The records, as they were folded, know them. */
	sh("test $(git grep -h '\"pull\": [1-5],' refs/factory/state -- runs | sort -u | wc -l) = 5");
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_REPO(a_parcel_is_read_as_it_was_written),
	    TEST_REPO(folding_twice_is_folding_once),
	    TEST_REPO(a_parcel_that_comes_back_changes_nothing),
	    TEST_REPO(the_order_of_folding_does_not_matter),
	    TEST_REPO(what_cannot_be_folded_holds_back_nothing_else),
	    TEST_REPO(a_closed_pull_request_stays_closed),
	    TEST_REPO(a_delivered_task_runs_again_only_by_name),
	    TEST_REPO(each_new_one_gets_a_number_of_its_own),
	};

	return cmocka_run_group_tests_name("parcel", tests, NULL, NULL);
}

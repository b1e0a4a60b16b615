#include "store_fixture.h"

#include "git/commit.h"
#include "git/note.h"
#include "git/remote.h"
#include "git/tree.h"
#include "git/txn.h"
#include "store/combine.h"
#include "store/ledger.h"
#include "store/settle.h"
#include "store/sync.h"

/* A clone of ../hub.git, in a folder of its own; paths are from the fixture's. */
struct node {
	struct repo *repo;
	struct state *state;
	const char *dir;
};

static int
hub_setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	sh("git init -q --bare -b main hub.git && git init -q -b main seed && cd seed && echo one > README &&"
	   "git add . && git commit -q -m first && git push -q ../hub.git main");
	return 0;
}

static void
node_open(struct node *n, const char *dir)
{
	char *path = mem_printf("%s/", dir);
	struct state_opts o = {.clock = clock_system(), .remote = "origin", .base = "refs/heads/main"};

	sh("test -d %s || git clone -q hub.git %s", dir, dir);
	n->dir = dir;
	ok(repo_open(path, &n->repo));
	o.repo = n->repo;
	ok(state_open(&o, &n->state));
	free(path);
}

static void
node_close(struct node *n)
{
	state_close(n->state);
	repo_close(n->repo);
}

static void
sync_ok_(struct node *n, struct sync_result *out, const char *file, int line)
{
	struct sync_result mine = {0};

	ok_(state_sync(n->state, NULL, out != NULL ? out : &mine), file, line);
	sync_result_free(&mine);
}
#define sync_ok(n) sync_ok_((n), NULL, __FILE__, __LINE__)

static void
begin(struct node *a, struct node *b)
{
	bool created;

	node_open(a, "a");
	ok(state_init(a->state, &created));
	sync_ok(a);
	if (b != NULL) {
		node_open(b, "b");
		sync_ok(b);
	}
}

static struct id
add_task(struct node *n, const char *title, const char *body)
{
	struct queue *q = NULL;
	struct task t;
	struct id id;

	ok(queue_open(n->state, &q));
	task_init(&t);
	task_set(&t, &t.title, title);
	task_set(&t, &t.body, body);
	ok(queue_add(q, &t, (struct str){0}, &id));
	task_free(&t);
	queue_close(q);
	return id;
}

static struct oid
tip_of(struct node *n)
{
	struct oid tip;

	ok(state_tip(n->state, &tip));
	return tip;
}

static char *
git_out(struct node *n, const char *args)
{
	return sh_out("git -C %s %s", n->dir, args);
}

static void
read_task(struct node *n, const struct id *id, struct task *out)
{
	task_init(out);
	ok(state_task(n->state, id, out));
}

/* ---- merging ---- */

static struct err *
deliver(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	task->state = TASK_DELIVERED;
	task->attempts++;
	task_set(task, &task->branch, ctx);
	return NULL;
}

static void
a_machine_and_a_person_change_one_task(void **state)
{
	struct node a, b;
	struct task t;
	struct id id;
	struct oid x, y;

	(void)state;
	begin(&a, &b);
	id = add_task(&a, "Say hello", "As it was.");
	sync_ok(&a);
	sync_ok(&b);
	ok(state_change(a.state, &id, "deliver", deliver, (void *)(uintptr_t)"factory/x"));
	/* A person, on the view of the other clone, with a comment of their own. */
	sh("cd b && git checkout -q factory-state && f=$(ls tasks/*/*/*.md) &&"
	   "sed -i 's/^title: .*/title: Say good evening # politely/; s/As it was/As it shall be/' $f &&"
	   "git commit -q -am 'Say it better' && git checkout -q main");
	sync_ok(&a);
	sync_ok(&b);
	sync_ok(&a);
	x = tip_of(&a);
	y = tip_of(&b);
	assert_true(oid_eq(&x, &y));
	read_task(&a, &id, &t);
	assert_string_equal(t.title, "Say good evening");
	assert_string_equal(t.body, "As it shall be.");
	assert_int_equal(t.state, TASK_DELIVERED);
	assert_int_equal(t.attempts, 1);
	assert_string_equal(t.branch, "factory/x");
	task_free(&t);
	sh("git -C hub.git cat-file -p refs/factory/state:$(git -C hub.git ls-tree -r --name-only refs/factory/state tasks) | grep -q '# politely'");
	sh("test $(git -C hub.git rev-parse factory-state) = $(git -C hub.git rev-parse refs/factory/state)");
	node_close(&a);
	node_close(&b);
}

static void
a_person_edits_the_view_on_the_remote(void **state)
{
	struct sync_result r = {0};
	struct node a;
	struct task t;
	struct id id;

	(void)state;
	begin(&a, NULL);
	id = add_task(&a, "Say hello", "As it was.");
	sync_ok(&a);
	sh("git clone -q -b factory-state hub.git page && cd page && sed -i 's/As it was/From the page/' tasks/*/*/*.md &&"
	   "echo '# A new one' > tasks/new.md && git add . && git commit -q -m edit && git push -q");
	ok(state_change(a.state, &id, "deliver", deliver, (void *)(uintptr_t)"factory/x"));
	sync_ok_(&a, &r, __FILE__, __LINE__);
	assert_int_equal(r.remarks.n, 1);
	assert_non_null(strstr(r.remarks.v[0], "is now task"));
	sync_result_free(&r);
	read_task(&a, &id, &t);
	assert_string_equal(t.body, "From the page.");
	assert_int_equal(t.state, TASK_DELIVERED);
	task_free(&t);
	sh("cd page && git pull -q --ff-only && test $(ls tasks/*/*/*.md | wc -l) = 2");
	node_close(&a);
}

static void
nothing_to_do_writes_nothing(void **state)
{
	struct sync_result r = {0};
	char *before, *after;
	struct node a;

	(void)state;
	begin(&a, NULL);
	add_task(&a, "Say hello", "");
	sync_ok(&a);
	before = git_out(&a, "for-each-ref");
	sync_ok_(&a, &r, __FILE__, __LINE__);
	assert_int_equal(r.rounds, 1);
	assert_int_equal(r.sent + r.received + r.refs_sent, 0);
	sync_result_free(&r);
	after = git_out(&a, "for-each-ref");
	assert_string_equal(before, after);
	free(before);
	free(after);
	node_close(&a);
}

static void
two_that_began_alone_become_one(void **state)
{
	struct node a, b;
	struct oid x, y;
	bool created;

	(void)state;
	begin(&a, NULL);
	node_open(&b, "b");
	ok(state_init(b.state, &created));
	assert_true(created);
	add_task(&a, "From a", "");
	add_task(&b, "From b", "");
	sync_ok(&a);
	sync_ok(&b);
	sync_ok(&a);
	x = tip_of(&a);
	y = tip_of(&b);
	assert_true(oid_eq(&x, &y));
	sh("test $(git -C a ls-tree -r --name-only refs/factory/state tasks | wc -l) = 2");
	node_close(&a);
	node_close(&b);
}

static void
a_rewound_state_is_an_alarm(void **state)
{
	struct sync_result r = {0};
	struct node a;
	struct oid x;
	char *before, *after;

	(void)state;
	begin(&a, NULL);
	add_task(&a, "One", "");
	sync_ok(&a);
	add_task(&a, "Two", "");
	sync_ok(&a);
	sh("git -C hub.git update-ref refs/factory/state refs/factory/state~1");
	before = sh_out("git -C hub.git for-each-ref; git -C a for-each-ref");
	add_task(&a, "Three", "");
	fails(state_sync(a.state, NULL, &r), ERR_REWOUND, "rewound or rewritten");
	sync_result_free(&r);
	fails(state_sync(a.state, NULL, &r), ERR_REWOUND, "refs/factory/state");
	sync_result_free(&r);
	sh("git -C a update-ref refs/factory/state refs/factory/state~1 && git -C a update-ref refs/heads/factory-state refs/factory/state");
	after = sh_out("git -C hub.git for-each-ref; git -C a for-each-ref");
	assert_string_equal(before, after);
	free(before);
	free(after);

	sh("git -C hub.git update-ref -d refs/factory/state");
	fails(state_sync(a.state, NULL, &r), ERR_REWOUND, "was deleted");
	sync_result_free(&r);
	/* What the hint says. */
	sh("git -C a update-ref -d refs/factory/remote/state");
	sync_ok(&a);
	x = tip_of(&a);
	(void)x;
	sh("test $(git -C hub.git ls-tree -r --name-only refs/factory/state tasks | wc -l) = 2");
	node_close(&a);
}

static void
rewound_notes_are_an_alarm(void **state)
{
	struct sync_result r = {0};
	struct node a;
	struct oid c;

	(void)state;
	begin(&a, NULL);
	c = tip_of(&a);
	ok(ledger_note(a.state, &c, STR("{\"a\":1}")));
	sync_ok(&a);
	ok(ledger_note(a.state, &c, STR("{\"b\":1}")));
	sync_ok(&a);
	sh("git -C hub.git update-ref refs/notes/factory refs/notes/factory~1");
	fails(state_sync(a.state, NULL, &r), ERR_REWOUND, "refs/notes/factory");
	sync_result_free(&r);
	node_close(&a);
}

#define TEST_HUB(fn) cmocka_unit_test_setup_teardown(fn, hub_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_HUB(a_machine_and_a_person_change_one_task),
		TEST_HUB(a_person_edits_the_view_on_the_remote),
		TEST_HUB(nothing_to_do_writes_nothing),
		TEST_HUB(two_that_began_alone_become_one),
		TEST_HUB(a_rewound_state_is_an_alarm),
		TEST_HUB(rewound_notes_are_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

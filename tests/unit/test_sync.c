#include "store_fixture.h"

#include "git/bundle.h"
#include "git/commit.h"
#include "git/note.h"
#include "git/remote.h"
#include "git/tree.h"
#include "git/txn.h"
#include "store/combine.h"
#include "store/ledger.h"
#include "store/nodes.h"
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

/* What another process of this clone sees while our own look is under way is newer than ours, and no alarm. */
static void
a_later_look_of_this_clone_is_no_rewind(void **state)
{
	struct sync_result r;
	struct node a, b;

	(void)state;
	begin(&a, &b);
	sync_ok(&b);
	add_task(&b, "While the other one looks", "");
	sh("git -C hub.git rev-parse " REF_STATE " >old");
	sync_ok(&b);
	sh("git -C a fetch -q ../hub.git " REF_STATE " && git -C hub.git update-ref " REF_STATE " $(cat old)");
	sh("printf '#!/bin/sh\ngit upload-pack \"$@\"\ngit --git-dir='$PWD/a/.git' update-ref " REMOTE_STATE
	    " FETCH_HEAD\n' >between && chmod +x between && git -C a config remote.origin.uploadpack \"$PWD/between\"");
	sh("sed -i \"s/FETCH_HEAD/$(git -C a rev-parse FETCH_HEAD)/\" between");
	ok(state_look(a.state, &r));
	sync_result_free(&r);
	sh("test $(git -C a rev-parse " REMOTE_STATE ") != $(cat old)");
	/* Now it was seen before the look. */
	fails(state_look(a.state, &r), ERR_REWOUND, "refs/factory/state");
	sync_result_free(&r);
	node_close(&a);
	node_close(&b);
}

/* ---- nodes ---- */

/* How many others are, each of which tells the forge of what it delivers. */
static size_t
at_work(struct node *n)
{
	AUTO(node_infos_free) struct node_infos others = {0};
	size_t i;

	ok(node_others(n->state, &others));
	for (i = 0; i < others.n; i++)
		assert_true(others.v[i].forge);
	return others.n;
}

static void
a_node_is_announced_and_taken_back(void **state)
{
	struct node a, b;
	const struct node_word word = {.slots = 3, .pid = getpid(), .hours = "", .forge = true};
	char *name, *before, *after;

	(void)state;
	begin(&a, &b);
	name = mem_printf(REF_NODES "%s", state_node(a.state));
	ok(node_announce(a.state, &word, 0));
	sync_ok(&a);
	sh("git -C hub.git rev-parse -q --verify %s >/dev/null", name);
	/* Another clone on this host takes nothing back that it did not say. */
	assert_int_equal(at_work(&b), 0);
	sync_ok(&b);
	assert_int_equal(at_work(&a), 0);
	assert_int_equal(at_work(&b), 1);
	sh("git -C hub.git rev-parse -q --verify %s >/dev/null", name);
	/* A beat alone is no reason for a push. */
	before = sh_out("git -C hub.git for-each-ref");
	sh("sleep 1");
	ok(node_announce(a.state, &word, 0));
	sync_ok(&a);
	after = sh_out("git -C hub.git for-each-ref");
	assert_string_equal(before, after);
	add_task(&a, "With this it goes", "");
	sync_ok(&a);
	sh("test $(git -C hub.git rev-parse %s) = $(git -C a rev-parse %s)", name, name);
	ok(node_withdraw(a.state, getpid()));
	sync_ok(&a);
	sh("! git -C hub.git rev-parse -q --verify %s", name);
	sync_ok(&b);
	assert_int_equal(at_work(&b), 0);
	/* The answer to the push that takes it back is lost. */
	ok(node_announce(a.state, &word, 0));
	sync_ok(&a);
	sh("git -C a rev-parse -q --verify " REF_ANNOUNCED " >/dev/null");
	ok(node_withdraw(a.state, getpid()));
	sh("git -C hub.git update-ref -d %s", name);
	sync_ok(&a);
	sh("! git -C a rev-parse -q --verify " REF_ANNOUNCED);
	free(before);
	free(after);
	free(name);
	node_close(&a);
	node_close(&b);
}

/* ---- a run's step from a file ---- */

static struct err *
apply_file(struct node *n, const struct txn *t, const struct id *run)
{
	struct sync_result r = {0};
	struct oid have = oid_zero;
	struct err *e;

	ok(ref_read(n->repo, "refs/remotes/origin/main", &have));
	ok(bundle_write(n->repo, "step.bundle", run->s, t, &have, 1));
	e = state_apply(n->state, "step.bundle", run, &r);
	sync_result_free(&r);
	return e;
}

static struct err *
apply_with(struct node *n, const struct txn *good, const struct id *run, const char *name,
    const struct oid *old, const struct oid *new)
{
	struct txn t = {0};
	struct err *e;
	size_t i;

	for (i = 0; i < good->n; i++)
		txn_add(&t, good->v[i].name, &good->v[i].old, &good->v[i].new);
	txn_add(&t, name, old, new);
	e = apply_file(n, &t, run);
	txn_free(&t);
	return e;
}

static void
a_run_moves_only_what_is_its_own(void **state)
{
	static const char *const others[] = {"refs/heads/main", "refs/heads/x", "refs/factory/state", "refs/notes/factory",
	    "refs/factory/runs/aaaaaaaa", "refs/factory/attempts/aaaaaaaa", "refs/heads/factory/aaaaaaaa-x",
	    "refs/factory/pulls/1", "refs/tags/v1", "refs/factory/leases/aaaaaaaa", "refs/heads/factory-state"};
	struct id task, run = id_new(), other = id_new();
	struct lease *lease = NULL;
	struct txn good = {0}, more = {0};
	struct oid has, main_tip, work;
	struct node a;
	size_t i;

	(void)state;
	begin(&a, NULL);
	task = add_task(&a, "Say hello", "");
	sync_ok(&a);
	ok(lease_claim(a.state, &lease_remote, &task, &run, 1, &lease));
	ok(ref_read(a.repo, "refs/heads/main", &main_tip));
	sh("cd a && git commit -q --allow-empty -m work && git update-ref refs/wip HEAD && git reset -q --hard HEAD~1");
	ok(ref_read(a.repo, "refs/wip", &work));
	ok(lease_ending(lease, &good));
	{
		AUTO(mem_free_p) char *runs = mem_printf(REF_RUNS "%s", run.s);
		AUTO(mem_free_p) char *branch = mem_printf("refs/heads/factory/%s-say-hello", task.s);

		txn_add(&good, runs, &oid_zero, &work);
		txn_add(&good, branch, &oid_zero, &work);
	}
	for (i = 0; i < NITEMS(others); i++) {
		char *hex = sh_out("git -C hub.git rev-parse -q --verify '%s' || echo %s", others[i], oid_hex(&oid_zero).s);

		assert_true(oid_parse(str_of(hex), &has));
		fails(apply_with(&a, &good, &run, others[i], &has, &work), ERR_DENIED, others[i]);
		free(hex);
	}
	/* Another run's file, a lease that it does not hold, or no lease at all. */
	fails(apply_file(&a, &good, &other), ERR_DENIED, "another run holds it");
	fails(apply_file(&a, &more, &run), ERR_SYNTAX, "moves no refs");
	txn_add(&more, good.v[1].name, &oid_zero, &work);
	fails(apply_file(&a, &more, &run), ERR_DENIED, "does not end the lease");
	sh("test $(git -C hub.git for-each-ref | wc -l) = 4");
	ok(apply_file(&a, &good, &run));
	good.v[1].new = main_tip;
	fails(apply_file(&a, &good, &run), ERR_STALE, "not where the file expects it");
	sh("test $(git -C hub.git for-each-ref | wc -l) = 6");
	txn_free(&good);
	txn_free(&more);
	lease_free(lease);
	node_close(&a);
}

/* ---- a step on top ---- */

struct stepping {
	int built;
	struct oid from, to;	/* of a ref that the step moves; to zero: none */
	struct oid noted;	/* a note for this commit; zero: none */
	const char *rival;	/* a shell command at the first build */
};

static struct err *
build_step(struct state_step *t, void *ctx)
{
	struct stepping *x = ctx;

	if (x->built++ == 0 && x->rival != NULL)
		sh("%s", x->rival);
	if (!oid_is_zero(&x->to))
		step_ref(t, REF_PULLS "7", &x->from, &x->to);
	if (!oid_is_zero(&x->noted))
		TRY(ledger_note_in(t, &(struct note_line){x->noted, STR("{\"in\":\"step\"}")}, 1));
	return step_put(t, "memory/step", STR("here\n"));
}

static void
a_step_is_true_there_before_it_is_here(void **state)
{
	struct sync_result r = {0};
	struct stepping x = {0};
	struct oid got, want;
	struct node a, b;

	(void)state;
	begin(&a, &b);
	x.to = x.noted = tip_of(&a);
	ok(state_publish(a.state, "step", build_step, &x, &r));
	assert_int_equal(x.built, 1);
	sync_result_free(&r);
	sh("git -C hub.git cat-file -p refs/factory/state:memory/step | grep -q here");
	sh("test $(git -C hub.git rev-parse " REF_PULLS "7) = $(git -C a rev-parse " REF_PULLS "7)");
	sh("git -C hub.git notes --ref=factory show %s | grep -q step", oid_hex(&x.noted).s);
	sh("git -C hub.git rev-parse factory-state refs/factory/state | uniq | wc -l | grep -qx 1");
	ok(ref_read(a.repo, REF_STATE, &want));
	ok(ref_read(a.repo, REMOTE_STATE, &got));
	assert_true(oid_eq(&got, &want));

	/* Refused: nothing of it is left here. */
	sh("printf '#!/bin/sh\nexit 1\n' > hub.git/hooks/pre-receive && chmod +x hub.git/hooks/pre-receive");
	x.to = oid_zero;
	x.noted = want;
	add_task(&b, "At the same time", "");
	fails(state_publish(b.state, "step", build_step, &x, &r), ERR_DENIED, "hook declined");
	sync_result_free(&r);
	sh("! git -C b cat-file -e refs/factory/state:memory/step 2>/dev/null");
	sh("! git -C b notes --ref=factory show %s 2>/dev/null", oid_hex(&want).s);
	sh("rm hub.git/hooks/pre-receive");
	sync_ok(&b);
	sync_ok(&a);
	want = tip_of(&a);
	got = tip_of(&b);
	assert_true(oid_eq(&got, &want));
	node_close(&a);
	node_close(&b);
}

static void
a_step_that_lost_a_race_is_built_again(void **state)
{
	struct sync_result r = {0};
	struct stepping x = {.rival = "cd c && "
	    "t=$(git commit-tree -p refs/factory/remote/state -m rival refs/factory/remote/state^{tree}) && "
	    "git push -q ../hub.git $t:refs/factory/state $t:refs/heads/factory-state"};
	struct node a, c;

	(void)state;
	begin(&a, NULL);
	node_open(&c, "c");
	sync_ok(&c);
	ok(state_publish(a.state, "step", build_step, &x, &r));
	assert_int_equal(x.built, 2);
	assert_int_equal(r.rounds, 2);
	sync_result_free(&r);
	sh("git -C a log --format=%%s refs/factory/state | grep -qx rival");
	sh("test $(git -C a log --format=%%s refs/factory/state | grep -cx step) = 1");

	/* Another ref that is not where the step expects it ends it. */
	x = (struct stepping){.from = tip_of(&a), .to = tip_of(&c)};
	fails(state_publish(a.state, "step", build_step, &x, &r), ERR_STALE, REF_PULLS "7");
	assert_int_equal(x.built, 1);
	sync_result_free(&r);
	node_close(&a);
	node_close(&c);
}

/* ---- any edits, any order ---- */

#define NODES 3
#define EDITS 30

static uint64_t seed;

static uint64_t
dice(uint64_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % sides;
}

static struct err *
random_machine(struct state_step *t UNUSED, struct task *task, void *ctx UNUSED)
{
	AUTO(mem_free_p) char *text = mem_printf("factory/%llu", (unsigned long long)dice(1000));

	task->attempts += (int64_t)dice(3);
	task->state = (enum task_state)dice(TASK_STATES);
	if (task->state == TASK_CLOSED)
		task->state = TASK_LANDED;
	task_set(task, &task->branch, text);
	return NULL;
}

static void
random_text(const struct task *was, struct buf *out)
{
	static const char *const lines[] = {"alpha", "beta", "gamma", "delta"};
	struct str rest = str_of(was->body), line;

	while (str_line(&rest, &line))
		if (dice(4) != 0)
			buf_addf(out, "%.*s\n", STR_ARG(line));
	buf_addf(out, "%s %llu\n", lines[dice(4)], (unsigned long long)dice(100));
}

static struct err *
random_person(struct state_step *t UNUSED, struct task *task, void *ctx UNUSED)
{
	AUTO(buf_free) struct buf body = BUF_INIT(MIB);
	AUTO(mem_free_p) char *word = mem_printf("w%llu", (unsigned long long)dice(50));

	switch (dice(6)) {
	case 0:
		task_set(task, &task->title, word);
		break;
	case 1:
		task->priority = (int64_t)dice(5);
		break;
	case 2:
		if (task->labels.n > 2) {
			free(task->labels.v[0]);
			vec_drop(&task->labels, 0);
		} else if (!strs_has(&task->labels, word)) {
			strs_add(&task->labels, word);
		}
		break;
	case 3:
		task_set(task, &task->hold, dice(2) == 0 ? "" : word);
		break;
	case 4:
		task_set(task, &task->close, dice(3) != 0 ? "" : word);
		task_settle(NULL, task);
		break;
	default:
		random_text(task, &body);
		task_set_str(task, &task->body, str_trim(buf_str(&body)));
	}
	return NULL;
}

static struct err *
random_memory(struct state_step *t, void *ctx UNUSED)
{
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	AUTO(mem_free_p) char *path = mem_printf("memory/%llu", (unsigned long long)dice(3));
	bool has;

	TRY(step_has(t, path, &has));
	if (has && dice(8) == 0) {
		step_drop(t, path);
		return NULL;
	}
	if (has)
		TRY(step_read(t, path, &text));
	buf_addf(&text, "learned %llu\n", (unsigned long long)dice(1000));
	return step_put(t, path, buf_str(&text));
}

static void
random_edit(struct node *n, struct id *ids, size_t *count)
{
	struct id *id = &ids[dice(*count)];

	switch (dice(6)) {
	case 0:
		ids[(*count)++] = add_task(n, "More", "one\ntwo\nthree");
		break;
	case 1:
		ok(state_update(n->state, "memory", random_memory, NULL));
		break;
	case 2:
	case 3:
		ok(state_change(n->state, id, "machine", random_machine, NULL));
		break;
	default:
		ok(state_change(n->state, id, "person", random_person, NULL));
	}
}

/* The merge of any two states is the same from either side. */
static void
check_commutes(struct node *x, struct node *y)
{
	struct oid a = tip_of(x), b = tip_of(y), base, trees[3], ab, ba;
	struct strs remarks = {0};

	/* Both in one object database. */
	sh("git -C %s fetch -q ../%s refs/factory/state", x->dir, y->dir);
	ok(commit_merge_base(x->repo, &a, &b, &base));
	ok(commit_tree(x->repo, &base, &trees[0]));
	ok(commit_tree(x->repo, &a, &trees[1]));
	ok(commit_tree(x->repo, &b, &trees[2]));
	ok(state_combine(x->repo, &trees[0], &trees[1], &trees[2], &ab, &remarks));
	ok(state_combine(x->repo, &trees[0], &trees[2], &trees[1], &ba, &remarks));
	if (!oid_eq(&ab, &ba))
		sh("git -C %s diff %s %s", x->dir, oid_hex(&ab).s, oid_hex(&ba).s);
	assert_true(oid_eq(&ab, &ba));
	strs_free(&remarks);
}

static void
any_edits_converge(void **state)
{
	static const char *const dirs[NODES] = {"n0", "n1", "n2"};
	struct node nodes[NODES];
	struct id ids[64 + EDITS];
	size_t count = 2, i, k;
	struct oid tips[NODES];
	uint64_t start = (uint64_t)getpid() * 2654435761u;
	bool created;

	(void)state;
	if (getenv("SYNC_SEED") != NULL)
		start = strtoull(getenv("SYNC_SEED"), NULL, 10);
	print_message("replay with SYNC_SEED=%llu\n", (unsigned long long)start);
	seed = start;
	node_open(&nodes[0], dirs[0]);
	ok(state_init(nodes[0].state, &created));
	ids[0] = add_task(&nodes[0], "First", "one\ntwo\nthree\nfour\nfive");
	ids[1] = add_task(&nodes[0], "Second", "");
	sync_ok(&nodes[0]);
	for (i = 1; i < NODES; i++) {
		node_open(&nodes[i], dirs[i]);
		sync_ok(&nodes[i]);
	}
	for (i = 0; i < EDITS; i++) {
		size_t known = 2;	/* tasks that every node has */

		k = dice(NODES);
		random_edit(&nodes[k], ids, i == 0 ? &count : &known);
		if (i == EDITS / 2)
			check_commutes(&nodes[0], &nodes[1]);
		if (dice(4) == 0)
			sync_ok(&nodes[dice(NODES)]);
	}
	check_commutes(&nodes[1], &nodes[2]);
	for (i = 0; i < 2 * NODES; i++)
		sync_ok(&nodes[i % NODES]);
	for (i = 0; i < NODES; i++) {
		tips[i] = tip_of(&nodes[i]);
		assert_true(oid_eq(&tips[i], &tips[0]));
		sh("git -C %s fsck --strict --no-dangling >/dev/null", dirs[i]);
	}
	for (i = 0; i < NODES; i++)
		node_close(&nodes[i]);
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
		TEST_HUB(a_later_look_of_this_clone_is_no_rewind),
		TEST_HUB(a_node_is_announced_and_taken_back),
		TEST_HUB(a_run_moves_only_what_is_its_own),
		TEST_HUB(a_step_is_true_there_before_it_is_here),
		TEST_HUB(a_step_that_lost_a_race_is_built_again),
		TEST_HUB(any_edits_converge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* store/state and store/lease: one commit per step, nothing lost, one holder. */
#include "store_fixture.h"

#include <sys/wait.h>

#include "git/ref.h"

static void
init_is_safe_to_repeat(void **state UNUSED)
{
	AUTO(mem_free_p) char *before = NULL, *after = NULL, *files = NULL;
	struct repo *r = NULL;
	struct state *s;
	bool created = false;

	ok(repo_open(NULL, &r));
	s = state_here(r);
	fails(state_tip(s, &(struct oid){0}), ERR_STATE, "no factory");
	ok(state_init(s, &created));
	assert_true(created);
	before = sh_out("git rev-parse refs/factory/state factory-state; git status --porcelain");
	ok(state_init(s, &created));
	assert_false(created);
	after = sh_out("git rev-parse refs/factory/state factory-state; git status --porcelain");
	assert_string_equal(before, after);
	files = sh_out("git ls-tree -r --name-only refs/factory/state; git fsck --strict 2>&1 | grep -v dangling || :");
	assert_string_equal(files, "README.md");
	state_close(s);
	repo_close(r);
}

static void
init_adopts_a_clone_and_refuses_a_stranger(void **state UNUSED)
{
	AUTO(mem_free_p) char *tips = NULL;
	struct store s = {0};
	struct repo *r = NULL;
	struct state *c;
	bool created;

	store_open(&s);
	file_task(&s, "First", 2, NULL);
	sh("git clone -q . ../clone");
	assert_int_equal(chdir("../clone"), 0);
	ok(repo_open(NULL, &r));
	c = state_here(r);
	ok(state_init(c, &created));
	tips = sh_out("git rev-parse refs/factory/state; git -C ../repo rev-parse refs/factory/state");
	assert_memory_equal(tips, tips + 41, 40);
	state_close(c);
	repo_close(r);

	sh("git init -q ../other && cd ../other && git commit -q --allow-empty -m x && git branch factory-state");
	assert_int_equal(chdir("../other"), 0);
	ok(repo_open(NULL, &r));
	c = state_here(r);
	fails(state_init(c, &created), ERR_STATE, "is no state of a factory");
	state_close(c);
	repo_close(r);
	store_close(&s);
}

static struct err *
put_path(struct state_step *t, void *ctx)
{
	return step_put(t, ctx, STR("text\n"));
}

struct refs_ctx {
	struct oid from, to;
};

static struct err *
put_and_move(struct state_step *t, void *ctx)
{
	struct refs_ctx *c = ctx;

	step_ref(t, "refs/factory/runs/abcdefgh", &c->from, &c->to);
	return step_put(t, "memory/note", STR("text\n"));
}

static void
a_step_moves_all_refs_or_none(void **state UNUSED)
{
	AUTO(mem_free_p) char *before = NULL, *after = NULL;
	struct store s = {0};
	struct refs_ctx c;

	store_open(&s);
	ok(state_update(s.state, "plain", put_path, (char[]){"memory/plain"}));
	before = sh_out("git rev-parse refs/factory/state");
	c.from = c.to = sh_oid("HEAD");
	fails(state_update(s.state, "stale", put_and_move, &c), ERR_STALE, "refs/factory/runs/abcdefgh");
	after = sh_out("git rev-parse refs/factory/state");
	assert_string_equal(before, after);
	c.from = oid_zero;
	ok(state_update(s.state, "fresh", put_and_move, &c));
	sh("git cat-file -e refs/factory/state:memory/note && git rev-parse -q --verify refs/factory/runs/abcdefgh >/dev/null");
	sh("test \"$(git log --format=%%s refs/factory/state | head -1)\" = fresh");
	sh("test $(git rev-parse refs/factory/state) = $(git rev-parse factory-state)");
	store_close(&s);
}

struct await_ctx {
	int asked;
	bool fails;
};

static struct err *
await(void *ctx)
{
	struct await_ctx *c = ctx;

	c->asked++;
	return c->fails ? err_new(ERR_CONFLICT, "in the way") : NULL;
}

static struct err *
put_and_await(struct state_step *t, void *ctx)
{
	struct await_ctx *c = ctx;
	int before = c->asked;

	step_await(t, await, ctx);
	assert_int_equal(c->asked, before);
	return step_put(t, "memory/awaited", STR("text\n"));
}

static void
what_a_step_waits_for_can_end_it(void **state UNUSED)
{
	struct await_ctx c = {.fails = true};
	struct store s = {0};
	struct oid one, two;

	store_open(&s);
	ok(state_update(s.state, "plain", put_path, (char[]){"memory/plain"}));
	ok(state_tip(s.state, &one));
	fails(state_update(s.state, "refused", put_and_await, &c), ERR_CONFLICT, "in the way");
	ok(state_tip(s.state, &two));
	assert_true(oid_eq(&one, &two));
	assert_int_equal(c.asked, 1);
	c.fails = false;
	ok(state_update(s.state, "awaited", put_and_await, &c));
	assert_int_equal(c.asked, 2);
	sh("git cat-file -e refs/factory/state:memory/awaited");
	store_close(&s);
}

static void
a_step_that_changes_nothing_makes_no_commit(void **state UNUSED)
{
	struct store s = {0};
	struct oid one, two;

	store_open(&s);
	ok(state_update(s.state, "one", put_path, (char[]){"memory/x"}));
	ok(state_tip(s.state, &one));
	ok(state_update(s.state, "two", put_path, (char[]){"memory/x"}));
	ok(state_tip(s.state, &two));
	assert_true(oid_eq(&one, &two));
	store_close(&s);
}

#define WRITERS 8
#define EACH 5

static void
write_some(int writer)
{
	struct store s = {0};
	char title[64];
	int i;

	store_open(&s);
	for (i = 0; i < EACH; i++) {
		snprintf(title, sizeof(title), "Task %d of %d", i, writer);
		file_task(&s, title, 2, NULL);
	}
	store_close(&s);
}

static void
eight_writers_lose_nothing(void **state UNUSED)
{
	AUTO(mem_free_p) char *titles = NULL;
	struct store s = {0};
	struct queue_counts n;
	pid_t pids[WRITERS];
	int i, status;

	store_open(&s);
	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			write_some(i);
			_exit(0);
		}
	}
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	titles = sh_out("git ls-tree -r --name-only refs/factory/state tasks/ | wc -l");
	assert_int_equal(atoi(titles), WRITERS * EACH);
	store_again(&s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.ready, WRITERS * EACH);
	sh("test $(git rev-parse refs/factory/state) = $(git rev-parse factory-state) && git fsck --strict --no-dangling");
	store_close(&s);
}

/* ---- leases ---- */

static struct err *
end_lease(struct state_step *t, void *ctx)
{
	lease_end(ctx, t);
	return step_put(t, "memory/delivered", STR("yes\n"));
}

static void
one_holder_and_no_writes_after_losing_it(void **state UNUSED)
{
	struct store s = {0};
	struct id id, run = id_new();
	struct lease *l = NULL, *other = NULL;
	struct lease_infos all = {0};

	store_open(&s);
	id = file_task(&s, "Leased", 2, NULL);
	ok(lease_claim(s.state, &lease_local, &id, &run, 1, &l));
	fails(lease_claim(s.state, &lease_local, &id, &run, 1, &other), ERR_TAKEN, run.s);
	ok(lease_beat(l));
	ok(lease_list(s.state, true, &all));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].run.s, run.s);
	assert_true(oid_eq(&all.v[0].oid, &lease_info(l)->oid));
	assert_false(lease_dead(&all.v[0]));
	lease_infos_free(&all);

	/* Somebody takes it away: neither heartbeat nor step go through. */
	sh("git update-ref -d refs/factory/leases/%s", id.s);
	fails(lease_beat(l), ERR_STALE, "is lost");
	fails(state_update(s.state, "deliver", end_lease, l), ERR_STALE, id.s);
	sh("! git cat-file -e refs/factory/state:memory/delivered 2>/dev/null");
	ok(lease_release(l));
	lease_free(l);

	ok(lease_claim(s.state, &lease_local, &id, &run, 2, &l));
	ok(state_update(s.state, "deliver", end_lease, l));
	sh("git cat-file -e refs/factory/state:memory/delivered && ! git rev-parse -q --verify refs/factory/leases/%s", id.s);
	lease_free(l);
	store_close(&s);
}

static void
a_dead_holder_is_taken_over(void **state UNUSED)
{
	struct store s = {0};
	struct id id, run = id_new();
	struct lease *l = NULL;
	struct lease_infos all = {0};
	pid_t pid;
	int status;

	store_open(&s);
	id = file_task(&s, "Leased", 2, NULL);
	pid = fork();
	if (pid == 0) {
		struct lease *mine;

		_exit(lease_claim(s.state, &lease_local, &id, &run, 1, &mine) == NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ok(lease_list(s.state, true, &all));
	assert_int_equal(all.n, 1);
	assert_true(lease_dead(&all.v[0]));
	lease_infos_free(&all);
	ok(lease_list(s.state, false, &all));
	assert_int_equal(all.n, 0);
	lease_infos_free(&all);
	ok(lease_claim(s.state, &lease_local, &id, &run, 2, &l));
	assert_int_equal(lease_info(l)->attempt, 2);
	lease_free(l);
	store_close(&s);
}

static void
one_of_many_claims_wins(void **state UNUSED)
{
	struct store s = {0};
	pid_t pids[WRITERS];
	int go[2], stay[2], i, status, won = 0;
	char c;
	struct id id;

	store_open(&s);
	id = file_task(&s, "Contended", 2, NULL);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(stay), 0);
	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct id run = id_new();
			struct lease *l;
			struct err *e;

			close(go[1]);
			close(stay[0]);
			(void)!read(go[0], &c, 1);
			e = lease_claim(s.state, &lease_local, &id, &run, 1, &l);
			(void)!write(stay[1], "x", 1);
			close(stay[1]);
			/* Alive until all have tried, or the next would take over. */
			usleep(1500 * 1000);
			_exit(e == NULL ? 0 : err_is(e, ERR_TAKEN) ? 1 : 2);
		}
	}
	close(go[1]);
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_not_equal(WEXITSTATUS(status), 2);
		won += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(won, 1);
	store_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_REPO(init_is_safe_to_repeat),
	    TEST_REPO(init_adopts_a_clone_and_refuses_a_stranger),
	    TEST_REPO(a_step_moves_all_refs_or_none),
	    TEST_REPO(what_a_step_waits_for_can_end_it),
	    TEST_REPO(a_step_that_changes_nothing_makes_no_commit),
	    TEST_REPO(eight_writers_lose_nothing),
	    TEST_REPO(one_holder_and_no_writes_after_losing_it),
	    TEST_REPO(a_dead_holder_is_taken_over),
	    TEST_REPO(one_of_many_claims_wins),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}

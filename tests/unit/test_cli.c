#include "git_fixture.h"

#include "git/cli.h"
#include "git/co/checkout.h"
#include "git/ref.h"

static void
runs_git(void **state)
{
	static const char *const good[] = {"rev-parse", "--show-toplevel", NULL};
	static const char *const bad[] = {"cat-file", "-t", "nothing", NULL};
	static const char *const input[] = {"hash-object", "--stdin", NULL};
	struct cli_opts o = {.dir = "."}, in = {.dir = ".", .input = STR("hello\n")};
	char *out;

	(void)state;
	/* What a hook was told about another repository does not reach it. */
	setenv("GIT_DIR", "/nowhere", 1);
	setenv("GIT_INDEX_FILE", "/nowhere/index", 1);
	ok(cli_ok(&o, good, &out));
	assert_non_null(strstr(out, "/repo\n"));
	free(out);
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	fails(cli_ok(&o, bad, NULL), ERR_COMMAND, "git cat-file");
	ok(cli_ok(&in, input, &out));
	assert_string_equal(out, "ce013625030ba8dba906f756967f9e9ca394464a\n");
	free(out);
	ok(cli_version(&out));
	assert_true(out[0] >= '1' && out[0] <= '9' && strchr(out, '.') != NULL);
	free(out);
}

static void
runs_no_hook(void **state)
{
	static const char *const args[] = {"commit", "-q", "--allow-empty", "-m", "x", NULL};
	struct cli_opts o = {.dir = "."};

	(void)state;
	sh("printf '#!/bin/sh\\ntouch ../canary\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit &&"
	   "cp .git/hooks/pre-commit .git/hooks/post-commit");
	ok(cli_ok(&o, args, NULL));
	assert_int_not_equal(access("../canary", F_OK), 0);
}

/* main at its first commit with "next" one ahead of it. */
static struct oid
make_next(void)
{
	sh("git checkout -q -b next && echo two >> README && echo n > new && echo e > .env && git add -f . &&"
	   "git commit -q -m next && git checkout -q main && echo .env > .git/info/exclude");
	return sh_oid("next");
}

static struct err *
forward(const struct oid *to)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(mem_free_p) char *path = NULL;

	ok(repo_open(".", &r));
	path = mem_strdup(repo_workdir(r));
	return checkout_forward(r, path, to);
}

static void
forwards_a_clean_checkout(void **state)
{
	struct oid next = make_next(), head;

	(void)state;
	sh("printf '#!/bin/sh\\ntouch ../canary\\n' > .git/hooks/post-merge && chmod +x .git/hooks/post-merge &&"
	   "git config merge.ff false && git config merge.verifySignatures true && echo mine > untracked &&"
	   "echo edited >> src/x.c");
	ok(forward(&next));
	head = sh_oid("refs/heads/main");
	assert_true(oid_eq(&head, &next));
	sh("test \"$(cat new)\" = n && test \"$(cat untracked)\" = mine && grep -q edited src/x.c && test ! -e ../canary &&"
	   "test \"$(git status --porcelain)\" = \" M src/x.c\n?? untracked\"");
}

static void
refuses_a_dirty_overlap(void **state)
{
	struct oid next = make_next(), before = sh_oid("HEAD"), after;
	struct err *e;

	(void)state;
	sh("git config merge.autoStash true && echo mine >> README");
	e = forward(&next);
	assert_non_null(e);
	assert_non_null(err_hint_of(e));
	fails(e, ERR_CONFLICT, "would be overwritten");
	after = sh_oid("HEAD");
	assert_true(oid_eq(&before, &after));
	sh("tail -n 1 README | grep -q mine && test ! -e new && test -z \"$(git stash list)\"");
	/* Staged, untracked and ignored files too. */
	sh("git checkout -q README && echo mine > new");
	fails(forward(&next), ERR_CONFLICT, "would be overwritten by merge: 'new'");
	sh("test \"$(cat new)\" = mine && rm new && echo mine > .env");
	fails(forward(&next), ERR_CONFLICT, "would be overwritten");
	sh("test \"$(cat .env)\" = mine && rm .env && echo mine >> README && git add README");
	fails(forward(&next), ERR_CONFLICT, "would be overwritten");
	sh("git diff --cached README | grep -q '^+mine'");
}

static void
refuses_when_the_branch_went_elsewhere(void **state)
{
	struct oid next = make_next();

	(void)state;
	sh("git commit -q --allow-empty -m meanwhile");
	fails(forward(&next), ERR_CONFLICT, "cannot update the checkout");
	sh("git checkout -q --detach");
	fails(forward(&next), ERR_CONFLICT, "rebase or bisection");
}

static void
forwards_another_worktree(void **state)
{
	struct oid next = make_next(), head;
	AUTO(repo_close_p) struct repo *r = NULL;

	(void)state;
	sh("git checkout -q --detach && git worktree add -q ../other main");
	ok(repo_open(".", &r));
	ok(checkout_forward(r, "../other", &next));
	head = sh_oid("refs/heads/main");
	assert_true(oid_eq(&head, &next));
	sh("test \"$(cat ../other/new)\" = n && test ! -e new && git -C ../other checkout -q --detach");
	fails(checkout_forward(r, "../other", &next), ERR_CONFLICT, "rebase or bisection");
	sh("git worktree remove ../other");
}

static void
what_is_begun_is_ended(void **state)
{
	struct oid next = make_next(), head;
	AUTO(repo_close_p) struct repo *r = NULL;
	struct checkout *c = NULL;

	(void)state;
	checkout_free_p(&c);
	ok(repo_open(".", &r));
	ok(checkout_begin(r, ".", &next, &c));
	checkout_free_p(&c);
	assert_null(c);
	head = sh_oid("refs/heads/main");
	assert_true(oid_eq(&head, &next));
	sh("test ! -e .git/index.lock");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(runs_git),
		TEST_REPO(runs_no_hook),
		TEST_REPO(forwards_a_clean_checkout),
		TEST_REPO(refuses_a_dirty_overlap),
		TEST_REPO(refuses_when_the_branch_went_elsewhere),
		TEST_REPO(forwards_another_worktree),
		TEST_REPO(what_is_begun_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

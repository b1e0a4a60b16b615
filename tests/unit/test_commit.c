#include "git_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "git/commit.h"
#include "git/objsync.h"
#include "git/ref.h"
#include "git/tree.h"

static struct repo *
opened(const char *path)
{
	struct repo *r = NULL;

	ok(repo_open(path, &r));
	return r;
}

static void
writes_what_git_reads(void **state)
{
	AUTO(ident_free) struct ident who = {0};
	AUTO(commit_free) struct commit c = {0};
	struct repo *r = opened(".");
	struct commit_spec spec = {.author = &who, .message = "subject\n\nbody\n\nFactory-Task: k3xq7abc"};
	struct oid head = sh_oid("HEAD"), oid, tree;
	char *text;

	(void)state;
	ok(ident_user(r, "Factory Bot", "bot@example.com", 1700000123, &who));
	ok(commit_tree(r, &head, &spec.tree));
	spec.parents = &head;
	spec.nparents = 1;
	ok(commit_create(r, &spec, &oid));
	text = sh_out("git log -1 --format='%%an|%%ae|%%at|%%cn|%%(trailers:key=Factory-Task,valueonly)|%%P' %s", oid_hex(&oid).s);
	assert_true(strncmp(text, "Factory Bot|bot@example.com|1700000123|Factory Bot|k3xq7abc", 59) == 0);
	free(text);
	ok(commit_read(r, &oid, &c));
	assert_int_equal(c.parents.n, 1);
	assert_true(oid_eq(&c.parents.v[0], &head));
	assert_string_equal(c.author.email, "bot@example.com");
	assert_int_equal(c.committer.when, 1700000123);
	assert_string_equal(c.message, "subject\n\nbody\n\nFactory-Task: k3xq7abc\n");
	ok(commit_tree(r, &oid_zero, &tree));
	assert_true(oid_eq(&tree, &oid_empty_tree));
	assert_true(commit_exists(r, &oid));
	assert_false(commit_exists(r, &tree));
	fails(commit_read(r, &tree, &c), ERR_NOT_FOUND, "cannot read the commit");
	sh("git fsck --strict --no-dangling");
	repo_close(r);
}

static void
knows_who_commits(void **state)
{
	AUTO(ident_free) struct ident i = {0};
	struct repo *r = opened(".");
	struct err *e;

	(void)state;
	ok(ident_user(r, NULL, NULL, 5, &i));
	assert_string_equal(i.name, "C O Mitter");
	ident_free(&i);
	unsetenv("GIT_COMMITTER_NAME");
	unsetenv("GIT_COMMITTER_EMAIL");
	e = ident_user(r, NULL, NULL, 5, &i);
	assert_non_null(strstr(err_hint_of(e), "git config --global user.name"));
	fails(e, ERR_CONFIG, "user.name is not set");
	sh("git config --global user.name 'U Ser' && git config --global user.email u@example.com");
	repo_close(r);
	r = opened(".");
	setenv("TZ", "UTC-5:30", 1);
	tzset();
	ok(ident_user(r, NULL, NULL, 5, &i));
	assert_string_equal(i.name, "U Ser");
	assert_int_equal(i.offset, 330);
	ident_free(&i);
	fails(ident_user(r, "a <b>", NULL, 5, &i), ERR_CONFIG, "user.name is not usable");
	setenv("TZ", "UTC", 1);
	tzset();
	repo_close(r);
}

static void
finds_ancestors(void **state)
{
	struct repo *r = opened(".");
	struct oid first = sh_oid("HEAD"), a, b, other, got;
	bool yes;

	(void)state;
	sh("git commit -q --allow-empty -m a && git checkout -q -b side HEAD~1 && git commit -q --allow-empty -m b &&"
	   "git checkout -q --orphan apart && git commit -q -m other");
	a = sh_oid("main");
	b = sh_oid("side");
	other = sh_oid("apart");
	ok(commit_merge_base(r, &a, &b, &got));
	assert_true(oid_eq(&got, &first));
	ok(commit_merge_base(r, &a, &other, &got));
	assert_true(oid_is_zero(&got));
	ok(commit_is_ancestor(r, &first, &a, &yes));
	assert_true(yes);
	ok(commit_is_ancestor(r, &a, &a, &yes));
	assert_true(yes);
	ok(commit_is_ancestor(r, &a, &b, &yes));
	assert_false(yes);
	repo_close(r);
}

/* A disk without room, as far as the file of the commit goes. */
static void
says_what_could_not_be_written(void **state)
{
	struct repo *r = opened(".");
	struct ident who = {.name = (char *)"T", .email = (char *)"t@example.com", .when = 6};
	struct commit_spec spec = {.author = &who, .message = "no room"};
	struct oid head = sh_oid("HEAD"), oid = oid_zero;
	struct rlimit was, none;

	(void)state;
	ok(commit_tree(r, &head, &spec.tree));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = was;
	none.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	fails(commit_create(r, &spec, &oid), ERR_REPOSITORY, "cannot write a commit: cannot write: File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(oid_is_zero(&oid));
	ok(commit_create(r, &spec, &oid));
	assert_true(commit_exists(r, &oid));
	repo_close(r);
}

/* What a ref leads to is on disk before the ref is. */
static void
syncs_before_a_ref_moves(void **state)
{
	struct repo *r = opened(".");
	struct ident who = {.name = (char *)"T", .email = (char *)"t@example.com", .when = 5};
	struct commit_spec spec = {.author = &who, .message = "x"};
	struct oid blob, oid, packed = sh_oid("HEAD");
	AUTO(tree_edit_free) struct tree_edit edit = {0};

	(void)state;
	sh("git repack -q -a -d");
	ok(blob_write(r, STR("content"), &blob));
	assert_int_equal(repo_objsync(r)->n, 1);
	tree_edit_put(&edit, "a/b", MODE_FILE, &blob);
	ok(tree_apply(r, &oid_zero, &edit, &spec.tree));
	objsync_note(r, &packed);
	ok(commit_create(r, &spec, &oid));
	assert_int_not_equal(repo_objsync(r)->n, 0);
	ok(ref_cas(r, "refs/heads/new", &oid_zero, &oid, "a test"));
	assert_int_equal(repo_objsync(r)->n, 0);
	sh("test -z \"$(find .git/objects -name 'tmp_obj*')\" && git cat-file -e %s", oid_hex(&oid).s);
	repo_objsync(r)->failed = true;
	fails(ref_cas(r, "refs/heads/new", &oid, &packed, "a test"), ERR_IO, "could not be synced before");
	repo_close(r);
}

struct seen {
	char text[256];
	int left;
};

static struct err *
note_subject(void *arg, const struct commit *c, bool *more)
{
	struct seen *s = arg;

	snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text), "%.*s ",
	    (int)strcspn(c->message, "\n"), c->message);
	*more = --s->left > 0;
	return NULL;
}

static void
walks_history(void **state)
{
	struct seen all = {.left = 100}, some = {.left = 2}, hidden = {.left = 100};
	struct oid first = sh_oid("HEAD"), tip;
	struct repo *r = opened(".");

	(void)state;
	sh("git commit -q --allow-empty -m two && git commit -q --allow-empty -m three");
	tip = sh_oid("HEAD");
	ok(commit_walk(r, &tip, NULL, note_subject, &all));
	assert_string_equal(all.text, "three two first commit ");
	ok(commit_walk(r, &tip, NULL, note_subject, &some));
	assert_string_equal(some.text, "three two ");
	ok(commit_walk(r, &tip, &first, note_subject, &hidden));
	assert_string_equal(hidden.text, "three two ");
	ok(commit_walk(r, &oid_zero, NULL, note_subject, &all));
	repo_close(r);
}

static void
works_in_a_shallow_clone(void **state)
{
	struct seen s = {.left = 100}, hidden = {.left = 100};
	struct repo *r;
	struct oid a, b, got, want;
	struct err *e;
	bool yes;

	(void)state;
	sh("git commit -q --allow-empty -m two && git commit -q --allow-empty -m three &&"
	   "git checkout -q -b side HEAD~2 && git commit -q --allow-empty -m b &&"
	   "git checkout -q main && git clone -q --depth 1 --no-single-branch \"file://$(pwd)\" ../shallow &&"
	   "git clone -q --depth 2 \"file://$(pwd)\" ../deeper");
	r = opened("../shallow");
	ok(repo_resolve(r, "main", &a));
	ok(repo_resolve(r, "origin/side", &b));
	e = commit_merge_base(r, &a, &b, &got);
	assert_non_null(e);
	assert_non_null(strstr(err_hint_of(e), "git fetch --unshallow"));
	fails(e, ERR_REPOSITORY, "shallow clone");
	ok(commit_walk(r, &a, NULL, note_subject, &s));
	assert_string_equal(s.text, "three ");
	repo_close(r);

	r = opened("../deeper");
	ok(repo_resolve(r, "main", &a));
	ok(repo_resolve(r, "main~1", &want));
	ok(commit_merge_base(r, &a, &want, &got));
	assert_true(oid_eq(&got, &want));
	ok(commit_is_ancestor(r, &want, &a, &yes));
	assert_true(yes);
	ok(commit_walk(r, &a, &want, note_subject, &hidden));
	assert_string_equal(hidden.text, "three ");
	repo_close(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(writes_what_git_reads),
		TEST_REPO(knows_who_commits),
		TEST_REPO(finds_ancestors),
		TEST_REPO(says_what_could_not_be_written),
		TEST_REPO(syncs_before_a_ref_moves),
		TEST_REPO(walks_history),
		TEST_REPO(works_in_a_shallow_clone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "git_fixture.h"

#include "git/commit.h"
#include "git/diff.h"
#include "git/merge.h"
#include "git/tree.h"

static struct repo *
opened(void)
{
	struct repo *r = NULL;

	ok(repo_open(".", &r));
	return r;
}

static struct oid
tree_of(const char *rev)
{
	char *spec = mem_printf("%s^{tree}", rev);
	struct oid oid = sh_oid(spec);

	free(spec);
	return oid;
}

/* Change a bit of everything. */
static void
make_second(void)
{
	sh("printf 'one\\ntwo\\n' > README && rm doc/guide && chmod -x run && rm link && echo plain > link &&"
	   "mkdir new && printf 'a\\nb\\nc' > new/file && printf 'x\\0y' > bin && mkdir doc.d && echo d > doc.d/x &&"
	   "git add -A . && git commit -q -m second");
}

static void
lists_as_git_does(void **state)
{
	AUTO(diff_free) struct diff d = {0};
	AUTO(buf_free) struct buf got = BUF_INIT(MIB);
	struct repo *r = opened();
	struct oid a, b;
	char *want;
	size_t i;

	(void)state;
	make_second();
	a = tree_of("HEAD~1");
	b = tree_of("HEAD");
	ok(diff_trees(r, &a, &b, true, &d));
	for (i = 0; i < d.n; i++) {
		struct diff_file *f = &d.v[i];

		buf_addf(&got, "%s:%06o %06o %s %s %c\t%s", i > 0 ? "\n" : "", f->old_mode, f->new_mode,
		    oid_hex(&f->old_oid).s, oid_hex(&f->new_oid).s, f->status, f->path);
	}
	want = sh_out("git diff-tree -r --no-renames HEAD~1 HEAD");
	assert_string_equal(buf_cstr(&got), want);
	free(want);

	buf_clear(&got);
	for (i = 0; i < d.n; i++)
		if (d.v[i].binary)
			buf_addf(&got, "%s-\t-\t%s", i > 0 ? "\n" : "", d.v[i].path);
		else
			buf_addf(&got, "%s%zu\t%zu\t%s", i > 0 ? "\n" : "", d.v[i].added, d.v[i].deleted, d.v[i].path);
	want = sh_out("git diff-tree -r --no-renames --numstat HEAD~1 HEAD");
	assert_string_equal(buf_cstr(&got), want);
	free(want);
	diff_free(&d);

	ok(diff_trees(r, &oid_zero, &a, false, &d));
	assert_int_equal(d.n, 5);
	diff_free(&d);
	ok(diff_trees(r, &a, &a, true, &d));
	assert_int_equal(d.n, 0);
	repo_close(r);
}

static void
writes_a_patch_that_applies(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	AUTO(buf_free) struct buf small = BUF_INIT(400);
	AUTO(strs_free) struct strs only = {0};
	struct repo *r = opened();
	struct oid old, new, applied;
	bool cut;
	FILE *f;

	(void)state;
	sh("printf 'one\\ntwo\\n' > README && rm doc/guide && chmod -x run && printf 'a\\nb\\nc' > noeol &&"
	   "git add -A . && git commit -q -m second");
	old = tree_of("HEAD~1");
	new = tree_of("HEAD");
	ok(diff_patch(r, &old, &new, NULL, &b, &cut));
	assert_false(cut);
	f = fopen("../patch", "w");
	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
	assert_int_equal(fclose(f), 0);
	sh("git reset -q --hard HEAD~1 && git apply --index ../patch && git commit -q -m applied");
	applied = tree_of("HEAD");
	assert_true(oid_eq(&applied, &new));

	ok(diff_patch(r, &old, &new, NULL, &small, &cut));
	assert_true(cut);
	assert_true(small.n > 0 && small.n <= 400 && small.p[small.n - 1] == '\n');
	strs_add(&only, "README");
	buf_clear(&b);
	ok(diff_patch(r, &old, &new, &only, &b, &cut));
	assert_null(strstr(buf_cstr(&b), "noeol"));
	assert_non_null(strstr(buf_cstr(&b), "+two\n"));
	repo_close(r);
}

static void
keeps_the_patch_id_over_a_rebase(void **state)
{
	struct repo *r = opened();
	struct oid a, b, c, d, first, second, want;
	char *out;

	(void)state;
	sh("echo two >> README && echo more > file && git add . && git commit -qm change && git tag one &&"
	   "git reset -q --hard HEAD~1 && echo other > unrelated && git add . && git commit -qm other && git cherry-pick one >/dev/null");
	a = tree_of("one~1");
	b = tree_of("one");
	c = tree_of("HEAD~1");
	d = tree_of("HEAD");
	ok(diff_patch_id(r, &a, &b, &first));
	ok(diff_patch_id(r, &c, &d, &second));
	assert_true(oid_eq(&first, &second));
	out = sh_out("git diff-tree -p one | git patch-id --stable | cut -c1-40");
	assert_true(oid_parse(str_of(out), &want));
	free(out);
	assert_true(oid_eq(&first, &want));
	ok(diff_patch_id(r, &a, &a, &first));
	assert_true(oid_is_zero(&first));
	repo_close(r);
}

static void
merges_what_is_apart(void **state)
{
	AUTO(merge_free) struct merge m = {0};
	struct repo *r = opened();
	struct oid ours, theirs, want;

	(void)state;
	sh("git checkout -q -b side && echo s > src/side.c && rm doc/guide && git add -A . && git commit -qm side &&"
	   "git checkout -q main && echo m > src/main.c && echo two >> README && git add -A . && git commit -qm main &&"
	   "git checkout -q -b want && git merge -q --no-edit side");
	ours = sh_oid("main");
	theirs = sh_oid("side");
	ok(merge_commits(r, &ours, &theirs, &m));
	want = tree_of("want");
	assert_int_equal(m.n, 0);
	assert_true(oid_eq(&m.tree, &want));
	merge_free(&m);
	theirs = sh_oid("main~1");
	ok(merge_commits(r, &ours, &theirs, &m));
	want = tree_of("main");
	assert_true(oid_eq(&m.tree, &want));
	repo_close(r);
}

static void
merges_lines_and_renames(void **state)
{
	AUTO(merge_free) struct merge m = {0};
	struct repo *r = opened();
	struct oid ours, theirs, want;

	(void)state;
	sh("seq 1 40 > numbers && git add . && git commit -qm n && git checkout -q -b side &&"
	   "sed -i s/^5$/five/ numbers && git commit -qam side && git checkout -q main &&"
	   "git mv numbers moved && sed -i s/^35$/thirtyfive/ moved && git commit -qam main &&"
	   "git checkout -q -b want && git merge -q --no-edit side");
	ours = sh_oid("main");
	theirs = sh_oid("side");
	ok(merge_commits(r, &ours, &theirs, &m));
	want = tree_of("want");
	assert_int_equal(m.n, 0);
	assert_true(oid_eq(&m.tree, &want));
	repo_close(r);
}

static void
lists_conflicts(void **state)
{
	AUTO(merge_free) struct merge m = {0};
	struct repo *r = opened();
	struct oid ours, theirs;

	(void)state;
	sh("git checkout -q -b side && echo s > README && git rm -q src/x.c && git commit -qam side &&"
	   "git checkout -q main && echo m > README && echo 'int y;' > src/x.c && git commit -qam main");
	ours = sh_oid("main");
	theirs = sh_oid("side");
	ok(merge_commits(r, &ours, &theirs, &m));
	assert_int_equal(m.n, 2);
	assert_true(oid_is_zero(&m.tree));
	assert_string_equal(m.v[0].path, "README");
	assert_int_equal(m.v[0].our_mode, MODE_FILE);
	assert_string_equal(m.v[1].path, "src/x.c");
	assert_int_equal(m.v[1].their_mode, 0);
	repo_close(r);
}

/* A file against a folder of the same name, in both directions. */
static void
sees_files_against_folders(void **state)
{
	AUTO(merge_free) struct merge m = {0};
	struct repo *r = opened();
	struct oid ours, theirs;

	(void)state;
	sh("git checkout -q -b side && echo file > thing && git add . && git commit -qm side &&"
	   "git checkout -q main && mkdir thing && echo in > thing/in && git add . && git commit -qm main");
	ours = sh_oid("main");
	theirs = sh_oid("side");
	ok(merge_commits(r, &ours, &theirs, &m));
	assert_true(m.n > 0);
	merge_free(&m);
	ok(merge_commits(r, &theirs, &ours, &m));
	assert_true(m.n > 0);
	repo_close(r);
}

/* Both moved one file, each to another place: git calls that a conflict. */
static void
sees_two_renames_of_one_file(void **state)
{
	AUTO(merge_free) struct merge m = {0};
	struct repo *r = opened();
	struct oid ours, theirs;

	(void)state;
	sh("seq 1 40 > numbers && git add . && git commit -qm n && git checkout -q -b side && git mv numbers there &&"
	   "git commit -qm side && git checkout -q main && git mv numbers here && git commit -qm main");
	ours = sh_oid("main");
	theirs = sh_oid("side");
	ok(merge_commits(r, &ours, &theirs, &m));
	assert_true(m.n > 0);
	repo_close(r);
}

static void
refuses_unrelated_histories(void **state)
{
	AUTO(merge_free) struct merge m = {0};
	struct repo *r = opened();
	struct oid ours, theirs;

	(void)state;
	sh("git checkout -q --orphan apart && git commit -qm apart");
	ours = sh_oid("main");
	theirs = sh_oid("apart");
	fails(merge_commits(r, &ours, &theirs, &m), ERR_CONFLICT, "no common ancestor");
	repo_close(r);
}

static void
merges_texts(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	bool clean;

	(void)state;
	ok(merge_text(STR("1\n2\n3\n4\n5\n"), STR("one\n2\n3\n4\n5\n"), STR("1\n2\n3\n4\nfive\n"), &b, &clean));
	assert_true(clean);
	assert_string_equal(buf_cstr(&b), "one\n2\n3\n4\nfive\n");
	buf_clear(&b);
	ok(merge_text(STR("1\n"), STR("a\n"), STR("b\n"), &b, &clean));
	assert_false(clean);
	assert_string_equal(buf_cstr(&b), "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n");
	buf_clear(&b);
	ok(merge_text(STR(""), STR("a\n"), STR(""), &b, &clean));
	assert_true(clean);
	assert_string_equal(buf_cstr(&b), "a\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(lists_as_git_does),
		TEST_REPO(writes_a_patch_that_applies),
		TEST_REPO(keeps_the_patch_id_over_a_rebase),
		TEST_REPO(merges_what_is_apart),
		TEST_REPO(merges_lines_and_renames),
		TEST_REPO(lists_conflicts),
		TEST_REPO(sees_files_against_folders),
		TEST_REPO(sees_two_renames_of_one_file),
		TEST_REPO(refuses_unrelated_histories),
		cmocka_unit_test(merges_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

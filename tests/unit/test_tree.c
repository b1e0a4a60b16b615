#include <sys/stat.h>

#include "git_fixture.h"

#include "git/commit.h"
#include "git/diff.h"
#include "git/tree.h"

static struct repo *
opened(void)
{
	struct repo *r = NULL;

	ok(repo_open(".", &r));
	return r;
}

static struct oid
head_tree(struct repo *r)
{
	struct oid head, tree;

	ok(repo_resolve(r, "HEAD", &head));
	ok(commit_tree(r, &head, &tree));
	return tree;
}

static void
assert_listing(const struct oid *tree, const char *want)
{
	char *got = sh_out("git ls-tree -r --name-only %s | tr '\\n' ' '", oid_hex(tree).s);

	assert_string_equal(got, want);
	free(got);
}

static void
finds_and_reads(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	AUTO(buf_free) struct buf tiny = BUF_INIT(2);
	struct repo *r = opened();
	struct oid tree = head_tree(r);
	struct tree_entry e;

	(void)state;
	ok(tree_find(r, &tree, "src/x.c", &e));
	assert_int_equal(e.mode, MODE_FILE);
	ok(tree_find(r, &tree, "run", &e));
	assert_int_equal(e.mode, MODE_EXEC);
	ok(tree_find(r, &tree, "link", &e));
	assert_int_equal(e.mode, MODE_LINK);
	ok(tree_find(r, &tree, "src", &e));
	assert_int_equal(e.mode, MODE_TREE);
	ok(tree_find(r, &tree, "", &e));
	assert_int_equal(e.mode, MODE_TREE);
	ok(tree_find(r, &tree, "src/none", &e));
	assert_int_equal(e.mode, 0);
	ok(tree_find(r, &tree, "README/below", &e));
	assert_int_equal(e.mode, 0);
	ok(tree_find(r, &oid_zero, "x", &e));
	assert_int_equal(e.mode, 0);
	ok(tree_read(r, &tree, "src/x.c", &b));
	assert_string_equal(buf_cstr(&b), "int x;\n");
	fails(tree_read(r, &tree, "none", &b), ERR_NOT_FOUND, "there is no 'none'");
	fails(tree_read(r, &tree, "src", &b), ERR_NOT_FOUND, "'src' is no file");
	fails(tree_read(r, &tree, "src/x.c", &tiny), ERR_LIMIT, "'src/x.c'");
	repo_close(r);
}

static struct err *
note_entry(void *arg, const struct tree_entry *e, bool *descend)
{
	buf_addf(arg, "%s ", e->path);
	if (strcmp(e->path, "doc") == 0)
		*descend = false;
	return NULL;
}

static struct err *
stop_here(void *arg, const struct tree_entry *e, bool *descend)
{
	(void)arg;
	(void)e;
	(void)descend;
	return err_new(ERR_STATE, "stop");
}

static void
walks(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	struct repo *r = opened();
	struct oid tree = head_tree(r);

	(void)state;
	ok(tree_walk(r, &tree, NULL, note_entry, &b));
	assert_string_equal(buf_cstr(&b), "README doc link run src src/x.c ");
	buf_clear(&b);
	ok(tree_walk(r, &tree, "src", note_entry, &b));
	assert_string_equal(buf_cstr(&b), "src/x.c ");
	buf_clear(&b);
	ok(tree_walk(r, &tree, "none", note_entry, &b));
	ok(tree_walk(r, &oid_zero, NULL, note_entry, &b));
	assert_int_equal(b.n, 0);
	fails(tree_walk(r, &tree, NULL, stop_here, NULL), ERR_STATE, "stop");
	repo_close(r);
}

static void
writes_blobs_as_git_does(void **state)
{
	struct repo *r = opened();
	struct oid a, b, want;
	char *hex;
	size_t size;

	(void)state;
	ok(blob_write(r, STR("hello\n"), &a));
	ok(blob_hash(STR("hello\n"), &b));
	hex = sh_out("printf 'hello\\n' | git hash-object --stdin");
	assert_true(oid_parse(str_of(hex), &want));
	free(hex);
	assert_true(oid_eq(&a, &want) && oid_eq(&b, &want));
	ok(blob_size(r, &a, &size));
	assert_int_equal(size, 6);
	ok(blob_write(r, (struct str){0}, &a));
	assert_string_equal(oid_hex(&a).s, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
	repo_close(r);
}

static long
size_on_disk(const struct oid *o)
{
	struct oid_hex hex = oid_hex(o);
	char path[OID_HEX + 32];
	struct stat st;

	snprintf(path, sizeof(path), ".git/objects/%.2s/%s", hex.s, hex.s + 2);
	assert_int_equal(stat(path, &st), 0);
	return (long)st.st_size;
}

/* What saves nothing on the disk is stored as it is, the rest deflated; git reads both. */
static void
deflates_what_it_makes_smaller(void **state UNUSED)
{
	static const size_t sizes[] = {70000, 1, 3901, 3900, 300000, 2000};
	AUTO(tree_edit_free) struct tree_edit e = {0};
	struct repo *r = opened();
	struct oid blob, tree;
	char *text, name[16];
	size_t i;

	for (i = 0; i < NITEMS(sizes); i++) {
		text = mem_alloc(sizes[i] + 1);
		memset(text, 'x', sizes[i]);
		ok(blob_write(r, str_of(text), &blob));
		free(text);
		if (sizes[i] <= 3900)
			assert_in_range(size_on_disk(&blob), sizes[i], sizes[i] + 32);
		else
			assert_in_range(size_on_disk(&blob), 1, sizes[i] / 50);
		sh("test $(git cat-file blob %s | tr -d -c x | wc -c) = %zu", oid_hex(&blob).s, sizes[i]);
	}
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "file%zu", i);
		tree_edit_put(&e, name, MODE_FILE, &blob);
	}
	ok(tree_apply(r, &oid_zero, &e, &tree));
	assert_true(size_on_disk(&tree) > 10000);
	sh("test $(git ls-tree %s | wc -l) = 300", oid_hex(&tree).s);
	sh("git fsck --strict --no-dangling");
	repo_close(r);
}

static void
edits_only_what_is_named(void **state)
{
	AUTO(tree_edit_free) struct tree_edit e = {0};
	struct repo *r = opened();
	struct oid base = head_tree(r), tree, blob;

	(void)state;
	ok(blob_write(r, STR("new\n"), &blob));
	tree_edit_put(&e, "deep/er/new.txt", MODE_FILE, &blob);
	tree_edit_put(&e, "src/x.c", MODE_EXEC, &blob);
	tree_edit_put(&e, "src.h", MODE_FILE, &blob);
	tree_edit_put(&e, "run", MODE_FILE, &blob);
	tree_edit_delete(&e, "run");
	tree_edit_delete(&e, "doc/guide");
	tree_edit_delete(&e, "doc/none");
	tree_edit_delete(&e, "none/none");
	ok(tree_apply(r, &base, &e, &tree));
	assert_listing(&tree, "README deep/er/new.txt link src.h src/x.c ");
	sh("git ls-tree %s src/x.c | grep -q ^100755", oid_hex(&tree).s);
	sh("git fsck --strict --no-dangling");
	repo_close(r);
}

static void
replaces_files_by_folders_and_back(void **state)
{
	AUTO(tree_edit_free) struct tree_edit e = {0};
	AUTO(tree_edit_free) struct tree_edit back = {0};
	AUTO(tree_edit_free) struct tree_edit below = {0};
	struct repo *r = opened();
	struct oid base = head_tree(r), tree, blob;

	(void)state;
	ok(blob_write(r, STR("new\n"), &blob));
	tree_edit_put(&e, "README/a", MODE_FILE, &blob);
	tree_edit_put(&e, "src", MODE_FILE, &blob);
	tree_edit_delete(&e, "doc");
	tree_edit_put(&e, "doc/other", MODE_FILE, &blob);
	ok(tree_apply(r, &base, &e, &tree));
	assert_listing(&tree, "README/a doc/other link run src ");
	tree_edit_put(&back, "README", MODE_FILE, &blob);
	ok(tree_apply(r, &tree, &back, &tree));
	assert_listing(&tree, "README doc/other link run src ");
	tree_edit_delete(&below, "README/none");
	ok(tree_apply(r, &tree, &below, &tree));
	assert_listing(&tree, "README doc/other link run src ");
	repo_close(r);
}

static void
refuses_bad_edits(void **state)
{
	AUTO(tree_edit_free) struct tree_edit both = {0};
	AUTO(tree_edit_free) struct tree_edit git = {0};
	AUTO(tree_edit_free) struct tree_edit dangling = {0};
	struct repo *r = opened();
	struct oid base = head_tree(r), tree = oid_zero, blob, none;

	(void)state;
	ok(blob_write(r, STR("new\n"), &blob));
	tree_edit_put(&both, "a", MODE_FILE, &blob);
	tree_edit_put(&both, "a/b", MODE_FILE, &blob);
	fails(tree_apply(r, &base, &both, &tree), ERR_BUG, "puts both 'a' and 'a/b'");
	tree_edit_put(&git, "sub/.git/config", MODE_FILE, &blob);
	fails(tree_apply(r, &base, &git, &tree), ERR_DENIED, "for '.git'");
	none = blob;
	none.id[3] ^= 4;
	tree_edit_put(&dangling, "x", MODE_FILE, &none);
	assert_non_null(strstr(oid_hex(&none).s, oid_hex(&none).s));
	{
		AUTO(err_free_p) struct err *e = tree_apply(r, &base, &dangling, &tree);

		assert_non_null(e);
	}
	assert_true(oid_is_zero(&tree));
	repo_close(r);
}

/* A file that is there already may be changed, whatever it is called. */
static void
changes_a_file_of_a_strange_name(void **state)
{
	AUTO(tree_edit_free) struct tree_edit e = {0};
	AUTO(tree_edit_free) struct tree_edit new = {0};
	struct repo *r;
	struct oid base, tree, blob;

	(void)state;
	sh("printf x > 'two\nlines' && git add . && git commit -qm odd");
	r = opened();
	base = head_tree(r);
	ok(blob_write(r, STR("new\n"), &blob));
	tree_edit_put(&e, "two\nlines", MODE_FILE, &blob);
	ok(tree_apply(r, &base, &e, &tree));
	tree_edit_put(&new, "three\nlines", MODE_FILE, &blob);
	fails(tree_apply(r, &base, &new, &tree), ERR_DENIED, "control character");
	repo_close(r);
}

static void
empties_and_fills(void **state)
{
	AUTO(tree_edit_free) struct tree_edit none = {0};
	AUTO(tree_edit_free) struct tree_edit e = {0};
	struct repo *r = opened();
	struct oid tree, blob;

	(void)state;
	ok(tree_apply(r, &oid_zero, &none, &tree));
	assert_true(oid_eq(&tree, &oid_empty_tree));
	ok(blob_write(r, STR("x"), &blob));
	tree_edit_put(&e, "a/b/c", MODE_FILE, &blob);
	ok(tree_apply(r, &oid_empty_tree, &e, &tree));
	tree_edit_delete(&e, "a/b/c");
	ok(tree_apply(r, &tree, &e, &tree));
	assert_true(oid_eq(&tree, &oid_empty_tree));
	repo_close(r);
}

static void
takes_only_safe_paths(void **state)
{
	static const char *const good[] = {"a", "a/b", ".github/workflows/x.yml", ".gitignore", ".gitmodules", "git~2",
	    "a.git", "-x", "\xc3\xa4/\xe2\x82\xac", "a b", "...", "..a", "a..", ".gita", "git"};
	static const char *const bad[] = {"", "/", "/etc/passwd", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "./a",
	    ".git", ".GIT", ".Git/config", "a/.git/hooks/x", "git~1", "GIT~1", "a/Git~1/x", ".git ", ".git.", ".git. .",
	    ".git:stream", ".git::$INDEX_ALLOCATION/x", "git~1:x", ".g\xe2\x80\x8cit", ".git\xe2\x80\x8d",
	    "\xef\xbb\xbf.git", ".GI\xe2\x81\xaaT/x", "a\nb", "a\rb", "a\x1b[2Jb", "a\x7f", "a\\b", "..\\..\\x", "\x01"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(good); i++)
		ok(path_check(str_of(good[i])));
	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(err_free_p) struct err *e = path_check(str_of(bad[i]));

		if (e == NULL)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err_code(e), ERR_DENIED);
	}
	fails(path_check(str_mk("a\0b", 3)), ERR_DENIED, "control");
}

/* Over a thousand names made of what is dangerous: none becomes a path to .git or upwards. */
static void
refuses_a_thousand_disguises(void **state)
{
	static const char *const before[] = {"", "a/", "/", "./", "../", "a/../", "a\\"};
	static const char *const names[] = {".git", ".GIT", ".GiT", "git~1", "GIT~1", "..", "."};
	static const char *const joiner[] = {"", "\xe2\x80\x8c", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x81\xaf", "\xef\xbb\xbf"};
	static const char *const after[] = {"", " ", ".", "...", " . ", ":x", "::$DATA", "/config", "/hooks/x"};
	size_t i, j, k, l, tried = 0;

	(void)state;
	for (i = 0; i < NITEMS(before); i++)
		for (j = 0; j < NITEMS(names); j++)
			for (k = 0; k < NITEMS(joiner); k++)
				for (l = 0; l < NITEMS(after); l++) {
					AUTO(mem_free_p) char *path = mem_printf("%s%.1s%s%s%s", before[i], names[j],
					    joiner[k], names[j] + 1, after[l]);
					AUTO(err_free_p) struct err *e = NULL;
					bool hfs = joiner[k][0] != '\0';
					bool plain_name = names[j][0] != '.' || names[j][1] == '\0' || names[j][1] == '.';

					tried++;
					/* Invisible letters hide only ".git", and only where nothing else follows it. */
					if ((hfs && (plain_name || strchr(" .:", after[l][0]) != NULL)) ||
					    (plain_name && !hfs && names[j][0] == '.' && strchr(" .:", after[l][0]) != NULL))
						continue;
					e = path_check(str_of(path));
					if (e == NULL)
						fail_msg("taken: '%s'", path);
				}
	assert_true(tried > 1000);
}

static struct err *
count_entry(void *arg, const struct tree_entry *e, bool *descend)
{
	(void)e;
	(void)descend;
	++*(size_t *)arg;
	return NULL;
}

/* Ten folders, ten deep: a hundred objects, ten thousand million files. */
static void
bombs_are_refused(void **state)
{
	struct repo *r = opened();
	struct oid bomb;
	struct diff d = {0};
	size_t n = 0;
	char *hex;

	(void)state;
	hex = sh_out("b=$(echo x | git hash-object -w --stdin); "
	    "t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %%s\tf%%s\n' $b $i; done | git mktree); "
	    "for d in 1 2 3 4 5 6 7 8 9; do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do "
	    "printf '040000 tree %%s\td%%s\n' $t $i; done | git mktree); done; echo $t");
	assert_true(oid_parse(str_take(str_of(hex), OID_HEX), &bomb));
	free(hex);
	fails(tree_walk(r, &bomb, "", count_entry, &n), ERR_REPOSITORY, "more than 2097152 files");
	assert_true(n > 1000000 && n <= TREE_ENTRIES_MAX);
	fails(diff_tree_names(r, &oid_zero, &bomb, &d), ERR_REPOSITORY, "more than 2097152 files");
	/* Equal folders are not entered. */
	ok(diff_tree_names(r, &bomb, &bomb, &d));
	assert_int_equal(d.n, 0);
	repo_close(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(finds_and_reads),
		TEST_REPO(walks),
		TEST_REPO(writes_blobs_as_git_does),
		TEST_REPO(deflates_what_it_makes_smaller),
		TEST_REPO(edits_only_what_is_named),
		TEST_REPO(replaces_files_by_folders_and_back),
		TEST_REPO(refuses_bad_edits),
		TEST_REPO(changes_a_file_of_a_strange_name),
		TEST_REPO(empties_and_fills),
		TEST_REPO(bombs_are_refused),
		cmocka_unit_test(takes_only_safe_paths),
		cmocka_unit_test(refuses_a_thousand_disguises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_ws_rules.c - patterns, line endings and the index of a workspace, with
 * git as the judge where it can be asked.
 */
#include "git_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "git/tree.h"
#include "git/ws/attr.h"
#include "git/sha1.h"
#include "git/ws/eol.h"
#include "git/ws/index.h"
#include "git/ws/match.h"

static const char *const patterns[] = {
	"a", "*.o", "/a", "a/", "a/b", "/a/b", "a/*", "a/**", "**/b", "a/**/c", "**/a/b", "a**b",
	"[ab]", "[!a]", "[^a]*", "[a-c].o", "[]x]", "[\\]]", "[[:digit:]]*", "[a", "?", "??", "\\*", "\\#x",
	"\\!y", "*a*b*", "x\\ ", "x  ", "a/*/c", "**", "*", "/*", "**/", "a/**/", "*/c", "foo/bar",
	"b/c/", "!a", "#x", "f\\o", "***/b", "a/b/**/c/d", "[[:alpha:]]", "[a-]", "*.[oa]",
};

static const char *const paths[] = {
	"a", "b", "c", "a.o", "x.o", "b.a", "d/a", "d/b", "a/b", "a/c", "a/b/c", "d/a/b", "d/a/b/c", "a/x/y/c",
	"]", "[a", "5x", "*", "#x", "!y", "x ", "x", "ab", "aXb", "a/b/c/d", "a/b/x/c/d", "foo/bar",
	"d/foo/bar", "b/c/e", "foo", "-", "deep/er/a.o", "b/c",
};

/* git's own rule: what is in an ignored folder is ignored. */
static bool
ignored(struct ws_attr *a, const char *path)
{
	char *at = mem_strdup(path);
	bool yes = false;

	for (char *p = strchr(at, '/'); p != NULL && !yes; p = strchr(p + 1, '/')) {
		*p = '\0';
		ok(ws_attr_ignored(a, at, true, &yes));
		*p = '/';
	}
	if (!yes)
		ok(ws_attr_ignored(a, at, false, &yes));
	free(at);
	return yes;
}

static void
ignoring_agrees_with_git(void **state)
{
	struct repo *r;
	FILE *f;

	(void)state;
	ok(repo_open(NULL, &r));
	sh("rm -rf * && mkdir ../at");
	f = fopen("../paths", "w");
	assert_non_null(f);
	for (size_t i = 0; i < NITEMS(paths); i++)
		fprintf(f, "%s%c", paths[i], '\0');
	fclose(f);
	for (size_t i = 0; i < NITEMS(patterns); i++) {
		struct oid tree;
		struct ws_attr *a;
		char *hex, *said;

		f = fopen(".gitignore", "w");
		assert_non_null(f);
		fprintf(f, "%s\n", patterns[i]);
		fclose(f);
		hex = sh_out("printf '100644 blob %%s\\t.gitignore\\n' $(git hash-object -w .gitignore) | git mktree");
		assert_true(oid_parse(str_of(hex), &tree));
		said = sh_out("git check-ignore --no-index -z --stdin <../paths | tr '\\0' '\\n' || true");
		a = ws_attr_new(r, &tree);
		for (size_t j = 0; j < NITEMS(paths); j++) {
			struct str rest = str_of(said), line;
			bool git = false;

			while (str_line(&rest, &line))
				git |= str_is(line, paths[j]);
			if (git != ignored(a, paths[j]))
				fail_msg("pattern '%s', path '%s': git says %d", patterns[i], paths[j], git);
		}
		ws_attr_free(a);
		free(hex);
		free(said);
	}
	repo_close(r);
}

static void
patterns_cannot_be_made_slow(void **state)
{
	struct clock clock = clock_system();
	int64_t began = clock_mono(&clock);
	struct ws_pattern p;
	char pattern[600], path[2000];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(pattern + n, sizeof(pattern) - n, "*a");
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	path[sizeof(path) - 2] = 'b';
	assert_true(ws_pattern_parse(str_of(pattern), &p));
	assert_false(ws_pattern_match(&p, str_of(path), false));
	n = 0;
	for (int i = 0; i < 80; i++)
		n += (size_t)snprintf(pattern + n, sizeof(pattern) - n, "**/a/");
	snprintf(pattern + n, sizeof(pattern) - n, "x");
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	assert_true(ws_pattern_parse(str_of(pattern), &p));
	assert_false(ws_pattern_match(&p, str_of(path), false));
	assert_true(clock_mono(&clock) - began < 500);
}

static void
attributes_of_every_writing(void **state)
{
	static const struct {
		const char *line;
		enum ws_eol eol;
		bool lfs;
	} rows[] = {
		{"* text", EOL_TEXT, false}, {"* -text", EOL_ASIS, false}, {"* text=auto", EOL_AUTO, false},
		{"* binary", EOL_ASIS, false}, {"* eol=crlf", EOL_TEXT_CRLF, false}, {"* eol=lf", EOL_TEXT, false},
		{"* text=auto eol=crlf", EOL_AUTO_CRLF, false}, {"* crlf", EOL_TEXT, false},
		{"* text eol=crlf\nf -text", EOL_ASIS, false}, {"* text eol=crlf\nf !eol", EOL_TEXT, false},
		{"* filter=lfs -text", EOL_ASIS, true}, {"* filter=other", EOL_ASIS, false},
		{"[attr]win text eol=crlf\n* win", EOL_TEXT_CRLF, false}, {"\"f\" text", EOL_TEXT, false},
		{"\xef\xbb\xbf* text", EOL_TEXT, false}, {"# text\n\n!f text", EOL_ASIS, false},
		{"other text", EOL_ASIS, false}, {"f\ttext\r", EOL_TEXT, false},
	};
	struct repo *r;

	(void)state;
	ok(repo_open(NULL, &r));
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct tree_edit edit = {0};
		struct ws_conv conv;
		struct ws_attr *a;
		struct oid tree;

		ok(tree_edit_write(r, &edit, "d/.gitattributes", str_of(rows[i].line)));
		/* A macro is only one in the topmost file. */
		ok(tree_edit_write(r, &edit, ".gitattributes", str_of(rows[i].line)));
		ok(tree_apply(r, &oid_zero, &edit, &tree));
		a = ws_attr_new(r, &tree);
		ok(ws_attr_conv(a, "d/f", &conv));
		if (conv.eol != rows[i].eol || conv.lfs != rows[i].lfs)
			fail_msg("'%s' gives %d, %d", rows[i].line, (int)conv.eol, conv.lfs);
		ws_attr_free(a);
		tree_edit_free(&edit);
	}
	repo_close(r);
}

static void
converts(enum ws_eol eol, const char *in, const char *smudged, const char *cleaned)
{
	AUTO(buf_free) struct buf b = BUF_INIT(1000);

	assert_int_equal(eol_smudge(eol, str_of(in), &b), smudged != NULL);
	assert_string_equal(buf_cstr(&b), smudged != NULL ? smudged : "");
	buf_clear(&b);
	assert_int_equal(eol_clean(eol, str_of(in), false, &b), cleaned != NULL);
	assert_string_equal(buf_cstr(&b), cleaned != NULL ? cleaned : "");
}

static void
line_endings(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(1000);

	(void)state;
	converts(EOL_ASIS, "a\r\nb\n", NULL, NULL);
	converts(EOL_TEXT, "a\r\nb\n", NULL, "a\nb\n");
	converts(EOL_TEXT_CRLF, "a\nb", "a\r\nb", NULL);
	converts(EOL_TEXT_CRLF, "a\r\nb\n", "a\r\nb\r\n", "a\nb\n");
	converts(EOL_AUTO_CRLF, "a\r\nb\n", NULL, "a\nb\n");
	converts(EOL_AUTO_CRLF, "a\nb\n", "a\r\nb\r\n", NULL);
	converts(EOL_AUTO, "lone\rcr\r\n", NULL, NULL);
	converts(EOL_TEXT, "lone\rcr\r\n", NULL, "lone\rcr\n");
	converts(EOL_TEXT, "", NULL, NULL);
	/* Binary for the auto kinds: a NUL. */
	assert_false(eol_clean(EOL_AUTO, STR("a\0b\r\n"), false, &b));
	assert_true(eol_clean(EOL_TEXT, STR("a\0b\r\n"), false, &b));
	buf_clear(&b);
	assert_false(eol_clean(EOL_AUTO, STR("a\r\n"), true, &b));
	assert_true(eol_has_crlf(STR("a\r\n")));
	assert_false(eol_has_crlf(STR("a\n")));
}

/* In two pieces. */
static void
sum(const char *data, size_t n, size_t first, unsigned char out[20])
{
	struct sha1 s;

	sha1_init(&s);
	sha1_add(&s, data, first);
	sha1_add(&s, data + first, n - first);
	sha1_end(&s, out);
}

static void
sums(void **state)
{
	static const char want[] = "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d";
	unsigned char got[20];
	char data[300];

	(void)state;
	sum("abc", 3, 0, got);
	assert_memory_equal(got, want, 20);
	/* Every length around the block's edges, against sha1sum. */
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)i;
	for (size_t n = 50; n < sizeof(data); n += n < 140 ? 3 : 31) {
		unsigned char again[20];
		char hex[41], *said;

		sum(data, n, n, got);
		for (size_t first = 0; first < n; first++) {
			sum(data, n, first, again);
			assert_memory_equal(again, got, 20);
		}
		for (size_t i = 0; i < 20; i++)
			snprintf(hex + 2 * i, 3, "%02x", got[i]);
		ok(file_replace(AT_FDCWD, "sum", str_mk(data, n), 0600, false));
		said = sh_out("sha1sum sum | cut -c1-40");
		assert_string_equal(hex, said);
		free(said);
	}
}

static void
an_index_that_git_reads(void **state)
{
	AUTO(index_free) struct ws_index first = {0};
	AUTO(index_free) struct ws_index ix = {0};
	struct ws_row rows[] = {
		{.path = "src/x.c", .mode = MODE_FILE}, {.path = "a", .mode = MODE_EXEC},
		{.path = "src.c", .mode = MODE_LINK}, {.path = "src/\xff\n", .mode = MODE_FILE},
	};
	struct ws_row later[] = {{.path = "a"}, {.path = "b", .mode = MODE_FILE},
	    {.path = "missing"}, {.path = "zz", .mode = MODE_FILE}};
	struct ws_rows list = {.v = rows, .n = NITEMS(rows)};
	char *said;

	(void)state;
	for (size_t i = 0; i < NITEMS(rows); i++)
		memset(rows[i].oid.id, 0x12, OID_RAW);
	for (size_t i = 0; i < NITEMS(later); i++)
		memset(later[i].oid.id, 0x34, OID_RAW);
	index_sort(&list);
	ok(index_replace(AT_FDCWD, ".git/index", STR(""), &list));
	ok(index_map(AT_FDCWD, ".git/index", &first));
	list.v = later;
	list.n = NITEMS(later);
	ok(index_replace(AT_FDCWD, ".git/index", first.bytes, &list));
	said = sh_out("git -c core.quotePath=true ls-files");
	assert_string_equal(said, "b\nsrc.c\nsrc/x.c\n\"src/\\377\\n\"\nzz");
	free(said);
	/* The sum is verified by fsck only. */
	said = sh_out("git fsck 2>&1 | grep -i -e 'bad.*index' -e 'checksum' || echo sound");
	assert_string_equal(said, "sound");
	free(said);
	ok(index_load(AT_FDCWD, ".git/index", &ix));
	assert_int_equal(ix.rows.n, 5);
	assert_int_equal(index_find(&ix, "src.c")->mode, MODE_LINK);
	assert_null(index_find(&ix, "a"));
}

static void
a_damaged_index_is_refused(void **state)
{
	struct ws_row row = {.path = "some/file", .mode = MODE_FILE};
	struct ws_rows list = {.v = &row, .n = 1}, none = {.n = 0};
	AUTO(index_free) struct ws_index whole = {0};

	(void)state;
	ok(index_replace(AT_FDCWD, "whole", STR(""), &list));
	ok(index_map(AT_FDCWD, "whole", &whole));
	for (size_t n = 0; n < whole.bytes.n; n += 7) {
		AUTO(index_free) struct ws_index ix = {0};
		struct str cut = str_take(whole.bytes, n);

		ok(file_replace(AT_FDCWD, "cut", cut, 0600, false));
		fails(index_load(AT_FDCWD, "cut", &ix), ERR_SYNTAX, "damaged");
		if (n > 12 + 20)
			fails(index_replace(AT_FDCWD, "new", cut, &none), ERR_SYNTAX, "damaged");
	}
	assert_int_equal(access("new", F_OK), -1);
}

/* Larger than what is written at once, and each kind of change in it. */
static void
a_large_index_is_changed(void **state)
{
	AUTO(index_free) struct ws_index old = {0};
	AUTO(index_free) struct ws_index new = {0};
	struct ws_rows list = {0}, changes = {0};
	char *said;

	(void)state;
	for (int i = 0; i < 5000; i++)
		vec_push(&list, (struct ws_row){.path = mem_printf("d%04d/a", i), .mode = MODE_FILE,
		    .oid.id = {1}});
	index_sort(&list);
	ok(index_replace(AT_FDCWD, ".git/index", STR(""), &list));
	ok(index_map(AT_FDCWD, ".git/index", &old));
	for (int i = 0; i < 5000; i += 10) {
		unsigned mode = i % 30 == 0 ? 0 : MODE_EXEC;

		vec_push(&changes, (struct ws_row){.path = mem_printf("d%04d/%s", i,
		    i % 30 == 20 ? "b" : "a"), .mode = mode, .oid.id = {2}});
	}
	index_sort(&changes);
	ok(index_replace(AT_FDCWD, ".git/index", old.bytes, &changes));
	ok(index_load(AT_FDCWD, ".git/index", &new));
	/* Of 500 changes 167 delete, 166 add. */
	assert_int_equal(new.rows.n, 5000 - 167 + 166);
	for (int i = 0; i < 5000; i++) {
		const struct ws_row *row = index_find(&new, list.v[i].path);

		assert_int_equal(row == NULL, i % 30 == 0);
		if (row != NULL)
			assert_int_equal(row->oid.id[0], i % 30 == 10 ? 2 : 1);
	}
	said = sh_out("git ls-files | wc -l; git fsck 2>&1 | grep -i -e 'bad.*index' -e 'checksum' || echo sound");
	assert_string_equal(said, "4999\nsound");
	free(said);
	for (size_t i = 0; i < list.n; i++)
		free((void *)(uintptr_t)list.v[i].path);
	for (size_t i = 0; i < changes.n; i++)
		free((void *)(uintptr_t)changes.v[i].path);
	vec_free(&list);
	vec_free(&changes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(ignoring_agrees_with_git),
		TEST_REPO(attributes_of_every_writing),
		TEST_REPO(an_index_that_git_reads),
		TEST_REPO(a_large_index_is_changed),
		TEST_DIR(patterns_cannot_be_made_slow),
		TEST_DIR(line_endings),
		TEST_DIR(sums),
		TEST_DIR(a_damaged_index_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

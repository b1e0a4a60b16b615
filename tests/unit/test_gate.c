/* The parts of the gates that need no sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/vec.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "gate/builtin/protect.h"
#include "gate/evidence.h"
#include "gate/report/facts.h"
#include "gate/report/report.h"
#include "gate/run/rerun.h"

static void
test_protected(void **state)
{
	static const char *const yes[] = {
		".github/workflows/ci.yml", ".GitHub/x", ".github", "sub/.github/x", ".gitlab-ci.yml",
		".gitea/workflows/x", ".forgejo/x", ".factory/config.yml", ".Factory/roles/x",
		"CODEOWNERS", "docs/codeowners", ".husky/pre-push", ".pre-commit-config.yaml",
		".gitmodules", ".gitattributes", "Jenkinsfile", ".envrc", ".vscode/tasks.json",
		/* what some file system takes for them */
		".github./x", ".github /x", "GITHUB~1/workflows/x", "CODEOW~1", ".gitlab-ci.yml::$DATA",
		".git\xe2\x80\x8bhub/x", "\xef\xbc\xa3ODEOWNERS", "CODEOWNER\xc5\xbf",
		(".gith\xe2\x80\x8d" "ub/x"),
	};
	static const char *const no[] = {
		"src/main.c", "github/x", "docs/CODEOWNERS.md", "my.factory/x", "factory/x", "hooks/pre-push",
		".vscode/settings.json", "src/.githubber/x",
	};
	AUTO(strs_free) struct strs more = {0};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(yes); i++)
		if (!protect_match(yes[i], NULL))
			fail_msg("not protected: %s", yes[i]);
	for (i = 0; i < NITEMS(no); i++)
		if (protect_match(no[i], NULL))
			fail_msg("protected: %s", no[i]);
	strs_add(&more, "infra/**");
	strs_add(&more, "/deploy.sh");
	assert_true(protect_match("infra/a/b", &more));
	assert_true(protect_match("INFRA/a", &more));
	assert_true(protect_match("deploy.sh", &more));
	assert_false(protect_match("x/deploy.sh", &more));
}

static void
test_rerun_quotes(void **state)
{
	static const struct {
		const char *one, *command;
	} t[] = {
		{"pytest {test}", "pytest \"${GATE_TEST}\""},
		{"go test -run '^{name}$' ./...", "go test -run '^'\"${GATE_NAME}\"'$' ./..."},
		{"x \"{class}#{name}\"", "x \"${GATE_CLASS}#${GATE_NAME}\""},
		{"x \\'{file}", "x \\'\"${GATE_FILE}\""},
		{"x '\\'{test}", "x '\\'\"${GATE_TEST}\""},
		{"x \"it's {test}\"", "x \"it's ${GATE_TEST}\""},
		{"awk '{print}' {other}", "awk '{print}' {other}"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

		rerun_command(t[i].one, &b);
		assert_string_equal(buf_cstr(&b), t[i].command);
	}
}

/* ---- reports ---- */

static int
scratch(char *path)
{
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_not_equal(fd, -1);
	return fd;
}

static void
put(int dir, const char *path, const char *text)
{
	assert_null(file_replace(dir, path, str_of(text), 0644, false));
}

static struct err *
lists(int dir, const char *pattern, struct strs *paths)
{
	AUTO(strs_free) struct strs patterns = {0};
	const char *missing;
	struct err *e;

	strs_add(&patterns, pattern);
	e = report_list(dir, &patterns, paths, &missing);
	assert_true(e != NULL || (missing != NULL) == (paths->n == 0));
	return e;
}

static void
test_report_list(void **state)
{
	char top[] = "/tmp/test-gate-XXXXXX";
	AUTO(strs_free) struct strs one = {0}, many = {0}, deep = {0}, none = {0}, places = {0};
	const char *missing;
	int dir = scratch(top);

	(void)state;
	assert_null(dir_make(dir, "a/b", 0755));
	assert_null(dir_make(dir, "a/c", 0755));
	put(dir, "a/b/TEST-2.xml", "");
	put(dir, "a/c/TEST-1.xml", "");
	put(dir, "a/c/other.txt", "");
	put(dir, "r.xml", "");
	assert_null(lists(dir, "r.xml", &one));
	assert_int_equal(one.n, 1);
	assert_null(lists(dir, "./a/*/TEST-*.xml", &many));
	assert_int_equal(many.n, 2);
	assert_string_equal(many.v[0], "a/b/TEST-2.xml");
	assert_null(lists(dir, "**/*.xml", &deep));
	assert_int_equal(deep.n, 3);
	assert_null(lists(dir, "x/y/r.xml", &none));
	assert_int_equal(none.n, 0);
	/* Of several places each must have something, and a file counts once. */
	strs_add(&places, "r.xml");
	strs_add(&places, "**/*.xml");
	strs_add(&places, "gone.xml");
	strs_add(&places, "gone.json");
	assert_null(report_list(dir, &places, &none, &missing));
	assert_int_equal(none.n, 3);
	assert_string_equal(missing, "gone.xml");
	close(dir);
	assert_null(tree_remove(AT_FDCWD, top));
}

static void
denied(int dir, const char *pattern)
{
	AUTO(strs_free) struct strs paths = {0};
	AUTO(facts_free) struct facts f = {0};
	AUTO(err_free_p) struct err *e = lists(dir, pattern, &paths);

	if (e == NULL)
		e = report_read(dir, &paths, &(struct conf_gate){0}, NULL, &f);
	if (!err_is(e, ERR_DENIED))
		fail_msg("'%s' was read: %s", pattern, e == NULL ? "" : err_msg(e));
}

static void
test_security_report_links(void **state)
{
	static const char good[] = "<testsuite><testcase name='a'/></testsuite>";
	char top[] = "/tmp/test-gate-XXXXXX";
	AUTO(strs_free) struct strs paths = {0};
	AUTO(facts_free) struct facts f = {0};
	int dir = scratch(top);

	(void)state;
	assert_null(dir_make(dir, "real", 0755));
	put(dir, "real/r.xml", good);
	assert_int_equal(symlinkat("real/r.xml", dir, "link.xml"), 0);
	assert_int_equal(symlinkat("real", dir, "folder"), 0);
	assert_int_equal(symlinkat("/etc", dir, "out"), 0);
	assert_int_equal(mkfifoat(dir, "fifo.xml", 0644), 0);
	denied(dir, "link.xml");
	denied(dir, "folder/r.xml");
	denied(dir, "out/passwd");
	denied(dir, "fifo.xml");
	denied(dir, "real");
	assert_null(lists(dir, "real/r.xml", &paths));
	assert_null(report_read(dir, &paths, &(struct conf_gate){0}, NULL, &f));
	assert_int_equal(f.tests.n, 1);
	close(dir);
	assert_null(tree_remove(AT_FDCWD, top));
}

static struct err *
checked(const char *place, const char *format)
{
	AUTO(strs_free) struct strs places = {0}, formats = {0};

	if (place != NULL)
		strs_add(&places, place);
	if (format != NULL)
		strs_add(&formats, format);
	return report_check(&(struct conf_gate){.report = places, .format = formats, .one = ""});
}

static void
test_report_check(void **state)
{
	static const char *const bad[] = {"", "/abs", "../x", "a/../../x", ".git/x", "a/.."};
	AUTO(err_free_p) struct err *unknown = checked("r.xml", "junitt");
	AUTO(err_free_p) struct err *alone = checked(NULL, "junit");
	size_t i;

	(void)state;
	assert_null(checked("target/surefire-reports/TEST-*.xml", "junit"));
	assert_true(err_is(unknown, ERR_CONFIG));
	assert_true(err_is(alone, ERR_CONFIG));
	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(err_free_p) struct err *e = checked(bad[i], NULL);

		if (!err_is(e, ERR_CONFIG))
			fail_msg("taken: '%s'", bad[i]);
	}
}

/* What the reports of one gate say, "" for a refusal. */
static void
reads(const char *a, const char *b, const char *format, struct redactor *redact, struct facts *f,
    const char *refusal)
{
	char top[] = "/tmp/test-gate-XXXXXX";
	AUTO(strs_free) struct strs paths = {0}, formats = {0};
	AUTO(err_free_p) struct err *e = NULL;
	int dir = scratch(top);

	put(dir, "a", a);
	if (b != NULL)
		put(dir, "b", b);
	assert_null(lists(dir, "?", &paths));
	if (format != NULL)
		strs_add(&formats, format);
	e = report_read(dir, &paths, &(struct conf_gate){.format = formats}, redact, f);
	close(dir);
	assert_null(tree_remove(AT_FDCWD, top));
	if (refusal == NULL && e != NULL)
		fail_msg("%s", err_msg(e));
	if (refusal != NULL && (e == NULL || strstr(err_msg(e), refusal) == NULL))
		fail_msg("'%s' instead of '%s'", e == NULL ? "" : err_msg(e), refusal);
}

#define JUNIT_ONE "<testsuite><testcase name='a'/></testsuite>"
#define LCOV_ONE "SF:a.c\nDA:1,1\nDA:2,0\nend_of_record\n"

/* Reports of different kinds in one gate add up; each is known by its first bytes. */
static void
test_report_kinds(void **state)
{
	AUTO(facts_free) struct facts both = {0}, named = {0}, empty = {0}, alien = {0}, wrong = {0}, idle = {0};

	(void)state;
	reads(JUNIT_ONE, LCOV_ONE, NULL, NULL, &both, NULL);
	assert_int_equal(both.kinds, FACTS_TESTS | FACTS_COVERAGE);
	assert_int_equal(both.tests.n, 1);
	assert_non_null(facts_cover_of(&both, "a.c"));
	reads("[]", NULL, "gitleaks", NULL, &named, NULL);
	assert_int_equal(named.kinds, FACTS_FINDINGS);
	reads("", NULL, NULL, NULL, &empty, "a: the report is empty");
	reads("hello", NULL, NULL, NULL, &alien, "a: a report of no known format");
	reads(LCOV_ONE, NULL, "junit", NULL, &wrong, "a:1:");
	reads("<testsuite><testcase name='a'><skipped/></testcase></testsuite>", NULL, NULL, NULL, &idle,
	    "every test of the report was skipped");
}

/* Wherever a secret lies in a long report, also over the pieces that it is read in. */
static void
test_security_report_redacted(void **state)
{
	AUTO(secrets_free) struct secrets secrets = {0};
	AUTO(redact_free_p) struct redactor *redact = NULL;
	size_t pad;

	(void)state;
	secrets_add(&secrets, "KEY", STR("s3cr3t-value-of-a-key"));
	redact = redact_new(&secrets);
	for (pad = 64 * KIB - 40; pad < 64 * KIB; pad += 7) {
		AUTO(mem_free_p) char *fill = mem_calloc(1, pad + 1);
		AUTO(mem_free_p) char *text = NULL;
		AUTO(facts_free) struct facts f = {0};

		memset(fill, ' ', pad);
		text = mem_printf("<testsuite>%s<testcase name='a'><failure message='s3cr3t-value-of-a-key'/>"
		    "</testcase></testsuite>", fill);
		reads(text, NULL, NULL, redact, &f, NULL);
		assert_string_equal(f.tests.v[0]->more->message, "[redacted:KEY]");
	}
}

/* ---- evidence ---- */

static void
test_evidence(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), out = BUF_INIT(BUF_TEXT);
	struct junit_more more = {.class = "a", .file = "x.py", .line = 3, .message = "1 != 2"};
	struct junit_case c = {.id = "a::b\033[31m", .name = "b", .more = &more, .status = JUNIT_FAILED};
	size_t i;

	(void)state;
	buf_adds(&text, "first\n");
	for (i = 0; i < 1000; i++)
		buf_addf(&text, "line %zu\n", i);
	buf_adds(&text, "\033[1mlast\033[0m");
	more.text = buf_cstr(&text);
	evidence_test(&out, &c, "fails on the base too");
	assert_true(out.n < 2000);
	assert_non_null(strstr(buf_cstr(&out), "(x.py:3) [fails on the base too]\n1 != 2\nfirst\n"));
	assert_non_null(strstr(buf_cstr(&out), "\nlast\n"));
	assert_null(strchr(buf_cstr(&out), '\033'));
	buf_clear(&out);
	evidence_output(&out, buf_cstr(&text), 100);
	assert_memory_equal(buf_cstr(&out), "The end of its output:\nline ", 28);
	assert_true(out.n < 150);
	buf_clear(&out);
	evidence_output(&out, " \n", 100);
	assert_string_equal(buf_cstr(&out), "The command printed nothing.\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_rerun_quotes),
		cmocka_unit_test(test_report_list),
		cmocka_unit_test(test_security_report_links),
		cmocka_unit_test(test_report_check),
		cmocka_unit_test(test_report_kinds),
		cmocka_unit_test(test_security_report_redacted),
		cmocka_unit_test(test_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

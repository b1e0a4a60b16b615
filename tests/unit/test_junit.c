/* Reports as real runners wrote them (tests/fuzz/corpus/junit), and small ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

/* Add one report to what is there; after an error it may hold part of it. */
static struct err *
junit_parse(const char *file, struct str text, struct junit *j)
{
	struct facts f = {.tests = *j};
	struct report *r = format_open(format_named("junit"), file, &f);
	struct err *e = format_feed(r, text);

	if (e == NULL)
		e = format_end(r);
	format_close(r);
	*j = f.tests;
	return e;
}

static void
load(const char *name, struct junit *j)
{
	AUTO(mem_free_p) char *path = path_join("tests/fuzz/corpus/junit", name);
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	assert_null(file_read(AT_FDCWD, path, &b));
	assert_null(junit_parse(name, buf_str(&b), j));
}

static void
parse(const char *text, struct junit *j)
{
	struct err *e = junit_parse("r.xml", str_of(text), j);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static void
check(const struct junit *j, const char *id, enum junit_status status)
{
	const struct junit_case *c = junit_get(j, id);

	if (c == NULL)
		fail_msg("no test '%s'", id);
	if (c->status != status)
		fail_msg("'%s' has status %d", id, (int)c->status);
}

static void
test_pytest(void **state)
{
	AUTO(junit_free) struct junit j = {0};

	(void)state;
	load("pytest.xml", &j);
	assert_int_equal(j.n, 7);
	check(&j, "test_x.TestC::test_p[1]", JUNIT_PASSED);
	check(&j, "test_x.TestC::test_p[2]", JUNIT_FAILED);
	check(&j, "test_x::test_skip", JUNIT_SKIPPED);
	check(&j, "test_x::test_xf", JUNIT_SKIPPED);
	/* Skipped, and then its teardown broke: that is a failure. */
	check(&j, "test_x::test_td", JUNIT_FAILED);
	assert_string_equal(junit_get(&j, "test_x::test_err")->more->message,
	    "failed on setup with \"RuntimeError: red\"");
	assert_int_equal(j.passed, 2);
	assert_int_equal(j.failed, 3);
	assert_int_equal(j.skipped, 2);
}

static void
test_node(void **state)
{
	AUTO(junit_free) struct junit j = {0};

	(void)state;
	load("node.xml", &j);
	assert_int_equal(j.n, 6);
	check(&j, "math > inner > adds", JUNIT_FAILED);
	check(&j, "math > inner > subs", JUNIT_PASSED);
	check(&j, "todo fails", JUNIT_SKIPPED);
	check(&j, "skipme", JUNIT_SKIPPED);
	check(&j, "parent > child", JUNIT_FAILED);
	assert_string_equal(junit_get(&j, "parent > child")->more->message, "boom");
	assert_non_null(strstr(junit_get(&j, "math > inner > adds")->more->text, "a.test.js:2:76"));
}

static void
test_surefire(void **state)
{
	AUTO(junit_free) struct junit j = {0};

	(void)state;
	load("surefire.xml", &j);
	assert_int_equal(j.n, 4);
	check(&j, "org.example.SumTest::adds", JUNIT_FAILED);
	check(&j, "org.example.SumTest::sometimes", JUNIT_FLAKY);
	check(&j, "org.example.SumTest::explodes", JUNIT_FAILED);
	assert_string_equal(junit_get(&j, "org.example.SumTest::explodes")->more->text, "what it printed");
	assert_int_equal(j.passed, 2);
}

static void
test_c_runners(void **state)
{
	AUTO(junit_free) struct junit g = {0}, c = {0}, t = {0};

	(void)state;
	load("gtest.xml", &g);
	check(&g, "Sum::Adds", JUNIT_FAILED);
	check(&g, "Sum::Fine", JUNIT_PASSED);
	check(&g, "Sum::DISABLED_Later", JUNIT_SKIPPED);
	check(&g, "Sum::Skips", JUNIT_SKIPPED);
	assert_string_equal(junit_get(&g, "Sum::Adds")->more->file, "g.cc");
	assert_int_equal(junit_get(&g, "Sum::Adds")->more->line, 2);
	load("cmocka.xml", &c);
	check(&c, "t > test_bad", JUNIT_FAILED);
	check(&c, "t > test_skip", JUNIT_SKIPPED);
	load("ctest.xml", &t);
	check(&t, "(empty) > bad", JUNIT_FAILED);
	check(&t, "(empty) > off", JUNIT_SKIPPED);
}

/* Cases below suites of one file, right below the root, and of two files. */
static void
test_variants(void **state)
{
	AUTO(junit_free) struct junit j = {0};

	(void)state;
	parse("<testsuites><testcase name='a'/><testsuite name='s'><testsuite name='t'>"
	    "<testcase name='a' time='NaN'><rerunError message='x'/></testcase>"
	    "</testsuite><testcase name='a'><failure/><skipped/></testcase></testsuite>"
	    "</testsuites>", &j);
	check(&j, "a", JUNIT_PASSED);
	check(&j, "s > t > a", JUNIT_FAILED);
	check(&j, "s > a", JUNIT_FAILED);
	parse("<testsuite name='s'><testcase classname='k' name='at 0x7fc6d9d50690'/>"
	    "<testcase classname='k' name='twice'/>"
	    "<testcase classname='k' name='twice'><failure message='second'/></testcase>"
	    "<testcase classname='k' name='twice'/></testsuite>", &j);
	check(&j, "k::at 0x*", JUNIT_PASSED);
	check(&j, "k::twice", JUNIT_FAILED);
	assert_int_equal(j.n, 5);
	assert_int_equal(j.failed, 3);
	assert_int_equal(j.passed, 2);
}

/* A class that does not load fails as a suite, without any case. */
static void
test_suite_error(void **state)
{
	AUTO(junit_free) struct junit j = {0};

	(void)state;
	parse("<testsuite name='s' errors='1'><error message='no such class'>at X</error>"
	    "<testcase name='a'/></testsuite>", &j);
	check(&j, "s > (suite)", JUNIT_FAILED);
	check(&j, "s > a", JUNIT_PASSED);
	assert_string_equal(junit_get(&j, "s > (suite)")->more->message, "no such class");
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"", "<html/>", "<testcase name='a'/>", "<testsuite><testcase name='a'>",
		"<testsuites failures='2'><testsuite><testcase name='a'/></testsuite></testsuites>",
		"<testsuite errors='1'/>", "{}",
		"<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite><testcase name='&a;'/></testsuite>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(junit_free) struct junit j = {0};
		AUTO(err_free_p) struct err *e = junit_parse("r.xml", str_of(bad[i]), &j);

		if (!err_is(e, ERR_SYNTAX))
			fail_msg("taken: %s", bad[i]);
		assert_non_null(strstr(err_msg(e), "r.xml"));
	}
}

static void
test_bounded(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(junit_free) struct junit j = {0};
	const struct junit_case *c;
	size_t i;

	(void)state;
	buf_adds(&b, "<testsuite><testcase name='");
	for (i = 0; i < 5000; i++)
		buf_addc(&b, 'n');
	buf_adds(&b, "'><failure>first line\n");
	for (i = 0; i < 100000; i++)
		buf_adds(&b, "0123456789\n");
	buf_adds(&b, "last line</failure></testcase></testsuite>");
	parse(buf_cstr(&b), &j);
	c = j.v[0];
	assert_int_equal(strlen(c->id), JUNIT_NAME_MAX);
	assert_true(strlen(c->more->text) <= JUNIT_TEXT_MAX);
	assert_memory_equal(c->more->text, "first line", 10);
	assert_non_null(strstr(c->more->text, "last line"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pytest),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_surefire),
		cmocka_unit_test(test_c_runners),
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_suite_error),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests: reports of real runners (tests/formats, tests/fuzz/corpus/junit), and small ones. */
#include "format_fixture.h"

/* ---- JUnit; its variants are in test_junit.c ---- */

static void
junit_cases(void **state)
{
	static const char text[] =
	    "<testsuites failures=\"1\"><testsuite name=\"s\"><testcase classname=\"c\" name=\"a\"/>"
	    "<testcase name=\"b\"><failure message=\"no\">at b:1</failure></testcase>"
	    "<testcase name=\"d\"><skipped/></testcase></testsuite></testsuites>";

	(void)state;
	format_reads("junit", text, "test c::a: passed\ntest s > b: failed (no)\ntest s > d: skipped\n");
	format_cut_short("junit", text, TRAILER);
}

static void
junit_of_runners(void **state)
{
	static const char *const names[] = {"cmocka.xml", "ctest.xml", "gtest.xml", "node.xml", "pytest.xml", "surefire.xml"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(names); i++) {
		AUTO(mem_free_p) char *path = path_join("tests/fuzz/corpus/junit", names[i]);
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), expect = BUF_INIT(BUF_TEXT);
		AUTO(facts_free) struct facts f = {0};

		assert_null(file_read(AT_FDCWD, path, &text));
		assert_null(format_in_two("junit", buf_str(&text), 0, &f));
		assert_true(f.tests.n > 0);
		facts_dump(&f, DUMP_ALL, &expect);
		format_reads_str("junit", buf_str(&text), buf_cstr(&expect));
		format_cut_short_str("junit", buf_str(&text), TRAILER);
	}
}

static void
junit_refusals(void **state)
{
	(void)state;
	format_refused("junit", "<html/>", "r:1:*: the root of a JUnit report is 'testsuites' or 'testsuite', not 'html'");
	format_refused("junit", "<testsuite errors=\"1\"/>", "r: the report counts failures and names none");
}

/* ---- TAP ---- */

static void
tap_points(void **state)
{
	static const char text[] =
	    "TAP version 14\n1..6\nok 1 - adds \\# two\nnot ok 2 fails # TIME=1\n# because\nok # skip no disk\n"
	    "not ok 4 - later # TODO soon\n  ---\n  message: not yet\n  not ok: 1\n  ...\n"
	    "not ok 5 - sums\n  ---\n  duration: 1\n  error: |-\n    0 !== 3\n  ...\nsome talk\nok 6 - fixes #12\n";

	(void)state;
	format_reads("tap", text, "test adds # two: passed\ntest fails: failed (because)\ntest test 3: skipped\n"
	    "test later: skipped\ntest sums: failed (0 !== 3)\ntest fixes #12: passed\n");
	format_cut_short("tap", text, TRAILER);
}

static void
tap_subtests(void **state)
{
	static const char text[] =
	    "# Subtest: outer\n    # Subtest: mid\n        ok 1 - in\n        not ok 2 - bad\n          ---\n"
	    "          error: 'boom'\n          ...\n        1..2\n    not ok 1 - mid\n    ok 2 - leaf\n    1..2\nnot ok 1 - outer\n"
	    "ok 2 - braced # time=3ms {\n    1..1\n    ok 1 - one\n}\n"
	    "    1..1\n    not ok 1 - x\nnot ok 3 - some day # TODO\n"
	    "    1..1\n    ok 1 - y\nnot ok 4 - leaked\n"
	    "    1..0 # SKIP none\nok 5 - empty # SKIP none\n1..5\n";

	(void)state;
	format_reads("tap", text, "test outer > mid > in: passed\ntest outer > mid > bad: failed (boom)\n"
	    "test outer > leaf: passed\ntest braced > one: passed\ntest some day > x: skipped\n"
	    "test leaked > y: passed\ntest leaked: failed\ntest empty: skipped\n");
	format_cut_short("tap", text, TRAILER);
}

static void
tap_refusals(void **state)
{
	(void)state;
	format_refused("tap", "", "r: a report without a plan ('1..N')");
	format_refused("tap", "ok 1\nok 2\n", "r: a report without a plan ('1..N')");
	format_refused("tap", "1..\nok 1\n", "r: a report without a plan ('1..N')");
	format_refused("tap", "1..3\nok 1\nok 2\n", "r: 3 tests were planned, and 2 ran");
	format_refused("tap", "ok 1\nok 2\n1..1\n", "r: 1 tests were planned, and 2 ran");
	format_refused("tap", "1..2\nok 1\nok 1\n", "r:3: test 1 stands where 2 is due");
	format_refused("tap", "1..1\nok 1\n1..1\n", "r:3: a second plan");
	format_refused("tap", "1..2\nok 1\nBail out! no database\n", "r:3: the run was given up: no database");
	format_refused("tap", "1..1\nok 1 # SK", "r:2: the last line is cut short");
	format_refused("tap", "TAP version 15\n1..0\n", "r:1: TAP of a version that is not known");
	format_refused("tap", "1..1\nok 1\n  ---\n  a: b\n", "r: a block of YAML does not end");
	format_refused("tap", "1..1\n    ok 1 - a\nok 1 - b\n", "r:3: 'b': subtests without a plan ('1..N')");
	format_refused("tap", "1..1\n    1..2\n    ok 1 - a\nok 1 - b\n", "r:4: 'b': 2 tests were planned, and 1 ran");
	format_refused("tap", "1..0\n    1..1\n    ok 1 - a\n", "r: subtests without the point that sums them up");
	format_refused("tap", "1..1\nok 1 - a {\n    ok 1 - b\n", "r: subtests without the point that sums them up");
}

/* "not ok # SKIP" is no excuse; nor is a child's failure below a point that is ok. */
static void
tap_is_not_made_better(void **state)
{
	(void)state;
	format_reads("tap", "1..1\nnot ok 1 - a # SKIP no\n", "test a: failed\n");
	format_reads("tap", "1..1\n    1..1\n    not ok 1 - b\nok 1 - a\n", "test a > b: failed\n");
	format_reads("tap", "1..2\nnot ok 1 - a\nok 2 - a\n", "test a: failed\n");
	format_reads("tap", "1..1\nnot ok 1 - \033[31mred\033[0m\n# \033[1mno\033[m\tway\a\n", "test red: failed (no way)\n");
	format_reads("tap", "1..4\nnot ok 1 - C# todo\nnot ok 2 - a # todoist\nnot ok 3 - b \\# TODO\n"
	    "not ok 4 - c \\\\ # TODO\n", "test C# todo: failed\ntest a # todoist: failed\n"
	    "test b # TODO: failed\ntest c \\: skipped\n");
}

static void
recorded(void **state)
{
	(void)state;
	format_recorded("tap", "node-20.tap", TRAILER);
	format_recorded("tap", "test-more-1.302.tap", TRAILER);
	format_recorded("tap", "bats-1.8.tap", TRAILER);
	format_recorded("tap", "tape-5.tap", TRAILER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junit_cases),
		cmocka_unit_test(junit_of_runners),
		cmocka_unit_test(junit_refusals),
		cmocka_unit_test(tap_points),
		cmocka_unit_test(tap_subtests),
		cmocka_unit_test(tap_refusals),
		cmocka_unit_test(tap_is_not_made_better),
		cmocka_unit_test(recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

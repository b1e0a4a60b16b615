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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junit_cases),
		cmocka_unit_test(junit_of_runners),
		cmocka_unit_test(junit_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

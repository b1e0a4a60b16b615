/* Coverage: reports of real tools (tests/formats), and small ones. */
#include "format_fixture.h"

/* ---- LCOV ---- */

static void
lcov_lines(void **state)
{
	static const char text[] =
	    "TN:all\nSF:/work/src/a.c\nFN:1,main\nDA:1,4\nDA:2,0\nDA:3,-\nDA:4,99999999999999999999,c2Vl\n"
	    "LF:4\nLH:2\nend_of_record\nSF:src/caf\xc3\xa9.c\r\nDA:7,=====\r\nend_of_record\n"
	    "SF:src/a.c\nDA:2,1\nend_of_record\n";
	static const char expect[] =
	    "cover src/a.c\ncover src/a.c:1 hit\ncover src/a.c:2 hit\ncover src/a.c:3 missed\n"
	    "cover src/a.c:4 hit\ncover src/caf\xc3\xa9.c\ncover src/caf\xc3\xa9.c:7 missed\n";

	(void)state;
	format_reads("lcov", text, expect);
	format_cut_short("lcov", text, BORDERS);
}

static void
lcov_refusals(void **state)
{
	(void)state;
	format_refused("lcov", "", "r: the report names no file");
	format_refused("lcov", "TN:\n", "r: the report names no file");
	format_refused("lcov", "SF:a\nDA:1,1\n", "r: the last file's record does not end");
	format_refused("lcov", "DA:1,1\n", "r:1: 'DA:' outside of a file's record");
	format_refused("lcov", "SF:a\nend_of_record\nS", "r:3: the last line is cut short");
	format_refused("lcov", "SF:a\nSF:b\n", "r:2: a file's record begins before the last one ended");
	format_refused("lcov", "SF:a\nDA:1\n", "r:2: 'DA:' wants a line and a count");
	format_refused("lcov", "SF:a\nDA:0,1\n", "r:2: 'DA:' wants a line and a count");
	format_refused("lcov", "SF:a\nDA:3000000,1\n", "r:2: the line 3000000 of 'a' cannot be");
	format_refused("lcov", "SF:a\nDA:1,yes\n", "r:2: the count 'yes' is none");
	format_refused("lcov", "end_of_record\n", "r:1: 'end_of_record' without a file");
}

/* ---- Cobertura ---- */

#define COBERTURA_HEAD "<?xml version=\"1.0\" ?><coverage line-rate=\"0.5\" version=\"7\">"

static void
cobertura_lines(void **state)
{
	static const char text[] = COBERTURA_HEAD
	    "<sources><source>/work/src</source></sources><packages><package name=\".\"><classes>"
	    "<class name=\"a\" filename=\"a.py\"><methods><method name=\"f\"><lines>"
	    "<line number=\"2\" hits=\"0\"/></lines></method></methods><lines>"
	    "<line number=\"1\" hits=\"3\"/><line number=\"2\" hits=\"0\" branch=\"true\"/></lines></class>"
	    "<class name=\"b\" filename=\"/work/lib/caf\xc3\xa9.py\"><lines>"
	    "<line number=\"9\" hits=\"123456789012345678901234567890\"/></lines></class>"
	    "<class name=\"c\" filename=\"a.py\"><lines><line number=\"2\" hits=\"1\"/></lines></class>"
	    "</classes></package></packages></coverage>";
	static const char expect[] =
	    "cover src/a.py\ncover src/a.py:1 hit\ncover src/a.py:2 hit\n"
	    "cover lib/caf\xc3\xa9.py\ncover lib/caf\xc3\xa9.py:9 hit\n";

	(void)state;
	format_reads("cobertura", text, expect);
	format_cut_short("cobertura", text, TRAILER);
}

/* Of several sources none can be told: names count from the folder where the tool ran. */
static void
cobertura_of_several_sources(void **state)
{
	(void)state;
	format_reads("cobertura", COBERTURA_HEAD "<sources><source>/a</source><source>/b</source></sources>"
	    "<class filename=\"src/x.py\"><line number=\"1\" hits=\"0\"/></class></coverage>",
	    "cover src/x.py\ncover src/x.py:1 missed\n");
}

static void
cobertura_refusals(void **state)
{
	(void)state;
	format_refused("cobertura", "<report/>", "r:1:*: the root is not 'coverage'");
	format_refused("cobertura", COBERTURA_HEAD "</coverage>", "r: the report names no file");
	format_refused("cobertura", COBERTURA_HEAD "<class name=\"a\"/></coverage>",
	    "r:1:*: a class without 'filename'");
	format_refused("cobertura", COBERTURA_HEAD "<class filename=\"a\"><line number=\"1\"/></class></coverage>",
	    "r:1:*: a line without 'number' and 'hits'");
	format_refused("cobertura", COBERTURA_HEAD "<class filename=\"a\"><line number=\"1\" hits=\"no\"/></class></coverage>",
	    "r:1:*: 'hits' is no number");
	format_refused("cobertura", COBERTURA_HEAD "<class filename=\"a\"><line number=\"0\" hits=\"1\"/></class></coverage>",
	    "r:1:*: a line without 'number' and 'hits'");
	format_refused("cobertura", "<coverage><class filename=\"a\">", "r:1:*: no element found");
}

/* ---- coverage.py ---- */

#define COVERAGEPY(files, totals) \
	"{\"meta\":{\"format\":3,\"version\":\"7.6.1\",\"branch_coverage\":true},\"files\":{" files "}" totals "}"
#define COVERAGEPY_FILE(hits, misses, missing) \
	"{\"executed_lines\":" hits ",\"summary\":{\"covered_lines\":9,\"missing_lines\":" missing "}," \
	"\"missing_lines\":" misses ",\"excluded_lines\":[4]}"

static void
coveragepy_lines(void **state)
{
	static const char text[] = COVERAGEPY("\"src/caf\xc3\xa9.py\":" COVERAGEPY_FILE("[1,2]", "[7]", "1")
	    ",\"/work/b.py\":" COVERAGEPY_FILE("[]", "[]", "0"), ",\"totals\":{\"covered_lines\":2}");

	(void)state;
	format_reads("coveragepy", text, "cover src/caf\xc3\xa9.py\ncover src/caf\xc3\xa9.py:1 hit\n"
	    "cover src/caf\xc3\xa9.py:2 hit\ncover src/caf\xc3\xa9.py:7 missed\ncover b.py\n");
	format_cut_short("coveragepy", text, TRAILER);
}

static void
coveragepy_refusals(void **state)
{
	(void)state;
	format_refused("coveragepy", "{}", "r: the report has no 'meta.version'");
	format_refused("coveragepy", COVERAGEPY("", ""), "r: the report has no 'totals'");
	format_refused("coveragepy", COVERAGEPY("", ",\"totals\":{}"), "r: the report names no file");
	format_refused("coveragepy", COVERAGEPY("\"a\":" COVERAGEPY_FILE("[1]", "[]", "3"), ""),
	    "r:1:*: the summary counts 3 missing lines, and 0 are named");
	format_refused("coveragepy", COVERAGEPY("\"a\":{\"executed_lines\":[]}", ""), "r:1:*: a file without 'missing_lines'");
	format_refused("coveragepy", COVERAGEPY("\"a\":" COVERAGEPY_FILE("[\"1\"]", "[]", "0"), ""),
	    "r:1:*: a line that is no number");
	format_refused("coveragepy", COVERAGEPY("\"a\":" COVERAGEPY_FILE("[1]", "[]", "0") ",\"a\":{}", ""),
	    "r:1:*: the file 'a' stands twice");
}

/* ---- gcov ---- */

static void
gcov_lines(void **state)
{
	static const char text[] = "{\"files\":[{\"lines\":[{\"count\":0,\"line_number\":3},{\"line_number\":3,\"count\":2},"
	    "{\"line_number\":4,\"unexecuted_block\":false,\"count\":0}],\"file\":\"../src/a.c\"},"
	    "{\"file\":\"/usr/include/stdio.h\",\"lines\":[]}],\"format_version\":\"2\",\"current_working_directory\":\"/work/build\"}";

	(void)state;
	format_reads("gcov", text, "cover src/a.c\ncover src/a.c:3 hit\ncover src/a.c:4 missed\ncover \n");
	format_cut_short("gcov", text, TRAILER);
}

/* An object per data file; a line ran if it did in any. */
static void
gcov_of_several_programs(void **state)
{
	static const char text[] = "{\"gcc_version\":\"12\",\"files\":[{\"lines\":[{\"count\":0,\"line_number\":1},{\"line_number\":2,\"count\":0}],"
	    "\"file\":\"a.h\"}],\"format_version\":\"1\",\"current_working_directory\":\"/work\"}\n"
	    "{\"files\":[{\"lines\":[{\"count\":1,\"line_number\":2}],\"file\":\"../a.h\"}],\"format_version\":\"1\","
	    "\"current_working_directory\":\"/work/b\"}\n";

	(void)state;
	format_reads("gcov", text, "cover a.h\ncover a.h:1 missed\ncover a.h:2 hit\n");
	format_cut_short("gcov", text, BORDERS);
	format_refused("gcov", "{\"files\":[{\"file\":\"a\",\"lines\":[]}],\"format_version\":\"1\"}{}",
	    "r:1:*: the report has no 'format_version'");
	format_refused("gcov", "[]", "r:1:*: gcov's JSON is an object");
}

static void
gcov_refusals(void **state)
{
	(void)state;
	format_refused("gcov", "{\"files\":[]}", "r:1:*: the report has no 'format_version'");
	format_refused("gcov", "{\"format_version\":\"1\"}", "r:1:*: the report has no 'files'");
	format_refused("gcov", "{\"format_version\":\"9\"}", "r:1:*: gcov's JSON of a version that is not known");
	format_refused("gcov", "{\"format_version\":\"1\",\"files\":[]}", "r:1:*: the report names no file");
	format_refused("gcov", "{\"files\":[{\"file\":\"a\"}]}", "r:1:*: a file without 'file' and 'lines'");
	format_refused("gcov", "{\"files\":[{\"lines\":[{\"count\":1}]}]}", "r:1:*: a line without 'line_number' and 'count'");
	format_refused("gcov", "{\"files\":[{\"lines\":[{\"count\":-1,\"line_number\":1}]}]}",
	    "r:1:*: a line without 'line_number' and 'count'");
	format_refused("gcov", "{\"files\":[{\"lines\":[{\"count\":1,\"line_number\":99999999}]}]}",
	    "r:1:*: a line without 'line_number' and 'count'");
}

/* ---- JaCoCo ---- */

#define JACOCO_FILE(lines, missed) "<sourcefile name=\"A.java\">" lines "<counter type=\"LINE\" missed=\"" missed "\" covered=\"1\"/></sourcefile>"

static void
jacoco_lines(void **state)
{
	static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
	    "<!DOCTYPE report PUBLIC \"-//JACOCO//DTD Report 1.1//EN\" \"report.dtd\"><report name=\"x\"><group name=\"g\">"
	    "<package name=\"org/a\"><class name=\"org/a/A\"><method name=\"f\" line=\"2\"><counter type=\"LINE\" missed=\"7\" covered=\"0\"/>"
	    "</method></class>" JACOCO_FILE("<line nr=\"2\" mi=\"1\" ci=\"3\" mb=\"0\" cb=\"0\"/><line nr=\"3\" mi=\"2\" ci=\"0\"/>"
	    "<line nr=\"4\" mi=\"0\" ci=\"0\"/>", "1") "</package></group>"
	    "<package name=\"\">" JACOCO_FILE("", "0") "</package></report>";

	(void)state;
	format_reads("jacoco", text, "cover org/a/A.java\ncover org/a/A.java:2 hit\ncover org/a/A.java:3 missed\ncover A.java\n");
	format_cut_short("jacoco", text, TRAILER);
}

static void
jacoco_refusals(void **state)
{
	(void)state;
	format_refused("jacoco", "<reports/>", "r:1:*: the root is not 'report'");
	format_refused("jacoco", "<report><package name=\"a\"/></report>", "r: the report names no source file");
	format_refused("jacoco", "<report>" JACOCO_FILE("<line nr=\"2\" ci=\"3\"/>", "1") "</report>",
	    "r:1:*: a line without 'nr', 'mi' and 'ci'");
	format_refused("jacoco", "<report>" JACOCO_FILE("", "4") "</report>",
	    "r:1:*: the file's counter has 4 missed lines, and 0 are named");
	format_refused("jacoco", "<!DOCTYPE report PUBLIC \"-//JACOCO//DTD Report 1.1//EN\" \"report.dtd\" [<!ENTITY a \"b\">]><report/>",
	    "r:1:*: a document type is not allowed here");
}

/* ---- Go ---- */

static void
gocover_lines(void **state)
{
	static const char text[] = "mode: count\nex.org/a/x.go:3.2,5.3 2 0\nex.org/a/x.go:5.3,6.1 1 7\n"
	    "ex.org/a/y z.go:1.1,1.9 1 0\nex.org/a/y z.go:2.2,2.2 0 0\n";

	(void)state;
	format_reads("gocover", text, "cover ex.org/a/x.go\ncover ex.org/a/x.go:3 missed\ncover ex.org/a/x.go:4 missed\n"
	    "cover ex.org/a/x.go:5 hit\ncover ex.org/a/y z.go\ncover ex.org/a/y z.go:1 missed\n");
	format_cut_short("gocover", text, BORDERS);
}

static void
gocover_refusals(void **state)
{
	(void)state;
	format_refused("gocover", "mode: set\n", "r: the report names no file");
	format_refused("gocover", "mode: many\n", "r:1: a cover profile begins with 'mode: set', 'count' or 'atomic'");
	format_refused("gocover", "mode: set\na.go:1.1,2.2 1 1", "r:2: the last line is cut short");
	format_refused("gocover", "mode: set\na.go:1.1,2.2 1\n", "r:2: not a block 'file:line.column,line.column statements count'");
	format_refused("gocover", "mode: set\na.go:3.1,2.2 1 1\n", "r:2: not a block 'file:line.column,line.column statements count'");
	format_refused("gocover", "mode: set\na.go:1.1,2000001.2 1 1\n",
	    "r:2: not a block 'file:line.column,line.column statements count'");
	format_refused("gocover", "mode: set\nmode: set\n", "r:2: not a block 'file:line.column,line.column statements count'");
}

/* ---- Clover ---- */

#define CLOVER(files) "<?xml version=\"1.0\"?><coverage generated=\"1\"><project>" files "</project></coverage>"

static void
clover_lines(void **state)
{
	static const char text[] = CLOVER("<package name=\"p\"><file name=\"a.js\" path=\"/work/src/a.js\"><metrics/>"
	    "<line num=\"1\" count=\"0\" type=\"stmt\"/><line num=\"1\" count=\"2\" type=\"method\"/>"
	    "<line num=\"2\" type=\"cond\" truecount=\"0\" falsecount=\"0\"/>"
	    "<line num=\"3\" type=\"cond\" truecount=\"0\" falsecount=\"1\"/></file></package>"
	    "<file name=\"/work/b.php\"><line num=\"9\" count=\"99999999999999999999\"/></file>");

	(void)state;
	format_reads("clover", text, "cover src/a.js\ncover src/a.js:1 hit\ncover src/a.js:2 missed\ncover src/a.js:3 hit\n"
	    "cover b.php\ncover b.php:9 hit\n");
	format_cut_short("clover", text, TRAILER);
}

static void
clover_refusals(void **state)
{
	(void)state;
	format_refused("clover", "<x/>", "r:1:*: the root is not 'coverage'");
	format_refused("clover", CLOVER(""), "r: the report names no file");
	format_refused("clover", "<coverage><testproject><file name=\"t\"/></testproject></coverage>", "r: the report names no file");
	format_refused("clover", CLOVER("<file/>"), "r:1:*: a file without 'path' and 'name'");
	format_refused("clover", CLOVER("<file name=\"a\"><line num=\"1\" count=\"-1\"/></file>"), "r:1:*: a line without 'count'");
	format_refused("clover", CLOVER("<file name=\"a\"><line count=\"1\"/></file>"), "r:1:*: a line without 'num'");
}

/* ---- where files are ---- */

static void
take(struct facts *f, const char *format, const char *text)
{
	struct report *r = format_open(format_named(format), "r", f);

	assert_null(format_feed(r, str_of(text)));
	assert_null(format_end(r));
	format_close(r);
}

/* A module's path gives way to its folder; what belongs to none keeps its name. */
static void
modules_are_folders(void **state)
{
	static const struct go_module modules[] = {{"ex.org/m", ""}, {"ex.org/m/v2", "next"}};
	AUTO(facts_free) struct facts f = {.modules = modules, .nmodules = 2};

	(void)state;
	take(&f, "gocover", "mode: set\nex.org/m/x.go:1.1,1.9 1 1\nex.org/m/sub/x.go:1.1,1.9 1 0\n"
	    "ex.org/m/v2/y.go:1.1,1.9 1 1\nex.org/mm/z.go:1.1,1.9 1 1\n");
	assert_int_equal(facts_cover_of(&f, "x.go")->lines.v[0], COVER_HIT);
	assert_int_equal(facts_cover_of(&f, "sub/x.go")->lines.v[0], COVER_MISSED);
	assert_int_equal(facts_cover_of(&f, "next/y.go")->lines.v[0], COVER_HIT);
	assert_null(facts_cover_of(&f, "v2/y.go"));
	assert_null(facts_cover_of(&f, "z.go"));
	assert_non_null(facts_cover_of(&f, "ex.org/mm/z.go"));
}

/* JaCoCo's names are ends of paths; no other tool's are. */
static void
ends_of_paths(void **state)
{
	AUTO(facts_free) struct facts f = {0};

	(void)state;
	take(&f, "jacoco", "<report><package name=\"org/a\"><sourcefile name=\"A.java\"><line nr=\"1\" mi=\"0\" ci=\"1\"/>"
	    "</sourcefile></package></report>");
	take(&f, "lcov", "SF:a.c\nDA:1,1\nend_of_record\n");
	assert_string_equal(facts_cover_of(&f, "app/src/main/java/org/a/A.java")->path, "org/a/A.java");
	assert_non_null(facts_cover_of(&f, "org/a/A.java"));
	assert_null(facts_cover_of(&f, "src/a/A.java"));
	assert_null(facts_cover_of(&f, "xorg/a/A.java"));
	assert_non_null(facts_cover_of(&f, "a.c"));
	assert_null(facts_cover_of(&f, "sub/a.c"));
}

/* Few bytes of a report may not become much memory. */
static void
lines_are_limited(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(facts_free) struct facts f = {0};
	AUTO(err_free_p) struct err *e = NULL;
	int i;

	(void)state;
	for (i = 0; i < 40; i++)
		buf_addf(&b, "SF:%d\nDA:2000000,1\nend_of_record\n", i);
	e = format_in_two("lcov", buf_str(&b), 0, &f);
	assert_true(err_is(e, ERR_LIMIT));
	assert_string_equal(err_msg(e), "r:101: coverage of more than 67108864 lines");
}

/* ---- what tools wrote ---- */

static void
recorded(void **state)
{
	(void)state;
	format_recorded("lcov", "nyc-18.info", BORDERS);
	format_recorded("lcov", "lcov-1.16.info", BORDERS);
	format_recorded("cobertura", "gcovr-5.2.xml", TRAILER);
	format_recorded("cobertura", "nyc-18.xml", TRAILER);
	format_recorded("cobertura", "coverage-6.5.xml", TRAILER);
	format_recorded("cobertura", "coverage-7.17.xml", TRAILER);
	format_recorded("clover", "nyc-18.xml", TRAILER);
	format_recorded("clover", "c8.xml", TRAILER);
	format_recorded("coveragepy", "coverage-6.5.json", TRAILER);
	format_recorded("coveragepy", "coverage-7.17.json", TRAILER);
	format_recorded("gcov", "gcov-11.json", TRAILER);
	format_recorded("gcov", "gcov-12.json", TRAILER);
	format_recorded("gcov", "gcov-12-two.json", BORDERS);
	format_recorded("jacoco", "jacoco-0.8.6.xml", TRAILER);
	format_recorded("jacoco", "jacoco-0.8.13.xml", TRAILER);
	format_recorded("gocover", "go-1.26-set.out", BORDERS);
	format_recorded("gocover", "go-1.26-atomic.out", BORDERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lcov_lines),
		cmocka_unit_test(lcov_refusals),
		cmocka_unit_test(cobertura_lines),
		cmocka_unit_test(cobertura_of_several_sources),
		cmocka_unit_test(cobertura_refusals),
		cmocka_unit_test(coveragepy_lines),
		cmocka_unit_test(coveragepy_refusals),
		cmocka_unit_test(gcov_lines),
		cmocka_unit_test(gcov_of_several_programs),
		cmocka_unit_test(gcov_refusals),
		cmocka_unit_test(jacoco_lines),
		cmocka_unit_test(jacoco_refusals),
		cmocka_unit_test(gocover_lines),
		cmocka_unit_test(gocover_refusals),
		cmocka_unit_test(clover_lines),
		cmocka_unit_test(clover_refusals),
		cmocka_unit_test(modules_are_folders),
		cmocka_unit_test(ends_of_paths),
		cmocka_unit_test(lines_are_limited),
		cmocka_unit_test(recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

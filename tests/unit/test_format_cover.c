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
	format_refused("cobertura", "<report/>", "r:1:1: the root is not 'coverage'");
	format_refused("cobertura", COBERTURA_HEAD "</coverage>", "r: the report names no file");
	format_refused("cobertura", COBERTURA_HEAD "<class name=\"a\"/></coverage>",
	    "r:1:61: a class without 'filename'");
	format_refused("cobertura", COBERTURA_HEAD "<class filename=\"a\"><line number=\"1\"/></class></coverage>",
	    "r:1:81: a line without 'number' and 'hits'");
	format_refused("cobertura", COBERTURA_HEAD "<class filename=\"a\"><line number=\"1\" hits=\"no\"/></class></coverage>",
	    "r:1:81: 'hits' is no number");
	format_refused("cobertura", COBERTURA_HEAD "<class filename=\"a\"><line number=\"0\" hits=\"1\"/></class></coverage>",
	    "r:1:81: a line without 'number' and 'hits'");
	format_refused("cobertura", "<coverage><class filename=\"a\">", "r:1:31: no element found");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

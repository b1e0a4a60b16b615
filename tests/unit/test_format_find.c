/* Findings: reports of real tools (tests/formats), and small ones. */
#include "format_fixture.h"

static void
recorded(void **state)
{
	(void)state;
	format_recorded("bandit", "bandit-1.7.0.json", TRAILER);
	format_recorded("bandit", "bandit-1.9.4.json", TRAILER);
	format_recorded("checkstyle", "eslint-8.57.1.xml", TRAILER);
	format_recorded("checkstyle", "shellcheck-0.9.0.xml", TRAILER);
	format_recorded("cppcheck", "cppcheck-2.10.xml", TRAILER);
	format_recorded("eslint", "eslint-7.32.0.json", TRAILER);
	format_recorded("eslint", "eslint-7.32.0-broken.json", TRAILER);
	format_recorded("eslint", "eslint-8.57.1.json", TRAILER);
	format_recorded("eslint", "eslint-8.57.1-broken.json", TRAILER);
	format_recorded("eslint", "eslint-9.39.5.json", TRAILER);
	format_recorded("eslint", "eslint-9.39.5-broken.json", TRAILER);
	format_recorded("gitleaks", "gitleaks-8.18.4.json", TRAILER);
}

/* ---- SARIF ---- */

#define SARIF(runs) "{\"version\":\"2.1.0\",\"runs\":[" runs "]}"
#define TOOL(rules) "\"tool\":{\"driver\":{\"name\":\"T\"" rules "}}"
#define RULES ",\"rules\":[{\"id\":\"A\",\"defaultConfiguration\":{\"level\":\"error\"}}," \
	"{\"id\":\"B\",\"defaultConfiguration\":{\"level\":\"note\"}}]"
#define AT(location) "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":" location "}}]"

static void
sarif_recorded(void **state)
{
	(void)state;
	format_recorded("sarif", "bandit-1.9.4.sarif", TRAILER);
	format_recorded("sarif", "eslint-7.32.0.sarif", TRAILER);
	format_recorded("sarif", "eslint-8.57.1.sarif", TRAILER);
	format_recorded("sarif", "eslint-9.39.5.sarif", TRAILER);
	format_recorded("sarif", "flawfinder-2.0.19.sarif", TRAILER);
	format_recorded("sarif", "flawfinder-2.0.20.sarif", TRAILER);
	format_recorded("sarif", "semgrep-1.182.0.sarif", TRAILER);
}

/* A file that does not parse makes ESLint say that it did not succeed. */
static void
sarif_of_broken_sources(void **state)
{
	static const char *const names[] = {"eslint-7.32.0", "eslint-8.57.1", "eslint-9.39.5"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(names); i++) {
		AUTO(mem_free_p) char *path = mem_printf("tests/formats/sarif/%s-broken.sarif", names[i]);
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

		assert_null(file_read(AT_FDCWD, path, &text));
		format_says("sarif", buf_cstr(&text), "executionSuccessful");
	}
}

static void
sarif_levels(void **state)
{
#define RESULTS "\"results\":[{\"ruleIndex\":1,\"message\":{\"text\":\"m\"}},{\"ruleId\":\"A\"}," \
	"{\"ruleId\":\"A\",\"level\":\"note\"},{\"ruleId\":\"A\",\"level\":null},{\"ruleId\":\"A/sub\"}," \
	"{\"ruleId\":\"X\"},{\"rule\":{\"id\":\"A\",\"index\":0}},{\"ruleIndex\":9},{\"ruleIndex\":-1}]"
	static const char expect[] =
	    "T B note :0 m\nT A error :0 \nT A note :0 \nT A error :0 \nT A/sub error :0 \n"
	    "T X warning :0 \nT A error :0 \nT  warning :0 \nT  warning :0 \n";

	(void)state;
	format_reads("sarif", SARIF("{" TOOL(RULES) "," RESULTS "}"), expect);
	format_reads("sarif", SARIF("{" RESULTS "," TOOL(RULES) "}"), expect);
	format_reads("sarif", "\xef\xbb\xbf" SARIF("{" RESULTS "," TOOL(RULES) "}") "\n", expect);
	format_cut_short("sarif", SARIF("{" RESULTS "," TOOL(RULES) "}"), TRAILER);
#undef RESULTS
}

/* CodeQL's rules are those of an extension, and their indices too. */
static void
sarif_extensions(void **state)
{
	(void)state;
	format_reads("sarif", SARIF("{\"results\":["
	    "{\"rule\":{\"id\":\"E\",\"index\":0,\"toolComponent\":{\"index\":0}}},"
	    "{\"rule\":{\"index\":0,\"toolComponent\":{\"index\":0}}},"
	    "{\"ruleId\":\"E\",\"level\":\"warning\"}],"
	    "\"tool\":{\"driver\":{\"name\":\"T\"" RULES "},\"extensions\":[{\"rules\":[{\"id\":\"E\","
	    "\"defaultConfiguration\":{\"level\":\"error\"},\"properties\":{\"security-severity\":\"9.1\"}}]}]}}"),
	    "T E critical :0 \nT  warning :0 \nT E warning :0 \n");
}

static void
sarif_locations(void **state)
{
	(void)state;
	/* The line of another location is not this one's. */
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":[{\"ruleId\":\"A\",\"locations\":["
	    "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a.c\"}}},"
	    "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"b.c\"},\"region\":{\"startLine\":7}}}]},"
	    "{\"ruleId\":\"A\",\"locations\":[]}]}"),
	    "T A warning a.c:0 \nT A warning :0 \n");
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":["
	    "{" AT("{\"uri\":\"my%20dir/caf%C3%A9.c\"}") "},{" AT("{\"uri\":\"file:///work/a%23.c\"}") "},"
	    "{" AT("{\"uri\":\"file:/work/b.c\"}") "},{" AT("{\"uri\":\"file://localhost/work/c.c\"}") "},"
	    "{" AT("{\"uri\":\"https://example.org/d.c\"}") "},{" AT("{\"uri\":\"../e.c\"}") "},"
	    "{" AT("{\"uri\":\"file:///etc/passwd\"}") "},{" AT("{\"uri\":\"/work/./x/../f.c\"}") "},"
	    "{" AT("{\"uri\":\"g%00h%zz%4\"}") "}]}"),
	    "T  warning my dir/caf\xc3\xa9.c:0 \nT  warning a#.c:0 \nT  warning b.c:0 \nT  warning c.c:0 \n"
	    "T  warning :0 \nT  warning :0 \nT  warning :0 \nT  warning f.c:0 \nT  warning g%00h%zz%4:0 \n");
}

static void
sarif_bases(void **state)
{
	(void)state;
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":["
	    "{" AT("{\"uri\":\"a%20.c\",\"uriBaseId\":\"SRC\"}") "},{" AT("{\"uri\":\"b.c\",\"uriBaseId\":\"TOP\"}") "},"
	    "{" AT("{\"uri\":\"c.c\",\"uriBaseId\":\"OUT\"}") "},{" AT("{\"uri\":\"d.c\",\"uriBaseId\":\"%SRCROOT%\"}") "},"
	    "{" AT("{\"uri\":\"file:///work/e.c\",\"uriBaseId\":\"SRC\"}") "},"
	    "{" AT("{\"uri\":\"f.c\",\"uriBaseId\":\"L1\"}") "},{" AT("{\"uri\":\"../g.c\",\"uriBaseId\":\"SRC\"}") "}],"
	    "\"originalUriBaseIds\":{\"SRC\":{\"uri\":\"s%20b/\",\"uriBaseId\":\"TOP\"},\"TOP\":{\"uri\":\"file:///work\"},"
	    "\"OUT\":{\"uri\":\"file:///elsewhere/\"},\"%SRCROOT%\":{\"description\":{\"text\":\"x\"}},"
	    "\"L1\":{\"uri\":\"p\",\"uriBaseId\":\"L2\"},\"L2\":{\"uri\":\"q\",\"uriBaseId\":\"L1\"}}}"),
	    "T  warning s b/a .c:0 \nT  warning b.c:0 \nT  warning c.c:0 \nT  warning d.c:0 \nT  warning e.c:0 \n"
	    "T  warning q/p/q/p/q/p/q/p/f.c:0 \nT  warning :0 \n");
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":["
	    "{" AT("{\"index\":1}") "},{" AT("{\"index\":9}") "},{" AT("{\"uri\":\"c.c\",\"index\":1}") "}],"
	    "\"artifacts\":[{\"location\":{\"uri\":\"a.c\"}},{\"location\":{\"uri\":\"d%20/b.c\"}}]}"),
	    "T  warning d /b.c:0 \nT  warning :0 \nT  warning c.c:0 \n");
}

/* What a tool remembers or was told to be silent about does not make it clean. */
static void
sarif_is_not_believed(void **state)
{
	(void)state;
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":["
	    "{\"ruleId\":\"A\",\"baselineState\":\"unchanged\",\"suppressions\":[{\"kind\":\"inSource\"}]},"
	    "{\"ruleId\":\"B\",\"baselineState\":\"absent\",\"suppressions\":[]},"
	    "{\"ruleId\":\"C\",\"kind\":\"pass\",\"level\":\"none\"},{\"ruleId\":\"D\",\"kind\":\"fail\"},"
	    "{\"ruleId\":\"E\",\"kind\":\"notApplicable\"}]}"),
	    "T A warning :0  suppressed\nT B warning :0 \nT D warning :0 \n");
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":[],\"invocations\":[{\"executionSuccessful\":true,"
	    "\"toolExecutionNotifications\":[{\"level\":\"note\",\"message\":{\"text\":\"n\"}},{\"message\":{\"text\":\"w\"}},"
	    "{\"level\":\"error\",\"descriptor\":{\"id\":\"N1\"},\"message\":{\"text\":\"cannot parse\"},"
	    AT("{\"uri\":\"a.py\"}") "}],\"toolConfigurationNotifications\":[{\"level\":\"error\",\"message\":{\"id\":\"c\"}}]}]}"),
	    "T N1 error a.py:0 cannot parse\nT notification error :0 c\n");
}

static void
sarif_runs(void **state)
{
	(void)state;
	format_reads("sarif", SARIF("{" TOOL(RULES) ",\"results\":[{\"ruleId\":\"A\"}]},"
	    "{\"tool\":{\"driver\":{\"name\":\"U\",\"rules\":[]}},\"results\":[{\"ruleId\":\"A\"},{\"ruleIndex\":0}]},"
	    "{" TOOL("") ",\"results\":[]}"),
	    "T A error :0 \nU A warning :0 \nU  warning :0 \n");
	/* All of its parts make a fingerprint. */
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":[{\"ruleId\":\"A\",\"message\":{\"text\":\"m\"},"
	    "\"partialFingerprints\":{\"line/v1\":\"39fa\",\"n\":7,\"flow\":\"1\"}}]}"),
	    "T A warning :0 m [line/v1=39fa flow=1]\n");
	format_reads("sarif", SARIF("{" TOOL("") ",\"results\":[]}"), "");
}

static void
sarif_refusals(void **state)
{
	(void)state;
	format_says("sarif", "{}", "the report has no 'version'");
	format_says("sarif", "[]", "the report has no 'version'");
	format_says("sarif", "{\"version\":\"2.1.0\"}", "the report has no run");
	format_says("sarif", SARIF(""), "the report has no run");
	format_says("sarif", "{\"version\":\"2.1.0\",\"runs\":null}", "'runs' is no list");
	format_says("sarif", "{\"version\":\"2.0.0\",\"runs\":[]}", "not SARIF 2.1.0");
	format_says("sarif", "{\"runs\":[{\"results\":[]}]}", "the report has no 'version'");
	format_says("sarif", SARIF("{" TOOL("") "}"), "a run without 'results' was not analysed");
	format_says("sarif", SARIF("{" TOOL("") ",\"results\":null}"), "a run without 'results' was not analysed");
	format_says("sarif", SARIF("{" TOOL("") ",\"results\":[]},{" TOOL("") "}"), "was not analysed");
	format_says("sarif", SARIF("{" TOOL("") ",\"results\":[{\"ruleId\":\"A\"}],\"results\":[]}"), "stands twice");
	format_says("sarif", "{\"version\":\"2.1.0\",\"runs\":[],\"runs\":[{\"results\":[]}]}", "stands twice");
	format_says("sarif", SARIF("{" TOOL("") ",\"results\":[],\"invocations\":[{\"executionSuccessful\":false}]}"),
	    "the tool says that it did not succeed");
	format_says("sarif", SARIF("{" TOOL("") ",\"results\":[],\"invocations\":[{\"executionSuccessful\":\"yes\"}]}"),
	    "the tool says that it did not succeed");
	format_says("sarif", SARIF("null"), "a run that is no object");
	format_says("sarif", SARIF("{\"results\":[null]}"), "a result that is no object");
	format_says("sarif", SARIF("{\"results\":[]}") "{}", "there is more behind the value");
	format_says("sarif", "\xef\xbb" SARIF("{\"results\":[]}"), "a value is missing");
	format_says("sarif", " \xef\xbb\xbf" SARIF("{\"results\":[]}"), "a value is missing");
	format_says("sarif", "\xef\xbb\xbf", "the text ends in the middle");
	format_says("sarif", "", "the text ends in the middle");
}

/* ---- bandit ---- */

#define BANDIT(errors, metrics, results) "{\"errors\":[" errors "],\"generated_at\":\"\",\"metrics\":{" metrics "}," \
	"\"results\":[" results "]}"

static void
bandit(void **state)
{
	(void)state;
	format_reads("bandit", BANDIT("", "\"_totals\":{\"nosec\":3}", ""), "");
	format_reads("bandit", BANDIT("{\"reason\":\"syntax error\",\"filename\":\"./b.py\"}",
	    "\"a.py\":{\"nosec\":2,\"skipped_tests\":1},\"c.py\":{\"nosec\":0},\"_totals\":{\"nosec\":2}",
	    "{\"test_id\":\"B1\",\"filename\":\"a.py\",\"issue_text\":\"t\",\"line_number\":4,\"issue_severity\":\"UNDEFINED\"}"),
	    "bandit unread error b.py:0 syntax error\n"
	    "bandit nosec warning a.py:0 a finding is silenced by '# nosec' suppressed\n"
	    "bandit nosec warning a.py:0 a finding is silenced by '# nosec' suppressed\n"
	    "bandit nosec warning a.py:0 a finding is silenced by '# nosec' suppressed\n"
	    "bandit B1 warning a.py:4 t\n");
	format_says("bandit", "{}", "no list 'results'");
	format_says("bandit", "{\"results\":[]}", "no list 'errors'");
	format_says("bandit", "{\"errors\":[],\"results\":null}", "no list 'results'");
	format_says("bandit", BANDIT("", "", "{}"), "a result without");
	format_says("bandit", BANDIT("", "", "1"), "a result without");
	format_says("bandit", BANDIT("{}", "", ""), "an error without 'filename'");
	format_says("bandit", "{\"errors\":[],\"results\":[],\"results\":[]}", "stands twice");
}

/* ---- ESLint ---- */

static void
eslint(void **state)
{
	(void)state;
	/* The file's name behind its messages; a rule that is null; a warning. */
	format_reads("eslint", "[{\"messages\":[{\"ruleId\":null,\"severity\":1,\"message\":\"ignored\"},"
	    "{\"ruleId\":\"a/b\",\"message\":\"m\",\"line\":2}],\"filePath\":\"/work/a.js\"},"
	    "{\"filePath\":\"/elsewhere/b.js\",\"messages\":[{\"message\":\"n\",\"severity\":2}]}]",
	    "eslint  warning a.js:0 ignored\neslint a/b error a.js:2 m\neslint  error :0 n\n");
	format_reads("eslint", "[{\"filePath\":\"/work/a.js\",\"messages\":[]}]", "");
	format_says("eslint", "[]", "the report names no file");
	format_says("eslint", "{}", "the report is no list of files");
	format_says("eslint", "[{}]", "a file without 'filePath' and 'messages'");
	format_says("eslint", "[{\"filePath\":\"a\"}]", "a file without 'filePath' and 'messages'");
	format_says("eslint", "[{\"filePath\":\"a\",\"messages\":[]},{\"messages\":[]}]", "a file without");
	format_says("eslint", "[{\"filePath\":\"a\",\"messages\":null}]", "a file without");
	format_says("eslint", "[{\"filePath\":\"a\",\"messages\":[{}]}]", "a message without a text");
	format_says("eslint", "[{\"filePath\":\"a\",\"messages\":[],\"messages\":[]}]", "stands twice");
	format_says("eslint", "[null]", "a file without");
}

/* ---- gitleaks ---- */

static void
gitleaks(void **state)
{
	AUTO(facts_free) struct facts f = {0};

	(void)state;
	/* 8.25 writes the rule first. */
	format_reads("gitleaks", "[{\"RuleID\":\"r\",\"Description\":\"d\",\"StartLine\":3,\"Secret\":\"s3cret\","
	    "\"Match\":\"key=s3cret\",\"File\":\"a/b.env\",\"Fingerprint\":\"a/b.env:r:3\"}]",
	    "gitleaks r error a/b.env:3 d\n");
	assert_null(format_in_two("gitleaks", STR("[]\n"), 1, &f));
	assert_int_equal(f.complaints.n, 0);
	assert_int_equal(f.kinds, FACTS_FINDINGS);
	format_says("gitleaks", "{}", "the report is no list of findings");
	format_says("gitleaks", "null", "the report is no list of findings");
	format_says("gitleaks", "[{}]", "a finding without 'RuleID' and 'File'");
	format_says("gitleaks", "[{\"RuleID\":\"r\",\"RuleID\":\"r\"}]", "stands twice");
	format_says("gitleaks", "[1]", "a finding without");
}

/* ---- cppcheck ---- */

#define CPPCHECK(errors) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<results version=\"2\">" \
	"<cppcheck version=\"2.13.0\"/>" errors "</results>"

static void
cppcheck(void **state)
{
	(void)state;
	format_reads("cppcheck", CPPCHECK("<errors></errors>"), "");
	format_reads("cppcheck", CPPCHECK("<errors>"
	    "<error id=\"checkersReport\" severity=\"information\" msg=\"Active checkers: 106/836\"/>"
	    "<error id=\"syntaxError\" severity=\"error\" msg=\"syntax error\" file0=\"a.c\"/>"
	    "<error id=\"p\" severity=\"performance\" verbose=\"v\"><location file=\"/work/b.c\" line=\"3\" column=\"1\"/>"
	    "<location file=\"c.c\" line=\"9\"/><symbol>x</symbol></error></errors>"
	    "<suppressions><suppression errorId=\"error\"/></suppressions>"),
	    "cppcheck syntaxError error a.c:0 syntax error\ncppcheck p note b.c:3 v\n");
	format_says("cppcheck", CPPCHECK(""), "the report has no element 'errors'");
	format_says("cppcheck", CPPCHECK("<errors><error id=\"a\"/></errors>"), "an error without 'id' and 'severity'");
	format_says("cppcheck", "<results><error file=\"a.c\"/></results>", "not version 2 of cppcheck's XML");
	format_says("cppcheck", "<!DOCTYPE results [<!ENTITY a \"b\">]><results version=\"2\"/>",
	    "a document type is not allowed here");
}

/* ---- Checkstyle ---- */

static void
checkstyle(void **state)
{
	(void)state;
	format_reads("checkstyle", "<checkstyle version=\"4.3\"></checkstyle>", "");
	format_reads("checkstyle", "<?xml version='1.0'?>\n<checkstyle version=\"10.3\"><file name=\"/work/A.java\">"
	    "<error line=\"0\" severity=\"warning\" message=\"m&lt;\" source=\"com.x.Check\"/><error message=\"n\"/></file>"
	    "<file name=\"B.java\"><exception>\n<![CDATA[java.lang.Error: no\n\tat x.y]]>\n</exception></file>"
	    "<file name=\"C.java\"/></checkstyle>",
	    "checkstyle com.x.Check warning A.java:0 m<\ncheckstyle  error A.java:0 n\n"
	    "checkstyle exception error B.java:0 java.lang.Error: no\n");
	format_says("checkstyle", "<other/>", "the root is not 'checkstyle'");
	format_says("checkstyle", "<checkstyle><file/></checkstyle>", "a file without 'name'");
	format_says("checkstyle", "<checkstyle><error message=\"m\"/></checkstyle>", "an error outside of a file");
	format_says("checkstyle", "<checkstyle><file name=\"a\"><error line=\"1\"/></file></checkstyle>", "without 'message'");
	format_says("checkstyle", "<checkstyle><file name=\"a\"><file name=\"b\"/></file></checkstyle>", "a file within a file");
	format_says("checkstyle", "<checkstyle><file name=\"a\"><error line=\"x\" message=\"m\"/></file></checkstyle>",
	    "'line' is no number");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(sarif_recorded),
		cmocka_unit_test(sarif_of_broken_sources),
		cmocka_unit_test(sarif_levels),
		cmocka_unit_test(sarif_extensions),
		cmocka_unit_test(sarif_locations),
		cmocka_unit_test(sarif_bases),
		cmocka_unit_test(sarif_is_not_believed),
		cmocka_unit_test(sarif_runs),
		cmocka_unit_test(sarif_refusals),
		cmocka_unit_test(bandit),
		cmocka_unit_test(eslint),
		cmocka_unit_test(gitleaks),
		cmocka_unit_test(cppcheck),
		cmocka_unit_test(checkstyle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

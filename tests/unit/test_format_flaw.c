/* Known vulnerabilities: reports of real tools (tests/formats), and small ones. */
#include "format_fixture.h"

#include "gate/format/cvss.h"

static void
recorded(void **state)
{
	(void)state;
	format_recorded("cargoaudit", "cargo-audit-0.22.json", TRAILER);
	format_recorded("grype", "grype-snapshot.json", TRAILER);
	format_recorded("npmaudit", "npm-6.json", TRAILER);
	format_recorded("npmaudit", "npm-11.19.1.json", TRAILER);
	format_recorded("osv", "osv-scanner-aliases.json", TRAILER);
	format_recorded("osv", "osv-scanner-grouped.json", TRAILER);
	format_recorded("pipaudit", "pip-audit-1.1.2.json", TRAILER);
	format_recorded("pipaudit", "pip-audit-2.10.1.json", TRAILER);
	format_recorded("pipaudit", "pip-audit-2.10.1-skipped.json", TRAILER);
	format_recorded("trivy", "trivy-npm.json", TRAILER);
	format_recorded("trivy", "trivy-suppressed.json", TRAILER);
}

/* ---- names of the same ---- */

/* "A=B=C": an id and its aliases. */
static void
add(struct facts *f, const char *names, const char *package, const char *version, enum severity severity)
{
	struct flaw w = {.package = package, .version = version, .fixed = severity == SEVERITY_ERROR ? "2" : "",
	    .severity = severity, .text = "", .suppressed = severity == SEVERITY_NOTE};
	struct str rest = str_of(names), name;
	AUTO(mem_free_p) char *id = NULL;

	assert_true(str_next(&rest, '=', &name));
	id = str_dup(name);
	w.id = id;
	while (str_next(&rest, '=', &name))
		strs_addn(&w.aliases, name.p, name.n);
	assert_null(facts_flaw(f, &w));
}

static void
assert_flaws(const struct facts *f, const char *expect)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	facts_dump(f, DUMP_ALL, &b);
	assert_string_equal(buf_cstr(&b), expect);
}

static void
aliases_are_the_same(void **state)
{
	AUTO(facts_free) struct facts f = {0};

	(void)state;
	add(&f, "GHSA-1=CVE-1", "p", "1", SEVERITY_NOTE);
	add(&f, "CVE-1", "p", "1", SEVERITY_ERROR);
	add(&f, "PYSEC-1=CVE-1", "p", "1", SEVERITY_WARNING);
	assert_flaws(&f, "flaw GHSA-1 error p@1 fixed:2 =CVE-1 =PYSEC-1 \n");
	/* Another version or package is another. */
	add(&f, "CVE-1", "p", "2", SEVERITY_NOTE);
	add(&f, "CVE-1", "q", "1", SEVERITY_WARNING);
	assert_flaws(&f, "flaw GHSA-1 error p@1 fixed:2 =CVE-1 =PYSEC-1 \nflaw CVE-1 note p@2 fixed:  suppressed\n"
	    "flaw CVE-1 warning q@1 fixed: \n");
}

static void
a_late_alias_joins_two(void **state)
{
	AUTO(facts_free) struct facts f = {0};

	(void)state;
	add(&f, "A", "p", "1", SEVERITY_WARNING);
	add(&f, "B=B2", "p", "1", SEVERITY_CRITICAL);
	add(&f, "X", "p", "1", SEVERITY_WARNING);
	add(&f, "C=A=B2", "p", "1", SEVERITY_WARNING);
	assert_flaws(&f, "flaw A critical p@1 fixed: =B =B2 =C \nflaw X warning p@1 fixed: \n");
	/* All names still lead there. */
	add(&f, "B", "p", "1", SEVERITY_NOTE);
	add(&f, "X", "p", "1", SEVERITY_ERROR);
	assert_flaws(&f, "flaw A critical p@1 fixed: =B =B2 =C \nflaw X error p@1 fixed:2 \n");
}

static void
names_have_a_ceiling(void **state)
{
	AUTO(facts_free) struct facts f = {0};
	AUTO(err_free_p) struct err *e = NULL;
	struct flaw w = {.id = "A", .package = "", .version = "", .fixed = "", .text = ""};
	size_t i;

	(void)state;
	for (i = 0; i < FACTS_NAMES_MAX; i++)
		strs_addf(&w.aliases, "A%zu", i);
	e = facts_flaw(&f, &w);
	assert_int_equal(err_code(e), ERR_LIMIT);
	assert_int_equal(f.flaws.n, 0);
}

/* ---- CVSS ---- */

static void
cvss_scores(void **state)
{
	static const struct { const char *vector; double score; } known[] = {
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1},
		{"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:L", 5.6},
		{"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:P", 7.5},
		{"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0},
	};
	static const char *const none[] = {"", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
	    "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(known); i++)
		assert_int_equal((int)(cvss_score(str_of(known[i].vector)) * 10 + 0.5), (int)(known[i].score * 10 + 0.5));
	for (i = 0; i < NITEMS(none); i++)
		assert_true(cvss_score(str_of(none[i])) < 0);
	assert_int_equal(cvss_severity(9), SEVERITY_CRITICAL);
	assert_int_equal(cvss_severity(8.9), SEVERITY_ERROR);
	assert_int_equal(cvss_severity(6.9), SEVERITY_WARNING);
	assert_int_equal(cvss_severity(3.9), SEVERITY_NOTE);
}

/* ---- npm audit ---- */

#define COUNTS "\"metadata\":{\"vulnerabilities\":{\"total\":0}}"

static void
npmaudit(void **state)
{
	(void)state;
	format_reads("npmaudit", "{\"auditReportVersion\":2,\"vulnerabilities\":{}," COUNTS "}", "");
	format_reads("npmaudit", "{\"actions\":[],\"advisories\":{},\"muted\":[]," COUNTS "}", "");
	/* A package that is vulnerable by another has no flaw of its own; the fix may be of its own. */
	format_reads("npmaudit", "{\"auditReportVersion\":2,\"vulnerabilities\":{\"a\":{\"via\":[\"b\"]},\"b\":{\"via\":["
	    "{\"source\":7,\"name\":\"b\",\"title\":\"t\",\"url\":\"https://npmjs.com/advisories/7\",\"severity\":\"high\"},"
	    "{\"source\":8,\"name\":\"b\",\"url\":\"https://github.com/advisories/GHSA-8\"}],"
	    "\"fixAvailable\":{\"name\":\"b\",\"version\":\"2.0.0\"}},\"c\":{\"via\":[{\"source\":9,\"name\":\"c\"}],"
	    "\"fixAvailable\":true}}," COUNTS "}",
	    "flaw npm-7 error b@ fixed:2.0.0 t\nflaw GHSA-8 error b@ fixed:2.0.0 =npm-8 \nflaw npm-9 error c@ fixed: \n");
	format_says("npmaudit", "{}", "the report has no 'auditReportVersion'");
	format_says("npmaudit", "[]", "the report has no 'auditReportVersion'");
	format_says("npmaudit", "{\"auditReportVersion\":3}", "'auditReportVersion' is not 2");
	format_says("npmaudit", "{\"auditReportVersion\":2," COUNTS "}", "the report has no 'vulnerabilities'");
	format_says("npmaudit", "{\"auditReportVersion\":2,\"vulnerabilities\":null," COUNTS "}", "no 'vulnerabilities'");
	format_says("npmaudit", "{\"auditReportVersion\":2,\"vulnerabilities\":{}}", "no 'metadata.vulnerabilities'");
	format_says("npmaudit", "{\"advisories\":{}}", "no 'metadata.vulnerabilities'");
	format_says("npmaudit", "{\"auditReportVersion\":2,\"vulnerabilities\":{},\"vulnerabilities\":{}," COUNTS "}", "stands twice");
	format_says("npmaudit", "{\"vulnerabilities\":{\"a\":{\"via\":[{\"name\":\"a\"}]}}," COUNTS "}", "an advisory without 'source'");
	format_says("npmaudit", "{\"vulnerabilities\":{\"a\":{\"via\":[{\"source\":1}]}}," COUNTS "}", "an advisory without 'name'");
	format_says("npmaudit", "{\"advisories\":{\"1\":{\"id\":1}}," COUNTS "}", "an advisory without 'module_name'");
	/* What npm 11.19.1 and npm 6.14 print when the registry does not answer. */
	format_says("npmaudit", "{\"message\":\"405 Method Not Allowed\",\"statusCode\":405,\"body\":\"\","
	    "\"error\":{\"summary\":\"\",\"detail\":\"\"}}", "npm could not audit");
	format_says("npmaudit", "{\"error\":{\"code\":\"ENOAUDIT\",\"summary\":\"no\",\"detail\":\"\"}}", "npm could not audit");
}

/* ---- pip-audit ---- */

static void
pipaudit(void **state)
{
	(void)state;
	format_reads("pipaudit", "{\"dependencies\":[],\"fixes\":[]}", "");
	format_reads("pipaudit", "{\"dependencies\":[{\"vulns\":[{\"id\":\"P\",\"fix_versions\":[\"2\",\"3\"]},"
	    "{\"id\":\"Q\",\"fix_versions\":[],\"aliases\":[\"P\"]}],\"version\":\"1\",\"name\":\"a\"},"
	    "{\"name\":\"b\",\"version\":\"1\",\"vulns\":[]}],\"fixes\":[]}",
	    "flaw P error a@1 fixed:2 =Q \n");
	format_says("pipaudit", "{}", "the report has no list 'dependencies'");
	format_says("pipaudit", "[]", "the report has no list 'dependencies'");
	format_says("pipaudit", "{\"dependencies\":null}", "the report has no list 'dependencies'");
	format_says("pipaudit", "{\"dependencies\":[{\"name\":\"a\",\"version\":\"1\"}]}", "a dependency without");
	format_says("pipaudit", "{\"dependencies\":[{\"vulns\":[]}]}", "a dependency without");
	format_says("pipaudit", "[{\"name\":\"a\",\"vulns\":null}]", "a dependency without");
	format_says("pipaudit", "[{\"name\":\"a\",\"vulns\":[{}]}]", "a vulnerability without an id");
	format_says("pipaudit", "[{\"name\":\"a\",\"vulns\":[{\"id\":\"\"}]}]", "a vulnerability without an id");
	format_says("pipaudit", "[{\"name\":\"a\",\"vulns\":[],\"vulns\":[]}]", "stands twice");
	format_says("pipaudit", "[1]", "a dependency without");
}

/* ---- osv-scanner ---- */

#define OSV(packages) "{\"results\":[{\"source\":{\"path\":\"l\",\"type\":\"lockfile\"},\"packages\":[" packages "]}]}"
#define NAMED "\"package\":{\"name\":\"a\",\"version\":\"1\",\"ecosystem\":\"npm\"}"

static void
osv(void **state)
{
	AUTO(facts_free) struct facts f = {0};

	(void)state;
	assert_null(format_in_two("osv", STR("{\"results\":[],\"experimental_config\":{}}"), 3, &f));
	assert_int_equal(f.flaws.n, 0);
	assert_int_equal(f.kinds, FACTS_FLAWS);
	/* The group's score goes before a word, a word before a vector; groups stand behind or before. */
	format_reads("osv", OSV("{" NAMED ",\"vulnerabilities\":["
	    "{\"id\":\"A\",\"summary\":\"t\",\"database_specific\":{\"severity\":\"LOW\"}},"
	    "{\"id\":\"B\",\"database_specific\":{\"severity\":\"MODERATE\"},"
	    "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}]},"
	    "{\"id\":\"C\",\"severity\":[{\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}]},"
	    "{\"id\":\"D\",\"severity\":[{\"score\":\"CVSS:4.0/AV:N\"}]},{\"id\":\"E\"}],"
	    "\"groups\":[{\"ids\":[\"A\"],\"max_severity\":\"9.1\"},{\"ids\":[\"B\"],\"max_severity\":\"\"},"
	    "{\"ids\":[\"D\",\"E\"],\"max_severity\":\"5.0\"}]}"),
	    "flaw A critical a@1 fixed: t\nflaw B warning a@1 fixed: \nflaw C critical a@1 fixed: \n"
	    "flaw D warning a@1 fixed: =E \n");
	format_reads("osv", OSV("{\"groups\":[{\"ids\":[\"A\",\"B\"],\"max_severity\":\"7\"},{\"ids\":[\"C\"]}],"
	    "\"vulnerabilities\":[{\"id\":\"A\"},{\"id\":\"B\"},{\"id\":\"C\"}]," NAMED "},{" NAMED "}"),
	    "flaw A error a@1 fixed: =B \nflaw C error a@1 fixed: \n");
	format_says("osv", "{}", "the report has no list 'results'");
	format_says("osv", "{\"results\":null}", "the report has no list 'results'");
	format_says("osv", "{\"results\":[{\"source\":{}}]}", "a source without 'packages'");
	format_says("osv", "{\"results\":[{\"packages\":null}]}", "a source without 'packages'");
	format_says("osv", OSV("{\"vulnerabilities\":[{\"id\":\"A\"}]}"), "a package without 'package.name'");
	format_says("osv", OSV("{" NAMED ",\"vulnerabilities\":[{}]}"), "a vulnerability without an id");
	format_says("osv", "{\"results\":[],\"results\":[]}", "stands twice");
}

/* ---- trivy ---- */

static void
trivy(void **state)
{
	(void)state;
	format_reads("trivy", "{\"SchemaVersion\":2,\"ArtifactName\":\".\",\"Results\":[{\"Target\":\"go.mod\"}]}", "");
	format_reads("trivy", "{\"SchemaVersion\":2,\"ArtifactName\":\".\",\"Results\":["
	    "{\"Vulnerabilities\":[{\"VulnerabilityID\":\"CVE-1\",\"VendorIDs\":[\"GHSA-1\",\"DSA-1\"],\"PkgName\":\"a\","
	    "\"InstalledVersion\":\"1\",\"Severity\":\"UNKNOWN\"}],\"Target\":\"package-lock.json\"},"
	    "{\"Target\":\"/work/Dockerfile\",\"Misconfigurations\":["
	    "{\"ID\":\"DS1\",\"Message\":\"m\",\"Severity\":\"LOW\",\"Status\":\"FAIL\",\"CauseMetadata\":{\"StartLine\":3}},"
	    "{\"ID\":\"DS2\",\"Status\":\"PASS\"},{\"ID\":\"DS3\",\"Severity\":\"HIGH\",\"Status\":\"EXCEPTION\"}]},"
	    "{\"Secrets\":[{\"RuleID\":\"key\",\"Severity\":\"CRITICAL\",\"Title\":\"t\",\"StartLine\":2,\"Match\":\"***\"}],"
	    "\"ExperimentalModifiedFindings\":[{\"Type\":\"secret\",\"Finding\":{\"RuleID\":\"x\"}},"
	    "{\"Type\":\"vulnerability\",\"Finding\":{\"VulnerabilityID\":\"CVE-2\",\"PkgName\":\"b\",\"Severity\":\"MEDIUM\"}}],"
	    "\"Target\":\"d.env\"}]}",
	    "trivy DS1 note Dockerfile:3 m\ntrivy DS3 error Dockerfile:0  suppressed\ntrivy key critical d.env:2 t\n"
	    "flaw CVE-1 error a@1 fixed: =GHSA-1 \nflaw CVE-2 warning b@ fixed:  suppressed\n");
	format_says("trivy", "{}", "the report has no 'SchemaVersion'");
	format_says("trivy", "[]", "the report has no 'SchemaVersion'");
	format_says("trivy", "{\"SchemaVersion\":1}", "'SchemaVersion' is not 2");
	format_says("trivy", "{\"SchemaVersion\":2,\"ArtifactName\":\".\"}", "the report has no 'Results'");
	format_says("trivy", "{\"SchemaVersion\":2,\"Results\":null}", "the report has no 'Results'");
	format_says("trivy", "{\"SchemaVersion\":2,\"Results\":[{}]}", "a result without 'Target'");
	format_says("trivy", "{\"SchemaVersion\":2,\"Results\":[{\"Vulnerabilities\":[{\"VulnerabilityID\":\"C\"}]}]}", "without 'PkgName'");
	format_says("trivy", "{\"SchemaVersion\":2,\"Results\":[{\"Vulnerabilities\":[{\"PkgName\":\"a\"}]}]}", "a vulnerability without an id");
	format_says("trivy", "{\"SchemaVersion\":2,\"Results\":[{\"Secrets\":[{}]}]}", "a finding without an id");
	format_says("trivy", "{\"SchemaVersion\":2,\"Results\":[],\"Results\":[]}", "stands twice");
}

/* ---- grype ---- */

#define GRYPE(rest) "{" rest ",\"descriptor\":{\"name\":\"grype\",\"version\":\"0.80\"}}"

static void
grype(void **state)
{
	(void)state;
	format_reads("grype", GRYPE("\"matches\":[]"), "");
	/* The one that it relates to is the same; of several none is. */
	format_reads("grype", GRYPE("\"matches\":[{\"vulnerability\":{\"id\":\"GHSA-1\",\"severity\":\"Unknown\",\"description\":\"t\","
	    "\"fix\":{\"versions\":[\"2\",\"3\"]}},\"relatedVulnerabilities\":[{\"id\":\"CVE-1\"}],"
	    "\"artifact\":{\"name\":\"a\",\"version\":\"1\"}},{\"vulnerability\":{\"id\":\"CVE-1\",\"severity\":\"Negligible\"},"
	    "\"artifact\":{\"name\":\"a\",\"version\":\"1\"}},{\"vulnerability\":{\"id\":\"ELSA-1\",\"severity\":\"High\"},"
	    "\"relatedVulnerabilities\":[{\"id\":\"CVE-2\"},{\"id\":\"CVE-3\"}],\"artifact\":{\"name\":\"a\",\"version\":\"1\"}}],"
	    "\"ignoredMatches\":[{\"vulnerability\":{\"id\":\"CVE-4\",\"severity\":\"Medium\"},\"artifact\":{\"name\":\"b\"},"
	    "\"appliedIgnoreRules\":[{\"vulnerability\":\"CVE-4\"}]}]"),
	    "flaw GHSA-1 error a@1 fixed:2 =CVE-1 t\nflaw ELSA-1 error a@1 fixed: \nflaw CVE-4 warning b@ fixed:  suppressed\n");
	format_says("grype", "{}", "the report has no list 'matches'");
	format_says("grype", GRYPE("\"matches\":null"), "the report has no list 'matches'");
	format_says("grype", "{\"matches\":[]}", "'descriptor.name' is not 'grype'");
	format_says("grype", GRYPE("\"matches\":[{\"vulnerability\":{\"id\":\"A\"}}]"), "a match without 'artifact.name'");
	format_says("grype", GRYPE("\"matches\":[{\"artifact\":{\"name\":\"a\"}}]"), "a vulnerability without an id");
	format_says("grype", GRYPE("\"matches\":[null]"), "a match without 'artifact.name'");
	format_says("grype", GRYPE("\"matches\":[],\"matches\":[]"), "stands twice");
}

/* ---- cargo audit ---- */

#define CARGO(list) "{\"database\":{\"advisory-count\":1},\"lockfile\":{\"dependency-count\":1},\"settings\":{}," \
	"\"vulnerabilities\":{" list "},\"warnings\":{}}"

static void
cargoaudit(void **state)
{
	(void)state;
	format_reads("cargoaudit", CARGO("\"found\":false,\"count\":0,\"list\":[]"), "");
	format_reads("cargoaudit", "{\"database\":{},\"lockfile\":{},\"vulnerabilities\":{\"count\":1,\"list\":["
	    "{\"advisory\":{\"id\":\"R-1\",\"cvss\":null,\"title\":\"t\"},\"versions\":{\"patched\":[\">=2\",\">=3\"]},"
	    "\"package\":{\"name\":\"a\",\"version\":\"1\"}}]},\"warnings\":{\"unsound\":[{\"kind\":\"unsound\","
	    "\"advisory\":{\"id\":\"R-2\"},\"package\":{\"name\":\"b\",\"version\":\"1\"}}]}}",
	    "flaw R-1 error a@1 fixed:>=2 t\nflaw R-2 warning b@1 fixed: \n");
	format_says("cargoaudit", "{}", "no list 'vulnerabilities.list'");
	format_says("cargoaudit", CARGO("\"count\":0"), "no list 'vulnerabilities.list'");
	format_says("cargoaudit", CARGO("\"count\":0,\"list\":null"), "no list 'vulnerabilities.list'");
	format_says("cargoaudit", CARGO("\"count\":1,\"list\":[]"), "'vulnerabilities.count' is not the list's length");
	format_says("cargoaudit", CARGO("\"list\":[]"), "'vulnerabilities.count' is not the list's length");
	format_says("cargoaudit", CARGO("\"count\":1,\"list\":[{\"advisory\":{\"id\":\"R\"}}]"), "a vulnerability without");
	format_says("cargoaudit", CARGO("\"count\":1,\"list\":[{\"package\":{\"name\":\"a\"}}]"), "a vulnerability without");
	format_says("cargoaudit", CARGO("\"count\":0,\"list\":[],\"list\":[]"), "stands twice");
	format_says("cargoaudit", "{\"settings\":{\"ignore\":[1]}}", "a vulnerability without an id");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(aliases_are_the_same),
		cmocka_unit_test(a_late_alias_joins_two),
		cmocka_unit_test(names_have_a_ceiling),
		cmocka_unit_test(cvss_scores),
		cmocka_unit_test(npmaudit),
		cmocka_unit_test(pipaudit),
		cmocka_unit_test(osv),
		cmocka_unit_test(trivy),
		cmocka_unit_test(grype),
		cmocka_unit_test(cargoaudit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

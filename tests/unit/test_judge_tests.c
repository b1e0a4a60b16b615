/* Failing tests next to the base's: known, flaky, in quarantine. */
#include "judge_fixture.h"

#include "conf/grant.h"
#include "gate/judge/flake.h"

#define DAY 86400
#define TODAY ((int64_t)1800000000)	/* 2027-01-15 08:00:00 UTC */

static void
test(struct scene *s, const char *class, const char *name, const char *file, enum junit_status status)
{
	char id[200];
	struct junit_more more = {class, file, 0, status == JUNIT_FAILED ? "broke" : "", ""};
	struct junit_case c = {.id = id, .name = name, .more = &more, .status = status};

	snprintf(id, sizeof(id), "%s::%s", class, name);
	ok(junit_put(&s->at->tests, &c));
}

static void
open_tests(struct scene *s)
{
	scene_open(s, FACTS_TESTS);
	s->j.now_s = TODAY;
	sh("rm -rf tests src/calc.py && mkdir tests && echo 'def calc(): pass' >src/calc.py &&"
	   "printf 'def test_a():\\n  assert f()\\n' >tests/test_a.py &&"
	   "printf 'def test_b():\\n  assert f()\\n' >tests/test_b.py");
	test(s, "tests.test_a", "test_a", "", JUNIT_PASSED);
	test(s, "tests.test_b", "test_b", "", JUNIT_FAILED);
	base_done(s);
}

static void
newly_failing(void **state)
{
	struct scene s;

	(void)state;
	open_tests(&s);
	test(&s, "tests.test_a", "test_a", "", JUNIT_FAILED);
	test(&s, "tests.test_b", "test_b", "", JUNIT_FAILED);
	test(&s, "tests.test_c", "test_c", "", JUNIT_PASSED);
	judged(&s, judge_tests);
	assert_int_equal(s.j.tally.blocking, 2);
	assert_int_equal(s.j.tally.known, 1);
	assert_string_equal(first(&s, FINDING_BLOCKS)->rule, "tests.test_a::test_a");
	assert_string_equal(first(&s, FINDING_KNOWN)->rule, "tests.test_b::test_b");
	assert_string_equal(buf_cstr(&s.j.summary), "2 of 3 tests failed, 1 on the base too");
	assert_non_null(strstr(buf_cstr(&s.j.evidence), "--- tests.test_b::test_b [fails on the base too]"));
	scene_close(&s);
}

static void
against_the_base(void **state)
{
	struct scene s;

	(void)state;
	open_tests(&s);
	s.gate.against = AGAINST_BASE;
	test(&s, "tests.test_a", "test_a", "", JUNIT_PASSED);
	test(&s, "tests.test_b", "test_b", "", JUNIT_FAILED);
	judged(&s, judge_tests);
	assert_int_equal(s.j.tally.blocking, 0);
	assert_int_equal(found(&s, FINDING_OLD), 1);
	assert_string_equal(buf_cstr(&s.j.summary), "1 of 2 tests failed, 1 on the base too");
	scene_close(&s);
}

/* ---- flaky ones ---- */

/* What the tries of the only test come to: 'p' and 'f', '-' for one that cannot be named. */
struct script {
	const char *candidate, *base;
	bool known;
	size_t tried, runs, failed, kept;
};

static struct err *
try(void *arg, const struct junit_case *c, bool on_base, bool *ran, bool *passed)
{
	struct script *p = arg;
	const char **at = on_base ? &p->base : &p->candidate;

	assert_string_equal(c->name, "test_a");
	if (**at == '\0')
		fail_msg("tried too often%s", on_base ? " on the base" : "");
	p->tried++;
	*ran = **at != '-';
	*passed = *(*at)++ == 'p';
	return NULL;
}

static struct err *
known(void *arg, const struct junit_case *c, bool *is)
{
	(void)c;
	*is = ((struct script *)arg)->known;
	return NULL;
}

static struct err *
keep(void *arg, const struct junit_case *c, bool on_base, size_t runs, size_t failed)
{
	struct script *p = arg;

	(void)c;
	/* Else what was seen once would be known for ever. */
	assert_int_equal(on_base, !p->known);
	p->kept++;
	p->runs = runs;
	p->failed = failed;
	return NULL;
}

static void
judged_flaky(struct scene *s, struct script *p)
{
	struct flake f = {try, known, keep, p};

	s->j.flake = &f;
	judged(s, judge_tests);
	s->j.flake = NULL;
}

static void
flaky_on_both(void **state)
{
	static const struct {
		struct script p;
		size_t tried;
		enum finding_kind kind;
		const char *text;
	} t[] = {
		{{.candidate = "ppp", .base = "ppf"}, 6, FINDING_FLAKY,
		    "broke [passed 3 of 3 times alone, and failed 1 of 4 times on the base]"},
		{{.candidate = "ppp", .base = "pppppppppf"}, 13, FINDING_FLAKY,
		    "broke [passed 3 of 3 times alone, and failed 1 of 11 times on the base]"},
		{{.candidate = "ppp", .base = "pppppppppp"}, 13, FINDING_BLOCKS,
		    "broke [passed 3 of 3 times alone, but never failed in 11 runs on the base]"},
		{{.candidate = "ppf", .base = ""}, 3, FINDING_BLOCKS,
		    "broke [passed 2 of 3 times alone]"},
		/* It leans on another test: alone it never passes there. */
		{{.candidate = "ppp", .base = "ffffffffff"}, 13, FINDING_BLOCKS,
		    "broke [passed 3 of 3 times alone]"},
		{{.candidate = "f", .base = ""}, 1, FINDING_BLOCKS, "broke"},
		{{.candidate = "-", .base = ""}, 1, FINDING_BLOCKS, "broke"},
		{{.candidate = "ppp", .base = "", .known = true}, 3, FINDING_FLAKY,
		    "broke [passed 3 of 3 times alone, and was seen to flake on a base before]"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++) {
		struct script p = t[i].p;
		struct scene s;

		open_tests(&s);
		sh("echo 'def more(): pass' >>src/calc.py");
		test(&s, "tests.test_a", "test_a", "", JUNIT_FAILED);
		judged_flaky(&s, &p);
		assert_int_equal(p.tried, t[i].tried);
		assert_string_equal(first(&s, t[i].kind)->text, t[i].text);
		assert_int_equal(s.j.tally.blocking, t[i].kind == FINDING_BLOCKS);
		assert_int_equal(p.kept, t[i].kind == FINDING_FLAKY);
		if (i == 0) {
			assert_int_equal(p.runs, 8);
			assert_int_equal(p.failed, 2);
			assert_int_equal(measured(&s, "flaky tests.test_a::test_a"), 250000);
			assert_string_equal(buf_cstr(&s.j.summary), "1 of 1 tests failed, 1 flaky");
		}
		scene_close(&s);
	}
}

/* It failed in the base's own run, and passes there alone. */
static void
failed_on_the_base(void **state)
{
	struct script p = {.candidate = "ppp", .base = "p"};
	struct scene s;

	(void)state;
	open_tests(&s);
	test(&(struct scene){.at = &s.base}, "tests.test_a", "test_a", "", JUNIT_FAILED);
	test(&s, "tests.test_a", "test_a", "", JUNIT_FAILED);
	judged_flaky(&s, &p);
	assert_int_equal(s.j.tally.flaky, 1);
	assert_int_equal(s.j.tally.blocking, 0);
	scene_close(&s);

	/* Always there: known, and no flake. */
	open_tests(&s);
	test(&(struct scene){.at = &s.base}, "tests.test_a", "test_a", "", JUNIT_FAILED);
	test(&s, "tests.test_a", "test_a", "", JUNIT_FAILED);
	p = (struct script){.candidate = "ppp", .base = "ffffffffff"};
	judged_flaky(&s, &p);
	assert_int_equal(s.j.tally.known, 1);
	assert_int_equal(s.j.tally.blocking, 1);
	scene_close(&s);
}

/* New ones and changed ones are not even tried. */
static void
changed_tests_are_not_forgiven(void **state)
{
	static const struct {
		const char *edit, *class, *name, *file;
		bool changed;
	} t[] = {
		{"true", "tests.test_a", "test_a", "", false},
		{"true", "tests.test_new", "test_a", "", true},
		{"echo '#' >>tests/test_a.py", "tests.test_a", "test_a", "", true},
		{"echo '#' >>tests/test_a.py", "tests.test_a", "test_a", "tests/test_a.py", true},
		{"echo '#' >>tests/test_b.py", "tests.test_a", "test_a", "tests/test_a.py", false},
		{"git mv tests/test_a.py tests/test_z.py", "tests.test_a", "test_a", "", false},
		{"git rm -q tests/test_a.py", "tests.test_a", "test_a", "", true},
		{"echo '# test_a' >>src/calc.py", "tests.test_a", "test_a", "", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++) {
		struct script p = {.candidate = t[i].changed ? "" : "f", .base = ""};
		struct scene s;

		open_tests(&s);
		sh("%s", t[i].edit);
		test(&s, t[i].class, t[i].name, t[i].file, JUNIT_FAILED);
		judged_flaky(&s, &p);
		assert_int_equal(s.j.tally.blocking, 1);
		assert_string_equal(first(&s, FINDING_BLOCKS)->text, !t[i].changed ? "broke" :
		    "broke [new or changed, so it is not forgiven as flaky]");
		scene_close(&s);
	}
}

/* What the runner itself tried again. */
static void
runners_own_reruns(void **state)
{
	struct scene s;

	(void)state;
	open_tests(&s);
	test(&s, "tests.test_a", "test_a", "", JUNIT_FLAKY);
	test(&s, "tests.test_n", "test_n", "", JUNIT_FLAKY);
	judged(&s, judge_tests);
	assert_int_equal(s.j.tally.flaky, 1);
	assert_int_equal(s.j.tally.blocking, 1);
	assert_string_equal(first(&s, FINDING_BLOCKS)->rule, "tests.test_n::test_n");
	assert_string_equal(buf_cstr(&s.j.summary), "2 tests, 1 flaky");
	scene_close(&s);
}

/* More failures than a few are no flakes: none is tried. */
static void
many_failures(void **state)
{
	struct script p = {.candidate = "", .base = ""};
	char name[20];
	struct scene s;
	int i;

	(void)state;
	open_tests(&s);
	for (i = 0; i <= FLAKE_TESTS_MAX; i++) {
		snprintf(name, sizeof(name), "test_%d", i);
		test(&s, "tests.test_a", name, "", JUNIT_FAILED);
	}
	judged_flaky(&s, &p);
	assert_int_equal(s.j.tally.blocking, FLAKE_TESTS_MAX + 1);
	assert_int_equal(p.tried, 0);
	assert_non_null(strstr(buf_cstr(&s.j.evidence), "--- and 1 more\n"));
	scene_close(&s);
}

/* ---- quarantine ---- */

static void
quarantine_ends(void **state)
{
	static const struct {
		int64_t now;
		size_t blocking;
		const char *text, *summary;
	} t[] = {
		{TODAY, 0, "broke [in quarantine by alice until 2027-01-16]",
		    "1 of 1 tests failed, 1 in quarantine"},
		{TODAY + DAY, 0, "broke [in quarantine by alice until 2027-01-16]",
		    "1 of 1 tests failed, 1 in quarantine"},
		{TODAY + 2 * DAY, 1, "broke [its quarantine by alice ended with 2027-01-16]",
		    "1 of 1 tests failed"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++) {
		struct scene s;

		open_tests(&s);
		strs_add(&s.gate.quarantine, "other by bob until 2030-01-01");
		strs_add(&s.gate.quarantine, "*::test_a by alice until 2027-01-16");
		s.j.now_s = t[i].now;
		test(&s, "tests.test_a", "test_a", "", JUNIT_FAILED);
		judged(&s, judge_tests);
		assert_int_equal(s.j.tally.blocking, t[i].blocking);
		assert_int_equal(s.j.tally.tolerated, 1 - t[i].blocking);
		assert_string_equal(s.verdict.findings.v[0].text, t[i].text);
		assert_string_equal(buf_cstr(&s.j.summary), t[i].summary);
		strs_free(&s.gate.quarantine);
		scene_close(&s);
	}
}

static void
grants(void **state)
{
	static const char *const bad[] = {
		"", "test_a", "test_a by alice", "test_a until 2027-01-31", "by alice until 2027-01-31",
		"test_a by alice until 2027-02-30", "test_a by alice until 31.1.2027",
		"test_a by alice until 2027-01-31 12:00", "test_a by alice and bob until 2027-01-31",
		"test_a by  until 2027-01-31", "test_a by alice until ",
	};
	struct grant g;
	size_t i;

	(void)state;
	ok(grant_parse(" stand by me until dawn by alice@example.org until 2027-01-31 ", &g));
	assert_true(str_is(g.what, "stand by me until dawn"));
	assert_true(str_is(g.owner, "alice@example.org"));
	assert_true(str_is(g.until, "2027-01-31"));
	assert_int_equal(g.ends_s, 1801440000);	/* 2027-02-01 */
	for (i = 0; i < NITEMS(bad); i++)
		fails(grant_parse(bad[i], &g), ERR_CONFIG, "who answers for it until when");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST_REPO(newly_failing),
		TEST_REPO(against_the_base),
		TEST_REPO(flaky_on_both),
		TEST_REPO(failed_on_the_base),
		TEST_REPO(changed_tests_are_not_forgiven),
		TEST_REPO(runners_own_reruns),
		TEST_REPO(many_failures),
		TEST_REPO(quarantine_ends),
		cmocka_unit_test(grants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

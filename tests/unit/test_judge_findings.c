/* Findings of scanners, and vulnerabilities, next to the base's. */
#include "judge_fixture.h"

/* Two findings of one rule among 60 lines, one of another. */
static void
base_of(struct scene *s)
{
	scene_open(s, FACTS_FINDINGS);
	sh("rm -rf src doc && mkdir src doc");
	sh("(seq -f 'int line_%%g;' 1 20; echo '  eval(a); /* one */'; seq -f 'int line_%%g;' 21 40;"
	   "echo '  eval(a);'; seq -f 'int line_%%g;' 41 60; echo '  exec(b);') >src/a.c");
	complain(s, "E1", "src/a.c", "/* one */");
	complain_more(s, "E1", "src/a.c", 42, "found", "", SEVERITY_ERROR);
	complain(s, "E2", "src/a.c", "exec(b)");
	base_done(s);
}

/* The same three, wherever the lines are now. */
static void
same_now(struct scene *s, const char *path)
{
	char *out = sh_out("grep -n -E 'eval *\\(a' '%s' | cut -d: -f1 | tr '\\n' ' '", path);
	long one, two;

	assert_int_equal(sscanf(out, "%ld %ld", &one, &two), 2);
	free(out);
	complain_more(s, "E1", path, one, "found", "", SEVERITY_ERROR);
	complain_more(s, "E1", path, two, "found", "", SEVERITY_ERROR);
	complain(s, "E2", path, "exec(b)");
}

/* What may be done to code without a finding becoming new. */
static void
same_after(const char *edit, const char *path)
{
	struct scene s;

	base_of(&s);
	sh("mkdir -p doc && %s", edit);
	same_now(&s, path);
	judged(&s, judge_findings);
	if (s.j.tally.blocking != 0 || found(&s, FINDING_OLD) != 3)
		fail_msg("after '%s': %zu new, %s", edit, s.j.tally.blocking, buf_cstr(&s.j.summary));
	assert_string_equal(buf_cstr(&s.j.summary), "no new findings, 3 from before");
	assert_int_equal(s.j.evidence.n, 0);
	scene_close(&s);
}

static void
moving_makes_nothing_new(void **state)
{
	static const struct {
		const char *edit, *path;
	} t[] = {
		{"true", "src/a.c"},
		{"sed -i '1i int before;' src/a.c", "src/a.c"},
		{"seq 100 300 >x && cat src/a.c >>x && mv x src/a.c", "src/a.c"},
		{"sed -i '/line_[1-9];/d' src/a.c", "src/a.c"},
		{"git mv src/a.c doc/b.c", "doc/b.c"},
		{"git mv src/a.c doc/b.c && sed -i -e '5,8d' -e '30i int x;' doc/b.c", "doc/b.c"},
		{"sed -i 's/^int/long/' src/a.c", "src/a.c"},
		{"sed -i 's/^  //' src/a.c", "src/a.c"},			/* reformatted */
		{"sed -i 's/eval(a)/eval (a)/' src/a.c", "src/a.c"},
		{"sed -i 's/eval(a)/eval(a, 1)/' src/a.c", "src/a.c"},		/* edited in place */
		{"(echo '  exec(b);'; sed '$d' src/a.c) >x && mv x src/a.c", "src/a.c"},	/* moved up */
		{"(sed '21d' src/a.c; sed -n '21p' src/a.c) >x && mv x src/a.c", "src/a.c"},
		{"tac src/a.c >x && mv x src/a.c", "src/a.c"},
		/* too little is left of it to be a renamed file */
		{"(seq 1000 2000; cat src/a.c) >doc/far.c && rm src/a.c", "doc/far.c"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++)
		same_after(t[i].edit, t[i].path);
}

static void
a_second_one_is_new(void **state)
{
	struct scene s;
	int64_t at;

	(void)state;
	base_of(&s);
	sh("sed -i '30i \\  eval(a);' src/a.c");
	same_now(&s, "src/a.c");
	/* The third of its kind: which one is new is told by what the change added. */
	complain_more(&s, "E1", "src/a.c", 43, "found", "", SEVERITY_ERROR);
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.blocking, 1);
	assert_int_equal(s.j.tally.known, 3);
	assert_int_equal(found(&s, FINDING_BLOCKS), 1);
	at = first(&s, FINDING_BLOCKS)->line;
	assert_int_equal(at, 30);
	assert_string_equal(first(&s, FINDING_BLOCKS)->file, "src/a.c");
	assert_string_equal(first(&s, FINDING_BLOCKS)->rule, "E1");
	assert_string_equal(buf_cstr(&s.j.summary), "1 new finding, 3 from before");
	assert_non_null(strstr(buf_cstr(&s.j.evidence), "  src/a.c:30: [tool E1, error] found\n"));
	assert_int_equal(measured(&s, "findings"), 4);
	assert_int_equal(measured(&s, "new_findings"), 1);
	scene_close(&s);
}

/* In a copy of the file, in another file, of another rule on the same line. */
static void
copies_are_new(void **state)
{
	struct scene s;

	(void)state;
	base_of(&s);
	sh("cp src/a.c src/copy.c && printf 'eval(a); /* one */\\n' >src/other.c");
	same_now(&s, "src/a.c");
	same_now(&s, "src/copy.c");
	complain(&s, "E1", "src/other.c", "eval(a)");
	complain(&s, "E3", "src/a.c", "exec(b)");
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.blocking, 5);
	assert_int_equal(s.j.tally.known, 3);
	scene_close(&s);
}

/* One that goes makes room for one more in its own hunk only. */
static void
a_place_is_not_another(void **state)
{
	struct scene s;

	(void)state;
	base_of(&s);
	sh("sed -i -e '62s/.*/safe();/' -e '3s/.*/exec(other);/' src/a.c");
	complain(&s, "E2", "src/a.c", "exec(other)");
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.blocking, 1);
	scene_close(&s);
}

/* A tool gives several findings one fingerprint: each of the base's stands for one. */
static void
prints_are_counted(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FINDINGS);
	sh("seq 1 50 >a && seq 1 9 >b");
	complain_more(&s, "R", "a", 10, "found", "p", SEVERITY_ERROR);
	complain_more(&s, "R", "b", 3, "found", "q", SEVERITY_ERROR);
	base_done(&s);
	/* Its own fingerprint says that it is the same, whatever the text. */
	sh("(seq 200 230; sed '10d' a) >x && mv x a && echo more >>b");
	complain_more(&s, "R", "a", 5, "found", "p", SEVERITY_ERROR);
	complain_more(&s, "R", "a", 6, "found", "p", SEVERITY_ERROR);
	complain_more(&s, "R", "b", 3, "found", "changed", SEVERITY_ERROR);
	complain_more(&s, "R", "b", 10, "found", "p", SEVERITY_ERROR);
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.known, 2);
	assert_int_equal(s.j.tally.blocking, 2);
	assert_int_equal(s.verdict.findings.v[0].line, 6);
	assert_string_equal(s.verdict.findings.v[1].file, "b");
	scene_close(&s);
}

/* Several reports of one run may have the same finding. */
static void
reported_twice(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FINDINGS);
	sh("seq 1 50 >a.h");
	complain_more(&s, "R", "a.h", 10, "found", "", SEVERITY_ERROR);
	base_done(&s);
	sh("sed -i 1d a.h");
	complain_more(&s, "R", "a.h", 9, "found", "", SEVERITY_ERROR);
	complain_more(&s, "R", "a.h", 9, "found", "", SEVERITY_ERROR);
	/* Another one on that line is not the same. */
	complain_more(&s, "R", "a.h", 9, "found something else", "", SEVERITY_ERROR);
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.known, 2);
	assert_int_equal(s.j.tally.blocking, 1);
	scene_close(&s);
}

/* A number in a message may grow, on a line that is unchanged. */
static void
messages_may_change(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FINDINGS);
	sh("seq 1 50 >a.c");
	complain_more(&s, "complexity", "a.c", 10, "complexity is 12", "", SEVERITY_ERROR);
	complain_more(&s, "length", "a.c", 0, "50 lines", "", SEVERITY_ERROR);
	complain_more(&s, "setup", "", 0, "no config", "", SEVERITY_ERROR);
	base_done(&s);
	sh("sed -i '20i x' a.c");
	complain_more(&s, "complexity", "a.c", 10, "complexity is 13", "", SEVERITY_ERROR);
	complain_more(&s, "length", "a.c", 0, "51 lines", "", SEVERITY_ERROR);
	complain_more(&s, "setup", "", 0, "no config", "", SEVERITY_ERROR);
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.blocking, 0);
	assert_int_equal(s.j.tally.known, 3);
	scene_close(&s);
}

static void
suppressed_counts(void **state)
{
	struct complaint c = {.tool = "tool", .rule = "R", .severity = SEVERITY_ERROR, .path = "a.c",
	    .line = 2, .text = "found", .print = "", .suppressed = true};
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FINDINGS);
	sh("printf 'one\\nbad()\\n' >a.c");
	complain_more(&s, "R", "a.c", 2, "found", "", SEVERITY_ERROR);
	base_done(&s);
	sh("printf 'one\\nbad() // nolint\\nworse() // nolint\\n' >a.c");
	ok(facts_complain(&s.now, &c));
	c.line = 3;
	ok(facts_complain(&s.now, &c));
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.known, 1);
	assert_int_equal(s.j.tally.blocking, 1);
	assert_int_equal(first(&s, FINDING_BLOCKS)->line, 3);
	assert_non_null(strstr(first(&s, FINDING_BLOCKS)->text, "told to be silent"));
	scene_close(&s);
}

static void
severity_decides(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FINDINGS);
	sh("seq 1 9 >a.c");
	base_done(&s);
	sh("seq 10 19 >>a.c");
	complain_more(&s, "R", "a.c", 11, "a remark", "", SEVERITY_NOTE);
	complain_more(&s, "R", "a.c", 12, "a warning", "", SEVERITY_WARNING);
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.blocking, 1);
	assert_int_equal(s.j.tally.noted, 1);
	assert_string_equal(first(&s, FINDING_NOTE)->text, "a remark");
	assert_string_equal(first(&s, FINDING_NOTE)->severity, "note");
	assert_string_equal(buf_cstr(&s.j.summary), "1 new finding, 1 below 'warning'");
	scene_close(&s);
}

/* The base gave no answer, or nothing is compared: all of it is new. */
static void
nothing_to_compare(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct scene s;

		base_of(&s);
		s.blind = i == 0;
		s.alone = i == 1;
		same_now(&s, "src/a.c");
		judged(&s, judge_findings);
		assert_int_equal(s.j.tally.blocking, 3);
		scene_close(&s);
	}
}

/* Fingerprints stay when lines move, and tell two equal lines apart. */
static void
prints_stay(void **state)
{
	char *before[4];
	struct scene s;
	size_t i;

	(void)state;
	base_of(&s);
	same_now(&s, "src/a.c");
	judged(&s, judge_findings);
	for (i = 0; i < 3; i++)
		before[i] = mem_strdup(s.verdict.findings.v[i].print);
	scene_close(&s);
	sh("sed -i -e '1,9d' -e '55i int x;' src/a.c");
	scene_open(&s, FACTS_FINDINGS);
	base_done(&s);
	same_now(&s, "src/a.c");
	judged(&s, judge_findings);
	for (i = 0; i < 3; i++) {
		assert_string_equal(before[i], s.verdict.findings.v[i].print);
		assert_true(i == 0 || strcmp(before[i], before[i - 1]) != 0);
	}
	for (i = 0; i < 3; i++)
		free(before[i]);
	scene_close(&s);
}

/* A file of paths outside of ASCII, renamed. */
static void
other_alphabets(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FINDINGS);
	sh("seq 1 50 >'gr\xc3\xbc\xc3\x9f.c'");
	complain_more(&s, "R", "gr\xc3\xbc\xc3\x9f.c", 10, "found", "", SEVERITY_ERROR);
	base_done(&s);
	sh("git mv 'gr\xc3\xbc\xc3\x9f.c' '\xe6\xbc\xa2 \xe5\xad\x97.c' && sed -i 1d '\xe6\xbc\xa2 \xe5\xad\x97.c'");
	complain_more(&s, "R", "\xe6\xbc\xa2 \xe5\xad\x97.c", 9, "found", "", SEVERITY_ERROR);
	judged(&s, judge_findings);
	assert_int_equal(s.j.tally.blocking, 0);
	scene_close(&s);
}

/* ---- vulnerabilities ---- */

static void
flaw(struct scene *s, const char *package, const char *version, const char *id, const char *alias,
    enum severity severity)
{
	struct flaw w = {.id = id, .package = package, .version = version, .fixed = "9.9",
	    .severity = severity, .text = "breaks"};

	if (alias[0] != '\0')
		strs_add(&w.aliases, alias);
	ok(facts_flaw(s->at, &w));
}

static void
only_new_flaws(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FLAWS);
	flaw(&s, "lodash", "4.17.10", "GHSA-1", "CVE-1", SEVERITY_ERROR);
	base_done(&s);
	/* Another version, by another of its names: it was there before. */
	flaw(&s, "lodash", "4.17.11", "CVE-1", "", SEVERITY_ERROR);
	flaw(&s, "other", "1.0", "CVE-1", "GHSA-1", SEVERITY_CRITICAL);
	flaw(&s, "lodash", "4.17.11", "CVE-2", "", SEVERITY_NOTE);
	/* One by two names counts once. */
	flaw(&s, "other", "1.0", "GHSA-1", "PYSEC-1", SEVERITY_NOTE);
	judged(&s, judge_flaws);
	assert_int_equal(s.j.tally.blocking, 1);
	assert_int_equal(s.j.tally.noted, 1);
	assert_int_equal(s.j.tally.known, 1);
	assert_string_equal(first(&s, FINDING_BLOCKS)->rule, "CVE-1");
	assert_string_equal(first(&s, FINDING_BLOCKS)->text, "other 1.0 (GHSA-1, PYSEC-1): breaks; fixed in 9.9");
	assert_string_equal(buf_cstr(&s.j.summary),
	    "1 new vulnerability, 1 below 'warning', 1 from before");
	assert_non_null(strstr(buf_cstr(&s.j.evidence), "  CVE-1 (critical): other 1.0"));
	scene_close(&s);
}

/* A kind that the base's reports are about may not go away. */
static void
reports_that_vanish(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FACTS_FLAWS | FACTS_FINDINGS);
	base_done(&s);
	s.now.kinds = FACTS_FINDINGS;
	judged(&s, judge_facts);
	assert_int_equal(s.j.tally.blocking, 1);
	assert_string_equal(buf_cstr(&s.j.summary), "no findings, no report of vulnerabilities");
	scene_close(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST_REPO(moving_makes_nothing_new),
		TEST_REPO(a_second_one_is_new),
		TEST_REPO(copies_are_new),
		TEST_REPO(a_place_is_not_another),
		TEST_REPO(prints_are_counted),
		TEST_REPO(reported_twice),
		TEST_REPO(messages_may_change),
		TEST_REPO(suppressed_counts),
		TEST_REPO(severity_decides),
		TEST_REPO(nothing_to_compare),
		TEST_REPO(prints_stay),
		TEST_REPO(other_alphabets),
		TEST_REPO(only_new_flaws),
		TEST_REPO(reports_that_vanish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

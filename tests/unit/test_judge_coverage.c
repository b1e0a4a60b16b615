/* Coverage next to the base's, line by line. */
#include "judge_fixture.h"

/*
 * What a report says is written into the files themselves: a line that ends
 * in '+' is covered, in '-' it is not, others are no code; 'script' (of sed)
 * is what is different about that.
 */
static void
report_as(struct scene *s, const char *path, const char *script)
{
	char *text = sh_out("sed -E '%s' '%s'", script, path);
	struct str rest = str_of(text), line;
	struct cover *c;
	int64_t n = 0;

	ok(facts_cover(s->at, str_of(path), &c));
	while (str_next(&rest, '\n', &line)) {
		n++;
		if (str_ends(line, "+") || str_ends(line, "-"))
			ok(facts_line(s->at, c, n, str_ends(line, "+")));
	}
	free(text);
}

static void
report(struct scene *s, const char *path)
{
	report_as(s, path, "");
}

static void
open_with(struct scene *s, int64_t threshold)
{
	scene_open(s, FACTS_COVERAGE);
	s->gate.coverage = threshold;
	sh("rm -rf src && mkdir src");
	sh("(echo '# top'; seq -f 'line %%g +' 1 30; seq -f 'untested %%g -' 1 5; echo '# end') >src/a.py");
	report(s, "src/a.py");
	base_done(s);
}

static void
close_with(struct scene *s, size_t blocking, const char *summary)
{
	judged(s, judge_coverage);
	if (s->j.tally.blocking != blocking || strcmp(buf_cstr(&s->j.summary), summary) != 0)
		fail_msg("%zu block: '%s'\n%s", s->j.tally.blocking, buf_cstr(&s->j.summary),
		    buf_cstr(&s->j.evidence));
	scene_close(s);
}

/* What may be done without any line being asked about. */
static void
moving_is_free(void **state)
{
	static const struct {
		const char *edit, *path;
	} t[] = {
		{"true", "src/a.py"},
		{"git mv src/a.py src/b.py", "src/b.py"},
		{"git mv src/a.py 'src/\xe6\xbc\xa2 \xc3\xa9.py' && sed -i '1d' 'src/\xe6\xbc\xa2 \xc3\xa9.py'", "src/\xe6\xbc\xa2 \xc3\xa9.py"},
		{"(seq -f '# comment %g' 1 50; cat src/a.py) >x && mv x src/a.py", "src/a.py"},
		{"(tail -6 src/a.py; head -31 src/a.py) >x && mv x src/a.py", "src/a.py"},
		{"sed -i 's/^# .*/# other/' src/a.py", "src/a.py"},
		{"sed -i '/untested/d' src/a.py", "src/a.py"},
		{"sed -i '/line 7/d' src/a.py", "src/a.py"},
		/* moved and renamed so far that no half is left */
		{"(seq -f '# comment %g' 1 500; cat src/a.py) >src/new.py && rm src/a.py", "src/new.py"},
	};
	static const int64_t thresholds[] = {-1, 80, 100};
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t) * NITEMS(thresholds); i++) {
		open_with(&s, thresholds[i % NITEMS(thresholds)]);
		sh("%s", t[i / NITEMS(thresholds)].edit);
		report(&s, t[i / NITEMS(thresholds)].path);
		judged(&s, judge_coverage);
		if (s.j.tally.blocking != 0 || strcmp(buf_cstr(&s.j.summary), "no changed line to cover") != 0)
			fail_msg("after '%s': %s\n%s", t[i / NITEMS(thresholds)].edit, buf_cstr(&s.j.summary),
			    buf_cstr(&s.j.evidence));
		scene_close(&s);
	}
}

static void
not_more_than_before(void **state)
{
	struct scene s;

	(void)state;
	open_with(&s, -1);
	sh("sed -i '5a new +\\nnew -\\nnew -\\n#\\nnew -' src/a.py");
	report(&s, "src/a.py");
	judged(&s, judge_coverage);
	/* Two runs of lines: a comment lies between them. */
	assert_int_equal(s.j.tally.blocking, 2);
	assert_int_equal(found(&s, FINDING_BLOCKS), 2);
	assert_int_equal(first(&s, FINDING_BLOCKS)->line, 7);
	assert_string_equal(first(&s, FINDING_BLOCKS)->text, "changed, and no test reaches lines 7-8");
	assert_string_equal(buf_cstr(&s.j.summary),
	    "1 of 4 changed lines covered, 3 uncovered lines more than before");
	assert_string_equal(buf_cstr(&s.j.evidence),
	    "Changed lines that no test reaches:\n  src/a.py: 7-8, 10\n");
	assert_int_equal(measured(&s, "uncovered_lines"), 8);
	assert_int_equal(measured(&s, "changed_uncovered_lines"), 3);
	scene_close(&s);

	/* What was uncovered and is deleted, or is covered now, counts. */
	open_with(&s, -1);
	sh("sed -i -e '5a new -\\nnew -\\nnew -' -e '/untested [12]/d' -e 's/untested 3 -/untested 3 -/' src/a.py");
	report(&s, "src/a.py");
	close_with(&s, 1, "0 of 3 changed lines covered, 1 uncovered line more than before");
	open_with(&s, -1);
	sh("sed -i -e '5a new -\\nnew -' -e '/untested [12]/d' src/a.py");
	report(&s, "src/a.py");
	close_with(&s, 0, "0 of 2 changed lines covered");
}

static void
threshold_of_changed_lines(void **state)
{
	struct scene s;

	(void)state;
	/* 4 of 5 are 80 percent. */
	open_with(&s, 80);
	sh("sed -i '5a new +\\nnew +\\nnew -\\nnew +\\nnew +' src/a.py");
	report(&s, "src/a.py");
	judged(&s, judge_coverage);
	assert_int_equal(s.j.tally.blocking, 0);
	/* It is listed all the same. */
	assert_int_equal(first(&s, FINDING_NOTE)->line, 8);
	assert_string_equal(buf_cstr(&s.j.summary), "4 of 5 changed lines covered");
	scene_close(&s);

	open_with(&s, 81);
	sh("sed -i '5a new +\\nnew +\\nnew -\\nnew +\\nnew +' src/a.py");
	report(&s, "src/a.py");
	close_with(&s, 1, "4 of 5 changed lines covered, below 81 %");
	/* Uncovered lines that go do not pay for new ones here. */
	open_with(&s, 80);
	sh("sed -i -e '5a new -' -e '/untested/d' src/a.py");
	report(&s, "src/a.py");
	close_with(&s, 1, "0 of 1 changed lines covered, below 80 %");
}

/* A test was lost: lines that nobody touched are reached no more. */
static void
lost_elsewhere(void **state)
{
	static const int64_t thresholds[] = {-1, 80};
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(thresholds); i++) {
		open_with(&s, thresholds[i]);
		sh("sed -i 's/^# top/# new/' src/a.py");
		report_as(&s, "src/a.py", "s/line 2([0-9]) .$/line 2\\1 -/");
		judged(&s, judge_coverage);
		assert_string_equal(buf_cstr(&s.j.summary),
		    "no changed line to cover, 10 uncovered lines more than before");
		assert_int_equal(s.j.tally.blocking, 1);
		assert_string_equal(first(&s, FINDING_BLOCKS)->text,
		    "reached by tests on the base, and no test reaches lines 21-30");
		scene_close(&s);
	}
}

/* In the base's report, and in the candidate's no more. */
static void
file_that_left_the_report(void **state)
{
	struct scene s;

	(void)state;
	open_with(&s, -1);
	sh("sed -i '5a new +\\n# comment' src/a.py");
	judged(&s, judge_coverage);
	/* 30 lines that were covered, and the two that were added: who knows which is code. */
	assert_string_equal(buf_cstr(&s.j.summary),
	    "0 of 2 changed lines covered, 32 uncovered lines more than before");
	assert_int_equal(s.j.tally.blocking, 3);
	scene_close(&s);

	/* It was deleted. */
	open_with(&s, -1);
	sh("git rm -q src/a.py");
	close_with(&s, 0, "no changed line to cover");
	/* Nothing that could be run is left in it. */
	open_with(&s, -1);
	sh("echo '# nothing' >src/a.py");
	close_with(&s, 0, "no changed line to cover");
	/* The change does not touch it. */
	open_with(&s, 80);
	close_with(&s, 1, "no changed line to cover, 30 uncovered lines more than before");
}

/* What the build makes is in no tree: its lines are nobody's. */
static void
generated_files(void **state)
{
	struct scene s;
	struct cover *c;

	(void)state;
	open_with(&s, -1);
	ok(facts_cover(&s.base, STR("build/gen.c"), &c));
	ok(facts_line(&s.base, c, 1, true));
	ok(facts_cover(&s.base, STR("build/gone.c"), &c));
	ok(facts_line(&s.base, c, 1, true));
	ok(facts_cover(&s.now, STR("build/gen.c"), &c));
	ok(facts_line(&s.now, c, 1, false));
	report(&s, "src/a.py");
	close_with(&s, 0, "no changed line to cover");
}

/* A file that is measured for the first time makes nothing worse. */
static void
first_measured(void **state)
{
	struct scene s;

	(void)state;
	open_with(&s, -1);
	sh("seq -f 'old %%g -' 1 20 >src/old.py && git add . && git commit -q --amend --no-edit");
	report(&s, "src/old.py");
	report(&s, "src/a.py");
	close_with(&s, 0, "no changed line to cover");
}

static void
unknown_files_are_told(void **state)
{
	struct scene s;

	(void)state;
	open_with(&s, 80);
	sh("echo 'code' >src/new.py && echo text >src/new.txt && echo 'code' >far.py &&"
	   "mkdir -p src/tests && echo 'def test_x(): pass' >src/test_x.py");
	report(&s, "src/a.py");
	judged(&s, judge_coverage);
	assert_int_equal(s.j.tally.blocking, 0);
	assert_int_equal(s.verdict.findings.n, 1);
	assert_string_equal(first(&s, FINDING_FLAGGED)->file, "src/new.py");
	assert_string_equal(first(&s, FINDING_FLAGGED)->text, "no coverage report knows this file, though it "
	    "knows others beside it: 1 changed line is not measured");
	assert_string_equal(buf_cstr(&s.j.summary), "no changed line to cover, 1 file not measured");
	scene_close(&s);
}

/* Without an answer of the base every uncovered changed line may be one more. */
static void
blind_and_alone(void **state)
{
	struct scene s;

	(void)state;
	open_with(&s, -1);
	s.blind = true;
	sh("sed -i '5a new +\\nnew -' src/a.py");
	report(&s, "src/a.py");
	close_with(&s, 1, "1 of 2 changed lines covered, 1 uncovered line more than before");
	open_with(&s, 90);
	s.alone = true;
	report(&s, "src/a.py");
	close_with(&s, 1, "30 of 35 lines covered, below 90 %");
	open_with(&s, -1);
	s.alone = true;
	report(&s, "src/a.py");
	close_with(&s, 0, "30 of 35 lines covered");
}

/* Code that was tested where it was, and is not where it is now. */
static void
moved_out_of_reach(void **state)
{
	struct scene s;

	(void)state;
	open_with(&s, 50);
	sh("(echo '# here'; sed -n '11,20p' src/a.py) >src/b.py && sed -i '11,20d' src/a.py");
	report(&s, "src/a.py");
	report_as(&s, "src/b.py", "s/[+]$/-/");
	judged(&s, judge_coverage);
	assert_string_equal(buf_cstr(&s.j.summary), "no changed line to cover, 10 uncovered lines more than before");
	assert_string_equal(first(&s, FINDING_BLOCKS)->file, "src/b.py");
	scene_close(&s);
}

/* A report that names files by their package alone, made in a folder. */
static void
packages(void **state)
{
	struct scene s;
	struct cover *c;
	int i;

	(void)state;
	open_with(&s, -1);
	sh("mkdir -p app/src/main/java/org/x && printf 'a\nb\nc\n' >app/src/main/java/org/x/A.java &&"
	   "git add . && git commit -q --amend --no-edit");
	for (i = 0; i < 2; i++) {
		s.at = i == 0 ? &s.base : &s.now;
		s.at->folder = "app";
		ok(facts_cover(s.at, STR("org/x/A.java"), &c));
		c->tail = true;
		ok(facts_line(s.at, c, 1, true));
		ok(facts_line(s.at, c, 2, i == 0));
		ok(facts_line(s.at, c, 3, true));
		s.at->folder = NULL;
	}
	report(&s, "src/a.py");
	s.base.folder = s.now.folder = "app";
	sh("sed -i '2s/.*/changed/' app/src/main/java/org/x/A.java && echo x >app/src/main/java/org/x/B.java");
	judged(&s, judge_coverage);
	assert_string_equal(buf_cstr(&s.j.summary), "0 of 1 changed lines covered, "
	    "1 uncovered line more than before, 1 file not measured");
	assert_string_equal(first(&s, FINDING_BLOCKS)->file, "app/src/main/java/org/x/A.java");
	scene_close(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST_REPO(moving_is_free),
		TEST_REPO(not_more_than_before),
		TEST_REPO(threshold_of_changed_lines),
		TEST_REPO(lost_elsewhere),
		TEST_REPO(file_that_left_the_report),
		TEST_REPO(generated_files),
		TEST_REPO(first_measured),
		TEST_REPO(unknown_files_are_told),
		TEST_REPO(blind_and_alone),
		TEST_REPO(moved_out_of_reach),
		TEST_REPO(packages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

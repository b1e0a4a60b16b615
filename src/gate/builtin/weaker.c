#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/rule.h"
#include "gate/builtin/source.h"
#include "gate/builtin/weaker.h"
#include "gate/glob.h"
#include "gate/testfile.h"

#define RUN_MAX 200	/* lines of one place that are paired */

static bool
is_test(const char *path)
{
	return (testlang_of(path) != NULL && !glob_path("*.rs", path, 0)) || testlang_in_test_dir(path);
}

static bool
has_any(struct str s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (str_find(s, str_of(*words)) >= 0)
			return true;
	return false;
}

int
weaker_strength(struct str line)
{
	static const char *const all[] = {"assertEqual", "assert_equal", "assertEquals", "assertDictEqual",
	    "assertListEqual", "assertIs(", "toBe(", "toEqual(", "toStrictEqual(", "deepEqual(", "strictEqual(",
	    "assert_eq!", "_EQ(", "_STREQ(", "assert_string_equal", "assert_int_equal", "assert_memory_equal",
	    "assert.equal(", "is_deeply", "assert.Equal(", "require.Equal(", "assertThat(", NULL};
	static const char *const part[] = {"assertIn(", "assertRegex", "toContain", "toMatch", "assertGreater",
	    "assertLess", "toBeGreater", "toBeLess", "AlmostEqual", "toBeCloseTo", "startswith(", "endswith(",
	    "assert_in_range", "_NEAR(", "_GT(", "_LT(", "_GE(", "_LE(", "assert.Contains(", NULL};
	static const char *const some[] = {"assertTrue", "assertFalse", "assertIsNotNone", "assertIsNone",
	    "assertIsInstance", "toBeTruthy", "toBeDefined", "toBeFalsy", "not.toBeNull", "assert_non_null", "assert_true",
	    "assert_false", "EXPECT_TRUE", "ASSERT_TRUE", "assert.ok(", "assert(", "assert!", "assert.True(",
	    "assert.NotNil(", "assertNotNull", "CHECK(", "REQUIRE(", NULL};

	line = str_trim(line);
	/* A command of the shell that compares. */
	if ((str_starts(line, "[ ") || str_starts(line, "[[ ")) && str_has(line, '$'))
		return str_find(line, STR(" = ")) >= 0 || str_find(line, STR(" == ")) >= 0 ||
		    str_find(line, STR(" -eq ")) >= 0 ? 3 : 1;
	if (has_any(line, all))
		return 3;
	if (has_any(line, part))
		return 2;
	if (str_starts(line, "assert ") || has_any(line, some)) {
		if (str_find(line, STR("==")) >= 0 || str_find(line, STR("===")) >= 0)
			return 3;
		if (str_find(line, STR(" in ")) >= 0 || str_has(line, '<') || str_has(line, '>'))
			return 2;
		return 1;
	}
	return 0;
}

/* ---- pairs ---- */

/* A literal's end: the length of a number or a text in quotes at the beginning, else 0. */
static size_t
literal(struct str s, bool word_before)
{
	size_t n = 0;

	if (s.n != 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
		for (n = 1; n < s.n && s.p[n] != s.p[0]; n++)
			n += s.p[n] == '\\';
		return n < s.n ? n + 1 : s.n;
	}
	if (word_before)
		return 0;
	while (n < s.n && (isdigit((unsigned char)s.p[n]) || (n > 0 && strchr(".eExX_", s.p[n]) != NULL && s.p[n] != '\0')))
		n++;
	return n;
}

/* Are they the same but for literals?  The first numbers that differ come out. */
static bool
same_but_literals(struct str a, struct str b, double *x, double *y)
{
	bool differs = false, word = false;
	size_t m, n;

	*x = *y = 0;
	a = str_trim(a);
	b = str_trim(b);
	while (a.n != 0 && b.n != 0) {
		m = literal(a, word);
		n = literal(b, word);
		if (m != 0 && n != 0) {
			if (!differs && !str_eq(str_take(a, m), str_take(b, n))) {
				char s[2][32];

				snprintf(s[0], sizeof(s[0]), "%.*s", (int)m, a.p);
				snprintf(s[1], sizeof(s[1]), "%.*s", (int)n, b.p);
				*x = strtod(s[0], NULL);
				*y = strtod(s[1], NULL);
				differs = true;
			}
			word = false;
			a = str_skip(a, m);
			b = str_skip(b, n);
			continue;
		}
		if (a.p[0] != b.p[0])
			return false;
		word = isalpha((unsigned char)a.p[0]) || a.p[0] == '_' || (word && isdigit((unsigned char)a.p[0]));
		a = str_skip(a, 1);
		b = str_skip(b, 1);
	}
	return differs && a.n == 0 && b.n == 0;
}

static bool
is_tolerance(struct str line)
{
	static const char *const words[] = {"tol", "delta", "places", "abs=", "rel=", "approx", "epsilon", "eps",
	    "CloseTo", "isclose", "allclose", "AlmostEqual", "_NEAR", "within", "InDelta", NULL};

	return has_any(line, words);
}

/* 1: it may not become less; -1: it may not become more; 0: no threshold. */
static int
threshold(struct str line)
{
	static const char *const least[] = {"fail_under", "fail-under", "cov-fail-under", "minimum_coverage",
	    "min_coverage", "coverage_threshold", "coverageThreshold", "\"branches\"", "\"lines\"", "\"statements\"",
	    "\"functions\"", "branches:", "statements:", "functions:", "minimumCoverage", "check-coverage", "mutation_score",
	    "--cov-fail", "minimum =", "--min", "min_score", NULL};
	static const char *const most[] = {"max-complexity", "max_complexity", "max-warnings", "max_warnings",
	    "max-line", "allowed_failures", "max_retries", "retries", "reruns", NULL};

	return has_any(line, least) ? 1 : has_any(line, most) ? -1 : 0;
}

struct place {
	struct inspect *in;
	const struct change_file *f;
	bool test, settings;
	bool code_too;		/* the change has more than tests */
	bool fewer;		/* it has fewer assertions than its base, in all */
};

static void
judge_pair(const struct place *p, struct str old, struct str new, int64_t line)
{
	int was = weaker_strength(old), is = weaker_strength(new), way = threshold(old);
	double x, y;
	bool literals = same_but_literals(old, new, &x, &y);

	if (p->settings && literals && way != 0 && ((way > 0 && y < x) || (way < 0 && y > x)))
		inspect_find(p->in, FINDING_BLOCKS, "threshold", p->f->path, line,
		    "a threshold was loosened from %g to %g", x, y);
	if (!p->test || was == 0)
		return;
	if (is != 0 && is < was)
		inspect_find(p->in, FINDING_FLAGGED, "weaker", p->f->path, line, "this assertion says less than the one before");
	else if (is == was && literals && is_tolerance(old))
		inspect_find(p->in, FINDING_FLAGGED, "tolerance", p->f->path, line, "a tolerance was changed");
	else if (is == was && literals && !p->code_too)
		inspect_find(p->in, FINDING_FLAGGED, "expectation", p->f->path, line,
		    "an expected value was changed, and nothing of what is tested");
}

/* The next added line of the run that is of the same sort: an assertion, a threshold. */
static size_t
partner(const struct change_file *f, struct str old, size_t from, size_t end)
{
	bool asserts = weaker_strength(old) != 0, bounds = threshold(old) != 0;

	for (; from < end; from++) {
		struct str new = f->added.v[from].text;

		if (!f->added.v[from].moved && ((asserts && weaker_strength(new) != 0) ||
		    (bounds && threshold(new) == threshold(old))))
			return from;
	}
	return end;
}

/* The added lines in the place of the deleted ones d[i] to d[k - 1]. */
static void
judge_run(const struct place *p, size_t i, size_t k)
{
	const struct change_file *f = p->f;
	int64_t from = f->deleted.v[i].line, at = from == 1 ? 0 : change_map(f, from - 1);
	size_t a = 0, end, m;

	while (a < f->added.n && f->added.v[a].line <= at)
		a++;
	for (end = a; end < f->added.n && end - a < RUN_MAX &&
	    f->added.v[end].line == at + 1 + (int64_t)(end - a); end++)
		;
	for (; i < k; i++) {
		struct str old = f->deleted.v[i].text;

		if (weaker_strength(old) == 0 && threshold(old) == 0)
			continue;
		m = partner(f, old, a, end);
		if (m < end) {
			judge_pair(p, old, f->added.v[m].text, f->added.v[m].line);
			a = m + 1;
		} else if (p->settings && threshold(old) > 0 && str_find(old, STR("fail")) >= 0) {
			/* Nothing stands for it any more. */
			inspect_find(p->in, FINDING_BLOCKS, "threshold", f->path, 0, "a threshold was taken out");
		}
	}
}

/* Assertions that went, whatever tests they were of; moved ones went nowhere. */
static void
judge_count(const struct place *p)
{
	const struct change_file *f = p->f;
	size_t i, gone = 0, came = 0;

	for (i = 0; i < f->deleted.n; i++)
		gone += weaker_strength(f->deleted.v[i].text) != 0;
	for (i = 0; i < f->added.n; i++)
		came += weaker_strength(f->added.v[i].text) != 0;
	if (gone > came && p->fewer && !inspect_has(p->in, "fewer", f->path, 0))
		inspect_find(p->in, FINDING_FLAGGED, "fewer", f->path, 0, "%zu assertions were taken out, and %zu put in",
		    gone, came);
}

/* In all tests together: one that moves to another file is not gone. */
static bool
has_fewer(struct inspect *in)
{
	size_t i, k, gone = 0, came = 0;

	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		for (k = 0; k < f->deleted.n && is_test(f->from); k++)
			gone += weaker_strength(f->deleted.v[k].text) != 0;
		for (k = 0; k < f->added.n && is_test(f->path); k++)
			came += weaker_strength(f->added.v[k].text) != 0;
	}
	return gone > came;
}

static void
judge_pairs(const struct place *p)
{
	const struct change_file *f = p->f;
	size_t i, k;

	for (i = 0; i < f->deleted.n; i = k) {
		for (k = i + 1; k < f->deleted.n && f->deleted.v[k].line == f->deleted.v[k - 1].line + 1; k++)
			;
		judge_run(p, i, k);
	}
}

/* ---- what else ---- */

static const struct rule table[] = {
	{"no-cases", "python javascript java", VIEW_TEXT, FINDING_BLOCKS,
	    "\\bparametrize\\s*\\([^()\\[\\]]{0,120},\\s*\\[\\s*\\]|\\b(?:it|test|describe)\\.each\\s*\\(\\s*\\[\\s*\\]|@(?:ValueSource|CsvSource)\\s*\\([^)]{0,40}\\{\\s*\\}",
	    "a test that runs for no case at all", NULL},
	{"vacuous", "c java javascript go rust csharp php dart swift", VIEW_CODE, FINDING_FLAGGED,
	    "\\|\\|\\s*(?:1|!0|true|TRUE)\\s*\\)\\s*[;)]", "an assertion that cannot fail", NULL},
	{"vacuous", "python ruby", VIEW_CODE, FINDING_FLAGGED, "\\bor\\s+True\\b|\\|\\|\\s*true\\b",
	    "an assertion that cannot fail", NULL},
	{"vacuous", "shell", VIEW_CODE, FINDING_FLAGGED,
	    "^\\s*(?:\\[\\[?|test|grep|cmp|diff)\\s.*\\|\\|\\s*(?:true|:|echo\\b.*)\\s*$", "a comparison that cannot fail", NULL},
	{"hard-coded", "code", VIEW_TEXT, FINDING_FLAGGED,
	    "\\bPYTEST_CURRENT_TEST\\b|[\"'](?:pytest|unittest)[\"']\\s+in\\s+sys\\.modules|\\bJEST_WORKER_ID\\b|\\bNODE_ENV\\b\\W{0,4}={2,3}\\s*[\"']test|\\b(?:IS|RUNNING|IN|UNDER)_TESTS?\\b|\\btesting\\.Testing\\(\\)",
	    "asks whether it is being tested", NULL},
	{"hard-coded", "code", VIEW_TEXT, FINDING_FLAGGED,
	    "\\bif\\b[^;{]{0,80}={2,3}\\s*(?:[\"'][^\"']{3,}[\"']|-?\\d{2,}(?:\\.\\d+)?)\\s*\\)?\\s*(?::|\\{)?\\s*return\\s+(?:[\"'][^\"']{3,}[\"']|-?\\d{2,}(?:\\.\\d+)?)\\s*[;}]?",
	    "has the answer for one input written down", NULL},
};

static bool
decide(void *arg, const struct rule *rule, const struct source *s, struct str match, enum finding_kind *kind)
{
	(void)arg;
	(void)match;
	(void)kind;
	return s->test == (strcmp(rule->name, "hard-coded") != 0);
}

static void
judge_snapshot(struct inspect *in, const struct change_file *f)
{
	static const char *const kinds[] = {"*.snap", "__snapshots__/", "*.approved.*", "*.golden", "golden/",
	    "*.expected", "snapshots/"};
	size_t i;

	if (f->status == 'A' || f->status == 'D' || oid_eq(&f->old_oid, &f->new_oid) || (f->deleted.n == 0 && !f->binary))
		return;
	for (i = 0; i < NITEMS(kinds); i++)
		if (glob_path(kinds[i], f->path, 0)) {
			inspect_find(in, FINDING_FLAGGED, "snapshot", f->path, 0, "a recorded answer was made anew");
			return;
		}
}

static bool
is_settings(const char *path)
{
	const struct lang *l = lang_of(path);

	return (l != NULL && l->kind == LANG_CONFIG) || runner_of(path) != NULL || glob_path(".nycrc*", path, 0);
}

struct err *
weaker_judge(struct inspect *in)
{
	static struct regex *kept[NITEMS(table)];
	AUTO(rules_free) struct rules r = {.v = table, .n = NITEMS(table), .kept = kept, .decide = decide};
	struct place p = {.in = in};
	size_t i;

	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		p.code_too |= lang_is_code(lang_of(f->path)) && !is_test(f->path);
	}
	p.fewer = has_fewer(in);
	for (i = 0; i < change_count(in->change); i++) {
		p.f = change_at(in->change, i);
		if (p.f->status == 'D' || !inspect_sees(in, p.f->path))
			continue;
		p.test = is_test(p.f->path);
		p.settings = is_settings(p.f->path);
		if (p.test || p.settings)
			judge_pairs(&p);
		if (p.test)
			judge_count(&p);
		judge_snapshot(in, p.f);
	}
	return rules_judge(in, &r);
}

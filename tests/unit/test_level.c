/* level: which facts ask for which review, and that nothing that is added ever lowers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "model/level.h"

#define FILES_MAX 30
#define ROUNDS 100

/* Nothing speaks against landing by itself. */
static struct level_facts
calm(const struct level_file *files, size_t n)
{
	return (struct level_facts){.files = files, .nfiles = n, .passed = 2, .type = "documentation",
	    .type_known = true, .severity = RISK_LOW, .type_alone = true, .accepted = 10};
}

static enum level
judge(const struct level_facts *f)
{
	AUTO(strs_free) struct strs reasons = {0};
	enum level level = level_of(f, &reasons);

	assert_true(reasons.n > 0);
	return level;
}

static const struct { const char *path; enum level level; } paths[] = {
	{"README.md", LEVEL_ALONE}, {"docs/login.md", LEVEL_ALONE}, {"src/parse.py", LEVEL_ALONE},
	{"tests/test_auth.py", LEVEL_ALONE}, {"src/tokenizer.c", LEVEL_ALONE}, {"src/signal.c", LEVEL_ALONE},
	{"src/hashmap.c", LEVEL_ALONE}, {"src/scheduler.c", LEVEL_ALONE}, {"data/words.csv", LEVEL_ALONE},
	{"src/auth/login.py", LEVEL_REVIEW}, {"src/UserAuth.java", LEVEL_REVIEW}, {"lib/user_auth.js", LEVEL_REVIEW},
	{"lib/HTTPAuth.ts", LEVEL_REVIEW}, {"SRC/AUTH/X.PY", LEVEL_REVIEW}, {"src/authenticate.c", LEVEL_REVIEW},
	{"src/permissions.rb", LEVEL_REVIEW}, {"src/crypto.c", LEVEL_REVIEW}, {"app/secrets.py", LEVEL_REVIEW},
	{"include/x.h", LEVEL_REVIEW}, {"proto/x.proto", LEVEL_REVIEW}, {"src/api/users.go", LEVEL_REVIEW},
	{"package.json", LEVEL_REVIEW}, {"requirements-dev.txt", LEVEL_REVIEW}, {"sub/go.sum", LEVEL_REVIEW},
	{".github/workflows/ci.yml", LEVEL_REVIEW}, {"CODEOWNERS", LEVEL_REVIEW}, {".factory/config.yml", LEVEL_REVIEW},
	{"Makefile", LEVEL_REVIEW}, {"CMakeLists.txt", LEVEL_REVIEW}, {"tests/conftest.py", LEVEL_ALONE},
	{"tests/package.json", LEVEL_REVIEW}, {".github/README.md", LEVEL_REVIEW},
	{"db/migrations/0001_init.py", LEVEL_PAIR}, {"db/x.sql", LEVEL_PAIR}, {"app/models.py", LEVEL_PAIR},
	{"Dockerfile", LEVEL_PAIR}, {"infra/main.tf", LEVEL_PAIR}, {"docs/adr/0007-queue.md", LEVEL_PAIR},
};

static void
test_paths(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(paths); i++) {
		struct level_file file = {.path = paths[i].path, .status = 'M', .lines = 5};
		struct level_facts f = calm(&file, 1);

		if (judge(&f) != paths[i].level)
			fail_msg("%s: %s, not %s", paths[i].path, level_word(judge(&f)), level_word(paths[i].level));
	}
}

/* What calls itself documentation is still not to change code unseen. */
static void
test_elsewhere(void **state)
{
	struct level_file files[] = {{.path = "README.md", .status = 'M', .lines = 5},
	    {.path = "src/x.c", .status = 'M', .lines = 5, .elsewhere = true}};
	struct level_facts f = calm(files, 1);

	(void)state;
	assert_int_equal(judge(&f), LEVEL_ALONE);
	f.nfiles = 2;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	f.severity = RISK_HIGH;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
}

static const struct { const char *path, *line; bool api; } lines[] = {
	{"a.py", "def run(self):", true}, {"a.py", "    def run(self):", false}, {"a.py", "def _own():", false},
	{"a.py", "class Thing:", true}, {"tests/a.py", "def run():", false}, {"a.go", "func Run() {", true},
	{"a.go", "func (t *T) Run() {", true}, {"a.go", "func run() {", false}, {"a.rs", "    pub fn run() {", true},
	{"a.rs", "fn run() {", false}, {"a.ts", "export function x() {", true}, {"a.js", "  module.exports = x", true},
	{"a.js", "function x() {", false}, {"A.java", "\tpublic void x() {", true}, {"A.java", "\tprivate int x;", false},
	{"a.c", "int x(void)", false},
};

static void
test_lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(lines); i++)
		if ((level_line(lines[i].path, str_of(lines[i].line)) == TOUCH_API) != lines[i].api)
			fail_msg("%s: %s", lines[i].path, lines[i].line);
}

/* One fact at a time, on a change that would land by itself. */
static void
test_facts(void **state)
{
	struct level_file file = {.path = "src/a.c", .status = 'M', .lines = 99};
	AUTO(strs_free) struct strs flagged = {0};
	struct level_facts f;

	(void)state;
	f = calm(&file, 1);
	assert_int_equal(judge(&f), LEVEL_ALONE);
	file.lines = 100;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	file.lines = 500;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
	file.lines = 5;
	file.binary = true;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	file.binary = false;
	file.touches = TOUCH_API;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
	file.touches = 0;
	file.status = 'A';
	assert_int_equal(judge(&f), LEVEL_REVIEW);
	file.path = "tests/test_new.c";
	assert_int_equal(judge(&f), LEVEL_ALONE);
	f = calm(&file, 1);
	f.severity = RISK_MEDIUM;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	f.severity = RISK_HIGH;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
	f.severity = RISK_CRITICAL;
	assert_int_equal(judge(&f), LEVEL_PAIR);
	f = calm(&file, 1);
	f.type_alone = false;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	f.type_known = false;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
	f = calm(&file, 1);
	f.turned_down = 2;
	assert_int_equal(judge(&f), LEVEL_ALONE);
	f.turned_down = 3;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	f = calm(&file, 1);
	f.unproven = 1;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
	f.unproven = f.passed = 0;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	f = calm(&file, 1);
	f.author = AUTHOR_UNKNOWN;
	assert_int_equal(judge(&f), LEVEL_LOOK);
	f = calm(&file, 1);
	strs_add(&flagged, "'a.c', line 3: deceives");
	f.flagged = &flagged;
	assert_int_equal(judge(&f), LEVEL_REVIEW);
}

/* An unknown type is high whatever else is said of it. */
static void
test_unknown(void **state)
{
	struct level_file file = {.path = "README.md", .status = 'M', .lines = 1};
	struct level_facts f = calm(&file, 1);
	AUTO(strs_free) struct strs reasons = {0};

	(void)state;
	f.type = "mystery";
	f.type_known = false;
	assert_int_equal(level_of(&f, &reasons), LEVEL_REVIEW);
	assert_string_equal(reasons.v[0], "its type 'mystery' is unknown, so it counts as high");
}

static void
test_reasons(void **state)
{
	static const struct level_file files[] = {{"src/auth/a.py", 'M', 3, false, 0}, {"src/auth/b.py", 'M', 3, false, 0},
	    {"src/auth/c\x1b[2J.py", 'M', 3, false, 0}, {"src/auth/d.py", 'M', 3, false, 0}, {"db/x.sql", 'M', 100, false, 0}};
	struct level_facts f = calm(files, NITEMS(files));
	AUTO(strs_free) struct strs r = {0};

	(void)state;
	assert_int_equal(level_of(&f, &r), LEVEL_PAIR);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.v[0], "the data model changes: 'db/x.sql'");
	assert_string_equal(r.v[1], "it touches authentication or permissions: 'src/auth/a.py', 'src/auth/b.py', "
	    "'src/auth/c\\x1b[2J.py' and 1 more");
	assert_string_equal(r.v[2], "it has 112 lines, and what lands by itself has fewer than 100");
}

static void
test_wide(void **state)
{
	static const struct level_file files[] = {{"a/x.c", 'M', 1, false, 0}, {"b/x.c", 'M', 1, false, 0},
	    {"c/x.c", 'M', 1, false, 0}, {"docs/x.md", 'M', 1, false, 0}, {"d/x.c", 'M', 1, false, 0}};
	struct level_facts f = calm(files, 4);

	(void)state;
	assert_int_equal(judge(&f), LEVEL_ALONE);
	f.nfiles = 5;
	assert_int_equal(judge(&f), LEVEL_PAIR);
}

/* Whatever the change is, one more file, line or finding never makes it need less. */
static void
test_monotone(void **state)
{
	struct level_file files[FILES_MAX];
	AUTO(strs_free) struct strs flagged = {0};
	struct level_facts f;
	enum level before, after;
	size_t round, n;

	(void)state;
	strs_add(&flagged, "x");
	srand(7);
	for (round = 0; round < ROUNDS; round++) {
		f = calm(files, 0);
		f.severity = (enum risk)(rand() % 4);
		f.type_known = rand() % 4 != 0;
		before = judge(&f);
		for (n = 0; n < FILES_MAX; n++) {
			files[n] = (struct level_file){.path = paths[(size_t)rand() % NITEMS(paths)].path,
			    .status = "AMDR"[rand() % 4], .lines = (size_t)rand() % 40, .binary = rand() % 20 == 0};
			f.nfiles = n + 1;
			after = judge(&f);
			assert_true(after >= before);
			before = after;
		}
		f.flagged = &flagged;
		assert_true(judge(&f) >= before);
		f.type_known = false;
		assert_true(judge(&f) >= LEVEL_REVIEW);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_monotone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"
#include "gate/glob.h"

static void
test_match(void **state)
{
	static const struct {
		const char *pattern, *s;
		unsigned flags;
		bool match;
	} t[] = {
		{"a", "a", 0, true}, {"a", "b", 0, false}, {"", "", 0, true}, {"", "a", 0, false},
		{"*.py", "x.py", 0, true}, {"*.py", "d/x.py", 0, false},
		{"**/*.py", "x.py", 0, true}, {"**/*.py", "a/b/x.py", 0, true},
		{"**/b/*.py", "a/b/x.py", 0, true}, {"**/b/*.py", "a/xb/x.py", 0, false},
		{"a/**", "a/b/c", 0, true}, {"a/**", "a", 0, false}, {"a/**/c", "a/c", 0, true},
		{"a/**/c", "a/b/b/c", 0, true}, {"a/**/c", "a/bc", 0, false},
		{"?", "/", 0, false}, {"[a-c]x", "bx", 0, true}, {"[!a-c]x", "bx", 0, false},
		{"[", "[", 0, true}, {"\\*", "*", 0, true}, {"\\*", "x", 0, false},
		{"*a*b*c", "xxaxxbxxc", 0, true}, {"*a*b*c", "xxaxxcxxb", 0, false},
		{"CI", "ci", GLOB_ICASE, true}, {"CI", "ci", 0, false},
		{"a*z", "a/b/z", GLOB_NAME, true}, {"a*z", "a/b/z", 0, false},
		{"*[1]", "x1", 0, true}, {"x::*", "x::y[a/b]", GLOB_NAME, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++)
		if (glob_match(t[i].pattern, t[i].s, t[i].flags) != t[i].match)
			fail_msg("%s against %s", t[i].pattern, t[i].s);
}

static void
test_path(void **state)
{
	(void)state;
	assert_true(glob_path("CODEOWNERS", "docs/CODEOWNERS", 0));
	assert_true(glob_path("CODEOWNERS", "CODEOWNERS", 0));
	assert_false(glob_path("CODEOWNERS", "CODEOWNERS2", 0));
	assert_true(glob_path(".github/", ".github/workflows/a.yml", 0));
	assert_true(glob_path("/src/api", "src/api/x.c", 0));
	assert_true(glob_path("/src/api", "src/api", 0));
	assert_true(glob_path("/Makefile", "Makefile", 0));
	assert_false(glob_path("/Makefile", "lib/Makefile", 0));
	assert_false(glob_path("/src/api", "lib/src/api", 0));
	assert_true(glob_path("vendor/", "a/vendor/b", 0));
	assert_true(glob_path("*.lock", "a/b/c.lock", 0));
}

/* A pattern made to backtrack ends at once. */
static void
test_bounded(void **state)
{
	char s[2001];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(s) - 1; i++)
		s[i] = 'a';
	s[i] = '\0';
	assert_false(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", s, 0));
	assert_false(glob_match("**a**a**a**a**a**a**a*a*a*a*a*a**b", s, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

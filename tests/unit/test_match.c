/* match: what a task needs against what a machine has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/match.h"

static struct strs
words(const char *text)
{
	struct strs s = {0};
	struct str rest = str_of(text), word;

	while (str_next(&rest, '|', &word)) {
		AUTO(mem_free_p) char *w = str_dup(word);

		strs_add(&s, w);
	}
	return s;
}

static bool
only_gcc(void *arg, const char *name)
{
	++*(int *)arg;
	return strcmp(name, "gcc") == 0;
}

static void
check(const char *needs_text, const char *missing)
{
	struct strs given = words("gpu, Staging|fast"), have = {0}, needs = words(needs_text);
	const char *m;
	int asked = 0;

	match_labels(&given, "Linux", "x86_64", &have);
	m = match_missing(&needs, &have, only_gcc, &asked);
	if (missing == NULL)
		assert_null(m);
	else
		assert_string_equal(m, missing);
	strs_free(&given);
	strs_free(&have);
	strs_free(&needs);
}

static void
test_needs(void **state)
{
	(void)state;
	check("", NULL);
	check("gpu", NULL);
	check("GPU|staging|fast", NULL);
	check("gpu|tape|fast", "tape");
	check("linux|os:linux|arch:x86_64|amd64|arch:amd64", NULL);
	check("macos", "macos");
	check("os:gpu", "os:gpu");
	check("tool:gcc", NULL);
	check("tool:clang", "tool:clang");
	/* Only what is asked for as a tool is looked for. */
	check("gcc", "gcc");
}

static void
test_labels(void **state)
{
	struct strs given = words(" a ,b,, a|c d"), have = {0};

	(void)state;
	match_labels(&given, "Darwin", "arm64", &have);
	assert_int_equal(have.n, 12);
	assert_string_equal(have.v[0], "a");
	assert_string_equal(have.v[1], "b");
	assert_string_equal(have.v[2], "c");
	assert_string_equal(have.v[3], "d");
	assert_string_equal(have.v[4], "os:darwin");
	assert_true(match_need("os:macos", &have, NULL, NULL));
	assert_true(match_need("aarch64", &have, NULL, NULL));
	assert_false(match_need("tool:sh", &have, NULL, NULL));
	strs_free(&given);
	strs_free(&have);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}

/* line/pulls: which checks are green, and whom a CODEOWNERS file names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "line/pulls/merge.h"
#include "line/pulls/owners.h"

#define CHECK(n, s, r) {(char *)(uintptr_t)(n), s, r, NULL, NULL}

static bool
green(struct forge_check *v, size_t n)
{
	struct forge_checks all = {.v = v, .n = n};
	AUTO(err_free_p) struct err *e = checks_green(&all);

	assert_true(e == NULL || err_is(e, ERR_STATE));
	return e == NULL;
}

static void
test_green(void **state)
{
	struct forge_check good[] = {CHECK("ci", CHECK_SUCCESS, false), CHECK("docs", CHECK_SKIPPED, false)};
	struct forge_check own[] = {CHECK("git-factory", CHECK_SUCCESS, true)};
	struct forge_check other_red[] = {CHECK("ci", CHECK_SUCCESS, true), CHECK("nightly", CHECK_FAILURE, false)};
	struct forge_check own_red[] = {CHECK("git-factory", CHECK_PENDING, true), CHECK("ci", CHECK_SUCCESS, false)};

	(void)state;
	assert_true(green(good, 2));
	assert_false(green(good, 0));
	assert_false(green(own, 1));
	assert_true(green(other_red, 2));
	assert_true(green(own_red, 2));
}

static void
test_not_green(void **state)
{
	static const enum forge_check_state bad[] = {CHECK_PENDING, CHECK_FAILURE, CHECK_CANCELLED, CHECK_TIMED_OUT,
	    CHECK_UNKNOWN};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		struct forge_check required[] = {CHECK("ci", bad[i], true), CHECK("x", CHECK_SUCCESS, false)};
		struct forge_check any[] = {CHECK("ci", bad[i], false), CHECK("x", CHECK_SUCCESS, false)};

		assert_false(green(required, 2));
		assert_false(green(any, 2));
	}
	/* What the rules are may not be read: nobody knows what is required. */
	struct forge_check rules[] = {CHECK("rules of the branch", CHECK_UNKNOWN, false), CHECK("ci", CHECK_SUCCESS, true)};
	assert_false(green(rules, 2));
}

static const char owners[] =
    "# who owns what\n"
    "*\t@ada\n"
    "\n"
    "[Documentation]\n"
    "docs/ @acme/writers doc@example.org  # they write\n"
    "/src/*.c @bob @ada\n"
    "/src/free.c\n";

static void
owned_by(const char *path, const char *want)
{
	AUTO(strs_free) struct strs got = {0};
	AUTO(buf_free) struct buf all = BUF_INIT(KIB);
	size_t i;

	owners_in(str_of(owners), path, &got);
	for (i = 0; i < got.n; i++)
		buf_addf(&all, "%s%s", i > 0 ? " " : "", got.v[i]);
	assert_string_equal(buf_cstr(&all), want);
}

static void
test_owners(void **state)
{
	(void)state;
	owned_by("README", "@ada");
	owned_by("lib/x.py", "@ada");
	owned_by("docs/a/b.md", "@acme/writers doc@example.org");
	owned_by("src/a.c", "@bob @ada");
	owned_by("src/deep/a.c", "@ada");
	owned_by("src/free.c", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_green),
		cmocka_unit_test(test_not_green),
		cmocka_unit_test(test_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

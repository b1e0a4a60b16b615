#include "format_fixture.h"

static void
test_recorded(void **state)
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
	format_recorded("eslint", "eslint-9.39.5.json", TRAILER);
	format_recorded("eslint", "eslint-9.39.5-broken.json", TRAILER);
	format_recorded("gitleaks", "gitleaks-8.18.4.json", TRAILER);
}

static void
test_recorded_sarif(void **state)
{
	(void)state;
	format_recorded("sarif", "bandit-1.9.4.sarif", TRAILER);
	format_recorded("sarif", "eslint-7.32.0.sarif", TRAILER);
	format_recorded("sarif", "eslint-8.57.1.sarif", TRAILER);
	format_recorded("sarif", "eslint-9.39.5.sarif", TRAILER);
	format_recorded("sarif", "flawfinder-2.0.19.sarif", TRAILER);
	format_recorded("sarif", "semgrep-1.182.0.sarif", TRAILER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_recorded_sarif),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "format_fixture.h"

static void
test_recorded(void **state)
{
	(void)state;
	format_recorded("grype", "grype-snapshot.json", TRAILER);
	format_recorded("osv", "osv-scanner-aliases.json", TRAILER);
	format_recorded("osv", "osv-scanner-grouped.json", TRAILER);
	format_recorded("trivy", "trivy-npm.json", TRAILER);
	format_recorded("trivy", "trivy-suppressed.json", TRAILER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

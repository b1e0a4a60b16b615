#include "format_fixture.h"

static void
test_recorded(void **state)
{
	(void)state;
	format_recorded("cargoaudit", "cargo-audit-0.22.json", TRAILER);
	format_recorded("npmaudit", "npm-6.json", TRAILER);
	format_recorded("npmaudit", "npm-11.19.1.json", TRAILER);
	format_recorded("pipaudit", "pip-audit-1.1.2.json", TRAILER);
	format_recorded("pipaudit", "pip-audit-2.10.1.json", TRAILER);
	format_recorded("pipaudit", "pip-audit-2.10.1-skipped.json", TRAILER);
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

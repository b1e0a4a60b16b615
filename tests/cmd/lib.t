#!/bin/sh
# shellcheck disable=SC2016
# The test library and the runner keep their own promises.
. "${0%/*}/../lib.sh"

inner() { # BODY: a test file of its own, run by ci/test's rules
	mkdir -p "$TMP/t/tests/cmd"
	cp "$ROOT/tests/lib.sh" "$TMP/t/tests/lib.sh"
	x=$TMP/t/tests/cmd/x.t
	{
		echo '#!/bin/sh'
		echo '. "${0%/*}/../lib.sh"'
		printf '%s\n' "$1" | sed 's/^	*//'
		echo run_tests
	} >"$x"
	chmod +x "$x"
}

test_environment_is_hermetic() {
	is "$(git config --show-origin --get-regexp '.*' | grep -vc -e "file:$HOME" -e 'file:.git/config')" 0
	is "$(date +%Z)" UTC
	is "$(git log -1 --format=%ct)" "$GIT_FACTORY_DATE"
	is "$(env | grep -c '_API_KEY=' || :)" 0
	is "$(git rev-list --count HEAD)" 1
}

test_a_failing_check_ends_the_test() {
	inner 'test_a() { is 1 2; touch "$TMP/went-on"; }
		test_b() { ok true; }'
	run "$x"
	status_is 1
	out_like '^not ok 1 - test_a'
	out_like '^#   failed: not equal'
	out_like '^ok 2 - test_b'
	missing "$TMP/went-on"
}

test_runner_counts_and_shows_failures() {
	inner 'test_good() { ok true; }
		test_bad() { echo the reason; fail why; }
		test_gone() { skip "not here"; }'
	run "$ROOT/ci/test" "$x"
	status_is 1
	out_like 'the reason'
	out_like 'SKIP not here'
	is "$(tail -n 1 "$OUT")" '1 passed, 1 failed, 1 skipped'
	is "$(grep -c ' passed, .* failed' "$OUT")" 2
}

test_runner_fails_a_skipped_security_test() {
	[ "$PLATFORM" = Linux ] || skip "only Linux has the sandbox"
	inner 'test_security_walls() { skip "no walls"; }'
	run "$ROOT/ci/test" "$x"
	status_is 1
	is "$(tail -n 1 "$OUT")" '0 passed, 1 failed'
}

test_runner_fails_a_script_that_breaks_off() {
	inner 'test_good() { ok true; }
		exit 0'
	run "$ROOT/ci/test" "$x"
	status_is 1
	out_like 'Bail out'
	is "$(tail -n 1 "$OUT")" '0 passed, 1 failed'
}

test_runner_ends_what_hangs() {
	inner 'test_hangs() { sleep 60; }'
	FACTORY_TEST_TIMEOUT=1 run "$ROOT/ci/test" "$x"
	status_is 1
	out_like 'ended after 1 s'
}

test_runner_without_tests_is_no_pass() {
	printf '#!/bin/sh\n' >empty.t
	chmod +x empty.t
	run "$ROOT/ci/test" "$PWD/empty.t"
	status_is 1
	is "$(tail -n 1 "$OUT")" '0 passed, 1 failed'
}

run_tests

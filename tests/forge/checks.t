#!/bin/sh
# What a pull request waits for before it lands on a forge: its checks, and
# that the forge knows whether it can be merged.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

no_checks() {
	deliver "$1"
	waits 'no check'
}
test_no_checks_at_all_are_not_green() { on_each_forge no_checks; }

bad_checks() {
	deliver "$1"
	status_set bob "$(head_sha)" ci/test pending
	waits "ci/test"
	status_set bob "$(head_sha)" ci/test failure
	waits "ci/test"
	green
	lands
}
test_a_check_that_waits_or_failed_is_not_green() { on_each_forge bad_checks; }

test_cancelled_and_timed_out_checks_are_not_green() {
	needs_fake
	deliver github
	for conclusion in cancelled timed_out action_required stale; do
		ctl check sha="$(head_sha)" name=ci/run conclusion=$conclusion >/dev/null
		waits 'ci/run'
	done
	ctl check sha="$(head_sha)" name=ci/run status=in_progress >/dev/null
	waits 'ci/run'
	ctl check sha="$(head_sha)" name=ci/run conclusion=success >/dev/null
	lands
	forge_done
}

required_missing() {
	deliver "$1"
	protect branch=main required=ci/must
	green
	# GitLab names no check: a pipeline must succeed there.
	case $1 in gitlab) waits 'a pipeline must succeed first' ;; *) waits "check 'ci/must' is not green" ;; esac
	status_set bob "$(head_sha)" ci/must success
	lands
}
test_a_required_check_that_is_missing_is_not_green() { on_each_forge required_missing; }

test_checks_that_may_not_be_read_are_not_green() {
	needs_fake
	deliver github
	green
	fault status '^GET .*/(check-runs|status)' status=403 times=100
	waits '.'
	forge_done
}

unknown_first() {
	deliver "$1"
	green
	ctl mergeable_after reads=2 >/dev/null
	lands
}
test_who_does_not_know_yet_is_asked_for_a_while() {
	needs_fake
	on_each_forge unknown_first
}
test_who_never_knows_is_not_waited_for_for_ever() {
	needs_fake
	deliver github
	green
	ctl mergeable_after reads=100000 >/dev/null
	waits 'does not know yet'
	forge_done
}
run_tests

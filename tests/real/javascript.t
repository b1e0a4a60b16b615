#!/bin/sh
# jmespath (npm), 1,667 lines, 887 tests of its own, mended by a model that
# speaks Anthropic's protocol, through every kind of bad answer.
. "${0%/*}/../lib.sh"
. "${0%/*}/real.sh"

test_wrong_attempt_fails_the_suite_and_the_right_one_is_delivered() {
	real_package jmespath
	real_model anthropic
	real_run
	delivered
	is "$(times_asked)" 4
	told_of_the_failure 2
	like "$(asked 0 '.body.tools | tostring')" '"edit"'
	is "$(asked 0 .body.stream)" true
}

# Neither by the attempt that made it, nor by the next one, which is told, nor
# by asking for more.
test_a_wrong_patch_is_never_delivered() {
	real_package jmespath
	real_model anthropic wrong
	real_run
	status_is 1
	not_delivered
	run git factory task show "$task"
	out_like '^failures +test-failure:1'
	first=$(times_asked)
	run git factory run "$task"
	status_is 1
	not_delivered
	like "$(asked "$first" .body.messages)" "$failing"
	run git factory task show "$task"
	out_like '^state +escalated'
	out_like "$failing"
	# What was tried is kept, and is the wrong patch both times.
	is "$(git for-each-ref refs/factory/attempts | wc -l | tr -d ' ')" 2
	for attempt in $(git for-each-ref --format='%(refname)' refs/factory/attempts); do
		isnt "$(git rev-parse "$attempt:$fixed_file")" "$good"
		isnt "$(git rev-parse "$attempt:$fixed_file")" "$(git rev-parse "main:$fixed_file")"
	done
	run git factory work --until-empty
	out_is 'nothing ran'
	run git factory pr merge "$task"
	isnt "$status" 0
	not_delivered
}

test_rate_limit_is_waited_for() {
	real_package jmespath
	real_model anthropic rate-limit
	real_run
	delivered
	is "$(times_asked)" 5
	is "$(asked 0 .response.status)" 429
	gap=$(($(asked 1 .timestamp) - $(asked 0 .timestamp)))
	[ "$gap" -ge 1000 ] || fail "asked again after $gap ms, not a second"
}

test_a_stream_that_breaks_off_runs_no_tool() {
	real_package jmespath
	real_model anthropic cut
	real_run
	delivered
	is "$(times_asked)" 5
	is "$(asked 1 .body.messages)" "$(asked 0 .body.messages)"
}

test_an_answer_that_is_no_stream_runs_no_tool() {
	real_package jmespath
	real_model anthropic garbage
	real_run
	delivered
	is "$(times_asked)" 5
}

test_an_unreachable_model_changes_nothing() {
	real_package jmespath
	real_model anthropic
	real_stop
	real_run
	status_is 128
	err_like '127\.0\.0\.1'
	not_delivered
}

run_tests

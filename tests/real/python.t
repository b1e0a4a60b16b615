#!/bin/sh
# sqlparse (PyPI), 3,774 lines, 419 tests of its own, mended by a model that
# speaks OpenAI's protocol, and by a program from outside.
. "${0%/*}/../lib.sh"
. "${0%/*}/real.sh"

test_wrong_attempt_fails_the_suite_and_the_right_one_is_delivered() {
	real_package sqlparse
	real_model openai
	real_run
	delivered
	is "$(times_asked)" 4
	told_of_the_failure 2
	like "$(asked 0 '.body.tools | tostring')" '"edit"'
}

test_a_wrong_patch_is_never_delivered() {
	real_package sqlparse
	real_model openai wrong
	real_run
	status_is 1
	not_delivered
}

test_a_stream_that_breaks_off_runs_no_tool() {
	real_package sqlparse
	real_model openai cut
	real_run
	delivered
	is "$(times_asked)" 5
}

test_an_answer_that_is_no_stream_runs_no_tool() {
	real_package sqlparse
	real_model openai garbage
	real_run
	delivered
	is "$(times_asked)" 5
}

test_an_outside_agent_is_held_to_the_same_suite() {
	real_package sqlparse
	cat >"$TMP/agent.sed" <<-'SED'
	s/'FOR', 'WHILE')$/'FOR', 'WHILE', 'CASE')/
	SED
	real_policy "agent: sed
agents:
  sed: {kind: command, command: [sed, -i, \"$(cat "$TMP/agent.sed")\", $fixed_file]}"
	real_run
	delivered
}

test_an_outside_agent_that_does_nothing_delivers_nothing() {
	real_package sqlparse
	real_policy 'agent: "null"
agents:
  "null": {kind: command, command: ["true"]}
limits: {iterations: 2}'
	real_run
	status_is 1
	not_delivered
}

run_tests

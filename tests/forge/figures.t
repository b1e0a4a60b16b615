#!/bin/sh
# How many requests a task and a poll cost.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

SPEC='`greet` must print "hello" to standard output, and nothing else. Files without a name are refused with status 1. Other commands stay as they are. Verify with `test -f done`.'

# From the label to the merge; what people do goes by the control port.
lifecycle() {
	forge "$1"
	ctl person login=robo role=admin >/dev/null
	number=$(issue_open ada 'Say hello' "$SPEC")
	tick
	issue_label bob "$number" factory
	tick
	ctl counts_reset >/dev/null
	ok git factory intake >"$OUT" 2>&1
	hash=$(issue_json "$number" | jq -r '.comments[0].body' | sed -n 's/.*`\/factory run \([0-9a-f]*\)`, which.*/\1/p')
	if [ -n "$hash" ]; then
		tick
		comment bob "$number" "/factory run $hash" >/dev/null
		tick
		ok git factory intake >"$OUT" 2>&1
	fi
	run git factory run
	status_is 0
	opened=$(counts calls)
	is "$(there length)" 1
	ok git factory intake >"$OUT" 2>&1
	status_set bob "$(there '.[0].sha')" ci/test success
	run git factory pr merge 1
	status_is 0
	ok git factory intake >"$OUT" 2>&1
	is "$(there '.[0].state')" merged
	merged=$(counts calls)
	echo "$1: $opened calls to open, $merged to merge"
	[ "$opened" -le 25 ] || fail "$opened calls: $(cat "$GIT_FACTORY_FORGE_TRACE")"
	is "$(grep -c '^GET 200 .*/user$' "$GIT_FACTORY_FORGE_TRACE")" 1
	[ "$merged" -le 40 ] || fail "$merged calls: $(cat "$GIT_FACTORY_FORGE_TRACE")"
}
test_a_task_takes_25_calls_to_open_and_40_to_merge() {
	needs_fake
	on_each_forge lifecycle
}

poll() {
	forge "$1"
	ctl issue_open who=ada title=Other body="$SPEC" many=1000 >/dev/null
	ok git factory intake >"$OUT" 2>&1
	ok git factory intake >"$OUT" 2>&1
	ctl counts_reset >/dev/null
	ok git factory intake >"$OUT" 2>&1
	calls=$(counts calls) unchanged=$(counts unchanged)
	echo "$1: $calls calls, $unchanged answered 304"
	[ $((calls + unchanged)) -le 2 ] || fail "$calls calls, $unchanged of them answered 304"
	# Elsewhere lists have no ETag.
	[ "$1" != github ] || is "$calls" 0
}
test_a_poll_of_a_thousand_open_issues_takes_two() {
	needs_fake
	on_each_forge poll
}
run_tests

#!/bin/sh
# How many requests of the API a task and a poll cost, from the label to the open pull
# request and to the merge: what changes here is told in README.md.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/server.sh"

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

# The same, heard by webhooks and done by what a server has at work: 304s and git's traffic apart.
asked() { grep -vc '^[A-Z]* 304 ' "$GIT_FACTORY_FORGE_TRACE"; }
quiet() { until_true '[ "$(metric deliveries_waiting)" = 0 ]' && sleep 2; }
comment_says() { until_true "issue_json $number | jq -r '.comments[0].body' | grep -q '$1'"; } # ERE
served() {
	forge "$1"
	role robo admin
	server --work --sweep 1h
	until_true '[ "$(metric sweeps_total)" = 1 ]'
	act hook ada url="http://127.0.0.1:$PORT/hook" secret="$FACTORY_WEBHOOK_SECRET" >/dev/null
	number=$(issue_open ada 'Say hello' "$SPEC")
	until_true '[ "$(metric looks_total)" -ge 1 ]'
	quiet
	tick
	: >"$GIT_FACTORY_FORGE_TRACE"
	issue_label bob "$number" factory
	comment_says 'git-factory:task='
	hash=$(issue_json "$number" | jq -r '.comments[0].body' | sed -n 's/.*`\/factory run \([0-9a-f]*\)`, which.*/\1/p')
	if [ -n "$hash" ]; then
		tick
		comment bob "$number" "/factory run $hash" >/dev/null
	fi
	comment_says "Pull request . $FORGE"
	quiet
	opened=$(asked)
	is "$(there 'map(.state) | join(" ")')" open
	like "$(statuses_json "$(there '.[0].sha')" | jq -r '.[].context')" git-factory
	is "$(metric sweeps_total)" 1
	status_set bob "$(there '.[0].sha')" ci/test success
	run git factory pr merge 1
	status_is 0
	comment_says 'is landed'
	quiet
	merged=$(asked)
	stop_server
	echo "$1, by webhooks: $opened calls to open, $merged to merge"
	[ "$opened" -le 25 ] || fail "$opened calls: $(cat "$GIT_FACTORY_FORGE_TRACE")"
	[ "$merged" -le 40 ] || fail "$merged calls: $(cat "$GIT_FACTORY_FORGE_TRACE")"
}
test_by_webhooks_it_takes_no_more() {
	case ${FORGE_TEST_URL:+real}${FORGE_TEST_KIND:-} in
	realgithub | realgitlab) skip 'the webhooks of this forge are made by hand' ;;
	esac
	on_each_forge served
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

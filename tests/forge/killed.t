#!/bin/sh
# Whatever breaks between a run and its pull request, the next look makes good.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

create_fails() { # KIND FAULT [NAME=VALUE]
	kind=$1
	shift
	forge "$kind"
	fault "$1" '^POST .*/(pulls|merge_requests) ' ${2:+"$2"}
	id=$(git factory task add 'Write the file done')
	run git factory run "$id"
	run git factory pr sync
	status_is 0
	is "$(ctl faults_left)" 0
	one_pull_request
	run git factory pr sync
	one_pull_request
}
lost_answer() { create_fails "$1" lost; }
test_a_lost_answer_to_create_is_looked_up() { on_each_forge lost_answer; }
bad_gateway() { create_fails "$1" bad_gateway; }
test_a_502_that_succeeded_is_looked_up() { on_each_forge bad_gateway; }
never_done() { create_fails "$1" status status=503; }
test_a_503_that_did_nothing_is_made_good_by_the_next_look() { on_each_forge never_done; }

# Somebody makes it between the look and the write: 422 on GitHub, 409 elsewhere.
made_meanwhile() {
	forge "$1"
	id=$(git factory task add 'Write the file done')
	head=factory/$id-write-the-file-done
	fault before '^POST .*/(pulls|merge_requests) ' do=pull_open who=robo title=Another head="$head"
	run git factory run "$id"
	run git factory pr sync
	status_is 0
	is "$(there length)" 1
	git fetch -q
	[ -n "$(branch)" ] || fail 'the branch is gone'
}
test_one_that_came_to_be_meanwhile_is_adopted() { on_each_forge made_meanwhile; }

cut_off() {
	forge "$1"
	fault reset '^(GET|POST) .*/(pulls|merge_requests)' times=100
	id=$(git factory task add 'Write the file done')
	run git factory run "$id"
	status_is 0
	err_like 'forge'
	git fetch -q
	is "$(there length)" 0
	[ -n "$(branch)" ] || fail 'not pushed'
	ctl faults_clear >/dev/null
	run git factory pr sync
	status_is 0
	one_pull_request
}
test_a_run_that_ended_is_not_lost_while_the_forge_is_away() { on_each_forge cut_off; }

two_at_once() {
	forge "$1"
	id=$(git factory task add 'Write the file done')
	fault reset '^(GET|POST) .*/(pulls|merge_requests)' times=100
	run git factory run "$id"
	run git factory sync
	ctl faults_clear >/dev/null
	git clone -q "$FORGE/$PROJECT.git" "$TMP/other"
	git -C "$TMP/other" factory init >/dev/null
	git -C "$TMP/other" factory sync >/dev/null
	git factory pr sync >"$TMP/one" 2>&1 &
	one=$!
	git -C "$TMP/other" factory pr sync >"$TMP/two" 2>&1 || :
	wait $one || :
	git factory pr sync >/dev/null
	rm -rf "$TMP/other"
	one_pull_request
}
test_two_at_once_make_one() { on_each_forge two_at_once; }

test_one_that_is_missing_is_made_beside_those_that_are_there() {
	needs_fake
	deliver github
	fault status '^POST .*/pulls ' status=503 times=3
	id=$(git factory task add 'Write the file done again')
	run git factory run "$id"
	is "$(there length)" 1
	ctl faults_clear >/dev/null
	run git factory pr sync
	status_is 0
	is "$(there '[.[].head] | unique | length')" 2
	forge_done
}

# Killed between push and create: the next one adopts the branch.
killed() {
	forge "$1"
	fault hang '^POST .*/(pulls|merge_requests) ' seconds=5
	id=$(git factory task add 'Write the file done')
	git factory run "$id" >"$OUT" 2>&1 &
	run=$!
	until [ "$(ctl faults_left)" = 0 ]; do
		kill -0 $run 2>/dev/null || fail "ended: $(cat "$OUT")"
		sleep 0.1
	done
	kill -9 $run
	wait $run || :
	git fetch -q
	[ -n "$(branch)" ] || fail 'not pushed'
	is "$(there length)" 0
	run git factory pr sync
	status_is 0
	one_pull_request
}
test_killed_between_push_and_create_the_branch_is_adopted() { on_each_forge killed; }
run_tests

#!/bin/sh
# What is delivered becomes part of the state, whatever the forge has us wait for.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/sample.sh"

states() { # as counted, of all tasks
	git factory task list --all --json | jq -c 'group_by(.state) | map({(.[0].state): length}) | add'
}

# Limits are waited for on the clock of this machine.
waiting() { # KIND
	forge "$1"
	for n in 1 2 3 4 5 6; do
		ok git factory task add "Write the file done $n" >/dev/null 2>&1
	done
	ok git factory sync >/dev/null 2>&1
	fault secondary '^POST [^ ]*/(pulls|merge_requests) ' status=429 retry_after=90
	env -u GIT_FACTORY_FORGE_CLOCK git-factory work --until-empty --slots 2 >"$TMP/work.out" 2>&1 &
	work=$!
	for _ in $(seq 80); do
		[ "$(states)" != '{"delivered":6}' ] || break
		sleep 0.5
	done
	folded=$(states)
	left=$(ctl faults_left) opened=$(pulls_json | jq length)
	# The first lets what is under way end, the second does not.
	kill $work 2>/dev/null || fail "it gave up: $(cat "$TMP/work.out")"
	sleep 0.5
	kill $work || :
	wait $work || :
	is "$folded" '{"delivered":6}'
	is "$left" 0
	is "$opened" 0
	# What was put off is done.
	run git factory pr sync
	status_is 0
	is "$(pulls_json | jq length)" 6
}
test_what_is_delivered_is_folded_while_the_forge_waits() {
	needs_fake
	waiting github
	forge_done
}

# Else each look that is stopped would leave all to the next one.
test_what_a_look_did_before_it_was_killed_is_kept() {
	needs_fake
	forge github
	fault status '^POST [^ ]*/pulls ' times=11 status=500
	for n in 1 2 3 4 5 6 7 8 9 10 11; do
		id=$(git factory task add "Write the file done $n")
		ok git factory run -q "$id" >/dev/null 2>&1
	done
	is "$(pulls_json | jq length)" 0
	fault hang '^POST [^ ]*/pulls ' skip=10 seconds=3
	git-factory pr sync >"$TMP/sync.out" 2>&1 &
	for _ in $(seq 100); do
		[ "$(ctl faults_left)" != 0 ] || break
		sleep 0.2
	done
	kill -9 $!
	wait $! || :
	is "$(git factory pr list --json | jq '[.[] | select(.outside > 0)] | length')" 10
	before=$(counts write)
	run git factory pr sync
	status_is 0
	is "$(pulls_json | jq length)" 11
	# It is opened, and has its status, label and reviewers.
	[ $(($(counts write) - before)) -le 4 ] || fail "$(($(counts write) - before)) writes"
	forge_done
}

theirs() { git cat-file blob refs/factory/pulls/1:pull.json | jq -r .theirs; }

# A run of ours has moved the branch, and is not part of the state yet.
test_what_waits_to_be_folded_is_no_persons() {
	needs_fake
	made github
	lease=$(git cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' |
		sed -n 's/^commit //p' | while read -r o; do
		git cat-file commit "$o" | grep -q '^Ended: ' && echo "$o"
	done | head -n 1)
	head=$(record .head)
	new=$(git commit-tree -p "$head" -m 'Once more' "$head^{tree}")
	ok git push -q origin "$new:refs/heads/$(branch)" "$lease:refs/factory/leases/$id"
	ok git-factory --publisher --forge >"$OUT"
	is "$(theirs)" null
	is "$(there .sha)" "$new"
	# With nobody at it, it is a person's.
	ok git push -q origin ":refs/factory/leases/$id"
	ok git-factory --publisher --forge >"$OUT"
	is "$(theirs)" "$new"
	forge_done
}
run_tests

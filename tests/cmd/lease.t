#!/bin/sh
# Who holds a task of several clones, who loses it, and what each may publish.
. "${0%/*}/../lib.sh"
. "${0%/*}/../share.sh"

test_one_of_two_claimers() {
	share 1
	for name in a b c; do
		(cd "$TMP/$name" && git factory run -q "$id" >"$TMP/out.$name" 2>"$TMP/err.$name" && n=0 || n=$?; echo "$n" >"$TMP/status.$name") &
	done
	wait
	cat "$TMP"/err.*
	is "$(sort "$TMP/status.a" "$TMP/status.b" "$TMP/status.c" | tr '\n' ' ')" "0 128 128 "
	grep -l 'is being worked on' "$TMP"/err.* >"$OUT"
	is "$(wc -l <"$OUT")" 2
	in_clone a git factory sync >"$OUT"
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/leases)" ""
}

test_a_project_may_allow_one_run_at_a_time() {
	share 2 'limits: {parallel: 1}'
	cd "$TMP/a"
	other=$(git factory task add "Do more" 2>"$ERR")
	git factory sync >"$OUT"
	git-factory run -q "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	cd "$TMP/b"
	git factory sync >"$OUT"
	run git factory run -q "$other"
	status_is 128
	err_like 'this project runs 1 task at once'
	is "$(on_hub for-each-ref --format='%(refname:lstrip=3)' refs/factory/leases)" "$id"
	wait "$pid"
	run git factory run -q "$other"
	out_like 'run .* of task'
}

test_a_stopped_run_publishes_nothing() {
	share 1
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	kill -STOP "$pid"
	cd "$TMP/b"
	run git factory run -q "$id"
	status_is 128
	err_like 'is being worked on'
	err_like 'hint: when that node gives no sign for 2 s, the next run here takes over'
	until git factory run --json -q "$id" >"$OUT" 2>"$ERR"; do
		err_like 'is being worked on|works on it'
		sleep 0.5
	done
	is "$(json "$OUT" .attempt)" 2
	won=$(json "$OUT" .id)
	before=$(on_hub for-each-ref)
	kill -CONT "$pid"
	wait "$pid" && status=0 || status=$?
	cat "$TMP/err.a"
	isnt "$status" 0
	# It may have been stopped before it had looked after its claim, too.
	like "$(cat "$TMP/err.a")" 'lease of task .* is lost|another run has taken over|is being worked on|works on it'
	is "$(on_hub for-each-ref)" "$before"
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | sed 's|.*/||')" "$won.json"
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | sed 's|.*/||')" "$won.json"
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" 1
	# Its own lease is of use to nobody any more.
	isnt "$(git for-each-ref refs/factory/leases)" ''
	run git factory gc
	is "$(git for-each-ref refs/factory/leases)" ''
}

below() { # PID: it and all that came from it
	echo "$1"
	for below_pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		below "$below_pid"
	done
}

# All of a node at once, as a machine that was asleep, with runs supervised on both.
test_a_stopped_node_publishes_nothing_and_works_on() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	share 1
	cd "$TMP/a"
	git config factory.node.name sleeper
	git-factory work --slots 1 --interval 1s >"$TMP/out.a" 2>"$TMP/err.a" &
	node=$!
	stopped=$node
	trap 'kill -CONT $stopped; kill -TERM $node; kill -KILL $node; :' EXIT
	for _ in $(seq 200); do
		! grep -q 'attempt 1' "$TMP/err.a" || break
		sleep 0.05
	done
	# Twice: what was just starting something is found at the second look.
	for _ in 1 2; do
		stopped=$(below "$node")
		# shellcheck disable=SC2086
		kill -STOP $stopped 2>/dev/null || :
	done
	[ "$(echo "$stopped" | wc -l)" -ge 4 ] || fail "only $stopped"
	cd "$TMP/b"
	git config factory.node.name awake
	until [ "$(state_of b)" = delivered ]; do
		run timeout 60 git factory work --until-empty --interval 1s -q
		status_is 0
		cd "$TMP/b"
	done
	git factory sync -q
	before=$(on_hub for-each-ref | grep -v refs/factory/nodes/)
	won=$(on_hub ls-tree -r --name-only refs/factory/state runs/)
	is "$(echo "$won" | wc -l)" 1
	# shellcheck disable=SC2086
	kill -CONT $stopped 2>/dev/null || :
	for _ in $(seq 200); do
		! grep -q 'lease of task' "$TMP/err.a" || break
		sleep 0.05
	done
	like "$(cat "$TMP/err.a")" 'lease of task .* is lost|another run has taken over'
	sleep 1
	is "$(on_hub for-each-ref | grep -v refs/factory/nodes/)" "$before"
	is "$(git factory log --json | jq -r '[.[] | .node, .attempt] | join(" ")')" 'awake 2'
	# It is still a node: the next task is its.
	next=$(git factory task add 'And that' 2>/dev/null)
	git factory sync -q
	for _ in $(seq 200); do
		git factory sync -q
		[ "$(git factory task show --json "$next" | jq -r .state)" != delivered ] || break
		sleep 0.1
	done
	is "$(git factory log --json "$next" | jq -r '[.[] | .node, .attempt] | join(" ")')" 'sleeper 1'
	is "$(on_hub for-each-ref refs/factory/leases refs/factory/runs)" ''
	trap - EXIT
	kill -TERM "$node"
	wait "$node" && status=0 || status=$?
	status_is 130
}

test_a_killed_run_goes_on_in_its_clone() {
	share 1
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	sleep 0.5
	kill -KILL "$pid"
	wait "$pid" || :
	run_id=$(on_hub log -1 --format=%b "refs/factory/leases/$id" | sed -n 's/^Run: //p')
	run git factory run --json "$id"
	status_is 0
	is "$(json "$OUT" .id)" "$run_id"
	is "$(json "$OUT" .attempt)" 1
	err_like 'was not finished: it goes on'
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/leases refs/factory/runs)" ""
}

test_a_dead_holder_on_this_host_is_replaced_at_once() {
	share 2
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	kill -KILL "$pid"
	wait "$pid" || :
	cd "$TMP/b"
	run git factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .attempt)" 2
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" delivered
}

test_without_the_remote_a_run_ends_before_its_lease() {
	share 6
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	# Not before the run has looked at the remote for the last time.
	n=0
	until ls .git/factory/runs/*/journal.jsonl >/dev/null 2>&1 || [ $n -gt 200 ]; do
		sleep 0.05
		n=$((n + 1))
	done
	mv "$TMP/hub" "$TMP/gone"
	wait "$pid" && status=0 || status=$?
	mv "$TMP/gone" "$TMP/hub"
	cat "$TMP/err.a"
	isnt "$status" 0
	like "$(cat "$TMP/err.a")" 'cannot be kept'
	is "$(on_hub for-each-ref refs/factory/runs)" ""
}

run_tests

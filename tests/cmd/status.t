#!/bin/sh
# git factory status, log and show.
. "${0%/*}/../lib.sh"

test_status_of_nothing() {
	run git factory status
	status_is 1
	err_like 'git factory init'
	for verb in 'pr list' 'node list' 'task list' gc; do
		# shellcheck disable=SC2086
		run git factory $verb
		status_is 1
		err_like 'git factory init'
	done
	init
	run git factory pr list
	status_is 0
	out_is ''
	run git factory status
	status_is 0
	out_like 'No task yet'
	run git factory log
	status_is 0
	out_is ''
	run git factory show aaaaaaaa
	status_is 1
	err_like "no run 'aaaaaaaa'"
}

test_status_counts_and_names() {
	needs jq
	init
	a=$(git factory task add -p 1 'First to do' 2>/dev/null)
	git factory task add --after "$a" Second >/dev/null 2>&1
	git factory task add --hold no Third >/dev/null 2>&1
	b=$(git factory task add Fourth 2>/dev/null)
	ok git factory task close "$b" >/dev/null
	run git factory status
	status_is 0
	out_like '^1 ready, 1 waiting, 1 held, 1 closed$'
	out_like "^next +$a  First to do"
	run git factory status --json
	is "$(json "$OUT" '.counts.ready, .counts.waiting, .counts.held, .counts.closed, .next')" "1
1
1
1
$a"
}

test_a_run_on_record_is_shown() {
	needs jq
	init
	id=$(git factory task add 'Ran once' 2>/dev/null)
	git worktree add -q --detach "$TMP/state" refs/factory/state
	(
		cd "$TMP/state"
		mkdir -p runs/r/u
		cat >runs/r/u/runaaaaa.json <<-E
		{"version": 1, "id": "runaaaaa", "task": "$id", "title": "Ran once", "attempt": 1,
		 "base": "$(git -C "$TMP/repo" rev-parse main)", "agent": "own", "node": "here",
		 "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:01:00Z", "outcome": "escalated",
		 "question": "Which colour?", "use": {"turns": 2, "cost_micro": 1500}}
		E
		git add .
		git commit -qm record
		git -C "$TMP/repo" update-ref refs/factory/state "$(git rev-parse HEAD)"
		git -C "$TMP/repo" update-ref refs/heads/factory-state "$(git rev-parse HEAD)"
	)
	git worktree remove --force "$TMP/state"
	run git factory log
	status_is 0
	out_like "^runaaaaa  2026-01-01T00:00:00Z  $id  escalated .*Ran once"
	run git factory log "$id" -n 0
	out_is ''
	run git factory show runa
	status_is 0
	out_like 'outcome +escalated'
	out_like '^Which colour\?'
	run git factory show "$id" --json
	is "$(json "$OUT" '.id')" runaaaaa
	# People cannot rewrite it on the branch.
	git worktree add -q "$TMP/view" factory-state
	(
		cd "$TMP/view"
		git rm -q runs/r/u/runaaaaa.json
		git commit -qm forget
	)
	run git factory log
	out_like '^runaaaaa'
	err_like 'is a record'
	git worktree remove --force "$TMP/view"
}

test_a_lease_is_shown_and_a_dead_one_is_not() {
	init
	id=$(git factory task add 'Being done' 2>/dev/null)
	tree=$(git mktree </dev/null)
	lease() {
		printf 'lease of task %s\n\nRun: runaaaaa\nAttempt: 1\nNode: %s\nBoot: %s\nPid: %s\nStarted: 0\nSince: 2026-01-01T00:00:00Z\nBeat: 2026-01-01T00:00:00Z\n' \
			"$id" "$1" "$2" "$3" | git commit-tree "$tree"
	}
	git update-ref "refs/factory/leases/$id" "$(lease elsewhere none 1)"
	run git factory status
	out_like "^running +$id"
	out_like 'run runaaaaa on elsewhere'
	run git factory task next
	status_is 1
	err_like '1 running'
	git update-ref "refs/factory/leases/$id" "$(lease "$(hostname)" 'another boot' 1)"
	run git factory task next
	out_is "$id"
}

test_a_damaged_lease_holds_back_its_own_task_only() {
	init
	id=$(git factory task add -p 0 'Held back' 2>/dev/null)
	other=$(git factory task add Other 2>/dev/null)
	git update-ref "refs/factory/leases/$id" HEAD
	git update-ref refs/factory/leases/nonsense HEAD
	run git factory status
	status_is 0
	out_like 'its lease cannot be read'
	run git factory task next
	out_is "$other"
	run git factory task ready "$id"
	status_is 1
	err_like "its lease 'refs/factory/leases/$id' cannot be read"
}

run_tests

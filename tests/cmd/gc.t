#!/bin/sh
# git factory gc: what runs left behind goes, what somebody needs stays.
# shellcheck disable=SC2016
. "${0%/*}/../lib.sh"

DAY=86400

# agent SCRIPT [POLICY]: the policy's agent is this shell script
agent() {
	ok git factory init >/dev/null
	printf '%s\n' "$1" >agent.sh
	printf 'agent: a\nagents: {a: {kind: command, command: [sh, agent.sh]}}\ngates: none\n%b\n' \
		"${2:-}" >.factory/config.yml
	git add -A
	git commit -qm 'A sample'
	id=$(git factory task add 'Make it good' 2>/dev/null)
}

task() {
	git factory task show --json "$id" | jq -r "$1"
}

at() { # SECONDS CMD...: run it so much later than the tests' fixed time
	at_s=$1
	shift
	GIT_FACTORY_DATE=$((GIT_FACTORY_DATE + at_s)) run "$@"
}

# begin: a run in the background, until its agent is at work; $pid is the process
begin() {
	"$BUILD/git-factory" run -q "$id" >"$TMP/run.out" 2>&1 &
	pid=$!
	i=0
	while [ -z "$(cat .git/factory/runs/*/starts 2>/dev/null)" ] && [ "$i" -lt 500 ]; do
		sleep 0.01
		i=$((i + 1))
	done
	sleep 0.3
}

everything() { # refs, and each file of the factory's folder with its time
	git for-each-ref
	find .git/factory -printf '%p %y %s %T@\n' | sort
	find .git/factory -type f -exec cksum {} + | sort
}

test_a_clean_repository_has_nothing_to_sweep() {
	init
	run git factory gc
	status_is 0
	out_is ''
	err_like 'nothing to sweep'
	run git factory gc --json
	status_is 0
	is "$(jq -c . "$OUT")" '{"dry_run":false,"items":[]}'
}

test_old_attempts_go_and_needed_ones_stay() {
	needs bwrap
	agent 'echo x >bad; exit 3' 'retry: {agent: {max: 0}}'
	run git factory run -q "$id"
	first=$(task .run)
	sed -i 's/exit 3/exit 0/' agent.sh
	git commit -qam 'Mend the agent'
	ok git factory run -q "$id"
	second=$(task .run)
	branch=$(git for-each-ref refs/heads)
	at $((29 * DAY)) git factory gc -v
	out_like "kept +attempt +$first of task $id: it is 29d old"
	out_like "kept +attempt +$second of task $id: it is the last run of task $id, which is delivered"
	at $((31 * DAY)) git factory gc
	status_is 0
	out_like "removed +attempt +$first of task $id: it is 31d old"
	out_unlike "$second of task $id: it is the last"
	is "$(git for-each-ref --format='%(refname)' refs/factory/attempts)" "refs/factory/attempts/$second"
	is "$(git for-each-ref refs/heads)" "$branch"
	# The record and the evidence stay, and git's own gc finds nothing missing.
	git reflog expire --expire=now --all
	git gc -q --prune=now
	ok git fsck --no-dangling >/dev/null
	run git factory show "$first"
	status_is 0
	ok git factory pr merge 1 >/dev/null
	at $((31 * DAY)) git factory gc
	out_like "removed +attempt +$second"
	is "$(git for-each-ref refs/factory/attempts)" ''
	at $((31 * DAY)) git factory gc
	err_like 'nothing to sweep'
}

test_transcripts_go_by_age() {
	needs bwrap
	agent 'touch good' 'keep: {transcripts: 2d}'
	ok git factory run -q "$id"
	runid=$(task .run)
	at "$DAY" git factory gc
	exists ".git/factory/runs/$runid"
	at $((3 * DAY)) git factory gc
	out_like "removed +transcript +$runid of task $id: it is 3d old"
	missing ".git/factory/runs/$runid"
	run git factory log
	out_like "$runid"
}

test_a_dry_run_changes_nothing() {
	needs bwrap
	agent 'touch good'
	ok git factory run -q "$id"
	ok git factory pr merge 1 >/dev/null
	ok git factory status >/dev/null
	mkdir -p .git/factory/setup/deadbeef
	: >.git/factory/setup/deadbeef.lock
	touch -d 2025-01-01 .git/factory/setup/deadbeef.lock
	everything >"$TMP/before"
	at $((40 * DAY)) git factory gc -n
	status_is 0
	out_like 'would remove +attempt'
	out_like 'would remove +transcript'
	out_like 'would remove +workspace +setup/deadbeef'
	everything >"$TMP/after"
	ok cmp "$TMP/before" "$TMP/after"
	at $((40 * DAY)) git factory gc -n --json
	jq -S '[.items[] | select(.action == "would remove") | {kind, name}]' "$OUT" >"$TMP/said"
	at $((40 * DAY)) git factory gc --json
	jq -S '[.items[] | select(.action == "removed") | {kind, name}]' "$OUT" >"$TMP/done"
	ok cmp "$TMP/said" "$TMP/done"
	missing .git/factory/setup/deadbeef
	at $((40 * DAY)) git factory gc
	err_like 'nothing to sweep'
}

test_a_dead_lease_goes_and_the_run_goes_on() {
	needs bwrap
	agent 'test -e /tmp/x || sleep 60'
	begin
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || :
	runid=$(ls .git/factory/runs)
	isnt "$(git for-each-ref refs/factory/leases)" ''
	run git factory gc -v
	status_is 0
	out_like "removed +lease +$id: the process of run $runid on .* is gone"
	out_like "kept +transcript +$runid: its task goes on with it"
	is "$(git for-each-ref refs/factory/leases)" ''
	is "$(task '[.state, .class, .next]|join(" ")')" "ready orphaned run $runid goes on where it was"
	is "$(readlink .git/factory/current/"$id")" "../runs/$runid"
	# A year later it still does.
	at $((365 * DAY)) git factory gc
	exists ".git/factory/runs/$runid"
}

test_a_run_over_twice_its_estimate_is_ended() {
	needs bwrap
	agent 'echo x >bad; sleep 61.25' 'limits: {timeout: 90s}'
	ok git factory task edit --estimate 1m "$id" >/dev/null
	begin
	runid=$(ls .git/factory/runs)
	at 100 git factory gc -v
	out_like "kept +run +$runid of task $id: it runs for 1m40s, and may for 2m"
	ok kill -0 "$pid"
	at 121 git factory gc -n
	out_like "would end +run +$runid of task $id: it runs for 2m1s, over 2m"
	ok kill -0 "$pid"
	at 121 git factory gc
	status_is 0
	out_like "ended +run +$runid"
	wait "$pid" && status=0 || status=$?
	isnt "$status" 0
	is "$(ps -A -o args | grep -c '[s]leep 61.25')" 0
	is "$(git for-each-ref refs/factory/leases)" ''
	is "$(task '[.state, .class, .run]|join(" ")')" "ready timeout $runid"
	like "$(git factory show "$runid")" 'the run was ended by gc: it runs for 2m1s, over 2m'
	missing ".git/factory/current/$id"
}

test_a_live_run_loses_nothing() {
	needs bwrap
	agent 'sleep 2; touch good' 'keep: {transcripts: 0s, attempts: 0s, workspaces: 0s}'
	begin
	while kill -0 "$pid" 2>/dev/null; do
		run git factory gc
		status_is 0
		git gc -q 2>/dev/null
	done
	wait "$pid" || fail "the run failed: $(cat "$TMP/run.out")"
	is "$(task .state)" delivered
	ok git factory pr merge 1 >/dev/null
}

test_workspaces_that_nobody_uses_go() {
	init
	for k in 0 1 2 3; do
		mkdir -p .git/factory/base/$k/files .git/factory/base/$k/git
		: >.git/factory/base/$k/lock
		touch -d 2025-01-01 .git/factory/base/$k/lock
	done
	touch -d 2025-12-31 .git/factory/base/2/lock
	flock .git/factory/base/3/lock sleep 5 &
	sleep 0.2
	TMPDIR=$TMP/tmp
	export TMPDIR
	mkdir "$TMPDIR"
	: >"$TMPDIR/git-factory-task-abcdef"
	: >"$TMPDIR/git-factory-task-young"
	: >"$TMPDIR/mine"
	: >.git/factory/view.abcd2345.tmp
	: >.git/factory/view.tmp
	mkdir -p .git/factory/probe.abcd2345.tmp/work
	touch -d 2025-01-01 .git/factory/view.abcd2345.tmp .git/factory/view.tmp .git/factory/probe.abcd2345.tmp
	touch -d 2025-01-01 "$TMPDIR/git-factory-task-abcdef" "$TMPDIR/mine"
	run git factory gc -v
	kill %1 2>/dev/null || :
	status_is 0
	out_like 'removed +workspace +base/1: it was last used'
	out_like 'kept +workspace +base/2: it was used 1d ago'
	out_like 'kept +workspace +base/3: it is in use'
	out_like 'removed +file +.*/git-factory-task-abcdef'
	out_like 'removed +file +view.abcd2345.tmp: it was being written'
	exists .git/factory/base/0
	missing .git/factory/base/1
	exists .git/factory/base/2
	exists .git/factory/base/3
	missing "$TMPDIR/git-factory-task-abcdef"
	exists "$TMPDIR/git-factory-task-young"
	exists "$TMPDIR/mine"
	missing .git/factory/view.abcd2345.tmp
	missing .git/factory/probe.abcd2345.tmp
	exists .git/factory/view.tmp
}

test_what_is_a_persons_survives() {
	needs bwrap
	agent 'touch good' 'keep: {transcripts: 0s, attempts: 0s, workspaces: 0s}'
	ok git factory run -q "$id"
	ok git factory pr merge 1 >/dev/null
	git branch factory/mine
	git branch "factory/$id-mine"
	git update-ref refs/factory/attempts/mine HEAD
	git worktree add -q "$TMP/repo/tree" -b wt
	echo dirty >>README
	echo new >untracked
	git add untracked
	echo stashed >>agent.sh
	git stash push -q agent.sh
	mkdir -p .git/factory/edit .git/factory/runs/notes
	echo 'my text' >.git/factory/edit/"$id"
	echo 'my notes' >.git/factory/runs/notes/a
	git for-each-ref refs/heads refs/stash >"$TMP/refs"
	git status --porcelain >"$TMP/status"
	at $((400 * DAY)) git factory gc -v
	status_is 0
	out_like 'removed +attempt'
	out_like 'kept +attempt +mine: it is no run'
	out_like 'kept +transcript +notes: it is no run'
	is "$(git for-each-ref refs/heads refs/stash)" "$(cat "$TMP/refs")"
	is "$(git status --porcelain)" "$(cat "$TMP/status")"
	is "$(cat .git/factory/edit/"$id")" 'my text'
	exists .git/factory/runs/notes/a
	ok git rev-parse -q --verify refs/factory/attempts/mine >/dev/null
	exists "$TMP/repo/tree/README"
}

test_two_at_once_are_one() {
	needs bwrap
	agent 'touch good' 'keep: {transcripts: 0s, attempts: 0s}'
	ok git factory run -q "$id"
	ok git factory pr merge 1 >/dev/null
	GIT_FACTORY_DATE=$((GIT_FACTORY_DATE + 60))
	git factory gc >"$TMP/one" 2>&1 &
	run git factory gc
	status_is 0
	wait $! || fail "the other one failed: $(cat "$TMP/one")"
	is "$(git for-each-ref refs/factory/attempts)" ''
	is "$(ls .git/factory/runs)" ''
}

run_tests

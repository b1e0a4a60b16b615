#!/bin/sh
# A base that moves, where the forge lets in only a branch that has all of it:
# the factory merges the base into its own branch, once the gates pass on that.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

base_moves() { # [PATH]
	commit_as ada main "${1:-aside}" text >/dev/null
	# A real forge finds out a moment later which heads lack it, and merges until then.
	[ -z "${FORGE_TEST_URL:-}" ] || sleep 3
}

# The head moved by one commit of ours, which has the base in it.
moved_up() { # HEAD
	isnt "$(head_sha)" "$1"
	git fetch -q
	is "$(git rev-parse "$(head_sha)^1")" "$1"
	is "$(git rev-parse "$(head_sha)^2")" "$(git rev-parse origin/main)"
	like "$(git log -1 --format=%B "$(head_sha)")" '^Factory-Task: '
	is "$(git factory pr list --json | jq -r '.[0].head')" "$(head_sha)"
	# Its own check is there at once.
	like "$(statuses_json "$(head_sha)" | jq -r '.[] | "\(.context) \(.state)"')" 'git-factory success'
}
catches_up() {
	was=$(head_sha)
	run git factory pr sync
	status_is 0
	err_like "pull request 1 waits: its branch was brought up to date with 'main', as the forge asks"
	out_like '1 brought up to date'
	moved_up "$was"
}
stays() { # ERE [COMMAND]...: why
	was=$(head_sha) why=$1
	shift
	[ $# -gt 0 ] || set -- git factory pr sync
	run "$@"
	[ -z "$why" ] || err_like "$why"
	is "$(head_sha)" "$was"
	is "$(there '.[0].state')" open
}

# What the forge was told to merge, once its checks are there.
armed() {
	forge_once late "$1"
	base_moves
	green
	catches_up
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open false'
	# It is told anew, and nothing more until the base moves again.
	[ "$1" != gitlab ] || status_set bob "$(head_sha)" ci/test pending
	run git factory pr sync
	err_like 'the forge merges it once its checks are green'
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open true'
	before=$(written)
	ok git factory pr sync
	is "$(written)" "$before"
	tested=$(git rev-parse "$(head_sha)^{tree}")
	green
	becomes '.[0].state' merged
	ok git factory pr sync
	git fetch -q
	is "$(git rev-parse 'origin/main^{tree}')" "$tested"
	is "$(git factory pr list --all --json | jq -r '.[0].state')" merged
	is "$(git show refs/factory/state:frozen 2>/dev/null)" ''
	# It says what was delivered, not how that came up to date.
	like "$(git log -1 --format=%s origin/main)" '^Write the file done'
	ok git factory verify origin/main
}
test_a_base_that_moves_while_the_forge_waits_is_merged_into_the_branch() { on_each_forge armed; }

# It merges by itself, between two of our looks, what has met another base than it was tested on.
test_what_the_forge_merged_onto_a_base_that_moved_is_proved() {
	needs_fake
	forge_once late gitea 1 '' '  apart: {run: "test ! -f aside", timeout: 1m}'
	is "$(there '.[0].auto')" true
	protect branch=main required=git-factory,ci/test strict=
	base_moves
	fault before 'GET .*/pulls/1/reviews' do=status who=bob sha="$(head_sha)" context=ci/test state=success
	run git factory pr sync
	err_like 'pull request 1 waits: the forge has merged pull request 1 onto a base that it was not tested on'
	is "$(there '.[0].state')" merged
	is "$(git factory pr list --all --json | jq -r '.[0].state')" open
	run git factory pr sync
	err_like "'main' moved in between: gates on what landed"
	err_like 'on a base that moved, and its gates fail there'
	is "$(git factory pr list --all --json | jq -r '.[0].state')" merged
	like "$(git show refs/factory/state:frozen)" 'not tested yet on the base that it met'
	forge_done
}

# Who may not read the rules hears of them from the pull request or the refusal.
not_told() {
	forge_once late "$1"
	auto_off "$(number)"
	run git factory pr sync
	# Nobody but a person lands it from here on.
	role robo write
	base_moves
	green
	was=$(head_sha)
	run git factory pr merge 1
	isnt "$status" 0
	err_like "its branch was brought up to date with 'main'"
	moved_up "$was"
	green
	lands
}
test_what_the_rules_do_not_tell_the_forge_says_of_the_pull_request() { FORGES='github gitea' on_each_forge not_told; }

asks_for_nothing() {
	forge_once late "$1" ''
	base_moves
	green
	was=$(head_sha)
	ok git factory pr sync
	is "$(there '.[0] | "\(.state) \(.sha)"')" "merged $was"
}
test_a_base_that_asks_for_nothing_leaves_the_branch_alone() { FORGES=github on_each_forge asks_for_nothing; }

conflicts() {
	forge_once late "$1"
	base_moves 'done'
	stays "pull request 1 waits: 'done' was changed on both sides"
}
test_what_conflicts_is_not_pushed() { FORGES=github on_each_forge conflicts; }

fails() {
	forge_once late "$1" 1 '' '  apart: {run: "test ! -f aside", timeout: 1m}'
	base_moves
	stays 'pull request 1 waits: pull request 1 fails on the base as it is now'
}
test_what_fails_on_the_base_is_not_pushed() { FORGES=github on_each_forge fails; }

no_more_often() {
	forge_once late "$1" 1 ', updates: 1'
	base_moves
	catches_up
	base_moves more
	stays 'was brought up to date 1 times \(merge.updates\); the forge asks for a branch that has all of .main.: bring .* by hand'
}
test_no_more_often_than_policy_has_it() { FORGES=github on_each_forge no_more_often; }

# A person's commit, taken over: not ours to write to.
theirs() {
	forge_once late "$1"
	base_moves
	if [ -z "${FORGE_TEST_URL:-}" ]; then
		# After the last look, before the push.
		fault before 'POST .*git-receive-pack ' do=commit who=bob branch="$(there '.[0].head')" path=more text=more
	else
		commit_as bob "$(there '.[0].head')" more more >/dev/null
	fi
	run git factory pr sync
	if [ -z "${FORGE_TEST_URL:-}" ]; then
		is "$(ctl faults_left)" 0
		run git factory pr sync
	fi
	err_like 'somebody else committed to its branch|alarm: its head moved'
	git fetch -q
	is "$(git log -1 --format=%an "$(head_sha)")" bob
	stays ''
	base_moves again
	stays ''
}
test_what_a_person_committed_to_is_left_alone() { FORGES=github on_each_forge theirs; }
taken_over() {
	forge_once late "$1"
	git factory pr take 1 >/dev/null
	base_moves
	stays ''
	green
	stays 'has taken it over' git factory pr merge 1
}
test_what_a_person_took_over_is_left_alone() { FORGES=github on_each_forge taken_over; }

killed_at() { # ERE of the request that it waits for
	fault hang "$1" seconds=5
	"$BUILD/git-factory" pr sync >"$OUT" 2>&1 &
	run=$!
	until [ "$(ctl faults_left)" = 0 ]; do
		kill -0 "$run" 2>/dev/null || fail "ended: $(cat "$OUT")"
		sleep 0.1
	done
	kill -9 "$run"
	wait "$run" || :
}
test_killed_at_any_step_the_next_look_goes_on() {
	needs_fake
	forge_once late github
	base_moves
	was=$(head_sha)
	# Nothing has moved.
	killed_at 'POST .*git-receive-pack '
	is "$(head_sha)" "$was"
	# It was pushed, and nothing else: that is ours, and not done again.
	killed_at '^POST .*graphql .*disable'
	now=$(head_sha)
	moved=$(git ls-remote -q origin main | cut -f 1)
	isnt "$now" "$was"
	run git factory pr sync
	status_is 0
	is "$(head_sha)" "$now"
	moved_up "$was"
	is "$(git rev-parse "$now^2")" "$moved"
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open true'
	green
	becomes '.[0].state' merged
	ok git factory pr sync
	forge_done
}

# Two nodes that see the same: one of them moves it, the other goes on from there.
two_nodes() {
	forge_once late "$1"
	git clone -q "$FORGE/$PROJECT.git" "$TMP/other"
	git -C "$TMP/other" factory init >/dev/null
	git -C "$TMP/other" factory sync >/dev/null
	base_moves
	was=$(head_sha)
	git factory pr sync >"$TMP/one" 2>&1 &
	one=$!
	git -C "$TMP/other" factory pr sync >"$TMP/two" 2>&1 || fail "$(cat "$TMP/two")"
	wait "$one" || fail "$(cat "$TMP/one")"
	rm -rf "$TMP/other"
	ok git factory sync >/dev/null
	moved_up "$was"
}
test_two_nodes_at_once_bring_it_up_to_date_once() { FORGES=github on_each_forge two_nodes; }

# Each that lands leaves the others behind: only the next one is brought up to date.
one_after_the_other() {
	forge_once late "$1"
	late_task
	base_moves
	other=$(there '.[1].sha')
	catches_up
	is "$(there '.[1].sha')" "$other"
	run git factory pr sync
	err_like "pull request 2 waits: its branch is brought up to date after pull request 1 has landed"
	is "$(there '.[1].sha')" "$other"
	# What failed keeps nobody waiting.
	status_set bob "$(head_sha)" ci/test failure
	run git factory pr sync
	err_like "pull request 2 waits: its branch was brought up to date"
	isnt "$(there '.[1].sha')" "$other"
}
test_one_after_the_other() { FORGES=github on_each_forge one_after_the_other; }

approved_again() {
	forge_once late "$1" 1 '' '  eyes: {approve: [bob@example.org]}'
	role robo write
	base_moves
	green
	stays 'approv' git factory pr merge 1
	git -c user.email=bob@example.org factory pr approve 1 >/dev/null
	was=$(head_sha)
	run git factory pr merge 1
	err_like "its branch was brought up to date with 'main', as the forge asks"
	err_like "it can land once the forge's checks of it are green and people have approved it again"
	moved_up "$was"
	green
	stays 'approv' git factory pr merge 1
	git -c user.email=bob@example.org factory pr approve 1 >/dev/null
	lands
}
test_what_people_approved_they_approve_again() { FORGES=github on_each_forge approved_again; }

# Where no remote shares the state the branch moves here, and is pushed from here.
own_state() {
	forge_once late "$1"
	git config factory.state.remote none
	base_moves
	catches_up
	isnt "$(git ls-remote -q origin refs/factory/pulls/1 | cut -f 1)" "$(git rev-parse refs/factory/pulls/1)"
}
test_a_state_of_its_own() { FORGES=github on_each_forge own_state; }
run_tests

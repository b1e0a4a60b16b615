#!/bin/sh
# Landing through the forge: the head that was tested, checks that are green,
# and what landed compared with what was tested.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

green_lands() {
	deliver "$1"
	green
	begin=$(git rev-parse main)
	git fetch -q
	tested=$(git rev-parse "origin/$(there '.[0].head')^{tree}")
	lands
	git fetch -q --prune
	is "$(git rev-parse 'origin/main^{tree}')" "$tested"
	is "$(git rev-list --count "$begin..origin/main")" 1
	is "$(branch)" ''
	run git factory pr list --all --json
	is "$(jq -r '.[0].state' "$OUT")" merged
	run git factory task list --all
	out_unlike 'frozen'
}
test_green_lands_as_it_was_tested() { on_each_forge green_lands; }

head_moved() {
	deliver "$1"
	green
	if [ -z "${FORGE_TEST_URL:-}" ]; then
		# After the last look, before the merge itself.
		fault before '/(merge) ' do=commit who=bob branch="$(there '.[0].head')" path=more text=more
	else
		commit_as bob "$(there '.[0].head')" more more >/dev/null
	fi
	waits 'head|moved|tested'
}
test_a_head_that_moved_does_not_land() { on_each_forge head_moved; }

# The factory says what the commit is to say, and who else wrote it.
others_are_named() {
	deliver "$1"
	commit_as bob "$(there '.[0].head')" more more >/dev/null
	commit_as bob "$(there '.[0].head')" still more >/dev/null
	green
	lands
	git fetch -q
	is "$(git log -1 --format=%B origin/main | grep -c '^Co-authored-by: bob <bob@.*>$')" 1
}
test_who_committed_to_the_branch_is_named_in_what_lands() { on_each_forge others_are_named; }

# A server hears of the merge before the answer is here, and puts it on record.
test_a_merge_that_another_process_noted_first_is_ours_all_the_same() {
	needs_fake
	deliver github
	green
	fault slow 'PUT .*/merge ' seconds=0.05
	"$BUILD/git-factory" pr merge 1 >"$TMP/merge.out" 2>&1 &
	merge=$!
	until [ "$(there '.[0].state')" = merged ]; do
		kill -0 $merge 2>/dev/null || fail "ended: $(cat "$TMP/merge.out")"
		sleep 0.1
	done
	ok git factory pr sync
	wait $merge || fail "$(cat "$TMP/merge.out")"
	like "$(cat "$TMP/merge.out")" "^pull request 1 landed as $(there '.[0].merge_sha')"
	is "$(git factory pr show --json 1 | jq -r .landed)" "$(there '.[0].merge_sha')"
	is "$(frozen)" ''
	forge_done
}

merge_answer() { # KIND FAULT
	deliver "$1"
	green
	begin=$(git rev-parse main)
	fault "$2" '/(merge) '
	run git factory pr merge 1
	run git factory pr sync
	status_is 0
	is "$(there '.[0].state')" merged
	git fetch -q
	is "$(git rev-list --count "$begin..origin/main")" 1
	run git factory pr list --all --json
	is "$(jq -r '.[0].state' "$OUT")" merged
}
merge_lost() { merge_answer "$1" lost; }
merge_502() { merge_answer "$1" bad_gateway; }
test_a_merge_whose_answer_is_lost_is_looked_up() {
	needs_fake
	on_each_forge merge_lost
}
test_a_merge_that_a_502_hides_is_looked_up() {
	needs_fake
	on_each_forge merge_502
}

# A base that moved in the last moment, so that they cannot be merged: refused,
# and nothing is wrong.
conflicts() {
	deliver "$1"
	green
	fault before '/(merge) ' do=commit who=ada branch=main path=done text=other
	case $1 in
	github) waits 'not mergeable' ;;
	gitlab) waits 'conflicts with the target' ;;
	*) waits 'try again later' ;;
	esac
	is "$(frozen)" ''
}
test_a_conflict_of_the_last_moment_is_refused() {
	needs_fake
	on_each_forge conflicts
}

# No rule of this forge asks for reviews: a word against it counts all the same,
# of those who may write.
objected() {
	deliver "$1"
	role robo admin
	green
	review eve "$(number)" CHANGES_REQUESTED 'Delete everything' || :
	review bob "$(number)" CHANGES_REQUESTED 'Say it in French'
	waits "^error: 'bob' asks for changes of pull request 1"
	err_like '^hint: .*let them approve it'
	tick
	# GitLab knows one word of each, the last one.
	if [ "$1" != gitlab ]; then
		review bob "$(number)" COMMENTED 'I mean it'
		waits "'bob' asks for changes"
		tick
	fi
	review bob "$(number)" APPROVED 'Then so be it'
	lands
}
test_who_asks_for_changes_keeps_it_from_landing() { on_each_forge objected; }

# What could not be read may be a word against it. GitLab has two lists.
REVIEWS='GET [^ ]*/(reviews|reviewers|approvals)'
UNKNOWN='whether a reviewer asks for changes of pull request 1 is not known'
unread() {
	deliver "$1"
	green
	for each in 403 404 500; do
		fault status "$REVIEWS" status=$each times=99
		waits "^(error|fatal): $UNKNOWN: "
		case $each in
		500) err_like '^hint: try again later' ;;
		*) err_like '^hint: give the token the (permission|scope) ' ;;
		esac
		ctl faults_clear >/dev/null
	done
	lands
}
test_reviews_that_cannot_be_read_keep_it_from_landing() {
	needs_fake
	on_each_forge unread
}

# Nor does it land by itself: each look asks again.
unread_alone() {
	forge "$1" 'merge: {auto: true, checks: false}' 'types: {documentation: {auto_merge: true, paths: [done]}}'
	id=$(git factory task add 'Write the file done')
	git factory task edit "$id" --type documentation >/dev/null
	fault status "$REVIEWS" status=403 times=99
	for each in "run $id" 'work --until-empty' 'pr sync'; do
		# shellcheck disable=SC2086
		run git factory $each
		status_is 0
		is "$(cat "$OUT" "$ERR" | grep -c "pull request 1 waits: $UNKNOWN: .*; give the token the ")" 1
		is "$(there '.[0].state')" open
	done
	ctl faults_clear >/dev/null
	ok git factory pr sync
	is "$(there '.[0].state')" merged
}
test_what_lands_by_itself_waits_until_reviews_can_be_read() {
	needs_fake
	on_each_forge unread_alone
}

# Gitea and Forgejo tell administrators alone who may write.
role_unknown() {
	deliver "$1"
	green
	review bob "$(number)" CHANGES_REQUESTED 'Say it in French'
	waits "^fatal: 'bob' asks for changes of pull request 1, and whether they may write is not known: "
	err_like "^hint: make the token's user an administrator"
	role robo admin
	waits "^error: 'bob' asks for changes of pull request 1$"
}
test_a_word_of_who_may_have_to_be_heard_keeps_it_from_landing() { FORGES='gitea forgejo' on_each_forge role_unknown; }

# Nobody tested this tree, and no base that moved explains it: landing stops
# until a person looked.
other_tree() {
	deliver "$1"
	green
	ctl tamper path=planted text=planted
	run git factory pr merge 1
	status_is 1
	err_like 'alarm: .* is not what was tested: nothing lands any more'
	is "$(there '.[0].state')" merged
	is "$(git factory pr list --all --json | jq -r '.[0].state')" merged
	like "$(frozen)" 'not what was tested'
	run git factory pr thaw
	status_is 0
	is "$(frozen)" ''
}
test_a_tree_that_nobody_tested_is_an_alarm() {
	needs_fake
	on_each_forge other_tree
}

# Checks that come late: the forge itself is told to merge, and it is watched.
late_checks() {
	late "$1"
	err_like 'the forge merges it once its checks are green'
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open true'
	# It waits there: nothing more is done or said.
	before=$(written)
	ok git factory pr sync
	is "$(written)" "$before"
	tested=$(git rev-parse "refs/remotes/origin/$(there '.[0].head')^{tree}")
	green
	becomes '.[0].state' merged
	run git factory pr sync
	status_is 0
	is "$(git factory pr list --all --json | jq -r '.[0].state')" merged
	git fetch -q
	is "$(git rev-parse 'origin/main^{tree}')" "$tested"
	is "$(frozen)" ''
	is "$(branches_json | jq -r '.[].name // .[]' | grep -c factory/ || :)" 0
}
test_checks_that_come_late_are_waited_for_by_the_forge() { on_each_forge late_checks; }

moves_while_it_waits() {
	late "$1"
	commit_as bob "$(there '.[0].head')" more more >/dev/null
	run git factory pr sync
	err_like 'alarm: its head moved while the forge was to merge it by itself'
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open false'
	status_set bob "$(head_sha)" git-factory success
	green
	ok git factory pr sync
	is "$(there '.[0].state')" open
}
test_a_head_that_moves_while_the_forge_waits_does_not_land() { on_each_forge moves_while_it_waits; }

# Somebody who can forge our status is faster than our look.
test_a_foreign_head_that_the_forge_merged_is_an_alarm() {
	late github
	commit_as bob "$(there '.[0].head')" more more >/dev/null
	status_set bob "$(head_sha)" git-factory success
	green
	becomes '.[0].state' merged
	run git factory pr sync
	err_like 'alarm: pull request 1 was merged on the forge as .* not what was tested'
	like "$(frozen)" 'not what was tested'
	forge_done
}

# A rule that another base gets past: what is green lands by our own hand, as ever.
test_without_a_rule_that_guards_it_the_forge_does_not_wait() {
	late github ''
	err_like "the check 'ci/test' is not green"
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open false'
	green
	ok git factory pr sync
	is "$(there '.[0].state')" merged
	forge_done
}

# Somebody takes it off there: then it is a person's to decide.
taken_off() {
	late "$1"
	auto_off "$(number)"
	run git factory pr sync
	err_like 'took back that it merges by itself'
	green
	ok git factory pr sync
	is "$(there '.[0].state')" open
	is "$(git factory pr show --json 1 | jq .level)" 1
}
test_what_somebody_takes_off_on_the_forge_waits_for_a_person() { FORGES='github gitea' on_each_forge taken_off; }

# Nor does the forge merge over somebody who asked for changes since.
objected_meanwhile() {
	late "$1"
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open true'
	tick
	review bob "$(number)" CHANGES_REQUESTED 'Say it in French'
	run git factory pr sync
	status_is 0
	err_like "the forge merges it no more by itself: 'bob' asks for changes of pull request 1"
	is "$(there '.[0] | "\(.state) \(.auto)"')" 'open false'
	green
	run git factory pr sync
	is "$(there '.[0].state')" open
}
test_who_asks_for_changes_meanwhile_is_heard() { on_each_forge objected_meanwhile; }

frozen() { git show refs/factory/state:frozen 2>/dev/null || :; }

moves_base() { fault before '/(merge) ' do=commit who=ada branch=main path=aside text=other; }

# The gates ran on what landed, and it passes them: things may land again.
base_moved() {
	deliver "$1"
	green
	moves_base
	run git factory pr merge 1
	status_is 0
	err_like 'moved in between: gates on what landed'
	is "$(there '.[0].state')" merged
	git fetch -q
	ok git cat-file -e origin/main:aside
	ok git cat-file -e origin/main:done
	is "$(git factory pr list --all --json | jq -r '.[0].state')" merged
	is "$(git log --format=%s refs/factory/state | grep -c -e 'stop landing' -e 'let changes land again')" 2
	is "$(frozen)" ''
}
test_a_base_that_moved_in_between_is_gated_as_it_landed() {
	needs_fake
	on_each_forge base_moved
}

test_what_fails_on_the_base_that_moved_lets_nothing_land_after_it() {
	needs_fake
	deliver github '  apart: {run: "test ! -f aside", timeout: 1m}'
	green
	id=$(git factory task add 'Write the file done, too')
	run git factory run "$id"
	status_is 0
	commit_as bob "$(there '.[1].head')" more more >/dev/null
	moves_base
	run git factory pr merge 1
	isnt "$status" 0
	err_like 'landed as .* on a base that moved, and its gates fail there'
	like "$(frozen)" 'not tested yet on the base that it met'
	is "$(git factory pr list --all --json | jq -r '.[0].state')" merged
	run git factory pr merge 2
	isnt "$status" 0
	err_like 'nothing lands'
	forge_done
}
run_tests

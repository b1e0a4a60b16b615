#!/bin/sh
# A finished run is one pull request on the forge, whatever happens on the way.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

run_twice() {
	deliver "$1"
	one_pull_request
	is "$(there '.[0].title')" 'Write the file done'
	git fetch -q
	is "$(there '.[0].sha')" "$(git rev-parse "origin/$(there '.[0].head')")"
	like "$(statuses_json "$(there '.[0].sha')" | jq -r '.[-1].context')" '^git-factory$'
	before=$(there .)
	[ -n "${FORGE_TEST_URL:-}" ] || ctl counts_reset >/dev/null
	run git factory pr sync
	status_is 0
	is "$(there .)" "$before"
	[ -n "${FORGE_TEST_URL:-}" ] || is "$(counts write)" 0
}
test_a_second_look_writes_nothing() { on_each_forge run_twice; }

edited() {
	deliver "$1"
	pull_edit bob "$(there '.[0].number')" 'My own words'
	run git factory pr sync
	status_is 0
	is "$(there '.[0].body')" 'My own words'
}
test_a_text_that_a_person_edited_stays() { on_each_forge edited; }

committed() {
	deliver "$1"
	head=$(there '.[0].head')
	theirs=$(commit_as bob "$head" more text)
	run git factory pr sync
	status_is 0
	run git factory run "$id"
	run git factory pr sync
	is "$(branches_json | jq -r --arg b "$head" '.[$b]')" "$theirs"
}
test_a_branch_that_a_person_committed_to_is_not_pushed_to() { on_each_forge committed; }

closed() {
	deliver "$1"
	pull_close bob "$(there '.[0].number')"
	run git factory pr sync
	status_is 0
	run git factory pr sync
	run git factory task show "$id"
	is "$(there length)" 1
	is "$(there '.[0].state')" closed
	run git factory pr list --json
	unlike "$(jq -r '.[].state' "$OUT")" open
}
test_one_that_a_person_closed_is_not_opened_again() { on_each_forge closed; }

squashed() {
	deliver "$1"
	pull_merge ada "$(there '.[0].number')" squash >/dev/null
	run git factory pr sync
	status_is 0
	run git factory pr list --all --json
	is "$(jq -r '.[0].state' "$OUT")" merged
	git fetch -q
	git merge -q --ff-only origin/main
	# The branch is there yet; the next task begins on what landed.
	sed -i 's/"done"/"next"/; s/yes/also/' .factory/session.jsonl
	sed -i 's/test -f done/test -f next/' .factory/config.yml
	git commit -qam 'Ask for more' && git push -q origin main
	id=$(git factory task add 'Write the file next')
	run git factory run "$id"
	status_is 0
	is "$(there '[.[] | select(.state == "open")] | length')" 1
	git fetch -q
	is "$(git rev-list --count "origin/main..origin/$(there '[.[] | select(.state == "open")][0].head')")" 1
}
test_after_a_squash_the_next_one_holds_nothing_old() { on_each_forge squashed; }
run_tests

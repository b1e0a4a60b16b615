#!/bin/sh
# The base branch is renamed on the forge, which moves its pull requests along.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/sample.sh"

RENAMED="the remote 'origin' has no branch 'main': its default branch is 'trunk'"

base() { git cat-file blob refs/factory/pulls/1:pull.json | jq -r .base; }

renamed() { # KIND
	made "$1"
	more=$(git factory task add 'Make it done again')
	ok git factory sync -q
	ctl branch_rename who=ada branch=main to=trunk >/dev/null
	is "$(there .base)" trunk
	before=$(counts write)
	run git factory pr sync
	status_is 0
	out_like '^1 not in line'
	err_like "^$RENAMED; where it was renamed"
	is "$(grep -c "$RENAMED" "$ERR")" 1
	run git factory run "$more"
	status_is 128
	err_like "$RENAMED"
	run git factory pr merge 1
	isnt "$status" 0
	err_like "$RENAMED"
	is "$(base)" main
	is "$(there .state)" open
	is "$(counts write)" "$before"
	# As it says.
	ok git fetch -q origin
	ok git branch -q -m main trunk
	sed -i 's/^base: main/base: trunk/' .factory/config.yml
	git commit -qam 'The base has another name'
	ok git push -q origin trunk
	run git factory pr sync
	err_like "pull request 1 is for 'trunk', as 'main' is gone"
	is "$(base)" trunk
	status_set bob "$(there .sha)" ci success
	ok git factory pr merge 1
	is "$(there .state)" merged
	is "$(record .state)" merged
	is "$(branches_json | jq 'has("main")')" false
}
test_a_base_that_is_renamed_is_told_and_followed() {
	needs_fake
	on_each_forge renamed
}

# It was delivered, and the forge was away; then the base was renamed.
unopened() { # KIND
	sample "$1"
	fault status '^POST [^ ]*/(pulls|merge_requests) ' status=500
	ok git factory run -q "$id" 2>"$ERR"
	err_like 'the forge is not up to date'
	ctl branch_rename who=ada branch=main to=trunk >/dev/null
	before=$(counts write)
	run git factory pr sync
	status_is 0
	out_like '^1 not in line'
	err_like "^$RENAMED"
	is "$(counts write)" "$before"
	ok git fetch -q origin
	ok git branch -q -m main trunk
	ok git config factory.base trunk
	run git factory pr sync
	out_like '^1 opened'
	is "$(pulls_json | jq -r '[.[] | .base] | join(" ")')" trunk
	is "$(branches_json | jq 'has("main")')" false
}
test_none_is_opened_for_a_base_that_is_gone() {
	needs_fake
	on_each_forge unopened
}
run_tests

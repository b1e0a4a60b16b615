#!/bin/sh
# A base branch that was renamed on the remote, as forges and people do.
. "${0%/*}/../lib.sh"
. "${0%/*}/../share.sh"

RENAMED="the remote 'origin' has no branch 'main': its default branch is 'trunk'"

# One task is delivered, and another is ready.
renamed() {
	share
	cd "$TMP/a"
	git factory run -q "$id" >"$OUT"
	more=$(git factory task add 'Do more')
	ok git factory sync -q
	on_hub branch -m main trunk
	runs=$(on_hub for-each-ref refs/heads/factory refs/factory/attempts)
}

nothing_was_done() {
	is "$(on_hub for-each-ref --format='%(refname)' refs/heads/main refs/factory/leases refs/factory/runs)" ""
	is "$(on_hub for-each-ref refs/heads/factory refs/factory/attempts)" "$runs"
}

test_nothing_is_begun_for_a_base_that_is_gone() {
	renamed
	run git factory run "$more"
	status_is 128
	err_like "^fatal: $RENAMED"
	err_like "^hint: .*'git branch -m main NEW-NAME'"
	nothing_was_done
	run git factory work --once -q
	status_is 128
	err_like "$RENAMED"
	nothing_was_done
	run git factory doctor
	isnt "$status" 0
	out_like "$RENAMED"
	run git factory pr merge 1
	isnt "$status" 0
	err_like "$RENAMED"
	nothing_was_done
	is "$(state_of a)" delivered
}

test_what_was_delivered_lands_under_the_new_name() {
	renamed
	git fetch -q origin
	ok git branch -q -m main trunk
	run git factory pr merge 1
	status_is 0
	err_like "pull request 1 is for 'trunk', as 'main' is gone"
	is "$(on_hub show trunk:done)" yes
	is "$(git factory pr show --json 1 | jq -r .base)" trunk
	is "$(on_hub for-each-ref refs/heads/main)" ""
	run git factory run "$more"
	err_unlike 'no branch'
	err_like 'workspace at'
	is "$(on_hub for-each-ref refs/heads/main)" ""
	# The other clones are told.
	cd "$TMP/b"
	run git factory run
	isnt "$status" 0
	is "$(on_hub for-each-ref refs/heads/main)" ""
}

# It holds the state, and no code.
test_a_remote_for_the_state_alone_needs_no_base() {
	share
	git init -q --bare "$TMP/state"
	cd "$TMP/a"
	ok git remote add state "$TMP/state"
	ok git config factory.state.remote state
	git for-each-ref --format='delete %(refname)' refs/factory/remote | ok git update-ref --stdin
	run git factory run "$id"
	status_is 0
	ok git factory doctor >"$OUT"
	out_unlike 'no branch'
}
run_tests

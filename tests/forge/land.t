#!/bin/sh
# A pull request lands through the forge: by a person's word or by itself, with
# what moved in between gated again.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/sample.sh"

merges_by_hand() {
	made "$1"
	run git factory pr merge 1
	status_is 1
	err_like 'no check of this head that succeeded'
	status_set ada "$(record .head)" ci success
	run git factory pr merge 1
	status_is 0
	is "$(there .state)" merged
	is "$(record .state)" merged
	is "$(git factory task show --json "$id" | jq -r .state)" landed
	is "$(git show HEAD:done)" yes
	unlike "$(branches_json | jq -r 'keys[]?')" "$(branch)"
}
test_it_lands_through_the_forge() { on_each_forge merges_by_hand; }

red_checks() {
	made "$1"
	status_set ada "$(record .head)" ci failure
	run git factory pr merge 1
	status_is 1
	err_like 'not green'
	is "$(there .state)" open
}
test_a_red_check_stops_it() { on_each_forge red_checks; }

moved_head() {
	made "$1" 'merge: {checks: false}'
	fault before '(PUT|POST) .*/merge' do=commit who=bob branch="$(branch)" path=x text=y
	run git factory pr merge 1
	status_is 0
	err_like 'gates on the merge with the base as it is now'
	is "$(git show HEAD:x)" y
}
test_a_head_that_moved_is_gated_again() { on_each_forge moved_head; }

moved_head_alone() {
	sample "$1" 'merge: {auto: true, checks: false}' 'types: {documentation: {auto_merge: true, paths: [done]}}'
	git factory task edit "$id" --type documentation >/dev/null
	fault before '(PUT|POST) .*/merge' do=commit who=bob branch="factory/$id-make-it-done" path=x text=y
	ok git factory run -q "$id"
	n=$(record .outside)
	is "$(there .state)" open
	is "$(record .state)" open
}
test_a_head_that_moved_does_not_land_by_itself() { on_each_forge moved_head_alone; }

moved_base() {
	made "$1" 'merge: {checks: false}'
	fault before '(PUT|POST) .*/merge' do=commit who=bob branch=main path=x text=y
	run git factory pr merge 1
	status_is 0
	is "$(record .state)" merged
	run git factory pr thaw
	out_like 'nothing was frozen'
}
test_a_base_that_moved_is_gated_where_it_landed() { on_each_forge moved_base; }

lands_alone() {
	sample "$1" 'merge: {auto: true, checks: false}' 'types: {documentation: {auto_merge: true, paths: [done]}}'
	git factory task edit "$id" --type documentation >/dev/null
	ok git factory run -q "$id"
	n=$(record .outside)
	is "$(record .state)" merged
	is "$(there .state)" merged
	is "$(git factory task show --json "$id" | jq -r .state)" landed
}
test_level_0_lands_by_itself() { on_each_forge lands_alone; }
run_tests

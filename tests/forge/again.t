#!/bin/sh
# What comes after: a label that is put again once a person closed the pull
# request, reviewers who are never pleased; and a forge beside a state that no
# remote shares.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/sample.sh"

SPEC='`greet` must print "hello" to standard output, and nothing else. Files without a name are refused with status 1. Other commands stay as they are. Verify with `test -f done`.'

# The word that Gitea and Forgejo need, which prove no order.
asked_for() {
	ok git factory intake >"$OUT" 2>&1
	hash=$(issue_json "$number" | jq -r '[.comments[] | select(.who == "robo")][0].body' |
		sed -n 's/.*`\/factory run \([0-9a-f]*\)`, which.*/\1/p')
	[ -n "$hash" ] || return 0
	tick
	comment bob "$number" "/factory run $hash" >/dev/null
	tick
	ok git factory intake >"$OUT" 2>&1
}

labelled_again() {
	forge "$1"
	case $1 in gitea | forgejo) role robo admin ;; esac
	number=$(issue_open ada 'Say hello' "$SPEC")
	tick
	issue_label bob "$number" factory
	tick
	asked_for
	ok git factory run -q
	n=$(record .outside)
	first=$n
	tick
	pull_close ada "$n"
	ok git factory pr sync
	id=$(git factory task list --all --json | jq -r '.[0].id')
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
	tick
	issue_unlabel bob "$number" factory
	ok git factory intake >"$OUT" 2>&1
	tick
	issue_label bob "$number" factory
	tick
	asked_for
	is "$(git factory task show --json "$id" | jq -r .state)" ready
	run git factory run -q
	status_is 0
	pulls_json >"$OUT"
	is "$(json "$OUT" length)" 2
	is "$(json "$OUT" "[.[] | select(.number == $first)][0].state")" closed
	is "$(json "$OUT" "[.[] | select(.number != $first)][0].state")" open
	ok git factory pr sync
	is "$(pulls_json | jq length)" 2
}
test_a_label_put_again_after_a_close_opens_another() { on_each_forge labelled_again; }

# The forge's own part in it is tried in pulls.t.
test_reviewers_who_are_not_pleased_get_a_person() {
	sample github 'merge: {revisions: 1}'
	role robo admin
	delivered
	review bob "$n" CHANGES_REQUESTED 'Say it in French'
	run git factory pr sync
	out_like '1 to be revised'
	sed -i s/yes/oui/ .factory/session.jsonl
	git commit -qam 'Another answer'
	git push -q origin main
	ok git factory run -q "$id"
	tick
	review bob "$n" CHANGES_REQUESTED 'And now in Greek'
	run git factory pr sync
	status_is 0
	out_unlike 'to be revised'
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
	like "$(git factory task show --json "$id" | jq -r .question)" 'ask for changes .* again, after 1 attempt'
	is "$(record .revisions)" 1
	is "$(there .state)" open
	run git factory pr sync
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
	forge_done
}

# What was said beside a request for changes is of the issues.
unread() {
	made "$1"
	role robo admin
	ctl token text=token-of-robo login=robo scopes=write:repository,read:user >/dev/null
	tick
	review bob "$n" CHANGES_REQUESTED 'Say it in French'
	for _ in 1 2; do
		run git factory pr sync
		status_is 0
		out_like '^1 not in line$'
		err_like 'reviews are not taken in: .*read:issue'
	done
	ctl token text=token-of-robo login=robo >/dev/null
	run git factory pr sync
	out_like '^1 to be revised$'
}
test_what_may_not_be_read_is_not_in_line() {
	needs_fake
	unread gitea
	unread forgejo
}

# Nothing of the state, of runs, leases and pull requests goes there.
shared() { git ls-remote origin 'refs/factory/*'; }
alone() {
	forge "$1"
	ok git config factory.state.remote none
	here=$(git rev-parse refs/factory/state)
	untouched=$(shared)
	id=$(git factory task add 'Make it done')
	delivered
	is "$(pulls_json | jq length)" 1
	is "$(there .sha)" "$(record .head)"
	is "$(shared)" "$untouched"
	isnt "$(git rev-parse refs/factory/state)" "$here"
	before=$(written)
	ok git factory pr sync
	is "$(written)" "$before"
	status_set bob "$(record .head)" ci success
	ok git factory pr merge 1
	is "$(there .state)" merged
	is "$(record .state)" merged
	is "$(git show HEAD:done)" yes
	is "$(shared)" "$untouched"
}
test_a_state_that_no_remote_shares() { on_each_forge alone; }
run_tests

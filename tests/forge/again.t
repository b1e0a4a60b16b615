#!/bin/sh
# What comes after: a label that is put again once a person closed the pull
# request.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/sample.sh"

SPEC='`greet` must print "hello" to standard output, and nothing else. Files without a name are refused with status 1. Other commands stay as they are. Verify with `test -f done`.'

tick() {
	echo $(($(cat "$GIT_FACTORY_FORGE_CLOCK") + 5000)) >"$GIT_FACTORY_FORGE_CLOCK"
}

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
	case $1 in gitea | forgejo) ctl person login=robo role=admin >/dev/null ;; esac
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
test_a_label_put_again_after_a_close_opens_another() {
	needs_fake
	on_each_forge labelled_again
}
run_tests

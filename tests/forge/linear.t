#!/bin/sh
# Issues of Linear beside a forge: taken in, worked on, told of in one comment,
# and moved through the team's own states.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/server.sh"

SPEC='`greet` must print "hello" to standard output, and nothing else. Files without a name are refused with status 1. Other commands stay as they are. Verify with `test -f done`.'

# beside KIND [LINE]...: a forge, and Linear with an issue that is labelled: $number.
beside() {
	needs_fake
	rm -f "$FORGE_SERVERS/fake/linear.jsonl"
	forge "$@"
	GIT_FACTORY_LINEAR_API=http://127.0.0.1:$(forge_port linear)
	LINEAR_API_KEY=lin_api_of_robo
	export GIT_FACTORY_LINEAR_API LINEAR_API_KEY
	ok git factory trust >/dev/null 2>&1
	number=$(ctl linear act=open who=bob title='Say hello' body="$SPEC" | jq .number)
	tick
	ctl linear act=label who=bob number="$number" label=factory >/dev/null
}
there_is() { ctl linear act=show number="$number" | jq -r "$1"; } # EXPR on the issue as Linear has it
says() { tick; ctl linear act=comment who="$1" number="$number" body="$2" >/dev/null; }
moves() { there_is '.moves | join(" ")'; }
ours() { there_is '[.comments[] | select(.who == "robo")] | length'; }
said() { there_is '[.comments[] | select(.who == "robo")][0].body'; }
hash_asked() { said | sed -n 's/.*`\/factory run \([0-9a-f]*\)`, which.*/\1/p'; }

# Its history proves nothing of a text, so that somebody names the very text.
filed() {
	run git factory intake
	status_is 0
	out_like "^#$number  asked "
	starts
}
starts() {
	says bob "/factory run $(hash_asked)"
	run git factory intake
	status_is 0
	out_like "^#$number  [a-z2-7]{8}  filed "
}

# No request, and no answer of the fake, that Linear's own schema does not have.
linear_done() {
	forge_done
	needs node
	peers=$ROOT/tests/peers/forges/node_modules
	[ -d "$peers" ] || skip 'ci/deps test was not run'
	NODE_PATH=$peers run node "$ROOT/tests/forge/peers/linear.mjs" "$FORGE_SERVERS/fake/linear.jsonl"
	status_is 0
	out_like '^[0-9]+ answers, 0 wrong$'
}

test_an_issue_of_linear_goes_from_its_label_to_completed() {
	beside github 'linear: {team: ENG}'
	filed
	is "$(there_is .type)" unstarted
	run git factory run
	status_is 0
	is "$(there '.[0].state')" open
	ok git factory intake >/dev/null 2>&1
	is "$(there_is .type)" started
	like "$(said)" "Pull request \\| http.*/$PROJECT/pull/1 "
	# What has come so far is not said again.
	before=$(there_is .requests)
	ok git factory intake >/dev/null 2>&1
	[ $(($(there_is .requests) - before)) -le 2 ] || fail "$(($(there_is .requests) - before)) requests of a sweep in which nothing was new"
	green
	lands
	ok git factory intake >/dev/null 2>&1
	is "$(there_is .type)" completed
	is "$(moves)" 'In Progress Done'
	like "$(said)" 'is landed'
	is "$(ours)" 1
	is "$(git factory task list --all --json | jq -r '.[0].issue')" "linear:ENG#$number"
	linear_done
}

test_states_are_named_and_a_person_s_move_is_not_fought() {
	beside github 'linear: {team: ENG, started: none, review: in review, completed: Shipped it}'
	filed
	ok git factory run >/dev/null 2>&1
	ok git factory intake >/dev/null 2>&1
	is "$(there_is .state)" 'In Review'
	tick
	ctl linear act=move who=bob number="$number" state=Todo >/dev/null
	ok git factory intake >/dev/null 2>&1
	is "$(there_is .state)" Todo
	green
	lands
	run git factory intake
	status_is 0
	out_like "has no state 'Shipped it'.*'Shipped'"
	is "$(moves)" 'In Review'
	linear_done
}

test_security_a_guest_of_the_team_starts_nothing() {
	beside gitlab 'linear: {team: ENG}'
	ok git factory intake >/dev/null 2>&1
	says gail "/factory run $(hash_asked)"
	run git factory intake
	status_is 0
	out_like "^#$number  asked "
	is "$(git factory task list --all --json | jq length)" 0
	starts
	linear_done
}

test_a_limit_of_linear_is_told_and_lost_is_nothing() {
	beside github 'linear: {team: ENG}'
	filed
	ok git factory run >/dev/null 2>&1
	ctl linear act=fault match=issueUpdate code=RATELIMITED >/dev/null
	run git factory intake
	isnt "$status" 0
	err_like 'Linear: the state of issue 1: it asks to wait'
	is "$(moves)" ''
	ok git factory intake >/dev/null 2>&1
	is "$(moves)" 'In Progress'
	is "$(ours)" 1
	linear_done
}

test_a_signed_webhook_of_linear_is_followed() {
	beside github 'linear: {team: ENG}'
	ok git factory intake >/dev/null 2>&1
	hash=$(hash_asked)
	server --sweep 1h
	until_true '[ "$(metric sweeps_total)" = 1 ]'
	says bob "/factory run $hash"
	event=$(jq -cn --argjson now "${GIT_FACTORY_DATE}000" --argjson n "$number" '{action: "create", type: "Comment", webhookTimestamp: $now,
		actor: {id: "user-bob"}, data: {id: "c", body: "/factory run", issue: {identifier: "ENG-\($n)", number: $n, team: {key: "ENG"}}}}')
	is "$(post "$event" "$(printf %s "$event " | openssl dgst -sha256 -hmac "$FACTORY_WEBHOOK_SECRET" | sed 's/.* //')")" 401
	is "$(post "$event" "$(printf %s "$event" | openssl dgst -sha256 -hmac "$FACTORY_WEBHOOK_SECRET" | sed 's/.* //')")" 202
	until_true 'git factory task list --json | grep -q "Say hello"'
	stop_server
	linear_done
}

post() { # BODY SIGNATURE: the status
	curl -s -o /dev/null -w '%{http_code}' -H 'Linear-Event: Comment' -H 'Linear-Delivery: one' -H "Linear-Signature: $2" \
		-H 'Content-Type: application/json' --data-binary "$1" "http://127.0.0.1:$PORT/hook"
}
run_tests

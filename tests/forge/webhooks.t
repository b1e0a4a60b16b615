#!/bin/sh
# Webhooks as a real Gitea or Forgejo sends them (tests/forge/gitea), to git
# factory serve.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/server.sh"

needs_webhooks() {
	[ -n "${FORGE_TEST_URL:-}" ] || skip 'the fake has one webhook, and sends nothing again'
	case $FORGE_TEST_KIND in gitea | forgejo) ;; *) skip 'the webhooks of this forge are made by hand' ;; esac
}

hook() { # SECRET: its id
	act hook ada url="http://127.0.0.1:$PORT/hook" secret="$1" | jq .id
}
of_us() { metric "deliveries_total{from=\"$KIND\",result=\"$1\"}"; } # RESULT

test_a_labelled_issue_becomes_a_task_by_the_forges_own_webhook() {
	needs_webhooks
	forge "$FORGE_TEST_KIND"
	role robo admin
	server --sweep 1h
	until_true '[ "$(metric sweeps_total)" = 1 ]'

	# With a wrong secret nothing is believed.
	wrong=$(hook another-secret-of-a-webhook)
	n=$(issue_open ada 'Make done' "$SPEC")
	until_true '[ "$(of_us forged)" -ge 1 ]'
	is "$(of_us accepted)" 0
	act hook_delete ada id="$wrong" >/dev/null

	# Its label is heard, and the word that this forge needs, which proves no order.
	right=$(hook "$FACTORY_WEBHOOK_SECRET")
	tick
	issue_label bob "$n" factory
	until_true 'issue_json "$n" | jq -e ".comments | length > 0" >/dev/null'
	[ "$(of_us accepted)" -ge 1 ] || fail 'it was heard otherwise'
	is "$(git factory task list --all --json | jq length)" 0
	hash=$(issue_json "$n" | jq -r '.comments[0].body' | sed -n 's/.*`\/factory run \([0-9a-f]*\)`, which.*/\1/p')
	tick
	comment bob "$n" "/factory run $hash" >/dev/null
	until_true 'git factory task list --json | grep -q "Make done"'
	is "$(metric sweeps_total)" 1

	# Sent once more it has another id, and is known by what it says.
	until_true '[ "$(metric deliveries_waiting)" = 0 ]'
	is "$(of_us repeated)" 0
	accepted=$(of_us accepted)
	act hook_replay ada id="$right" >/dev/null
	until_true '[ "$(of_us repeated)" = 1 ]'
	is "$(of_us accepted)" "$accepted"
	is "$(git factory task list --all --json | jq length)" 1
	stop_server
}
run_tests

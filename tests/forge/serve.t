#!/bin/sh
# git factory serve: webhooks in, checked, kept, looked at; nothing lost.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/server.sh"

sign() { printf %s "$1" | openssl dgst -sha256 -hmac "${2:-a-secret-of-the-webhook}" | sed 's/.* //'; }

# post BODY ID [SIGNATURE]: the status.
post() {
	curl -s -o "$TMP/answer" -w '%{http_code}' -H "X-GitHub-Event: ${EVENT:-issues}" -H "X-GitHub-Delivery: $2" \
		-H "X-Hub-Signature-256: sha256=${3:-$(sign "$1")}" -H 'Content-Type: application/json' \
		--data-binary "$1" "http://127.0.0.1:$PORT/hook"
}

labelled() { # NUMBER
	printf '{"action":"labeled","issue":{"number":%s},"label":{"name":"factory"},"repository":{"full_name":"acme/app"},"sender":{"login":"ada"}}' "$1"
}

test_a_labelled_issue_becomes_a_task_by_its_webhook() {
	forge github
	server --sweep 1h
	until_true '[ "$(metric sweeps_total)" = 1 ]'
	n=$(issue_open ada 'Make done' "$SPEC")
	issue_label ada "$n" factory
	is "$(post "$(labelled "$n")" one)" 202
	until_true 'git factory task list --json | grep -q "Make done"'
	stop_server
	is "$?" 0
	run git factory task list --json
	is "$(jq length <"$OUT")" 1
	forge_done
}

test_what_is_forged_or_nonsense_is_refused() {
	forge github
	server --sweep 1h
	is "$(post "$(labelled 1)" one "$(sign "$(labelled 1)" wrong-secret)")" 401
	is "$(post "$(labelled 1)" one "$(sign "$(labelled 2)")")" 401
	is "$(post "$(labelled 1)" one "$(sign "$(labelled 1)" | sed s/./x/)")" 401
	is "$(curl -s -o /dev/null -w '%{http_code}' -d '{}' "http://127.0.0.1:$PORT/hook")" 400
	is "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/hook")" 405
	is "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/etc/passwd")" 404
	head -c 27000000 /dev/zero >"$TMP/large"
	is "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-GitHub-Event: push' --data-binary @"$TMP/large" "http://127.0.0.1:$PORT/hook")" 413
	is "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-GitHub-Event: push' -H 'Transfer-Encoding: chunked' --data-binary @"$TMP/large" "http://127.0.0.1:$PORT/hook")" 413
	is "$(metric 'deliveries_total{from="github",result="accepted"}')" 0
	is "$(metric 'deliveries_total{from="github",result="forged"}')" 3
	# Gitea names GitHub's headers, too.
	is "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-GitHub-Event: push' -H 'X-Gitea-Event: push' -H 'X-Gitea-Signature: 00' -d '{}' "http://127.0.0.1:$PORT/hook")" 401
	is "$(metric 'deliveries_total{from="gitea",result="forged"}')" 1
	is "$(metric 'deliveries_total{from="github",result="forged"}')" 3
	is "$(metric 'deliveries_total{from="unknown",result="malformed"}')" 1
	stop_server
}

test_a_repeated_delivery_is_known_also_after_a_restart() {
	forge github
	server --sweep 1h
	is "$(post "$(labelled 1)" one)" 202
	is "$(post "$(labelled 1)" one)" 200
	is "$(post "$(labelled 1)" another-id-for-the-same)" 200
	stop_server
	server --sweep 1h
	is "$(post "$(labelled 1)" one)" 200
	stop_server
}

test_a_webhook_that_is_missed_is_found_by_the_sweep() {
	forge github
	n=$(issue_open ada 'Make done' "$SPEC")
	issue_label ada "$n" factory
	server --sweep 1h
	until_true 'git factory task list --json | grep -q "Make done"'
	stop_server
	forge_done
}

test_what_people_do_to_a_pull_request_is_heard() {
	forge github
	git factory task add 'Make done' >/dev/null 2>&1
	run git factory run -q
	status_is 0
	n=$(pulls_json | jq '.[0].number')
	server --sweep 1h
	until_true '[ "$(metric sweeps_total)" = 1 ]'
	is "$(git factory pr list --json | jq -r '.[0].state')" open
	pull_close ada "$n"
	EVENT=pull_request
	is "$(post "$(jq -cn --argjson n "$n" '{action: "closed", number: $n, pull_request: {number: $n, merged: false,
		head: {sha: "0123456789012345678901234567890123456789", ref: "x"}},
		repository: {full_name: "acme/app"}, sender: {login: "ada"}}')" two)" 202
	until_true '[ "$(git factory pr list --all --json | jq -r ".[0].state")" = closed ]'
	stop_server
	forge_done
}

# The part that strangers talk to has neither token nor repository, nor a way to another program.
test_the_receiver_holds_nothing() {
	forge github
	ANTHROPIC_API_KEY=canary-of-a-model server --sweep 1h
	pid=$(pgrep -P "$SERVER" -f -- --receiver)
	tr '\0' '\n' <"/proc/$pid/environ" >"$TMP/environ" 2>/dev/null || sudo -n cat "/proc/$pid/environ" | tr '\0' '\n' >"$TMP/environ"
	grep -q '^FACTORY_WEBHOOK_SECRET=' "$TMP/environ" || fail 'it lacks what it needs'
	! grep -E 'canary-of-a-model|FACTORY_FORGE_TOKEN|HOME=' "$TMP/environ" || fail 'it has more than it needs'
	is "$(awk '$1 == "Seccomp:" {print $2}' "/proc/$pid/status")" 2
	is "$(awk '$1 == "NoNewPrivs:" {print $2}' "/proc/$pid/status")" 1
	pid=$(pgrep -P "$SERVER" -f -- --dispatcher)
	! tr '\0' '\n' <"/proc/$pid/environ" | grep -q FACTORY_WEBHOOK_SECRET || fail 'the dispatcher has the secret'
	stop_server
}

# Killed again and again: what was acknowledged is there, once.
test_kills_lose_nothing() {
	hooks=$ROOT/build/tests/bench/hooks
	[ -x "$hooks" ] || make -s -C "$ROOT" build/tests/bench/hooks
	forge github
	server --sweep 1h
	# What was stored stays there: nobody takes it.
	kill -STOP "$(pgrep -P "$SERVER" -f -- --dispatcher)"
	"$hooks" send "$PORT" a-secret-of-the-webhook 300 6 2000 16 "$TMP/acked" >"$TMP/hooks.out" &
	sender=$!
	for _ in 1 2 3; do
		sleep 1
		until_true 'pgrep -P "$SERVER" -f -- --receiver >/dev/null'
		kill -KILL "$(pgrep -P "$SERVER" -f -- --receiver)"
	done
	wait "$sender" || fail "$(cat "$TMP/hooks.out")"
	"$hooks" check .git/factory/deliveries "$TMP/acked" >"$TMP/check.out" || fail "$(cat "$TMP/check.out")"
	grep -q 'acknowledged 1800, missing 0, twice 0' "$TMP/check.out" || fail "$(cat "$TMP/check.out")"
	kill -KILL "$(pgrep -P "$SERVER" -f -- --dispatcher)"
	stop_server
}

test_a_hangup_starts_all_again_and_refuses_nobody() {
	forge github
	server --sweep 1h
	hooks=$ROOT/build/tests/bench/hooks
	[ -x "$hooks" ] || make -s -C "$ROOT" build/tests/bench/hooks
	before=$(pgrep -P "$SERVER" -f -- --receiver)
	"$hooks" send "$PORT" a-secret-of-the-webhook 100 4 1000 8 "$TMP/acked" >"$TMP/hooks.out" &
	sender=$!
	sleep 1
	kill -HUP "$SERVER"
	wait "$sender" || fail "$(cat "$TMP/hooks.out")"
	after=$(pgrep -P "$SERVER" -f -- --receiver)
	[ "$before" != "$after" ] || fail 'it was not started again'
	stop_server
	is "$?" 0
	! pgrep -f "dir=$TMP/repo/.git/factory/deliveries" || fail 'something stayed behind'
}

test_health_tells_of_a_dispatcher_that_is_gone() {
	forge github
	server --sweep 1h
	until_true '[ -f .git/factory/deliveries/pulse ]'
	is "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/healthz")" 200
	kill -STOP "$(pgrep -P "$SERVER" -f -- --dispatcher)"
	sed -i '1s/.*/# pulse 1/' .git/factory/deliveries/pulse
	is "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/healthz")" 503
	kill -KILL "$(pgrep -P "$SERVER" -f -- --dispatcher)"
	stop_server
}

test_bad_input() {
	run git factory serve
	status_is 128
	FACTORY_WEBHOOK_SECRET=short run git factory serve
	status_is 128
	forge github
	run env FACTORY_WEBHOOK_SECRET=long-enough-for-it git factory serve --listen nowhere
	status_is 129
	run env FACTORY_WEBHOOK_SECRET=long-enough-for-it git factory serve --sweep soon
	status_is 129
	run env FACTORY_WEBHOOK_SECRET=long-enough-for-it git factory serve --slots 2
	status_is 129
	server --sweep 1h
	run git factory serve --listen "127.0.0.1:$PORT"
	status_is 1
	stop_server
}

run_tests

#!/bin/sh
# Ctrl-C in each verb that takes time: one line, status 130, no ref moved, no
# process left, and the next start does it.
. "${0%/*}/../lib.sh"
. "$ROOT/tests/hostile.sh"

# A sleep that nobody else has, as the last thing before the Ctrl-C.
LONG=100.$$

# stop WHAT CMD...: press Ctrl-C when the process WHAT (a pattern) is there
stop() {
	what=$1
	shift
	env --default-signal=INT true 2>/dev/null || skip 'no env --default-signal'
	before=$(git for-each-ref)
	env --default-signal=INT "$@" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	i=0
	until pgrep -f "$what" >/dev/null || [ $((i += 1)) -gt 200 ]; do sleep 0.05; done
	kill -INT $pid
	wait $pid && status=0 || status=$?
	status_is 130
	is "$(grep -cE '^(error|fatal): ' "$ERR")" 1
	err_like 'interrupted|stopped'
	is "$(git for-each-ref)" "$before"
	is "$(git status --porcelain)" ''
	is "$(find .git -name '*.lock' ! -path .git/factory/\*)" ''
	i=0
	while pgrep -f "sleep $LONG" >/dev/null; do
		[ $((i += 1)) -lt 40 ] || fail "the command is still there"
		sleep 0.05
	done
}

# policy LINE...: of a task that is delivered as it is
begin() {
	session_of true >"$TMP/session"
	sample "$@" <"$TMP/session"
	ok git factory task add 'Work' >"$TMP/id"
	id=$(cat "$TMP/id")
}
policy() { # SED
	sed -i "$1" .factory/config.yml
	git commit -qam 'Another policy'
}

test_a_run_in_its_setup_and_in_its_gates() {
	needs bwrap jq pgrep
	begin "workspace: {setup: [{run: sleep $LONG}]}" "gates: {slow: {run: 'true'}}"
	stop "sleep $LONG" git-factory run -q "$id"
	policy "s/^workspace.*//; s/'true'/sleep $LONG/"
	stop "sleep $LONG" git-factory run -q "$id"
	policy 's/sleep [0-9.]*/true/'
	run git factory run -q --fresh "$id"
	status_is 0
}

test_a_landing_in_its_gates() {
	needs bwrap jq pgrep
	begin "gates: {slow: {run: 'true'}}"
	ok git factory run -q "$id"
	policy "s/'true'/sleep $LONG/"
	stop "sleep $LONG" git-factory pr merge 1
	policy 's/sleep [0-9.]*/true/'
	run git factory pr merge 1
	status_is 0
}

test_a_supervisor_and_its_workers() {
	needs bwrap jq pgrep
	begin "gates: {slow: {run: 'sleep $LONG'}}"
	env --default-signal=INT true 2>/dev/null || skip 'no env --default-signal'
	env --default-signal=INT git-factory work --once -q >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	i=0
	until pgrep -f "sleep $LONG" >/dev/null || [ $((i += 1)) -gt 200 ]; do sleep 0.05; done
	kill -INT $pid
	sleep 0.3
	kill -INT $pid
	wait $pid && status=0 || status=$?
	status_is 130
	fails pgrep -f "sleep $LONG"
	policy 's/sleep [0-9.]*/true/'
	run git factory run -q --fresh "$id"
	status_is 0
}

# A remote that takes the call and says nothing.
test_talking_to_a_remote() {
	needs bwrap jq pgrep python3
	begin 'gates: none'
	python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
s.settimeout(60); held = []
while True: held.append(s.accept())' >"$TMP/port" 2>/dev/null &
	server=$!
	i=0
	until [ -s "$TMP/port" ] || [ $((i += 1)) -gt 100 ]; do sleep 0.05; done
	git remote add hub "http://127.0.0.1:$(cat "$TMP/port")/silent"
	git config factory.remote hub
	stop "git-remote-http hub http://127.0.0.1:$(cat "$TMP/port")" git-factory sync
	stop "git-remote-http hub http://127.0.0.1:$(cat "$TMP/port")" git-factory doctor
	kill $server
	git config --unset factory.remote
	run git factory run -q "$id"
	status_is 0
}

run_tests

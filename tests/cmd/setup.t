#!/bin/sh
# workspace.setup: once per content of the key files, before any agent; again
# without network and secrets where a change alters them; never committed.
# And the toolchains of this machine that the user lets in.
. "${0%/*}/../lib.sh"
. "$ROOT/tests/hostile.sh"

# sample_of SESSION-COMMAND POLICY...: an agent that runs the command; 'made'
# of the setup is to be seen by the gate.
sample_of() {
	session_of "$1" >"$TMP/session"
	shift
	echo one >lock
	echo made/ >.gitignore
	sample "$@" <"$TMP/session"
}
work() {
	ok git factory task add 'Work' >"$TMP/id"
	run git factory run "$(cat "$TMP/id")"
}
setups() {
	grep -c '^== setup' "$ERR" || :
}

test_it_runs_once_per_content_of_its_key_files() {
	needs bwrap jq
	sample_of 'cat made/info >copy; echo spoilt >made/info' \
	    'workspace: {setup: [{run: "mkdir -p made; cat lock >made/info", key: [lock]}]}' \
	    'gates: {ok: {run: "cmp lock made/info"}}'
	work
	status_is 0
	is "$(setups)" 1
	run git factory pr diff 1
	out_like '^\+\+\+ b/copy'
	out_unlike 'made/info'
	commit other 'not a key file'
	work
	status_is 0
	is "$(setups)" 0
	echo two >lock
	git commit -qam 'Another lock'
	work
	status_is 0
	is "$(setups)" 1
	is "$(git status --porcelain)" ''
}

# The network of the machine: a server on its loopback.
listen() {
	python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
s.settimeout(60)
while True: s.accept()[0].close()' >port 2>/dev/null &
	listener=$!
	i=0
	until [ -s port ] || [ $((i += 1)) -gt 100 ]; do sleep 0.05; done
}
probe() { # PORT
	printf '%s\n' 'mkdir -p made' 'exec >made/info' 'cat lock' 'echo ${MY_TOKEN:+given}' \
	    "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", $1), 3)' 2>/dev/null && echo reached" \
	    'exit 0' >probe
}

test_security_a_change_of_the_key_files_gets_no_network_and_no_secret() {
	needs bwrap jq python3
	listen
	probe "$(cat port)"
	sample_of 'cat made/info; echo two >lock' \
	    "workspace: {setup: [{run: sh probe, key: [lock], network: host, secrets: [MY_TOKEN]}]}" \
	    'gates: {ok: {run: "cat made/info; ! grep -q given made/info && ! grep -q reached made/info"}}'
	export MY_TOKEN=canary-of-the-setup
	work
	status_is 128
	err_like "trust"
	ok git factory trust >/dev/null
	work
	[ "$status" = 0 ] || { lib_show_run; fail "not delivered"; }
	is "$(setups)" 2
	like "$(cat .git/factory/runs/*/journal.jsonl)" 'one\\ngiven\\nreached'
	kill "$listener"
}

# What a change made of the key files' content serves no other tree, though
# the content is the same: it may have come from any file of the change.
test_security_a_layer_of_a_change_serves_that_change_alone() {
	needs bwrap jq
	sample_of 'echo two >lock; echo evil >maker' \
	    'workspace: {setup: [{run: "mkdir -p made; cat maker >made/info", key: [lock]}]}' \
	    'gates: {ok: {run: "cat made/info"}}'
	commit maker good
	work
	status_is 0
	is "$(setups)" 2
	first=$(git factory log --json | jq -r '.[0].id')
	echo two >lock
	git commit -qam 'The same lock, by a person'
	run git factory gate
	status_is 0
	session_of 'cat made/info' >.factory/session.jsonl
	git commit -qam 'Only look'
	work
	# Both began in the same second.
	second=$(git factory log --json | jq -r --arg first "$first" '.[].id | select(. != $first)')
	like "$(cat ".git/factory/runs/$second/journal.jsonl")" 'good'
	unlike "$(cat ".git/factory/runs/$second/journal.jsonl")" 'evil'
}

test_what_is_missing_without_network_is_asked_about() {
	needs bwrap jq
	sample_of 'echo two >lock' \
	    'workspace: {setup: [{run: "grep one lock || { echo not in the cache; exit 3; }", key: [lock]}]}' \
	    'gates: {ok: {run: "true"}}'
	work
	status_is 1
	err_like 'needs a person: setup .* ended with exit status 3: not in the cache'
	err_like 'setup without network cannot get'
}

# A compiler of one's own, outside of /usr: by the user's word, by no other.
test_toolchains_by_the_users_config() {
	needs bwrap jq
	mkdir -p "$TMP/opt/bin"
	printf '#!/bin/sh\necho from the toolchain\n' >"$TMP/opt/bin/mycc"
	chmod +x "$TMP/opt/bin/mycc"
	chmod -R go+rX "$TMP/opt"
	sample_of 'mycc >built' 'gates: {ok: {run: "mycc >seen && cmp seen built"}}'
	work
	status_is 1
	err_like 'mycc: not found'
	git config factory.sandbox.read "$TMP/opt"
	git config factory.sandbox.path "$TMP/opt/bin:/usr/bin:/bin"
	work
	status_is 0
	is "$(git factory pr diff 1 | grep -c '^+from the toolchain')" 1
}

run_tests

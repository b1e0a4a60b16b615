#!/bin/sh
# One task, several clones of one remote: who holds it, who loses it, and what
# each of them may publish.
. "${0%/*}/../lib.sh"

answer() { # BLOCK: one recorded answer
	printf '{"reply":{"stop":"tools","blocks":[%s]},"usage":{"in":100,"out":10}}\n' "$1"
}
session() {
	answer '{"id":"a","name":"write_file","input":{"path":"done","content":"yes\n"}}'
	answer '{"id":"b","name":"finish","input":{"summary":"It is done"}}'
}

# A bare repository and two clones of it, with one task. The gate takes as long
# as the file 'slow' says (in the repository).
share() { # [SECONDS [LINE-OF-POLICY]...]
	seconds=${1:-0}
	[ $# = 0 ] || shift
	mkdir -p .factory
	cat >.factory/config.yml <<-YML
		version: 1
		agent: demo
		models:
		  demo: {provider: recorded, model: recorded, recording: .factory/session.jsonl}
		agents:
		  demo: {kind: builtin, model: demo}
		gates:
		  tests: {run: "sleep $seconds; test -f done", timeout: 1m}
		state: {remote: origin}
		lease: {ttl: 2s}
	YML
	for line; do
		echo "$line" >>.factory/config.yml
	done
	session >.factory/session.jsonl
	git add -A
	git commit -qm 'A sample'
	rm -rf "$TMP/hub" "$TMP/a" "$TMP/b" "$TMP/c"
	git clone -q --bare . "$TMP/hub"
	git clone -q "$TMP/hub" "$TMP/a"
	cd "$TMP/a"
	ok git factory init >/dev/null
	id=$(git factory task add "Do it")
	ok git factory sync >"$OUT"
	for name in b c; do
		git clone -q "$TMP/hub" "$TMP/$name"
		git -C "$TMP/$name" factory init >/dev/null
	done
}

in_clone() { # NAME CMD...
	cd "$TMP/$1"
	shift
	"$@"
	cd "$TMP"
}

on_hub() { git -C "$TMP/hub" "$@"; }
state_of() { git -C "$TMP/$1" factory task show --json "$id" | jq -r .state; }

# Until the remote has a lease (or whatever else is asked for).
until_hub() { # PATTERN
	for i in $(seq 200); do
		[ -z "$(on_hub for-each-ref "$1")" ] || return 0
		sleep 0.05
	done
	fail "no $1 on the remote"
}

test_a_run_is_delivered_and_folded() {
	share
	cd "$TMP/a"
	run git factory run "$id"
	status_is 0
	out_like 'delivered as pull request 1'
	is "$(on_hub for-each-ref --format='%(refname)' refs/factory/leases refs/factory/runs)" ""
	like "$(on_hub for-each-ref --format='%(refname)' refs/heads/factory)" "refs/heads/factory/$id-do-it"
	is "$(state_of a)" delivered
	is "$(git for-each-ref refs/factory/leases)" ""
	cd "$TMP/b"
	ok git factory sync >"$OUT"
	is "$(state_of b)" delivered
	like "$(git factory pr list)" 'Do it'
	on_hub log --notes=factory -1 "factory/$id-do-it" >"$OUT"
	out_like '"event":"attempt"'
	like "$(git factory log)" delivered
}
run_tests

# shellcheck shell=sh
# share.sh - one task in clones of one remote, by path. Source it after lib.sh.
#
#	share [SECONDS [LINE]...]	the remote $TMP/hub and its clones $TMP/a, b and
#				c, with one task, $id; its gate takes so many
#				seconds, a lease holds for two; LINEs are added to
#				the policy
#	in_clone NAME CMD...	run it there
#	on_hub ARGS...		git there
#	state_of NAME		the task's state as that clone knows it
#	until_hub PATTERN	wait until the remote has such a ref

answer() { # BLOCK: one recorded answer
	printf '{"reply":{"stop":"tools","blocks":[%s]},"usage":{"in":100,"out":10}}\n' "$1"
}
session() {
	answer '{"id":"a","name":"write_file","input":{"path":"done","content":"yes\n"}}'
	answer '{"id":"b","name":"finish","input":{"summary":"It is done"}}'
}

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
	cd "$TMP/a" || return
	ok git factory init >/dev/null
	id=$(git factory task add "Do it")
	ok git factory sync >"$OUT"
	for name in b c; do
		git clone -q "$TMP/hub" "$TMP/$name"
		git -C "$TMP/$name" factory init >/dev/null
	done
}

in_clone() { # NAME CMD...
	cd "$TMP/$1" || return
	shift
	"$@"
	cd "$TMP" || return
}

on_hub() { git -C "$TMP/hub" "$@"; }
state_of() { git -C "$TMP/$1" factory task show --json "$id" | jq -r .state; }

until_hub() { # PATTERN
	for _ in $(seq 200); do
		[ -z "$(on_hub for-each-ref "$1")" ] || return 0
		sleep 0.05
	done
	fail "no $1 on the remote"
}

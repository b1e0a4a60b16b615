# shellcheck shell=sh disable=SC2034,SC2154
# server.sh - 'git factory serve' under test. Source it after lib.sh.
#
#	SPEC			of an issue that nobody could call vague
#	server [OPTION]...	started and listening: $PORT, $SERVER
#	stop_server		and ended, with its exit status
#	until_true COMMAND	20 s at most
#	metric NAME		its value, of the name with its labels

SPEC='When the file `done` is missing, the programme must make it.

## Expected
`test -f done` ends with 0.

## How to verify
Run the tests.'

server() {
	FACTORY_WEBHOOK_SECRET=a-secret-of-the-webhook
	export FACTORY_WEBHOOK_SECRET
	rm -f "$TMP/serve.out" # that of the test's first server, if this is its second
	git-factory serve --listen 127.0.0.1:0 "$@" >"$TMP/serve.out" 2>&1 &
	SERVER=$!
	trap 'kill $SERVER 2>/dev/null || :' EXIT
	until_true "grep -q '^listening' '$TMP/serve.out'"
	PORT=$(sed -n 's/^listening on port \([0-9]*\);.*/\1/p' "$TMP/serve.out")
	until_true 'curl -s -o /dev/null "http://127.0.0.1:$PORT/healthz"'
}

until_true() { # COMMAND
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || fail "in vain: $1; $(cat "$TMP/serve.out")"
		sleep 0.1
	done
}

stop_server() {
	kill "$SERVER"
	wait "$SERVER"
}

metric() { # NAME WITH LABELS
	curl -s "http://127.0.0.1:$PORT/metrics" | awk -v name="git_factory_$1" '$1 == name {print $2}'
}

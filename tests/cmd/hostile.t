#!/bin/sh
# A hostile agent in the real run, against the sandbox: each attack fails, and
# succeeds in the testing build with just the defence off that stops it.
. "${0%/*}/../lib.sh"
. "${0%/*}/../hostile.sh"

# P'WNED' keeps the word out of what the command line itself shows.
test_security_write_outside() {
	rm -rf "$TMP/outside"
	mkdir -m 777 "$TMP/outside"
	session_of "touch $TMP/outside/x && echo P'WNED'" | sample
	stopped jail-mounts
}

test_security_read_home() {
	echo 'the key' >"$HOME/secret"
	chmod 644 "$HOME/secret"
	session_of "grep -q key $HOME/secret && echo P'WNED'" | sample
	stopped jail-mounts
}

test_security_network() {
	needs python3 bash
	python3 -u - >"$TMP/port" <<-'PY' &
		import socket, sys
		s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(50)
		print(s.getsockname()[1]); sys.stdout.flush()
		while True: s.accept()[0].close()
	PY
	server=$!
	trap 'kill $server' EXIT
	until [ -s "$TMP/port" ]; do sleep 0.05; done
	session_of "bash -c 'exec 3<>/dev/tcp/127.0.0.1/$(cat "$TMP/port")' && echo P'WNED'" | sample
	stopped jail-network
	kill "$server"
	trap - EXIT
}

test_security_other_processes() {
	CANARY_OF_A_NEIGHBOUR=seen sleep 300 &
	neighbour=$!
	trap 'kill $neighbour' EXIT
	session_of "test -d /proc/$neighbour && grep -q sleep /proc/$neighbour/cmdline && echo P'WNED'" | sample
	stopped jail-pids
	kill "$neighbour"
	trap - EXIT
}

test_security_environment() {
	CANARY_IN_THE_ENVIRONMENT=seen
	export CANARY_IN_THE_ENVIRONMENT
	session_of "cat /proc/*/environ | tr '\\0' '\\n' | grep -q CANARY_IN && echo P'WNED'" | sample
	stopped proc-env
}

test_security_descriptors() {
	echo 'through the back door' >"$TMP/held"
	session_of "ls /proc/self/fd | tr '\\n' ' '; cat /proc/self/fd/9 2>/dev/null | grep -q back && echo P'WNED'" | sample
	exec 9<"$TMP/held"
	stopped proc-fds
	exec 9<&-
}

test_security_link_out() {
	answer "$(call a run '{"command":"ln -s /etc/passwd link"}')" >"$TMP/s"
	answer "$(call b read_file '{"path":"link"}')" >>"$TMP/s"
	answer "$(call c finish '{"summary":"done"}')" >>"$TMP/s"
	sample <"$TMP/s"
	for who in root user; do
		attack "$who" "$RELEASE" beneath
		ok grep -q '"step":"read_file"' "$TMP/journal"
		fails grep -q 'root:\|nologin' "$TMP/journal"
		attack "$who" "$TESTING" beneath
		ok grep -q 'root:\|nologin' "$TMP/journal"
	done
}

uid_of_sleep() { # SECONDS: who runs 'sleep SECONDS', as this machine sees it
	n=0
	until uid=$(ps -C sleep -o uid= -o args= | awk -v s="$1" '$3 == s {print $1; exit}') && [ -n "$uid" ]; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || fail "'sleep $1' did not start"
		sleep 0.05
	done
}

test_security_no_root_outside() {
	[ "$(id -u)" = 0 ] || skip 'not root'
	needs ps
	session_of 'sleep 272 & sleep 1' | sample
	(attack root "$RELEASE") &
	uid_of_sleep 272
	isnt "$uid" 0
	wait
	sleep 273 &
	uid_of_sleep 273
	kill $!
	is "$uid" 0
}

test_security_sandbox_missing() {
	needs bwrap
	mkdir "$TMP/bin"
	for p in git sh env cat test true sed awk grep ls cp rm mkdir setpriv python3 bash id; do
		[ -z "$(command -v "$p")" ] || ln -s "$(command -v "$p")" "$TMP/bin/$p"
	done
	session_of "echo P'WNED'" | sample
	attack_path=$TMP/bin
	for who in root user; do
		attack "$who" "$RELEASE" jail-required
		status_is 128
		err_like 'bwrap|bubblewrap'
		fails grep -q PWNED "$TMP/journal"
		attack "$who" "$TESTING" jail-required
		ok grep -q PWNED "$TMP/journal"
	done
}

test_security_poisoned_next_run() {
	printf 'deps/\n' >.gitignore
	session_of "test -f deps/lib && echo P'WNED'; mkdir -p deps; echo evil >deps/lib" | sample
	attack_runs='first second'
	stopped layers
}

test_security_nothing_outlives_the_run() {
	session_of "(setsid sh -c 'trap \"\" TERM HUP; sleep 271' >/dev/null 2>&1 &); (sleep 271 &)" | sample
	attack root "$RELEASE"
	status_is 0
	is "$(pgrep -fc 'sleep 271')" 0
}

test_security_floods_are_bounded() {
	session_of "head -c 2000000000 /dev/zero | tr '\\0' x" | sample
	attack root "$RELEASE"
	status_is 0
	ok test "$(wc -c <"$TMP/journal")" -lt 1000000
}

test_security_policy_that_loosens_is_refused() {
	session_of "echo P'WNED'" | sample 'gates: {ok: {run: "true"}}' 'sandbox: {mode: none}'
	for who in root user; do
		attack "$who" "$RELEASE" trust
		status_is 128
		err_like 'sandbox.mode'
		fails grep -q PWNED "$TMP/journal"
		attack "$who" "$TESTING" trust
		ok grep -q PWNED "$TMP/journal"
	done
}

test_security_titles_cannot_steer_the_terminal() {
	printf '' | sample
	title=$(printf 'x\033]0;owned\007y')
	GIT_FACTORY_TEST_OFF=visible "$RELEASE" task add -- "$title" >"$OUT" 2>"$ERR" || :
	for binary in "$RELEASE" "$TESTING"; do
		"$RELEASE" task list >"$OUT"
		fails grep -q "$(printf '\033')" "$OUT"
	done
}

test_security_hidden_characters_are_shown() {
	session_of "printf 'access = \"user\\342\\200\\256\"\n' >code.py" | sample
	attack root "$RELEASE" hidden
	status_is 0
	(cd "$TMP/victim" && "$RELEASE" pr show 1) >"$OUT"
	out_like 'does not see'
	attack root "$TESTING" hidden
	(cd "$TMP/victim" && "$RELEASE" pr show 1) >"$OUT"
	out_unlike 'does not see'
}

test_the_released_binary_has_no_switches() {
	fails grep -aq GIT_FACTORY_TEST_OFF "$RELEASE"
	ok grep -aq GIT_FACTORY_TEST_OFF "$TESTING"
}

run_tests

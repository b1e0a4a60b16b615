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

# Every other way out: v6, datagrams (DNS), abstract sockets.
test_security_other_networks() {
	needs python3
	name=factory-test-$$
	python3 -u - "$name" >"$TMP/ports" 2>/dev/null <<-'PY' &
		import socket, sys, threading
		six = socket.socket(socket.AF_INET6); six.bind(("::1", 0)); six.listen(50)
		un = socket.socket(socket.AF_UNIX); un.bind("\0" + sys.argv[1]); un.listen(50)
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0))
		def echo():
		    while True:
		        p, a = udp.recvfrom(99); udp.sendto(p, a)
		threading.Thread(target=echo, daemon=True).start()
		print(six.getsockname()[1], udp.getsockname()[1], flush=True)
		threading.Event().wait()
	PY
	server=$!
	trap 'kill $server' EXIT
	until [ -s "$TMP/ports" ]; do sleep 0.05; done
	read -r six udp <"$TMP/ports"
	for way in "s=socket.create_connection(('::1',$six))" \
		"s=socket.socket(socket.AF_UNIX);s.connect('\\0$name')" \
		"s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.settimeout(5);s.connect(('127.0.0.1',$udp));s.send(b'x');s.recv(9)"; do
		session_of "/usr/bin/python3 -c \"import socket;$way\" && echo P'WNED'" >.factory/session.jsonl 2>/dev/null ||
			session_of true | sample
		session_of "/usr/bin/python3 -c \"import socket;$way\" && echo P'WNED'" >.factory/session.jsonl
		git commit -qam "Try $way"
		stopped jail-network
		[ "$(id -u)" != 0 ] || chown -R 0:0 "$TMP"
	done
	kill "$server"
	trap - EXIT
}

# What the kernel offers beside the network: keys that outlive the run, and
# rings that do system calls which no filter sees.
test_security_system_calls() {
	needs python3
	session_of "/usr/bin/python3 -c \"import ctypes;c=ctypes.CDLL(None).syscall
exit(c(248,b'user',b'canary',b'x',1,-2)<0 and c(425,8,ctypes.create_string_buffer(256))<0)\" && echo P'WNED'" | sample
	[ "$(uname -m)" = x86_64 ] || skip 'the numbers are those of x86-64'
	stopped jail-syscalls
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
	answer "$(call a run '{"command":"ln -s /usr/lib/os-release link"}')" >"$TMP/s"
	answer "$(call b read_file '{"path":"link"}')" >>"$TMP/s"
	answer "$(call c finish '{"summary":"done"}')" >>"$TMP/s"
	sample <"$TMP/s"
	for who in $WHO; do
		attack "$who" "$RELEASE" beneath
		ok grep -q '"step":"read_file"' "$TMP/journal"
		fails grep -q 'PRETTY_NAME' "$TMP/journal"
		attack "$who" "$TESTING" beneath
		ok grep -q 'PRETTY_NAME' "$TMP/journal"
	done
}

# The file tools work beside whatever runs in the workspace; here a folder is
# now a folder, now a link to /usr/lib.  In the sandbox nothing outlives its
# command, so that has to be turned off for the race to begin.
test_security_rename_race() {
	needs perl
	{
		answer "$(call a run "{\"command\":$(text <<-'END'
			mkdir d; echo inside >d/os-release; touch go
			setsid perl -e 'alarm 20; while (-e "go") { rename "d", "x"; symlink "/usr/lib", "d"; unlink "d"; rename "x", "d"; }' </dev/null >/dev/null 2>&1 &
			sleep 0.3
		END
		)}")"
		i=0
		while [ $i -lt 8 ]; do
			i=$((i + 1))
			set --
			while [ $# -lt 50 ]; do
				set -- "$@" "$(call "r$i.$#" read_file '{"path":"d/os-release"}')"
			done
			answer "$@"
		done
		answer "$(call z run '{"command":"rm go; sleep 0.1"}')" "$(call c finish '{"summary":"done"}')"
	} >"$TMP/s"
	sample <"$TMP/s"
	for who in $WHO; do
		attack "$who" "$RELEASE"
		is "$(grep '"step":"read_file"' "$TMP/journal" | sort -u | wc -l)" 1
		fails grep -q 'PRETTY_NAME' "$TMP/journal"
		attack "$who" "$TESTING" jail-pids
		is "$(grep -c '"step":"read_file"' "$TMP/journal")" 400
		fails grep -q 'PRETTY_NAME' "$TMP/journal"
		ok test "$(grep '"step":"read_file"' "$TMP/journal" | sort -u | wc -l)" -gt 1
		# A race is won by chance.
		for _ in 1 2 3 4; do
			attack "$who" "$TESTING" jail-pids,beneath
			! grep -q 'PRETTY_NAME' "$TMP/journal" || break
		done
		ok grep -q 'PRETTY_NAME' "$TMP/journal"
	done
}

# The file tools are in the sandbox themselves: what a link shows is there.
test_security_file_tools_are_inside() {
	echo 'the key' >"$HOME/secret"
	chmod 644 "$HOME/secret"
	answer "$(call a run "{\"command\":\"ln -s $HOME/secret link; ln -s /proc/1/environ environ\"}")" >"$TMP/s"
	answer "$(call b read_file '{"path":"link"}')" "$(call d read_file '{"path":"environ"}')" >>"$TMP/s"
	answer "$(call c finish '{"summary":"done"}')" >>"$TMP/s"
	sample <"$TMP/s"
	for who in $WHO; do
		attack "$who" "$RELEASE" beneath,tool-jail
		fails grep -q 'the key' "$TMP/journal"
		attack "$who" "$TESTING" beneath
		fails grep -q 'the key' "$TMP/journal"
		attack "$who" "$TESTING" beneath,tool-jail
		ok grep -q 'the key' "$TMP/journal"
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
	[ "$(id -u)" = 0 ] || return 0	# who is not root has none to lose
	needs ps
	session_of 'sleep 272 & sleep 1' | sample
	(attack root "$RELEASE") &
	uid_of_sleep 272
	isnt "$uid" 0
	wait
	# Root is nobody in the workspace's user namespace: there is no sandbox as root.
	attack root "$TESTING" jail-user
	status_is 128
	err_like 'cannot make the sandbox'
}

# Sixty processes where policy allows thirty-two.
test_security_fork_bombs() {
	session_of "for i in \$(seq 60); do sleep 2 & done; echo P'WNED'" |
		sample 'gates: {ok: {run: "true"}}' 'sandbox: {processes: 32}'
	stopped jail-limits
}

test_security_sandbox_missing() {
	needs bwrap
	mkdir "$TMP/bin"
	for p in git sh env cat test true sed awk grep ls cp rm mkdir setpriv python3 bash id; do
		[ -z "$(command -v "$p")" ] || ln -s "$(command -v "$p")" "$TMP/bin/$p"
	done
	session_of "echo P'WNED'" | sample
	attack_path=$TMP/bin
	for who in $WHO; do
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

test_security_policy_that_loosens_is_refused() {
	session_of "echo P'WNED'" | sample 'gates: {ok: {run: "true"}}' 'sandbox: {mode: none}'
	for who in $WHO; do
		attack "$who" "$RELEASE" trust
		status_is 128
		err_like 'sandbox.mode'
		fails grep -q PWNED "$TMP/journal"
		attack "$who" "$TESTING" trust
		ok grep -q PWNED "$TMP/journal"
	done
}

test_the_released_binary_has_no_switches() {
	fails grep -aq GIT_FACTORY_TEST_OFF "$RELEASE"
	ok grep -aq GIT_FACTORY_TEST_OFF "$TESTING"
}

test_each_switch_is_tried() {
	sed -n 's/.*DEFENCE_ROW([A-Z_]*, "\([a-z-]*\)".*/\1/p' "$ROOT/src/base/defence.h" >words
	ok test "$(wc -l <words)" -ge 30
	while read -r word; do
		grep -Eq -e "(TESTING\"|binary\"|stopped|kept_out) ([a-z-]+,)?$word( |,|\\)|\$)" "$ROOT"/tests/cmd/hostile*.t ||
			fail "no test turns '$word' off"
	done <words
}

run_tests

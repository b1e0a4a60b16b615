#!/bin/sh
# What the program does with a lease is an execution of the model that spin
# checks, and what it must never do is not.  'make soak' plays ROUNDS=6.
rounds=${ROUNDS:-1}
. "${0%/*}/../lib.sh"
. "${0%/*}/../share.sh"

clock_ns() { python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_BOOTTIME))'; }
told() { printf '{"at":%s,"event":"%s"}\n' "$(clock_ns)" "$2" >>"$TMP/traces/$1.jsonl"; } # NODE WHAT

traced() { # NODE CMD...
	cd "$TMP/$1"
	out=$TMP/out.$1 err=$TMP/err.$1 GIT_FACTORY_TRACE=$TMP/traces/$1.jsonl
	export GIT_FACTORY_TRACE
	shift
	"$@" >"$out" 2>"$err"
}

# Ends as the command does: a background process of its own.
traced_exec() { traced "$1" exec "$2" "$3" "$4" "$5"; }

new_task() {
	id=$(cd "$TMP/c" && git-factory task add "$1" 2>"$ERR")
	for new_node in c a b; do traced "$new_node" git-factory sync -q; done
}

# Three at once; the one that wins beats while its gate runs.
race() {
	new_task Raced
	for race_node in a b c; do traced_exec "$race_node" git-factory run -q "$id" & done
	wait || :
	traced c git-factory sync -q
	is "$(state_of c)" delivered
}

# The holder is killed, another takes over, and the first comes back.
kill_holder() {
	new_task Killed
	traced_exec a git-factory run -q "$id" &
	holder=$!
	until_hub "refs/factory/leases/$id"
	# At another place in each round.
	sleep "0.$((played * 3 % 10))"
	# It may have delivered by then, and there is nothing left to kill or to run.
	! kill -KILL "$holder" 2>/dev/null || told a killed
	wait "$holder" || :
	traced b git-factory run -q "$id" || :
	traced a git-factory sync -q
	is "$(state_of a)" delivered
}

# The holder is stopped until it is silent for too long, and goes on after that.
stop_holder() {
	new_task Stopped
	traced_exec a git-factory run -q "$id" &
	holder=$!
	until_hub "refs/factory/leases/$id"
	kill -STOP "$holder"
	told a stopped
	until traced b git-factory run -q "$id"; do sleep 0.3; done
	told a resumed
	kill -CONT "$holder"
	wait "$holder" || :
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" "$1"
}

follow() { # TRACE...
	run python3 "$ROOT/tests/soak/model/follow.py" "$@"
	cat "$OUT" "$ERR"
}

# The trace of one node as it must not be: 'from' what is, 'to' what is claimed.
doctored() { # NODE JQ-FILTER
	rm -rf "$TMP/false"
	cp -r "$TMP/traces" "$TMP/false"
	jq -c "$2" "$TMP/traces/$1.jsonl" >"$TMP/false/$1.jsonl"
	! cmp -s "$TMP/traces/$1.jsonl" "$TMP/false/$1.jsonl" || fail "nothing was changed by $2"
	follow "$TMP"/false/*.jsonl
	status_is 1
	out_like "$3"
}

test_what_it_does_is_an_execution_of_the_model() {
	needs python3 spin cc
	share 1
	mkdir -p "$TMP/traces"
	played=0
	while [ $played -lt "$rounds" ]; do
		played=$((played + 1))
		race
		kill_holder
		stop_holder $((3 * played))
	done
	follow "$TMP"/traces/*.jsonl
	status_is 0
	is "$(grep -c 'followed by the model' "$OUT")" $((3 * rounds))
	# A holder that lives is not taken over from.
	doctored a 'select(.event != "killed")' 'NOT an execution'
	# A lease that was lost does not move any more, nor does its run arrive.
	doctored a 'if .answer == "stale" then .answer = "ok" else . end' 'NOT an execution'
	# Nothing is folded that was not delivered before.
	doctored b 'if (.ref // "" | startswith("refs/factory/runs/")) and has("to") then .ref += "x" else . end' 'NOT an execution'
}

run_tests

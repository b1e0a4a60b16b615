#!/bin/sh
# Many tasks through one forge with its real limits, on a clock that waiting
# moves: no limit exceeded, one pull request each, nothing lost. 'make soak' runs
# the same with TASKS=500, and NODES=1 and 4.
tasks=${TASKS:-4} nodes=${NODES:-2}
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

passes() { # SECONDS
	ctl clock advance="$1" >/dev/null
}

# Hours pass while they work: with so many tasks, the limits ask for some.
flies() {
	while sleep 0.5; do
		passes 10
	done
}

# What a limit puts off is done once it allows that.
settle() {
	for _ in $(seq $((tasks / 100 + 5))); do
		run git factory pr sync
		[ "$status" != 0 ] || return 0
		err_like 'limits allow the next request in [0-9]+ s'
		passes $(($(sed -n 's/.*next request in \([0-9]*\) s.*/\1/p' "$ERR" | tail -n 1) + 1))
	done
	fail 'not in line after so many hours'
}

work() { # NODE
	git clone -q "$FORGE/$PROJECT.git" "$TMP/node$1"
	cd "$TMP/node$1" || return
	git config factory.node.name "node$1"
	git config gc.auto 6700 # what it is by default
	git factory init >/dev/null
	git factory work --until-empty >"$TMP/node$1.log" 2>&1
}

# The tasks and the pull requests as this clone has them.
known() { # CLONE
	(cd "$1" && git factory sync -q && git factory task list --all --json | jq -S . && git factory pr list --json | jq -S .)
}

test_many_tasks_keep_the_limits() {
	from=$(date +%s)
	forge github
	for n in $(seq "$tasks"); do
		ok git factory task add "Write the file done $n" >/dev/null 2>&1
	done
	ok git factory sync >/dev/null 2>&1
	ctl counts_reset >/dev/null
	flies &
	flies=$!
	pids=
	for n in $(seq "$nodes"); do
		work "$n" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || tail -n 20 "$TMP"/node*.log
	done
	kill "$flies"
	passes 3600
	settle
	ok git factory sync >/dev/null 2>&1
	is "$(git factory task list --all --json | jq -c 'group_by(.state) | map({(.[0].state): length}) | add')" "{\"delivered\":$tasks}"
	is "$(there '[.[] | select(.state == "open")] | length')" "$tasks"
	is "$(there '[.[].body | capture("git-factory:task=(?<id>[a-z2-7]+)").id] | unique | length')" "$tasks"
	is "$(there '[.[].head] | unique | length')" "$tasks"
	known . >"$TMP/known"
	for n in $(seq "$nodes"); do
		known "$TMP/node$n" | cmp - "$TMP/known" || fail "node $n knows something else"
	done
	ctl limits >"$TMP/limits"
	[ "$(jq .exceeded "$TMP/limits")" = 0 ] || fail "$(cat "$TMP/limits")"
	# More than what GitHub calls contents: every write counts with us.
	[ "$(jq '.most["writes a minute"]' "$TMP/limits")" -le 80 ] || fail "$(cat "$TMP/limits")"
	[ "$(jq '.most["writes an hour"]' "$TMP/limits")" -le 500 ] || fail "$(cat "$TMP/limits")"
	[ "$(counts most_at_once)" -le 100 ] || fail 'too many requests at once'
	forge_done
	ctl counts | jq -c --slurpfile limits "$TMP/limits" ". + \$limits[0].most + {tasks: $tasks, nodes: $nodes, seconds: $(($(date +%s) - from))}" \
		>"$BUILD/forge-many-$nodes.json"
}
run_tests

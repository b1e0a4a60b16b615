#!/bin/sh
# Many at once on one remote: one winner, nothing twice, nothing lost, one end.
# 'make soak' runs the same with RACERS=64 CLONES=50 CHANGES=4.
racers=${RACERS:-5} clones=${CLONES:-4} changes=${CHANGES:-2}
. "${0%/*}/../lib.sh"
. "${0%/*}/../remote.sh"

on_hub() { git -C "$HUBS/hub.git" "$@"; }

# A hub with one task, and a clone of ADDRESS for each racer.
start() { # ADDRESS RACERS
	git clone -q "$1/hub.git" "$TMP/r1"
	(
		cd "$TMP/r1"
		git config factory.remote origin
		git factory sync -q
	)
	n=1
	while [ $n -lt "$2" ]; do
		n=$((n + 1))
		cp -a "$TMP/r1" "$TMP/r$n"
	done
}

give_agent() {
	cat >.factory/config.yml <<-'YML'
		version: 1
		base: main
		agent: writer
		agents:
		  writer: {kind: command, command: [sh, -c, "echo made >made"]}
		gates: none
		state: {remote: origin}
	YML
	git commit -qam 'An agent'
	git push -q origin main
}

# All racers run the task at the same moment.
race() { # ADDRESS
	(
		cd "$TMP/seed"
		give_agent
		git factory task add 'Raced for' 2>/dev/null >"$TMP/id"
		git factory sync -q
	)
	id=$(cat "$TMP/id")
	start "$1" "$racers"
	n=0
	while [ $n -lt "$racers" ]; do
		n=$((n + 1))
		(
			cd "$TMP/r$n"
			until [ -e "$TMP/go" ]; do sleep 0.02; done
			git factory run -q --json "$id" >"$TMP/r$n.out" 2>"$TMP/r$n.err" || :
		) &
		echo $! >>"$TMP/pids"
	done
	touch "$TMP/go"
	while read -r p; do wait "$p" || :; done <"$TMP/pids"
	cd "$TMP/seed"
	ok git factory sync -q
	won=0
	n=0
	while [ $n -lt "$racers" ]; do
		n=$((n + 1))
		# Who lost says so, in one line, and knows of no run.
		if [ "$(jq -r .outcome "$TMP/r$n.out" 2>/dev/null)" = delivered ]; then
			won=$((won + 1))
		elif [ "$(grep -Ec '^(error|fatal): ' "$TMP/r$n.err")" != 1 ]; then
			fail "racer $n: $(cat "$TMP/r$n.out" "$TMP/r$n.err")"
		fi
	done
	is "$won of $racers won" "1 of $racers won"
	is "$(git factory task show --json "$id" | jq -r '"\(.state) \(.attempts)"')" 'delivered 1'
	is "$(git ls-tree -r --name-only refs/factory/state runs | wc -l)" 1
	is "$(on_hub for-each-ref refs/heads/factory refs/factory/pulls | wc -l)" 2
	is "$(on_hub for-each-ref refs/factory/leases refs/factory/runs)" ''
	is "$(on_hub log --notes=factory -1 --format=%N "factory/$id-raced-for" | grep -c '"event":"attempt"')" 1
}

test_one_of_many_claimers_wins_by_path() {
	remote_fresh
	rm -rf "$TMP"/r[0-9]* "$TMP/go" "$TMP/pids" "$TMP/bad" "$TMP/ends"
	factory_hub
	race "$HUBS"
}

test_one_of_many_claimers_wins_by_http() {
	remote_fresh
	rm -rf "$TMP"/r[0-9]* "$TMP/go" "$TMP/pids" "$TMP/bad" "$TMP/ends"
	factory_hub
	serve_http
	race "$HTTP"
}

test_one_of_many_claimers_wins_by_ssh() {
	remote_fresh
	rm -rf "$TMP"/r[0-9]* "$TMP/go" "$TMP/pids" "$TMP/bad" "$TMP/ends"
	factory_hub
	serve_ssh
	race "$SSH"
}

# Each adds tasks of its own, runs one of them, and changes one that all of them
# change: no task, record, note or pull request is lost.
test_clones_that_change_at_once_end_in_one_state() {
	remote_fresh
	rm -rf "$TMP"/r[0-9]* "$TMP/go" "$TMP/pids" "$TMP/bad" "$TMP/ends"
	factory_hub
	common=$(cd "$TMP/seed" && give_agent && git factory task add Common 2>/dev/null && git factory sync -q)
	start "$HUBS" "$clones"
	n=0
	while [ $n -lt "$clones" ]; do
		n=$((n + 1))
		(
			cd "$TMP/r$n"
			c=0
			while [ $c -lt $((changes - 1)) ]; do
				c=$((c + 1))
				git factory task add "Task $n.$c" 2>/dev/null >"$TMP/r$n.id" || echo "r$n: add" >>"$TMP/bad"
				git factory sync -q 2>>"$TMP/r$n.err" || echo "r$n: $(tail -n 2 "$TMP/r$n.err")" >>"$TMP/bad"
			done
			git factory run -q "$(cat "$TMP/r$n.id")" >/dev/null 2>"$TMP/r$n.err" || echo "r$n: run: $(tail -n 2 "$TMP/r$n.err")" >>"$TMP/bad"
			git factory task edit -l "by-$n" "$common" >/dev/null 2>"$TMP/r$n.err" || echo "r$n: edit" >>"$TMP/bad"
			git factory sync -q 2>>"$TMP/r$n.err" || echo "r$n: $(tail -n 2 "$TMP/r$n.err")" >>"$TMP/bad"
		) &
		echo $! >>"$TMP/pids"
	done
	while read -r p; do wait "$p" || :; done <"$TMP/pids"
	[ ! -s "$TMP/bad" ] || fail "$(cat "$TMP/bad")"
	n=0
	while [ $n -lt "$clones" ]; do
		n=$((n + 1))
		ok git -C "$TMP/r$n" factory sync -q
		git -C "$TMP/r$n" rev-parse refs/factory/state >>"$TMP/ends"
	done
	is "$(sort -u "$TMP/ends" | wc -l)" 1
	is "$(sort -u "$TMP/ends")" "$(on_hub rev-parse refs/factory/state)"
	cd "$TMP/r1"
	is "$(git factory task list --all --json | jq length)" $((1 + clones * (changes - 1)))
	is "$(git factory task list --all --json | jq -r '[.[].title] | unique | length')" $((1 + clones * (changes - 1)))
	is "$(git factory task show --json "$common" | jq '.labels | length')" "$clones"
	is "$(git ls-tree -r --name-only refs/factory/state runs | wc -l)" "$clones"
	is "$(git factory task list --all --json | jq '[.[] | select(.state == "delivered")] | length')" "$clones"
	is "$(git notes --ref=factory list | wc -l)" "$clones"
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" "$clones"
	is "$(on_hub for-each-ref refs/factory/leases refs/factory/runs)" ''
	ok git fsck --no-dangling --no-progress
}

run_tests

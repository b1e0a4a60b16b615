#!/bin/sh
# What is acknowledged is on disk, and a kill at any moment is made good by
# the next command.
. "${0%/*}/../lib.sh"

traced() { # SYSCALLS: of one 'task add', into $TMP/trace
	strace -f -y -e trace="$1" -o "$TMP/trace" git-factory task add 'A traced task' >"$OUT" 2>"$ERR" ||
		fail "strace: $(cat "$ERR")"
}

line_of() { # ERE: number of the first line of the trace that has it
	grep -aEn -e "$1" "$TMP/trace" | sed 's/:.*//;q'
}

test_objects_and_ref_are_synced_before_the_answer() {
	needs strace
	init
	traced link,linkat,rename,renameat,renameat2,fsync,sync_file_range,write
	# An object is made beside its place, or without a name in factory/apart.
	object=$(line_of '(renameat\(.*objects>, "../tmp_obj|linkat\(.*/objects>, "../)')
	data=$(line_of '(sync_file_range|fsync)\(.*(objects/../|factory/apart/)')
	id=$(line_of '(sync_file_range|fsync)\(.*refs/factory/state\.lock')
	swap=$(line_of 'rename.*refs/factory/state"')
	# One fsync of a new file where the disk keeps order, else one of each folder.
	commit=$(grep -aEn 'fsync\(.*(objects/tmp_factory_sync|refs/factory>)' "$TMP/trace" | sed 's/:.*//' |
		awk -v swap="$swap" '$1 > swap { print; exit }')
	answer=$(grep -aEn '^[0-9]+ +write\(1<' "$TMP/trace" | sed 's/:.*//;q')
	for pair in "$object $data" "$data $swap" "$id $swap" "$swap $commit" "$commit $answer"; do
		# shellcheck disable=SC2086
		set -- $pair
		[ $# = 2 ] && [ "$1" -lt "$2" ] || fail "out of order: $pair ($(cat "$TMP/trace"))"
	done
}

# A lease goes to the disk with the agent's answer; when the run ended, before what tells of it.
test_a_run_goes_to_the_disk_in_order() {
	needs strace
	init
	git config factory.sandbox.mode none
	mkdir -p .factory
	cat >.factory/config.yml <<-'EOF'
		version: 1
		agent: doer
		agents: {doer: {kind: command, command: [sh, -c, "echo new >new"]}}
		gates: none
	EOF
	git add .factory
	git commit -q -m Policy
	git factory task add 'A traced task' >"$OUT" 2>&1
	strace -f -y -e trace=rename,renameat,renameat2,fsync,fdatasync,sync_file_range -o "$TMP/trace" \
		git-factory run >"$OUT" 2>"$ERR" || fail "strace: $(cat "$ERR")"
	lease=$(line_of 'rename.*refs/factory/leases/[a-z2-7]*"')
	answer=$(line_of 'fdatasync\(.*journal\.jsonl')
	end=$(grep -aEn '(sync_file_range|fsync)\(.*journal\.jsonl' "$TMP/trace" | sed 's/:.*//' | tail -n 1)
	swap=$(line_of 'rename.*refs/factory/state"')
	commit=$(grep -aEn 'fsync\(.*(objects/tmp_factory_sync|refs/factory>)' "$TMP/trace" | sed 's/:.*//' | tail -n 1)
	for pair in "$lease $answer" "$answer $end" "$end $swap" "$swap $commit"; do
		# shellcheck disable=SC2086
		set -- $pair
		[ $# = 2 ] && [ "$1" -lt "$2" ] || fail "out of order: $pair ($(cat "$TMP/trace"))"
	done
}

test_killed_anywhere_the_next_one_works() {
	needs strace
	init
	for call in flock write link linkat unlink rename renameat fsync sync_file_range ftruncate unlinkat; do
		traced "$call"
		n=$(grep -c "$call(" "$TMP/trace" || :)
		i=0
		while [ "$i" -lt "$n" ]; do
			i=$((i + 1))
			run strace -f -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$i" \
				git-factory task add "Killed at $call $i"
			run git factory task add "After $call $i"
			status_is 0
			id=$(cat "$OUT")
			run git factory task show "$id"
			status_is 0
		done
	done
	ok git fsck --strict --no-dangling --no-progress
	is "$(find .git -name '*.lock' ! -path '*/factory/*')" ''
	# Whoever was killed after the ref had moved is there, once.
	is "$(git factory task list --json | jq -r '.[].title' | sort | uniq -d | grep -v traced)" ''
}

test_disk_full_changes_nothing() {
	[ "$(id -u)" = 0 ] && [ "$(uname -s)" = Linux ] || skip "needs a file system of its own"
	init
	cp -a . "$TMP/copy"
	cat >"$TMP/script" <<-'EOF'
		mount -t tmpfs -o size=1m none "$1" && cp -a "$2/." "$1" && cd "$1" || exit 77
		cat /dev/zero >fill 2>/dev/null
		before=$(git rev-parse refs/factory/state)
		git factory task add 'No room for this' >out.txt 2>"$3" && exit 1
		[ "$before" = "$(git rev-parse refs/factory/state)" ] || exit 2
		git fsck --no-dangling >/dev/null 2>&1 || exit 3
		rm fill
		git factory task add 'Room again' || exit 4
	EOF
	mkdir "$TMP/small"
	run unshare -m sh "$TMP/script" "$TMP/small" "$TMP/copy" "$TMP/message"
	[ "$status" != 77 ] || skip "no tmpfs can be mounted here"
	status_is 0
	is "$(grep -c '^fatal: ' "$TMP/message")" 1
	like "$(cat "$TMP/message")" 'No space left'
}

run_tests

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

test_another_clone_lands_it() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	cd "$TMP/b"
	run git factory pr merge 1
	status_is 0
	is "$(on_hub show main:done)" yes
	is "$(git rev-parse main)" "$(on_hub rev-parse main)"
	is "$(cat done)" yes
	is "$(on_hub for-each-ref refs/heads/factory)" ""
	is "$(state_of b)" landed
	on_hub log --notes=factory -1 main >"$OUT"
	out_like '"event":"landed"'
	cd "$TMP/a"
	run git factory pr merge 1
	status_is 1
	err_like 'is merged'
	is "$(state_of a)" landed
	is "$(git rev-parse main)" "$(on_hub rev-parse main~1)"
	# A new run starts from the base as the remote has it.
	git factory sync >"$OUT"
	other=$(git factory task add "Do it again" 2>"$ERR")
	run git factory run -q --json "$other"
	is "$(json "$OUT" .base)" "$(on_hub rev-parse main)"
}

test_a_clone_with_commits_of_its_own_still_lands() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	cd "$TMP/b"
	commit mine 'not pushed'
	before=$(git rev-parse main)
	run git factory pr merge 1
	status_is 0
	err_like "stays where it is"
	is "$(git rev-parse main)" "$before"
	is "$(on_hub show main:done)" yes
}

test_a_person_closes_it_elsewhere() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	in_clone b git factory pr close 1 >"$OUT"
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" escalated
	is "$(git factory pr show --json 1 | jq -r .state)" closed
}

test_one_of_two_claimers() {
	share 1
	for name in a b c; do
		(cd "$TMP/$name" && git factory run -q "$id" >"$TMP/out.$name" 2>"$TMP/err.$name" && n=0 || n=$?; echo $n >"$TMP/status.$name") &
	done
	wait
	cat "$TMP"/err.*
	is "$(sort "$TMP/status.a" "$TMP/status.b" "$TMP/status.c" | tr '\n' ' ')" "0 128 128 "
	grep -l 'is being worked on' "$TMP"/err.* >"$OUT"
	is "$(wc -l <"$OUT")" 2
	in_clone a git factory sync >"$OUT"
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/leases)" ""
}

test_a_stopped_run_publishes_nothing() {
	share 1
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	kill -STOP $pid
	cd "$TMP/b"
	run git factory run -q "$id"
	status_is 128
	err_like 'is being worked on'
	err_like 'hint: when that node gives no sign for 2 s, the next run here takes over'
	until git factory run --json -q "$id" >"$OUT" 2>"$ERR"; do
		err_like 'is being worked on|works on it'
		sleep 0.5
	done
	is "$(json "$OUT" .attempt)" 2
	won=$(json "$OUT" .id)
	before=$(on_hub for-each-ref)
	kill -CONT $pid
	wait $pid && status=0 || status=$?
	cat "$TMP/err.a"
	isnt "$status" 0
	like "$(cat "$TMP/err.a")" 'lease of task .* is lost|another run has taken over'
	is "$(on_hub for-each-ref)" "$before"
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | sed 's|.*/||')" "$won.json"
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | sed 's|.*/||')" "$won.json"
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" 1
}

test_a_dead_holder_on_this_host_is_replaced_at_once() {
	share 2
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	kill -KILL $pid
	wait $pid || :
	cd "$TMP/b"
	run git factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .attempt)" 2
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" delivered
}

# A hook that says when the state is pushed the second time (the claim's sync
# has nothing to send), and refuses it.
refuse_state() {
	cat >"$TMP/hub/hooks/pre-receive" <<-'SH'
		#!/bin/sh
		grep -q refs/factory/state || exit 0
		touch reached
		sleep 1
		exit 1
	SH
	chmod +x "$TMP/hub/hooks/pre-receive"
}

test_a_run_killed_before_it_was_folded_is_folded_by_another() {
	share
	refuse_state
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	for i in $(seq 200); do
		[ ! -f "$TMP/hub/reached" ] || break
		sleep 0.05
	done
	kill -KILL $pid
	wait $pid || :
	rm "$TMP/hub/hooks/pre-receive"
	run_ref=$(on_hub for-each-ref --format='%(refname)' refs/factory/runs)
	like "$run_ref" 'refs/factory/runs/[a-z2-7]{8}$'
	# Nobody takes the task, however long that lasts.
	cd "$TMP/c"
	git factory sync -n >"$OUT"
	run git factory run -q "$id"
	status_is 128
	err_like 'was worked on meanwhile'
	is "$(on_hub for-each-ref refs/factory/runs refs/factory/leases)" ""
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | sed 's|.*/||')" "${run_ref##*/}.json"
	is "$(state_of c)" delivered
	# The one that was killed finds its run ended.
	cd "$TMP/a"
	run git factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .id)" "${run_ref##*/}"
	is "$(json "$OUT" .pull)" 1
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" 1
	git factory sync >"$OUT"
	out_is 'nothing to exchange'
}

test_a_fold_that_is_refused_is_told_and_made_up_for() {
	share
	refuse_state
	cd "$TMP/a"
	run git factory run "$id"
	status_is 0
	err_like "becomes part of the state there with the next"
	rm "$TMP/hub/hooks/pre-receive"
	cd "$TMP/b"
	run git factory sync
	out_like 'folded 1 finished run'
	run git factory sync
	out_is 'nothing to exchange'
	is "$(state_of b)" delivered
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" delivered
	is "$(git rev-parse refs/factory/state)" "$(on_hub rev-parse refs/factory/state)"
}

# A git whose pushes arrive, and whose answers do not.
test_an_answer_that_is_lost_is_read_back() {
	share
	cat >"$TMP/git" <<-SH
		#!/bin/sh
		case " \$* " in *' push '*)
			PATH=\${PATH#*:} git "\$@" >/dev/null 2>&1
			echo 'fatal: the remote end hung up unexpectedly' >&2
			exit 128 ;;
		esac
		PATH=\${PATH#*:} exec git "\$@"
	SH
	mkdir -p "$TMP/bin"
	mv "$TMP/git" "$TMP/bin/git"
	chmod +x "$TMP/bin/git"
	cd "$TMP/a"
	PATH=$TMP/bin:$PATH run git-factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .pull)" 1
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/runs refs/factory/leases)" ""
}

test_without_the_remote_a_run_ends_before_its_lease() {
	share 6
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	mv "$TMP/hub" "$TMP/gone"
	wait $pid && status=0 || status=$?
	mv "$TMP/gone" "$TMP/hub"
	cat "$TMP/err.a"
	isnt "$status" 0
	like "$(cat "$TMP/err.a")" 'cannot be kept'
	is "$(on_hub for-each-ref refs/factory/runs)" ""
}

run_tests

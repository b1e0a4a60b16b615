#!/bin/sh
# Who holds a task of several clones, who loses it, and what each may publish.
. "${0%/*}/../lib.sh"
. "${0%/*}/../share.sh"

test_one_of_two_claimers() {
	share 1
	for name in a b c; do
		(cd "$TMP/$name" && git factory run -q "$id" >"$TMP/out.$name" 2>"$TMP/err.$name" && n=0 || n=$?; echo "$n" >"$TMP/status.$name") &
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

test_a_project_may_allow_one_run_at_a_time() {
	share 2 'limits: {parallel: 1}'
	cd "$TMP/a"
	other=$(git factory task add "Do more" 2>"$ERR")
	git factory sync >"$OUT"
	git-factory run -q "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	cd "$TMP/b"
	git factory sync >"$OUT"
	run git factory run -q "$other"
	status_is 128
	err_like 'this project runs 1 task at once'
	is "$(on_hub for-each-ref --format='%(refname:lstrip=3)' refs/factory/leases)" "$id"
	wait "$pid"
	run git factory run -q "$other"
	out_like 'run .* of task'
}

test_a_stopped_run_publishes_nothing() {
	share 1
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	kill -STOP "$pid"
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
	kill -CONT "$pid"
	wait "$pid" && status=0 || status=$?
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

test_a_killed_run_goes_on_in_its_clone() {
	share 1
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	sleep 0.5
	kill -KILL "$pid"
	wait "$pid" || :
	run_id=$(on_hub log -1 --format=%b "refs/factory/leases/$id" | sed -n 's/^Run: //p')
	run git factory run --json "$id"
	status_is 0
	is "$(json "$OUT" .id)" "$run_id"
	is "$(json "$OUT" .attempt)" 1
	err_like 'was not finished: it goes on'
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/leases refs/factory/runs)" ""
}

test_a_dead_holder_on_this_host_is_replaced_at_once() {
	share 2
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	kill -KILL "$pid"
	wait "$pid" || :
	cd "$TMP/b"
	run git factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .attempt)" 2
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" delivered
}

test_without_the_remote_a_run_ends_before_its_lease() {
	share 6
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	until_hub "refs/factory/leases/$id"
	mv "$TMP/hub" "$TMP/gone"
	wait "$pid" && status=0 || status=$?
	mv "$TMP/gone" "$TMP/hub"
	cat "$TMP/err.a"
	isnt "$status" 0
	like "$(cat "$TMP/err.a")" 'cannot be kept'
	is "$(on_hub for-each-ref refs/factory/runs)" ""
}

run_tests

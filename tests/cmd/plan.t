#!/bin/sh
# git factory plan: claims made by one machine, runs made by others that may not push.
. "${0%/*}/../lib.sh"
. "${0%/*}/../remote.sh"
. "${0%/*}/../share.sh"

# A clone of the same hub; while 'deny' is there, the hub takes no push.
reader() { # NAME
	rm -rf "${TMP:?}/$1" "$TMP/step.bundle"
	git clone -q "file://$TMP/hub" "$TMP/$1"
	printf '#!/bin/sh\n[ ! -e "%s/deny" ]\n' "$TMP" >"$TMP/hub/hooks/pre-receive"
	chmod +x "$TMP/hub/hooks/pre-receive"
	touch "$TMP/deny"
}

claim() { # OPTIONS: the matrix
	git -C "$TMP/a" factory plan --claim --matrix "$@"
}

test_a_matrix_names_what_is_ready() {
	share
	run git -C "$TMP/a" factory plan --matrix
	status_is 0
	is "$(json "$OUT" '.include | length')" 1
	is "$(json "$OUT" '.include[0].task')" "$id"
	is "$(json "$OUT" '.include[0].run')" null
	is "$(json "$OUT" '.include[0].title')" null
	is "$(wc -l <"$OUT")" 1
	run git -C "$TMP/a" factory plan
	out_like "$id"
}

test_a_claim_is_run_elsewhere_and_delivered_by_a_third() {
	share
	claim >"$OUT"
	the_run=$(json "$OUT" '.include[0].run')
	isnt "$the_run" null
	# Nobody else may begin it, on the machine that claimed it or another.
	run git -C "$TMP/a" factory run -q "$id"
	status_is 128
	run git -C "$TMP/b" factory run -q "$id"
	status_is 128
	claim >"$OUT"
	is "$(json "$OUT" '.include | length')" 0
	reader c
	run git -C "$TMP/c" factory sync -q
	status_is 0
	before=$(git -C "$TMP/hub" for-each-ref)
	run git -C "$TMP/c" factory run -q "$id" --claimed "$the_run" --export "$TMP/step.bundle"
	status_is 0
	is "$(git -C "$TMP/hub" for-each-ref)" "$before"
	rm "$TMP/deny"
	# What it left can be looked at with git alone, before anybody believes it.
	git bundle list-heads "$TMP/step.bundle" | grep -q "refs/heads/factory/$id-"
	run git -C "$TMP/b" factory sync --apply "$TMP/step.bundle" --run "$the_run"
	status_is 0
	run git -C "$TMP/b" factory sync -q
	status_is 0
	run git -C "$TMP/b" factory pr list --json
	is "$(json "$OUT" '.[0].run')" "$the_run"
	is "$(git -C "$TMP/hub" for-each-ref refs/factory/leases)" ''
}

test_a_claim_is_for_its_run_alone() {
	share
	claim >"$OUT"
	reader c
	run git -C "$TMP/c" factory sync -q
	run git -C "$TMP/c" factory run -q "$id" --claimed aaaaaaaa --export "$TMP/step.bundle"
	status_is 1
	[ ! -e "$TMP/step.bundle" ]
	run git -C "$TMP/c" factory run -q "$id" --claimed aaaaaaaa
	status_is 129
	run git -C "$TMP/c" factory run -q --claimed aaaaaaaa --export "$TMP/step.bundle"
	status_is 129
}

test_a_claim_that_nobody_lent_is_none() {
	share
	reader c
	run git -C "$TMP/c" factory sync -q
	run git -C "$TMP/c" factory run -q "$id" --claimed aaaaaaaa --export "$TMP/step.bundle"
	status_is 128
	err_like 'plan --claim'
}

test_a_claim_ends_with_its_time() {
	share 0 "limits: {timeout: 1s}"
	claim --slack 1s >"$OUT"
	is "$(json "$OUT" '.include | length')" 1
	run git -C "$TMP/b" factory sync -q
	sleep 4
	run git -C "$TMP/b" factory sync -q
	run git -C "$TMP/b" factory run -q "$id"
	status_is 0
}

test_bad_input() {
	run git factory plan --claim
	status_is 1
	run git factory init
	run git factory plan --claim
	status_is 128
	err_like 'state.remote'
	run git factory plan --slack soon
	status_is 129
	run git factory plan
	status_is 1
	run git factory plan --matrix
	status_is 0
	is "$(cat "$OUT")" '{"include":[]}'
}
run_tests

#!/bin/sh
# All that the scenarios of this folder said to GitHub, and were answered, is as
# GitHub's own descriptions of its API have it: each request, and each answer of
# the fake that no fault made. It looks at what the other files left in the build
# directory, so ci/test plays it after them.
. "${0%/*}/../lib.sh"

test_all_that_was_said_to_github_is_as_its_published_descriptions_say() {
	needs node
	peers=$ROOT/tests/peers/forges/node_modules
	[ -d "$peers" ] || skip 'ci/deps test was not run'
	absent=
	for t in "$ROOT"/tests/forge/*.t; do
		case ${t##*/} in fake.t | gitlab_ci.t | webhooks.t | "${0##*/}") continue ;; esac
		[ -s "$BUILD/forge-said/${t##*/}.jsonl" ] || absent="$absent ${t##*/}"
	done
	[ -z "$absent" ] || skip "these were not played:$absent"
	NODE_PATH=$peers run node "$ROOT/tests/forge/peers/described.mjs" "$TMP/described" "$BUILD"/forge-said/*.jsonl
	status_is 0
	out_like '^[0-9]{4,} answers, [0-9]{3,} unlike, 0 wrong$'
}
run_tests

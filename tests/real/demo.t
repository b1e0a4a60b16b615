#!/bin/sh
# The first command of the README does what it says.
. "${0%/*}/../lib.sh"

test_demo_takes_a_task_to_a_merged_pull_request() {
	[ "$PLATFORM" = Linux ] || skip 'the sandbox is on Linux only'
	temporary=$TMP/temporary
	mkdir "$temporary"
	TMPDIR=$temporary FACTORY_BUILD=$BUILD run "$ROOT/ci/demo"
	status_is 0
	out_like '^FAILED refuses_a_unit_alone'
	out_like 'recorded'
	out_like '^pull request 1 landed'
	out_like 'gives the tree [0-9a-f]{40} again'
	out_unlike '^(fatal|error):'
	is "$(ls "$temporary")" ''
}

test_demo_fits_its_recording() {
	# A session that was recorded with another prompt would still be played,
	# but would show what the model was never asked.
	git factory init >/dev/null
	cp "$ROOT"/templates/demo/duration "$ROOT"/templates/demo/test .
	chmod +x duration test
	cp "$ROOT"/templates/demo/config.yml "$ROOT"/templates/demo/session.jsonl .factory/
	git add .
	git commit -q -m Sample
	run git factory task add -F "$ROOT/templates/demo/task.md" 'Add up spans of several units'
	status_is 0
	run git factory run
	status_is 0
	err_unlike 'not the recorded'
}

run_tests

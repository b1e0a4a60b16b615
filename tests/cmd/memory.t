#!/bin/sh
# What a gate said of a tree is known: not run again, and never believed
# where it is another tree, another gate, no answer, or two answers.
. "${0%/*}/../lib.sh"

# policy GATES...: the lines below 'gates:'
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n'
		for line; do
			printf '  %s\n' "$line"
		done
	} >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with gates'
}

change() { # FILE TEXT, on a branch
	git checkout -q -B work
	commit "$1" "$2"
}

# A place outside that gates read: what they say depends on more than the tree.
outside() {
	mkdir -p "$TMP/outside"
	git config factory.sandbox.read "$TMP/outside"
}

# Nothing can be run: there is no sandbox to run it in.
gate_without_sandbox() {
	run env PATH=/nonexistent "$BUILD/git-factory" gate "$@"
}

KNOWN='known from 2026-01-01T00:00:00Z on '

test_pass_is_known() {
	policy 'unit: {run: "test -f a"}'
	change a 1
	run git factory gate
	status_is 0
	out_like '^unit +pass +status 0$'
	gate_without_sandbox
	status_is 0
	out_like "^unit +pass +status 0, $KNOWN"
	gate_without_sandbox --json
	status_is 0
	is "$(json "$OUT" '.verdicts[] | select(.gate == "unit") | .known.time')" 2026-01-01T00:00:00Z
	isnt "$(json "$OUT" '.verdicts[] | select(.gate == "unit") | .known.node')" null
	gate_without_sandbox --rerun
	status_is 128
	run git factory gate --rerun
	status_is 0
	out_unlike known
}

test_fail_is_known_with_its_evidence() {
	policy 'unit: {run: "echo it is wrong; false"}'
	change a 1
	run git factory gate
	status_is 1
	gate_without_sandbox
	status_is 1
	out_like "^unit +fail .*$KNOWN"
	out_like 'it is wrong'
}

test_another_tree_is_not() {
	policy 'unit: {run: "! grep -q 2 a"}'
	change a 1
	ok git factory gate
	commit a 2
	run git factory gate
	status_is 1
	out_unlike known
}

test_another_definition_is_not() {
	policy 'unit: {run: "true"}'
	change a 1
	ok git factory gate
	for c in 'factory.gates.unit.timeout 9m' 'factory.sandbox.tmp 8M' 'factory.gates.unit.dir .github' \
		'factory.gates.unit.run false'; do
		# shellcheck disable=SC2086
		git config $c
		gate_without_sandbox
		isnt "$status" 0
	done
}

test_a_known_tree_after_rebase_and_revert() {
	policy 'unit: {run: "test $(cat a) = 1"}'
	change a 1
	ok git factory gate
	git commit -q --amend -m 'The same under another name'
	gate_without_sandbox
	status_is 0
	commit a 2
	fails git factory gate
	git revert --no-edit HEAD >/dev/null
	gate_without_sandbox
	status_is 0
	out_like "$KNOWN"
}

# The fast form is the same command here; a report is compared with the base.
test_what_landed_is_known_of_the_base() {
	policy 'unit: {run: "sh t.sh", report: r.xml}'
	commit t.sh 'echo "<testsuite><testcase name=\"a\"/></testsuite>" >r.xml'
	change other 1
	ok git factory gate --fast
	ok git factory gate
	git checkout -q main
	git merge -q --ff-only work
	change other 2
	ok git factory gate
	is "$(find .git/factory/gates/?? -name '*.json' | wc -l)" 3
	git revert --no-edit HEAD >/dev/null
	git checkout -q main
	git merge -q --ff-only work~1
	git checkout -q work
	gate_without_sandbox
	status_is 0
	out_like "^unit +pass +1 test, $KNOWN"
	out_like '^tests-kept +pass'
}

# What a change is compared with is not run for each change, whatever the report is.
test_coverage_of_the_base_is_known() {
	policy 'cover: {run: "cat cover >c.info", report: c.info}'
	printf 'one\ntwo\n' >a.c
	git add a.c
	commit cover "$(printf 'SF:a.c\nDA:1,1\nDA:2,0\nend_of_record')"
	change other 1
	run_counted gate --only cover
	status_is 0
	is "$(sandboxes)" 2
	commit other 2
	run_counted gate --only cover
	status_is 0
	is "$(sandboxes)" 1
	# Before something blocks because memory has it otherwise, the base is asked.
	commit cover "$(printf 'SF:a.c\nDA:1,0\nDA:2,0\nend_of_record')"
	run_counted gate --only cover
	status_is 1
	out_like '^cover +fail .*1 uncovered line more than before'
	is "$(sandboxes)" 2
}

test_findings_of_the_base_are_known() {
	policy 'style: {run: "cat style >s.xml", report: s.xml, format: checkstyle}'
	printf 'one\ntwo\n' >a.c
	git add a.c
	old='<error line="1" severity="error" message="wrong" source="R1"/>'
	commit style "<checkstyle><file name=\"a.c\">$old</file></checkstyle>"
	change other 1
	run_counted gate --only style
	status_is 0
	out_like '^style +pass +no new findings, 1 from before'
	is "$(sandboxes)" 2
	commit other 2
	run_counted gate --only style
	status_is 0
	out_like '^style +pass +no new findings, 1 from before'
	is "$(sandboxes)" 1
	commit style "<checkstyle><file name=\"a.c\">$old<error line=\"2\" severity=\"error\" message=\"worse\" source=\"R2\"/></file></checkstyle>"
	run_counted gate --only style
	status_is 1
	out_like '^style +fail +1 new finding, 1 from before'
	is "$(sandboxes)" 2
}

test_a_lost_test_stays_lost() {
	policy 'unit: {run: "sh t.sh", report: r.xml}'
	commit t.sh 'echo "<testsuite><testcase name=\"a\"/><testcase name=\"b\"/></testsuite>" >r.xml'
	change t.sh 'echo "<testsuite><testcase name=\"a\"/></testsuite>" >r.xml'
	run git factory gate
	status_is 1
	out_like '^tests-kept +fail +1 loss'
	gate_without_sandbox
	status_is 1
	out_like "^unit +pass +1 test, $KNOWN"
	out_like '^tests-kept +fail +1 loss'
	out_like "'b' of the gate 'unit' passed on the base and is gone"
}

test_an_error_is_not_known() {
	policy 'unit: {run: "true", report: none.xml}'
	change a 1
	run git factory gate
	status_is 1
	out_like '^unit +error'
	gate_without_sandbox
	status_is 128
}

# The machine may have done it, for want of memory.
test_who_was_killed_is_not_known() {
	outside
	policy "unit: {run: 'test -e $TMP/outside/calm || kill -9 \$\$'}"
	change a 1
	run git factory gate
	status_is 1
	out_like '^unit +fail +status 137'
	touch "$TMP/outside/calm"
	run git factory gate
	status_is 0
	out_unlike 'known from'
}

test_a_flaky_answer_is_not_known() {
	policy 'unit: {run: "sh t.sh", report: r.xml, one: "true {test}"}'
	commit t.sh 'echo "<testsuite><testcase name=\"a\"><failure/></testcase></testsuite>" >r.xml; exit 1'
	change a 1
	run git factory gate
	out_like 'flaky'
	gate_without_sandbox
	status_is 128
}

test_two_answers_are_none() {
	outside
	policy "unit: {run: 'test -f $TMP/outside/ok'}"
	change a 1
	: >"$TMP/outside/ok"
	ok git factory gate
	rm "$TMP/outside/ok"
	ok git factory gate
	run git factory gate --rerun
	status_is 1
	out_like "note: .*it said 'pass' on 2026-01-01T00:00:00Z, for the very same content"
	gate_without_sandbox
	status_is 128
	: >"$TMP/outside/ok"
	run git factory gate
	status_is 0
	out_unlike "$KNOWN"
	gate_without_sandbox
	status_is 128
}

test_security_a_gate_with_paths_sees_those_alone() {
	policy 'lib: {run: "ls; ls lib; test ! -e other/secret && test ! -e top && test -f lib/deep/x && test -x lib/tool", paths: ["lib/**", "*.mk"]}'
	mkdir -p lib/deep other
	echo x >lib/deep/x
	echo x >other/secret
	echo x >other/a.mk
	printf '#!/bin/sh\n' >lib/tool
	chmod +x lib/tool
	echo x >top
	git add -A
	git commit -q -m Files
	change lib/deep/y 1
	run git factory gate
	status_is 0
	out_like '^lib +pass +status 0$'
	# What it does not see may change.
	commit other/secret 2
	commit lib.c 2
	gate_without_sandbox
	status_is 0
	out_like "^lib +pass +status 0, $KNOWN"
	commit other/a.mk 2
	gate_without_sandbox
	status_is 128
}

test_security_the_harness_is_the_bases() {
	mkdir -p .factory t
	printf 'version: 1\nbase: main\nharness: ["t/run", "t/lib/**"]\ngates:\n  unit: {run: "sh t/run"}\n' >.factory/config.yml
	echo 'test -f good && test ! -e t/lib/more' >t/run
	git add -A
	git commit -q -m 'Sample with a harness'
	change t/run true
	run git factory gate --only unit
	status_is 1
	out_like '^unit +fail'
	commit good 1
	mkdir t/lib
	commit t/lib/more 1
	git rm -q t/run
	git commit -q -m Gone
	run git factory gate --only unit
	status_is 0
	out_like '^unit +pass'
	# The same to the gate as without the change of the harness.
	git checkout -q main
	git checkout -q -B work
	commit good 1
	gate_without_sandbox --only unit
	status_is 0
	out_like "^unit +pass .*$KNOWN"
	# A person's own is his to change.
	commit t/run false
	run git factory gate --only unit --person
	status_is 1
	out_like '^unit +fail'
}

test_damage_is_no_proof() {
	policy 'unit: {run: "test -f a"}' 'other: {run: "false"}'
	change a 1
	fails git factory gate
	set -- .git/factory/gates/proofs/*/*.json
	is $# 2
	# One in the place of the other: the key in it is another.
	for f; do
		grep -q '"verdict":"pass"' "$f" && pass=$f
		grep -q '"verdict":"fail"' "$f" && fail=$f
	done
	cp "$pass" "$fail"
	gate_without_sandbox
	status_is 128
	echo '{"time":' >"$fail"
	gate_without_sandbox
	status_is 128
	run git factory gate
	status_is 1
	out_like '^other +fail'
	rm -r .git/factory/gates
	gate_without_sandbox
	status_is 128
}

test_it_grows_old() {
	policy 'unit: {run: "true"}'
	change a 1
	ok git factory gate
	GIT_FACTORY_DATE=$((1767225600 + 29 * 86400)) gate_without_sandbox
	status_is 0
	GIT_FACTORY_DATE=$((1767225600 + 31 * 86400)) gate_without_sandbox
	status_is 128
	GIT_FACTORY_DATE=$((1767225600 - 60)) gate_without_sandbox
	status_is 128
}

run_tests
